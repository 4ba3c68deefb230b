// One product.
import { $, complain, el, money } from "../dom.js";
import { addButton, availability, picture } from "../product-card.js";
import { api, frame } from "../shop.js";

frame();
try {
  const product = await api.get(`/products/${location.pathname.split("/").pop()}`, { token: null });
  document.title = `${product.name} · Conveyor’s shop`;
  const quantity = el("input", { id: "quantity", type: "number", min: 1, max: 1000, value: 1, inputmode: "numeric" });
  const count = () => Math.min(Math.max(Math.trunc(quantity.valueAsNumber) || 1, 1), 1000);
  $("#product").replaceChildren(
    picture(product),
    el("div", { class: "stack" },
      el("h1", {}, product.name),
      el("p", { class: "price" }, money(product.unit_amount, product.currency)),
      availability(product),
      product.description && el("p", {}, product.description),
      product.in_stock && el("div", { class: "row" }, el("label", { for: "quantity" }, "Quantity"), quantity, addButton(product, count)),
      el("p", { class: "muted" }, `Article ${product.sku}`)));
} catch (error) {
  if (error.status === 404) error.message = "There is no such product any more.";
  complain($("#product"), error, el("a", { href: "/" }, "To all products"));
}
