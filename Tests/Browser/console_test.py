#!/usr/bin/env python3
"""The operators' console in a real browser (Debian's chromium-headless-shell, driven by playwright).

Fails on any complaint of the browser: a line in its console, an unexpected answer of 400 or more, a request to another host, a page wider than its
window, text with too little contrast, a field without a label.

Environment variables: CONSOLE_URL, CONSOLE_TOKEN, DATABASE_URL (to make dead letters), SCREENSHOTS (a folder for pictures; optional), CHROMIUM (default:
/usr/bin/chromium-headless-shell). By default they are those of the console that `ops/up` runs.
"""

import os
import re
import subprocess
import sys
import uuid
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]


def local(file, name):
    """A setting of the instance of ops/up; empty if none runs."""
    path = ROOT / ".local" / file
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line).get(name, "")


URL = os.environ.get("CONSOLE_URL") or f"http://127.0.0.1:{local('env', 'CONSOLE_PORT')}"
TOKEN = os.environ.get("CONSOLE_TOKEN") or local("env", "CONSOLE_TOKEN")
DATABASE = os.environ.get("DATABASE_URL") or local("env", "DATABASE_URL")
SCREENSHOTS = os.environ.get("SCREENSHOTS")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium-headless-shell")

HOSTILE = '"\u0301 onmouseover=document.title=1 x="<script>document.title="owned"</script><img src=x onerror=document.title="owned"> \u202e \x07 </textarea>'
PATIENCE = 60_000  # milliseconds; the machine may be busy with other tests
WINDOWS = {
    "light": dict(viewport={"width": 1280, "height": 900}, color_scheme="light"),
    "dark": dict(viewport={"width": 1280, "height": 900}, color_scheme="dark"),
    "phone": dict(viewport={"width": 390, "height": 844}, color_scheme="light", is_mobile=True, has_touch=True, device_scale_factor=2),
}


def sql(text):
    """The rows of a statement, through psql, independently of the console."""
    run = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-", DATABASE], input=text, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(run.stderr)
    return run.stdout.splitlines()


def quoted(text):
    return "convert_from('\\x" + text.encode().hex() + "', 'UTF8')"


def dead_letter(group, payload, error="stock service said no", queue="orders", kind="orders.cancel"):
    return sql(
        f"""with m as (select gen_random_uuid() id, gen_random_uuid() message_id)
        insert into dead_letters (id, message_id, correlation_id, attempts, first_failed_at, last_failed_at, queue, type, error_type, error,
            "group", properties, headers, payload)
        select id, message_id, message_id, 6, now() - interval '90 minutes', now() - interval '2 minutes', '{queue}', {quoted(kind)},
            'attempts_exhausted', {quoted(error)}, '{group}', json_build_object('message_id', message_id, 'type', {quoted(kind)},
            'content_type', 'application/json'), '{{"actor": "system", "schema": 1, "attempt": 6}}', convert_to({quoted(payload)}, 'UTF8')
        from m returning id"""
    )[0]


class Watcher:
    """Collects the errors of a page."""

    def __init__(self):
        self.wrong = []
        self.expected = set()

    def watch(self, page):
        host = urlsplit(URL).netloc
        # The browser also logs refused forms, which the tests provoke.
        page.on("console", lambda m: self.add(f"console {m.type}: {m.text}") if not re.search(r"status of 4\d\d", m.text) else None)
        page.on("pageerror", lambda e: self.add(f"script: {e}"))
        page.on("request", lambda r: self.add(f"left the host: {r.url}") if urlsplit(r.url).netloc not in ("", host) else None)
        page.on("response", lambda r: self.add(f"{r.status} {r.url}") if r.status >= 400 and r.status not in self.expected else None)
        page.on("requestfailed", lambda r: self.add(f"failed: {r.url} {r.failure}") if "ERR_ABORTED" not in (r.failure or "") else None)

    def add(self, what):
        self.wrong.append(what)

    @contextmanager
    def expecting(self, *statuses):
        self.expected = set(statuses)
        yield
        self.expected = set()

    def check(self, where):
        if self.wrong:
            raise AssertionError(f"{where}:\n  " + "\n  ".join(self.wrong))


