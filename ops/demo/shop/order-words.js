// The states and events of an order, in the customer's words.
import { el } from "./dom.js";

const states = {
  pending: ["Being placed", "wait", "We check prices and put your things aside."],
  awaiting_payment: ["Waiting for payment", "act", "Everything is put aside for you until it is paid."],
  paid: ["Paid", "good", "Thank you. We’re packing it now."],
  shipped: ["On its way", "good", "Your parcel is with the carrier."],
  completed: ["Delivered", "good", "Enjoy it."],
  rejected: ["Not possible", "bad", "We could not take this order. Nothing was charged."],
  cancelled: ["Cancelled", "off", "This order is cancelled."],
  expired: ["Expired", "off", "It was not paid in time, so your things went back on the shelf."],
};

const events = {
  "order.placed": "We have your order",
  "order.awaiting_payment": "Everything is put aside for you",
  "order.rejected": "Not everything was there",
  "order.paid": "The order is paid",
  "order.shipped": "Handed to the carrier",
  "order.completed": "Delivered",
  "order.cancelled": "Cancelled",
  "order.expired": "Not paid in time",
  "payment.intent_created": "A payment was begun",
  "payment.processing": "Your bank is working on it",
  "payment.succeeded": "Your money has arrived",
  "payment.failed": "The payment did not go through",
  "payment.canceled": "The payment was called off",
  "payment.refunded": "Your money is on its way back",
  "payment.refund_failed": "The refund did not go through",
  "payment.disputed": "The payment is disputed",
};

/** Title, kind and explanation of an order's state. An unknown, newer state is shown by its name. */
export function stateOf({ status, payment_status: payment }) {
  if (status === "awaiting_payment" && payment === "processing") {
    return ["Payment under way", "wait", "Your bank is working on it. This may take a while."];
  }
  return states[status] ?? [status, "wait", ""];
}

export function badge(order) {
  const [title, kind] = stateOf(order);
  return el("span", { class: `badge ${kind}` }, title);
}

export const wordsOf = (event) => events[event] ?? event;
