// A product as it is shown in lists and on its page.
import { announce, el, money } from "./dom.js";
import { addToCart } from "./shop.js";

const drawings = ["kettle", "lamp", "notebook", "backpack", "teapot", "blanket", "pen", "bottle", "board", "clock"];

/** The product's picture, or a drawing if it has none. */
export function picture({ name, images }) {
  const [image] = images;
  if (image) return el("img", { class: "picture", src: image, alt: "", loading: "lazy" });
  const words = name.toLowerCase().split(" ");
  const drawing = drawings.find((one) => words.includes(one)) ?? "parcel";
  const frame = el("span", { class: "picture", "aria-hidden": "true" });
  frame.style.setProperty("--hue", Array.from(words[0]).reduce((sum, letter) => sum + letter.codePointAt(0), 0) * 137 % 360);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 64 64");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `/pictures.svg#${drawing}`);
  svg.append(use);
  frame.append(svg);
  return frame;
}

export function availability({ in_stock: inStock, stock_quantity: left }) {
  if (!inStock) return el("p", { class: "stock out" }, "Sold out");
  return left <= 5 ? el("p", { class: "stock low" }, `Only ${left} left`) : el("p", { class: "stock" }, "In stock");
}

/** A button that puts a number of units into the cart. */
export function addButton(product, count = () => 1) {
  const add = async ({ currentTarget: button }) => {
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    await addToCart(product, count()).catch((error) => announce(error.message));
    button.ariaBusy = "false";
  };
  return el("button", { type: "button", "aria-label": `Add to cart: ${product.name}`, click: add }, "Add to cart");
}

export function card(product) {
  return el("li", { class: "card" },
    picture(product),
    el("h2", {}, el("a", { href: `/products/${product.id}` }, product.name)),
    el("p", { class: "price" }, money(product.unit_amount, product.currency)),
    availability(product),
    product.in_stock && addButton(product));
}