# The requirements of every page, checked in the browser, where its layout is known.
CHECKS = r"""() => {
  const wrong = [];
  const width = document.documentElement.scrollWidth;
  if (width > innerWidth) wrong.push(`the page is ${width} wide in a window of ${innerWidth}`);
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    const isNamed = field.labels.length > 0 || field.ariaLabel || field.getAttribute("aria-labelledby");
    if (!isNamed) wrong.push(`a field without a label: ${field.outerHTML.slice(0, 100)}`);
  }
  for (const one of document.querySelectorAll("button, a")) {
    if (one.textContent.trim() === "" && !one.ariaLabel) wrong.push(`nothing to read on: ${one.outerHTML.slice(0, 100)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of ids.filter((id, index) => ids.indexOf(id) !== index)) wrong.push(`two are called ${id}`);
  for (const part of document.querySelectorAll("[data-live]")) if (!part.id) wrong.push("a live part without an id");
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one heading of the page");
  const channel = (value) => { const v = value / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const colour = (text) => text.match(/[\d.]+/g).map(Number);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const value = colour(getComputedStyle(one).backgroundColor);
      if (value.length === 3 || value[3] > 0) return value;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() === "" || element.closest("svg") || element.closest(".hidden") || !element.checkVisibility()) continue;
    const [one, other] = [light(colour(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    const key = `${element.tagName}.${element.className}`;
    if (contrast < 4.5 && !seen.has(key)) wrong.push(`contrast ${contrast.toFixed(2)}: ${key} "${walker.currentNode.data.trim().slice(0, 40)}"`);
    seen.add(key);
  }
  return wrong;
}"""


def look(page, watcher, name, window):
    """Checks the requirements of every page, and takes its picture."""
    for what in page.evaluate(CHECKS):
        watcher.add(what)
    assert page.title() != "owned" and page.title() != "1", "a payload was run"
    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/{name}-{window}.png", full_page=True)
    watcher.check(f"{name} ({window})")


