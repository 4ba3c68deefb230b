// Functions for the document. They always insert text as text, so no data of the shop can become markup.

/** Makes an element. A function as an attribute listens to the event of that name; false, null and undefined are omitted. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const $ = (selector) => document.querySelector(selector);

/** Stripe's number of decimals where it differs from the browser's tables (docs.stripe.com/currencies). */
const withoutDigits = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split(" "));
const ofThreeDigits = new Set("bhd jod kwd omr tnd".split(" "));

/** Formats an amount, an integer in the currency's smallest unit: 1999 usd is $19.99, 1999 jpy is ¥1,999. */
export function money(amount, currency) {
  const digits = withoutDigits.has(currency) ? 0 : ofThreeDigits.has(currency) ? 3 : 2;
  const format = { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(document.documentElement.lang, format).format(amount / 10 ** digits);
}

export function time(text, style = { dateStyle: "medium", timeStyle: "short" }) {
  return el("time", { datetime: text }, new Intl.DateTimeFormat(document.documentElement.lang, style).format(new Date(text)));
}

/** The name of a country by its two-letter code. */
export const country = (code) => new Intl.DisplayNames(document.documentElement.lang, { type: "region" }).of(code);

export const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** Shows a note that screen readers also read out. */
export function announce(text) {
  let note = $("#note");
  if (!note) document.body.append((note = el("p", { id: "note", role: "status" })));
  note.textContent = text;
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => (note.textContent = ""), 6000);
}

/** Shows an error at a place on the page, and scrolls there. */
export function complain(place, error, ...more) {
  if (error.name === "AbortError") return;
  place.replaceChildren(el("div", { class: "alert", role: "alert", tabindex: -1 }, el("p", {}, error.message), ...more));
  place.firstElementChild.focus();
}

/**
 * Runs `action` when the form is sent, once at a time. Shows the API's errors at their fields: the `errors` of a problem have the names of the
 * form's fields.
 */
export function onSubmit(form, action) {
  const place = form.querySelector(".problem");
  form.noValidate = true; // the API validates, and its errors look the same for every field
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    place.replaceChildren();
    for (const field of form.querySelectorAll("[aria-invalid]")) clearField(field);
    try {
      await action(Object.fromEntries(new FormData(form)));
    } catch (error) {
      const wrong = (error.errors ?? []).filter(({ field, message }) => markField(form.elements[field], message));
      if (wrong.length > 0) form.querySelector("[aria-invalid]").focus();
      else complain(place, error);
    } finally {
      form.ariaBusy = "false";
    }
  });
  // The page's button is disabled until here: a form that is sent before the script listens would put a password into the address.
  for (const button of form.querySelectorAll("button:disabled")) button.disabled = false;
}

function markField(field, message) {
  if (!field) return false;
  const id = `${field.id}-problem`;
  const [name] = field.labels[0].textContent.split(/[,(]/);
  field.after(el("p", { id, class: "field-problem" }, `${name.trim()} ${message}.`));
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", id);
  return true;
}

function clearField(field) {
  field.parentElement.querySelector(`#${CSS.escape(`${field.id}-problem`)}`)?.remove();
  field.removeAttribute("aria-invalid");
  field.removeAttribute("aria-describedby");
}
