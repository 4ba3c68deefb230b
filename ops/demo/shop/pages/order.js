// One order: its live timeline, payment and cancellation.
import { $, announce, complain, country, el, money, time } from "../dom.js";
import { badge, stateOf, wordsOf } from "../order-words.js";
import { offerPush } from "../push.js";
import { api, frame, needSignIn } from "../shop.js";
import { confirmPayment, Declined, testCards } from "../stripe.js";

const id = location.pathname.split("/").pop();
const query = new URLSearchParams(location.search);
let order;

// The order. The page reads it again at each event of its timeline: the event announces a change, the resource contains it.

async function load() {
  order = await api.get(`/orders/${id}`);
  const [title, kind, explanation] = stateOf(order);
  document.title = `Order ${order.number}: ${title} · Conveyor’s shop`;
  $("#title").textContent = `Order ${order.number}`;
  $("#badge").replaceChildren(badge(order));
  $("#status").className = `state ${kind}`;
  if ($("#explanation").textContent !== explanation) $("#explanation").textContent = explanation; // a screen reader reads each change once
  showLines();
  showRejection();
  showPayment();
  $("#cancel").hidden = !["pending", "awaiting_payment", "paid"].includes(order.status);
}

function showLines() {
  const { items, currency, total_amount: total, amount_refunded: refunded, shipping_address: to, tracking } = order;
  $("#lines").replaceChildren(...items.map((item) =>
    el("li", { class: "line" },
      el("div", {},
        el("a", { href: `/products/${item.product_id}` }, item.name),
        el("p", { class: "muted" }, `${item.quantity} × ${money(item.unit_amount, currency)}`)),
      el("p", { class: "amount" }, money(item.amount, currency)))));
  $("#total").textContent = money(total, currency);
  $("#refunded").hidden = refunded === 0;
  $("#refunded").textContent = `${money(refunded, currency)} refunded.`;
  const address = [to.name, to.line1, to.line2, `${to.postal_code} ${to.city}`, to.state, country(to.country)];
  $("#address").replaceChildren(...address.filter(Boolean).map((text) => el("span", {}, text)));
  $("#tracking").textContent = tracking ? ["With", tracking.carrier ?? "the carrier", tracking.tracking_number].filter(Boolean).join(" ") : "";
}

/** The reason of a rejection: the shop's problem, and the remaining stock of each missing line. */
function showRejection() {
  const { rejection, items } = order;
  $("#rejection").hidden = !rejection;
  if (!rejection) return;
  const short = rejection.lines ?? [];
  const nameOf = (id) => items.find((item) => item.product_id === id)?.name ?? "A product";
  const left = items.map(({ product_id, quantity }) => {
    const line = short.find((one) => one.product_id === product_id);
    return { product_id, quantity: line ? Math.min(line.available, quantity) : quantity };
  }).filter(({ quantity }) => quantity > 0);
  $("#rejection").replaceChildren(
    el("h2", {}, rejection.title),
    el("p", {}, rejection.detail),
    el("ul", {}, short.map(({ product_id, requested, available }) =>
      el("li", {}, `${nameOf(product_id)}: you wanted ${requested}, ${available || "none"} left`))),
    left.length > 0
      ? el("button", { type: "button", click: () => putBack(left) }, "Put what is left into the cart")
      : el("a", { href: "/" }, "Look for something else"));
}

async function putBack(lines) {
  try {
    for (const { product_id, quantity } of lines) await api.write("PUT", `/cart/items/${product_id}`, { quantity });
    location.assign("/cart");
  } catch (error) {
    complain($("#problem"), error);
  }
}

// Paying

function showPayment() {
  const isPayable = order.status === "awaiting_payment" && order.payment_status !== "processing";
  const form = $("#payment");
  if (!isPayable && form.contains(document.activeElement)) $("#title").focus(); // keeps the focus when the form disappears
  if (isPayable && form.hidden) form.ariaBusy = "false";
  form.hidden = !isPayable;
  $("#due").replaceChildren(...(order.payment_due_at ? ["Please pay by ", time(order.payment_due_at, { timeStyle: "short" }), "."] : []));
  $("#pay").textContent = `Pay ${money(order.total_amount, order.currency)}`;
}