def shown(page, scripts, check):
    """Waits until the page shows something: with the script it updates; otherwise the test reloads it as a person would."""
    if scripts:
        check(PATIENCE)
        return
    for _ in range(PATIENCE // 1000):
        try:
            return check(1000)
        except AssertionError:
            page.reload()
    check(1000)


def sign_in(page):
    page.goto(URL + "/")
    expect(page).to_have_url(re.compile("/login"))
    page.get_by_label("Your name").fill("ada")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Use the token").click()
    expect(page.get_by_role("link", name="Overview")).to_have_attribute("aria-current", "page")


def every_page(browser, letters):
    """Each page in light, dark and on a phone."""
    paths = {
        "overview": "/", "dead-letters": "/dead?status=open", "dead-letter": f"/dead/{letters['good']}", "hostile": f"/dead/{letters['hostile']}",
        "plan": "/dead/replay?group=browser0001", "discard": "/dead/discard?group=browser0001", "jobs": "/jobs", "audit": "/audit?all=1",
        "running": "/running", "waiting": "/waiting", "skip": "/skip", "send": "/send", "types": "/types", "schedules": "/schedules", "people": "/people",
        "account": "/account", "search": "/search", "hostile-list": "/dead?group=browser0002",
    }
    for window, options in WINDOWS.items():
        context = browser.new_context(**options)
        watcher = Watcher()
        page = context.new_page()
        watcher.watch(page)
        page.goto(URL + "/login")
        look(page, watcher, "login", window)
        sign_in(page)
        for name, path in paths.items():
            page.goto(URL + path)
            look(page, watcher, name, window)
        with watcher.expecting(404):
            page.goto(URL + "/nosuch")
            look(page, watcher, "not-found", window)
        context.close()


def a_drill(browser, letters, scripts):
    """The work of an operator on call: find, understand, repair, replay, discard. With the script and without it."""
    window = "with the script" if scripts else "without JavaScript"
    context = browser.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=scripts)
    watcher = Watcher()
    page = context.new_page()
    watcher.watch(page)
    sign_in(page)

    # Found.
    group = letters["group"]
    page.get_by_role("link", name="Look at them").click()
    page.goto(URL + f"/dead?group={group}")
    page.locator("table.letters tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("orders.cancel")

    # A refused edit keeps the text.
    with watcher.expecting(422):
        page.get_by_label("The correct payload").fill('{"order_id": "not an id <b>"}')
        page.get_by_role("button", name="Replay edited").click()
        expect(page.get_by_role("alert")).to_contain_text("Nothing was sent")
    expect(page.get_by_label("The correct payload")).to_have_value('{"order_id": "not an id <b>"}')

    # Repaired.
    page.get_by_label("The correct payload").fill('{"order_id": "' + str(uuid.uuid4()) + '"}')
    page.get_by_role("button", name="Replay edited").click()
    expect(page.locator(".notice")).to_contain_text("The edited message was sent")
    expect(page.locator(".history")).to_contain_text("operator:ada")

    # The rest in bulk, by the group's plan: a job with its progress.
    page.goto(URL + f"/dead?group={group}&status=open")
    page.get_by_role("link", name="Replay all of these").click()
    page.get_by_label("Messages per second").fill("20")
    page.get_by_label("Canary").fill("0")
    page.get_by_role("button", name=re.compile("^Replay [0-9]+ dead letter")).click()
    expect(page).to_have_url(re.compile("/jobs/"))
    shown(page, scripts, lambda timeout: expect(page.locator(".badge.done")).to_be_visible(timeout=timeout))
    expect(page.locator("#progress-title")).to_contain_text("100 %")

    # Two are selected and discarded.
    page.goto(URL + f"/dead?group={letters['rubbish']}&status=open")
    for box in page.locator("tbody input[type=checkbox]").all()[:2]:
        box.check()
    page.get_by_role("button", name="Discard ticked").click()
    page.get_by_label("Reason for not handling them").fill("a test")
    page.get_by_role("button", name="Discard 2 dead letters").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Dead letters")

    # Paused and resumed. The overview shows the broker's state with a delay, which is long on a busy machine.
    page.goto(URL + "/")
    page.get_by_role("button", name="Pause payments").click()
    shown(page, scripts, lambda timeout: expect(page.locator("#verdict")).to_contain_text("payments is paused", timeout=timeout))
    page.get_by_role("button", name="Resume payments").click()
    shown(page, scripts, lambda timeout: expect(page.get_by_role("button", name="Pause payments")).to_be_visible(timeout=timeout))

    # The audit log contains all of it.
    page.goto(URL + "/audit")
    for act in ["edit", "replay", "discard", "pause", "resume"]:
        expect(page.locator("tbody .badge", has_text=re.compile(f"^{act}$")).first).to_be_visible()
    watcher.check(f"the drill ({window})")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/login"))
    context.close()


def live(browser):
    """The page shows changes without a reload, but does not replace a part that the person is using."""
    context = browser.new_context()
    watcher = Watcher()
    page = context.new_page()
    watcher.watch(page)
    sign_in(page)
    marker = f"seen live {uuid.uuid4()}"
    dead_letter("browser0009", "{}", error=marker)
    expect(page.locator("#groups")).to_contain_text(marker)
    expect(page.locator("#live")).to_have_text("Live")
    watcher.check("live")
    context.close()


def keyboard(browser, letters):
    """Everything works without a mouse."""
    context = browser.new_context()
    watcher = Watcher()
    page = context.new_page()
    watcher.watch(page)
    sign_in(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(letters["good"])
    page.keyboard.press("Enter")
    expect(page).to_have_url(URL + f"/dead/{letters['good']}")
    outlines = page.evaluate("""() => [...document.querySelectorAll("a, button, input:not([type=hidden]), textarea, pre[tabindex]")].filter((one) => {
        one.focus({ focusVisible: true });
        return document.activeElement === one && getComputedStyle(one).outlineStyle === "none";
    }).map((one) => one.outerHTML.slice(0, 100))""")
    assert outlines == [], f"focus cannot be seen on {outlines}"
    watcher.check("keyboard")
    context.close()


def main():
    if SCREENSHOTS:
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
    valid = '{"order_id": "3d3c5a9e-0f6b-4f43-9a51-0a4a3c1f2b10", "reason": "changed my mind"}'
    run = uuid.uuid4().hex[:6]
    letters = {
        "good": [dead_letter("browser0001", valid) for _ in range(3)][0],
        "hostile": dead_letter("browser0002", HOSTILE, error=HOSTILE, kind=HOSTILE),
    }
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        steps = {"every page": lambda: every_page(browser, letters), "live": lambda: live(browser), "keyboard": lambda: keyboard(browser, letters)}
        for scripts in (True, False):
            group, rubbish = f"{run}{int(scripts)}aaa", f"{run}{int(scripts)}bbb"
            for _ in range(6):
                dead_letter(group, valid)
                dead_letter(rubbish, "rubbish")
            named = letters | {"group": group, "rubbish": rubbish}
            steps[f"the drill, {'with' if scripts else 'without'} JavaScript"] = lambda named=named, scripts=scripts: a_drill(browser, named, scripts)
        for name, step in steps.items():
            step()
            print(f"passed: {name}", flush=True)
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
