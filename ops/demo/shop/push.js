// Web push: asks the customer when there is an order, and keeps the browser's subscription and the shop's copy equal.
import { $, announce, complain } from "./dom.js";
import { api } from "./shop.js";

const isPossible = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

/** Shows the question until it is answered; after a yes, renews the subscription without asking. */
export function offerPush() {
  if (!isPossible() || Notification.permission === "denied") return;
  if (Notification.permission === "granted") {
    subscribe().catch(() => {}); // the next order tries again
    return;
  }
  $("#push").hidden = false;
  $("#push-yes").addEventListener("click", async () => {
    try {
      // Browsers ask only after a click, and never again after a refusal.
      if ((await Notification.requestPermission()) === "granted") {
        await subscribe();
        announce("You will get notifications of this order.");
      }
      $("#push").hidden = true;
    } catch (error) {
      complain($("#push-problem"), error.code === "not_found" ? new Error("This shop sends no notifications.") : error);
    }
  });
  $("#push-no").addEventListener("click", () => ($("#push").hidden = true));
}

async function subscribe() {
  const registration = await navigator.serviceWorker.register("/service-worker.js");
  const { public_key: key } = await api.get("/push/public-key", { token: null });
  const applicationServerKey = Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (digit) => digit.charCodeAt(0));
  let subscription = await registration.pushManager.getSubscription();
  // The subscription has an older key of the shop.
  if (subscription && !isSame(new Uint8Array(subscription.options.applicationServerKey), applicationServerKey)) {
    await subscription.unsubscribe();
    subscription = null;
  }
  subscription ??= await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  await api.write("POST", "/push-subscriptions", subscription.toJSON());
}

const isSame = (one, other) => one.length === other.length && one.every((byte, index) => byte === other[index]);

/** Ends the subscription, since the next user of this browser may be another customer. The push service then reports to the shop that it is gone. */
export async function endPush() {
  if (!isPossible()) return;
  const registration = await navigator.serviceWorker.getRegistration();
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}
