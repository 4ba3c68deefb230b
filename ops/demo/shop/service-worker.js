// Shows the shop's web push notifications: {title, body, url, tag}.
addEventListener("push", (event) => {
  const { title, body, url, tag } = event.data.json();
  // A notification replaces the previous one with the same tag, so only the newest of an order is shown.
  event.waitUntil(registration.showNotification(title, { body, tag, renotify: true, icon: "/icon.svg", data: { url } }));
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.url));
});

/** Opens a page of this shop: in the window that already shows it, or in a new one. */
async function open(url) {
  const { pathname } = new URL(url);
  const windows = await clients.matchAll({ type: "window" });
  const there = windows.find((window) => new URL(window.url).pathname === pathname);
  return there ? there.focus() : clients.openWindow(pathname);
}