async function pay(method) {
  // Each request returns the same PaymentIntent, so a declined card leads to another attempt and not to a second payment.
  const { result: intent } = await api.write("POST", "/payments/create-payment-intent", { order_id: id });
  const status = await confirmPayment(intent, method, `${location.origin}/orders/${id}`);
  if (status === "requires_action") return; // the bank's page follows
  $("#paying").textContent = status === "succeeded" ? "Payment accepted. Waiting for confirmation…" : "Your bank is working on it…";
  // Stripe notifies the shop. If that takes long, this makes the shop ask Stripe.
  setTimeout(() => order.status === "awaiting_payment" && askStripe(), 8000);
}

async function askStripe() {
  await api.write("POST", `/payments/confirm-payment/${id}`).catch(() => {}); // "not paid yet" is not an error here
}

function preparePayment() {
  const form = $("#payment");
  $("#cards").append(...testCards.map(({ method, name, outcome }, index) =>
    el("label", {},
      el("input", { type: "radio", name: "method", value: method, checked: index === 0 }),
      el("span", {}, el("b", {}, name), ` ${outcome}`))));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    $("#payment-problem").replaceChildren();
    $("#paying").textContent = "Asking your bank…";
    try {
      await pay(new FormData(form).get("method"));
    } catch (error) {
      $("#paying").textContent = "";
      form.ariaBusy = "false";
      complain($("#payment-problem"), error, error instanceof Declined && el("p", {}, "Nothing was charged. Please try another card."));
    }
  });
}

/** After the return from the bank's page, whose result is in the address. */
function comeBack() {
  if (query.get("redirect_status") === "failed") {
    complain($("#payment-problem"), new Error("Your bank did not agree. Nothing was charged; please try another card."));
  }
  if (query.get("redirect_status") === "succeeded") askStripe();
}

// Cancelling

function prepareCancelling() {
  const dialog = $("#cancel-dialog");
  $("#cancel").onclick = () => dialog.showModal();
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue !== "cancel") return;
    dialog.returnValue = "";
    $("#cancel").ariaBusy = "true";
    try {
      await api.write("POST", `/orders/${id}/cancel`, { reason: $("#reason").value || null });
      announce("The order is cancelled.");
    } catch (error) {
      complain($("#problem"), error);
    }
    $("#cancel").ariaBusy = "false";
  });
}

// Live

/** Reads the order again. Any number of events during a read leads to one more read. */
let isStale = false;
let refreshing = false;
async function refresh() {
  isStale = true;
  if (refreshing) return;
  refreshing = true;
  while (isStale) {
    isStale = false;
    await load().catch((error) => complain($("#problem"), error));
  }
  refreshing = false;
}

/** The timeline from its beginning, then each new entry. */
async function follow() {
  const leaving = new AbortController();
  addEventListener("pagehide", () => leaving.abort());
  for await (const { event, data } of api.events(`/orders/${id}/events`, { signal: leaving.signal })) {
    $("#timeline").append(el("li", {}, time(data.at, { timeStyle: "medium" }), el("span", {}, wordsOf(event))));
    if (event === "payment.failed") $("#paying").textContent = "";
    refresh();
  }
}

/** A new order cannot be read before a worker has handled it, but its operation can. */
async function awaitPlacing(operation) {
  try {
    await api.outcome({ operation_id: operation });
  } catch (error) {
    // A rejection with an order, or without one: an empty cart makes none.
    if (!(await api.get(`/orders/${id}`).catch(() => null))) throw error;
  }
}

frame();
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
if (needSignIn()) {
  preparePayment();
  prepareCancelling();
  try {
    if (query.has("operation")) await awaitPlacing(query.get("operation"));
    await load();
    history.replaceState(null, "", location.pathname); // the parameters in the address are used
    $("#order").hidden = false;
    offerPush();
    comeBack();
    await follow();
  } catch (error) {
    $("#status").hidden = true;
    complain($("#problem"), error, el("a", { href: "/cart" }, "To your cart"), el("a", { href: "/orders" }, "To all orders"));
  }
}
