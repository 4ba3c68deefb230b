// The part of Stripe.js that the demo needs, for the Stripe double. A real shop loads https://js.stripe.com with its Payment Element instead: the
// card's number goes from the customer's browser to Stripe and never to the shop.
import { STRIPE } from "./config.js";

/** Useful test cards of https://docs.stripe.com/testing. */
export const testCards = [
  { method: "pm_card_visa", name: "Visa 4242", outcome: "pays" },
  { method: "pm_card_visa_chargeDeclinedInsufficientFunds", name: "Visa 9995", outcome: "is declined: insufficient funds" },
  { method: "pm_card_chargeDeclinedExpiredCard", name: "Visa 0069", outcome: "is declined: expired" },
  { method: "pm_card_authenticationRequired", name: "Visa 3155", outcome: "asks your bank first (3-D Secure)" },
  { method: "pm_usBankAccount_success", name: "Bank account", outcome: "takes a few seconds" },
];

/**
 * Confirms a payment as `stripe.confirmPayment` does: with the publishable key and the client secret from the shop's create-payment-intent.
 * Leaves the page if the bank asks the customer.
 * Returns the PaymentIntent's status. Do not rely on it: the order is paid when the shop reports it.
 */
export async function confirmPayment({ payment_intent_id: id, client_secret, publishable_key: key }, method, returnURL) {
  const body = new URLSearchParams({ key, client_secret, payment_method: method, return_url: returnURL });
  const response = await fetch(`${STRIPE}/v1/payment_intents/${id}/confirm`, { method: "POST", body }).catch(() => {
    throw new Error("Stripe cannot be reached. Try again: one payment is never made twice.");
  });
  const answer = await response.json();
  const settled = answer.error?.payment_intent?.status;
  if (settled === "succeeded" || settled === "processing") return settled; // an earlier attempt succeeded, and its answer was lost
  if (!response.ok) throw new Declined(answer.error);
  if (answer.next_action?.type === "redirect_to_url") location.assign(answer.next_action.redirect_to_url.url);
  return answer.status;
}

/** The bank has declined the payment; `message` is for the customer, who may try another card. */
export class Declined extends Error {
  constructor({ message, code, decline_code: declineCode }) {
    super(message);
    Object.assign(this, { code, declineCode });
  }
}
