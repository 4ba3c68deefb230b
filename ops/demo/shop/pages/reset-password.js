// A forgotten password. The link of the e-mail leads here, with a token that is good for one use.
import { $, onSubmit } from "../dom.js";
import { api, frame, session } from "../shop.js";

frame();
const token = new URLSearchParams(location.search).get("token");
history.replaceState(null, "", location.pathname); // out of the address bar and the history
$(token ? "#confirm" : "#request").hidden = false;

/** Shows how it ended, in place of the form. */
function finish(form, place) {
  form.hidden = true;
  $(place).hidden = false;
  $(place).focus();
}

// Accepted is all there is to know: the answer is the same whether the address is known or not.
onSubmit($("#request"), async ({ email }) => {
  await api.accept("POST", "/auth/password-reset", { email });
  finish($("#request"), "#sent");
});
onSubmit($("#confirm"), async ({ new_password }) => {
  await api.write("POST", "/auth/password-reset/confirm", { token, new_password });
  session.tokens = null; // every session has ended with the old password
  finish($("#confirm"), "#done");
});
