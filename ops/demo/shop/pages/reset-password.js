// A forgotten password. The link in the e-mail leads here, with a token for a single use.
import { $, onSubmit } from "../dom.js";
import { api, frame, session } from "../shop.js";

frame();
const token = new URLSearchParams(location.search).get("token");
history.replaceState(null, "", location.pathname); // removes the token from the address bar and the history
$(token ? "#confirm" : "#request").hidden = false;

/** Shows the result in place of the form. */
function finish(form, place) {
  form.hidden = true;
  $(place).hidden = false;
  $(place).focus();
}

// The answer only says "accepted": it is the same for known and unknown addresses.
onSubmit($("#request"), async ({ email }) => {
  await api.accept("POST", "/auth/password-reset", { email });
  finish($("#request"), "#sent");
});
onSubmit($("#confirm"), async ({ new_password }) => {
  await api.write("POST", "/auth/password-reset/confirm", { token, new_password });
  session.tokens = null; // every session has ended with the old password
  finish($("#confirm"), "#done");
});
