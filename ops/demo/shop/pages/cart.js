// The cart, and the checkout.
import { newKey } from "../api.js";
import { $, complain, country, el, money, onSubmit } from "../dom.js";
import { api, frame, guestCart, needSignIn, session, showCartCount } from "../shop.js";

const countries = "AT AU BE BR CA CH CZ DE DK ES FI FR GB IE IN IT JP NL NO NZ PL PT SE US".split(" ");

function show(cart) {
  showCartCount(cart);
  const isEmpty = cart.items.length === 0;
  $("#empty").hidden = !isEmpty;
  $("#filled").hidden = isEmpty;
  $("#lines").replaceChildren(...cart.items.map(line));
  $("#total").textContent = money(cart.total_amount, cart.currency);
}

function line(item) {
  const id = `quantity-${item.product_id}`;
  const set = (quantity) => change(item, quantity);
  return el("li", { class: "line" },
    el("div", {},
      el("a", { href: `/products/${item.product_id}` }, item.name),
      el("p", { class: "muted" }, `${money(item.unit_amount, item.currency)} each`),
      item.available < item.quantity && el("p", { class: "stock low" },
        item.available ? `Only ${item.available} left. ` : "Sold out. ",
        item.available > 0 && el("button", { class: "plain", type: "button", click: () => set(item.available) }, `Take ${item.available}`))),
    el("label", { class: "hidden", for: id }, `Quantity of ${item.name}`),
    el("input", {
      id, type: "number", min: 0, max: 1000, value: item.quantity, inputmode: "numeric",
      change: ({ target }) => (target.value === "" ? load() : set(target.valueAsNumber)),
    }),
    el("p", { class: "amount" }, money(item.amount, item.currency)),
    el("button", { class: "plain", type: "button", "aria-label": `Remove ${item.name}`, click: () => set(0) }, "Remove"));
}

/** One change after the other, so that the last one counts. `write` returns when the change is done, so later reads contain it. */
let changes = Promise.resolve();
function change(item, quantity) {
  const focused = document.activeElement?.id;
  $("#lines").ariaBusy = "true";
  changes = changes.then(async () => {
    $("#problem").replaceChildren();
    if (session.isOpen) await api.write("PUT", `/cart/items/${item.product_id}`, { quantity }).catch((error) => complain($("#problem"), error));
    else guestCart.set(item.product_id, quantity);
    await load();
    (document.getElementById(focused) ?? $("#main")).focus();
  });
}

async function load() {
  try {
    show(session.isOpen ? await api.get("/cart") : await ofGuest());
    $("#lines").ariaBusy = "false";
  } catch (error) {
    complain($("#problem"), error, el("button", { type: "button", click: load }, "Try again"));
  }
}

/** The cart of a visitor, in the API's form of a cart, at current prices. */
async function ofGuest() {
  const lines = Object.entries(guestCart.quantities).map(async ([id, quantity]) => {
    const product = await api.get(`/products/${id}`, { token: null }).catch((error) => {
      if (error.status !== 404) throw error;
      guestCart.set(id, 0); // not sold any more
    });
    return product && {
      product_id: id, name: product.name, unit_amount: product.unit_amount, currency: product.currency, quantity,
      available: product.stock_quantity, amount: product.unit_amount * quantity,
    };
  });
  const items = (await Promise.all(lines)).filter(Boolean);
  return { items, total_amount: items.reduce((sum, item) => sum + item.amount, 0), currency: items[0]?.currency ?? "usd" };
}

/**
 * The key of this checkout. It stays the same for the same address, also after a reload of the page, until the order exists: a customer who presses
 * twice, or returns after a lost connection, still buys once.
 */
function keyOfCheckout(body) {
  const text = JSON.stringify(body);
  const kept = JSON.parse(sessionStorage.getItem("checkout"));
  if (kept?.text === text) return kept.key;
  const key = newKey();
  sessionStorage.setItem("checkout", JSON.stringify({ text, key }));
  return key;
}

/** Asynchronous: the shop has the order as soon as this is accepted. The order's own page shows its result. */
async function checkOut(address) {
  await changes;
  const body = { shipping_address: address };
  const { operation_id: operation, resource } = await api.accept("POST", "/cart/checkout", body, { key: keyOfCheckout(body) });
  sessionStorage.removeItem("checkout");
  location.assign(`/orders/${resource.id}?operation=${operation}`);
}

frame("/cart");
if (!session.isOpen && Object.keys(guestCart.quantities).length > 0) {
  $("#guest").hidden = false;
  load();
} else if (needSignIn()) {
  $("#checkout").hidden = false;
  const options = countries.map((code) => ({ code, name: country(code) })).sort((a, b) => a.name.localeCompare(b.name));
  $("#country").append(...options.map(({ code, name }) => el("option", { value: code, selected: code === "GB" }, name)));
  onSubmit($("#checkout"), (fields) =>
    // The API names an address's fields shipping_address.name and so on, and so does the form.
    checkOut(Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.split(".").pop(), value.trim()]).filter(([, value]) => value))));
  load();
}
