// All orders of the customer, the newest first.
import { $, complain, el, money, plural, time } from "../dom.js";
import { badge } from "../order-words.js";
import { api, frame, needSignIn } from "../shop.js";

function row(order) {
  const pieces = order.items.reduce((sum, item) => sum + item.quantity, 0);
  return el("li", { class: "line" },
    el("div", {},
      el("a", { href: `/orders/${order.id}` }, `Order ${order.number}`),
      el("p", { class: "muted" }, time(order.created_at), `, ${plural(pieces, "piece")}`)),
    badge(order),
    el("p", { class: "amount" }, money(order.total_amount, order.currency)));
}

async function load(cursor) {
  try {
    const { items, next_cursor: next } = await api.get("/orders", { query: { limit: 10, cursor } });
    const rows = items.map(row);
    $("#orders").append(...rows);
    $("#empty").hidden = $("#orders").children.length > 0;
    $("#more").hidden = !next;
    $("#more").onclick = () => load(next);
    if (cursor) rows[0]?.querySelector("a").focus();
  } catch (error) {
    complain($("#problem"), error);
  }
}

frame("/orders");
if (needSignIn()) load();
