// Sign-in and registration.
import { $, el, onSubmit } from "../dom.js";
import { api, frame, guestCart } from "../shop.js";

/** The page after the sign-in: always a page of this shop, whatever the address contains. */
function next() {
  const url = URL.parse?.(new URLSearchParams(location.search).get("next") ?? "/", location.origin) ?? new URL("/", location.origin);
  // The whole address, whose origin was checked: a path that begins with two slashes would lead to another host.
  return url.origin === location.origin && !url.pathname.startsWith("//") ? url.href : "/";
}

async function enter(email, password) {
  await api.signIn(email, password);
  await guestCart.handOver();
  location.replace(next());
}

frame("/sign-in");
onSubmit($("#sign-in"), ({ email, password }) => enter(email, password));
onSubmit($("#register"), async ({ email, password, full_name: name }) => {
  // The worker rejects an address that is in use; like any rejection it comes through the operation.
  await api.write("POST", "/auth/register", { email, password, full_name: name || null });
  await enter(email, password);
});
// The logins of ops/up's sample shop. Remove them in your own shop.
$("#samples").append(...["user1@example.com", "user2@example.com"].map((email) =>
  el("button", {
    type: "button", class: "quiet",
    click: () => {
      $("#email").value = email;
      $("#password").value = "correct horse battery staple";
      $("#sign-in").requestSubmit();
    },
  }, `Sign in as ${email}`)));
