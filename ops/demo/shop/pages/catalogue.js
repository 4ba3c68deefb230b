// Lists and searches the products. The address contains the search, so customers can bookmark it, send it and go back to it.
import { $, complain, el, plural } from "../dom.js";
import { card } from "../product-card.js";
import { api, frame } from "../shop.js";

const form = $("#search");
const list = $("#products");
const more = $("#more");
let search; // the search in progress

/** The form's fields have the names of the API's parameters. */
const wanted = () => Object.fromEntries(new FormData(form));

const find = (cursor) => api.get("/products", { query: { ...wanted(), limit: 12, cursor }, signal: search.signal, token: null });

async function load() {
  search?.abort(); // a late answer must not overwrite a newer one
  search = new AbortController();
  list.ariaBusy = "true";
  try {
    show(await find());
    list.ariaBusy = "false";
  } catch (error) {
    complain($("#problem"), error, el("button", { type: "button", click: load }, "Try again"));
  }
}

function show({ items, next_cursor: next }, isFurther = false) {
  $("#problem").replaceChildren();
  const cards = items.map(card);
  if (isFurther) list.append(...cards);
  else list.replaceChildren(...cards);
  const count = list.children.length;
  $("#count").textContent =
    count === 0 ? "Nothing matches. Try fewer letters; typos are forgiven." : `${next ? "The first " : ""}${plural(count, "product")}`;
  more.hidden = !next;
  more.onclick = () => loadMore(next);
  if (isFurther) cards[0]?.querySelector("a").focus();
}

/** The next page begins after the last product of this one, even if products were added or sold meanwhile. */
async function loadMore(cursor) {
  try {
    show(await find(cursor), true);
  } catch (error) {
    complain($("#problem"), error);
  }
}

/** Each category, indented by its depth; a search in a category includes its subcategories. */
function options(categories, depth = 0) {
  return categories.flatMap(({ name, slug, children }) => [
    el("option", { value: slug }, "\u2003".repeat(depth) + name),
    ...options(children, depth + 1),
  ]);
}

function readAddress() {
  const query = new URLSearchParams(location.search);
  for (const field of form.elements) {
    if (field.type === "checkbox") field.checked = query.has(field.name);
    else if (field.name) field.value = query.get(field.name) ?? field.querySelector?.("option")?.value ?? "";
  }
}

function changed(isTyping) {
  const query = new URLSearchParams(Object.entries(wanted()).filter(([name, value]) => value && !(name === "sort" && value === "relevance")));
  const address = query.size > 0 ? `/?${query}` : "/";
  history[isTyping ? "replaceState" : "pushState"](null, "", address);
  load();
}

frame("/");
try {
  const { items } = await api.get("/categories", { token: null });
  form.elements.category.append(...options(items));
} catch (error) {
  complain($("#problem"), error);
}
readAddress();
load();
let typing;
form.addEventListener("input", ({ target }) => {
  clearTimeout(typing);
  if (target.type === "search") typing = setTimeout(changed, 200, true);
  else changed(false);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(typing);
  changed(false);
});
addEventListener("popstate", () => {
  readAddress();
  load();
});
