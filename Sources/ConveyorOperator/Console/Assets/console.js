// Keeps a page up to date: loads the same page again and replaces its parts marked data-live.
// Everything also works without this script; the page then shows its state at the time of loading.
"use strict";

const every = 4000;
const slowest = 60000;
let pause = every;
let timer;

function say(text) {
  document.getElementById("live").textContent = text;
}

// Parts in use are not replaced: the focused part, an opened list, a selection of text.
function isInUse(part) {
  const selection = getSelection();
  return (
    part.contains(document.activeElement) ||
    part.querySelector("details[open], input:checked") !== null ||
    (selection !== null && !selection.isCollapsed && part.contains(selection.anchorNode))
  );
}

async function refresh() {
  try {
    const answer = await fetch(location.href, { cache: "no-store", credentials: "same-origin", headers: { Accept: "text/html", "X-Conveyor-Refresh": "1" } });
    if (answer.redirected && new URL(answer.url).pathname === "/login") {
      location.reload();
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (fresh !== null && !isInUse(part) && !part.isEqualNode(fresh)) part.replaceWith(document.adoptNode(fresh));
    }
    document.title = page.title;
    pause = every;
    say("Live");
  } catch {
    pause = Math.min(pause * 2, slowest);
    say("Not reachable; trying again");
  }
  next();
}

function next() {
  clearTimeout(timer);
  // A finished page has no part to refresh except the navigation.
  if (!document.hidden && document.querySelector("main [data-live]") !== null) timer = setTimeout(refresh, pause);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (document.querySelector("main [data-live]") !== null) refresh();
});

// One checkbox selects all, where a list has one.
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-tick-all]")) return;
  for (const box of document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(event.target.dataset.tickAll)}"]`)) {
    box.checked = event.target.checked;
  }
});

// "/" goes to the search, as in many consoles.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  const search = document.getElementById("search");
  if (search === null) return;
  event.preventDefault();
  search.focus();
});

next();
