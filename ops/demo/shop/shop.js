// The common parts of all pages: the client, the signed-in user, and the frame around each page.
import { Client, Problem } from "./api.js";
import { API } from "./config.js";
import { announce, el, plural } from "./dom.js";

/** Only scripts of this origin can read the tokens, and the page's policy allows no other scripts. */
export const session = {
  get tokens() {
    return JSON.parse(localStorage.getItem("tokens"));
  },
  set tokens(tokens) {
    if (tokens) localStorage.setItem("tokens", JSON.stringify(tokens));
    else localStorage.removeItem("tokens");
  },
  get isOpen() {
    return localStorage.getItem("tokens") !== null;
  },
};

export const api = new Client(API, session);

/** The address of the sign-in, which leads back to this page. */
export function goToSignIn() {
  location.assign(signInPath());
}

const signInPath = () => `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;

/** For pages that need a signed-in customer. */
export function needSignIn() {
  if (!session.isOpen) location.replace(signInPath()); // so that Back does not return to this page
  return session.isOpen;
}

/** A visitor's cart before the sign-in: quantities by product, stored in this browser. */
export const guestCart = {
  get quantities() {
    return JSON.parse(localStorage.getItem("guest-cart") ?? "{}");
  },
  set(id, quantity) {
    const quantities = { ...this.quantities, [id]: quantity };
    if (quantity <= 0) delete quantities[id];
    localStorage.setItem("guest-cart", JSON.stringify(quantities));
  },
  /** Moves it into the account's cart, without products that the shop refuses because they are sold out or archived. */
  async handOver() {
    const quantities = Object.entries(this.quantities);
    if (quantities.length === 0) return;
    const { items } = await api.get("/cart");
    for (const [id, count] of quantities) {
      const has = items.find((item) => item.product_id === id)?.quantity ?? 0;
      await api.write("PUT", `/cart/items/${id}`, { quantity: Math.min(has + count, 1000) }).catch((error) => {
        if (!(error instanceof Problem)) throw error;
      });
      this.set(id, 0);
    }
  },
};

/** Adds units of a product to the cart. The API takes the new total quantity, so a repetition adds nothing. */
export async function addToCart(product, count = 1) {
  if (!session.isOpen) {
    const quantity = Math.min((guestCart.quantities[product.id] ?? 0) + count, 1000);
    guestCart.set(product.id, quantity);
    announce(`${product.name} is in your cart${quantity > 1 ? `, ${quantity} of it` : ""}.`);
    return showCartCount();
  }
  const cart = await api.get("/cart");
  const has = cart.items.find((item) => item.product_id === product.id)?.quantity ?? 0;
  await api.write("PUT", `/cart/items/${product.id}`, { quantity: has + count });
  announce(`${product.name} is in your cart${has + count > 1 ? `, ${has + count} of it` : ""}.`);
  await showCartCount();
}

export async function showCartCount(cart) {
  const items = session.isOpen ? (cart ?? (await api.get("/cart"))).items : Object.values(guestCart.quantities).map((quantity) => ({ quantity }));
  const count = items.reduce((sum, item) => sum + item.quantity, 0);
  const badge = document.querySelector("#cart-count");
  badge.textContent = count || "";
  badge.hidden = count === 0;
  badge.setAttribute("aria-label", plural(count, "piece"));
}

/** Draws the frame. `current` is the path of the page's entry in the navigation. */
export function frame(current) {
  const link = (path, ...content) => el("a", { href: path, "aria-current": path === current && "page" }, ...content);
  const account = session.isOpen
    ? el("button", { class: "plain", type: "button", click: signOut }, "Sign out")
    : link(signInPath(), "Sign in");
  document.querySelector("#header").append(
    el("a", { class: "brand", href: "/" }, el("img", { src: "/icon.svg", alt: "", width: 28, height: 28 }), "Conveyor’s shop"),
    el("nav", { "aria-label": "Shop" },
      link("/", "Products"), link("/orders", "Orders"), link("/cart", "Cart ", el("span", { id: "cart-count", class: "count", hidden: true }))),
    el("div", { class: "account" }, account),
  );
  const trouble = el("div", { id: "trouble", role: "status" });
  document.querySelector("#header").after(trouble);
  showTrouble(trouble);
  showCartCount().catch(() => {}); // a missing count is not an error
  api.addEventListener("signed-out", goToSignIn);
  // Reload after a sign-in or sign-out in another tab, but not after a renewed token.
  addEventListener("storage", ({ key, oldValue, newValue }) => key === "tokens" && !oldValue !== !newValue && location.reload());
}

async function signOut() {
  const { endPush } = await import("./push.js");
  await endPush().catch(() => {}); // a browser that cannot end it shows no notifications
  session.tokens = null; // only in this browser: POST /auth/logout-all ends the sessions of all devices
  location.assign("/");
}

/** Shows the state while the client retries. */
function showTrouble(banner) {
  const reasons = { offline: "The shop cannot be reached", rate_limited: "That was a lot at once" };
  api.addEventListener("trouble", ({ detail: { code, seconds } }) => {
    const reason = reasons[code] ?? "The shop is busy for a moment";
    if (seconds === undefined) banner.replaceChildren(el("p", {}, `${reason}.`));
    else {
      banner.replaceChildren(
        el("p", {}, `${reason}. Trying again in ${plural(seconds, "second")}; nothing is done twice.`),
        el("button", { type: "button", click: () => api.retryNow() }, "Try now"));
    }
  });
  api.addEventListener("reached", () => banner.replaceChildren());
}
