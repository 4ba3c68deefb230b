// Shows what the shop tells this browser by web push: {title, body, url, tag}.
addEventListener("push", (event) => {
  const { title, body, url, tag } = event.data.json();
  // One with the same tag takes the place of the one before: of an order only the newest is shown.
  event.waitUntil(registration.showNotification(title, { body, tag, renotify: true, icon: "/icon.svg", data: { url } }));
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.url));
});

/** Goes to a page of this shop: in the window that shows it already, or a new one. */
async function open(url) {
  const { pathname } = new URL(url);
  const windows = await clients.matchAll({ type: "window" });
  const there = windows.find((window) => new URL(window.url).pathname === pathname);
  return there ? there.focus() : clients.openWindow(pathname);
}
