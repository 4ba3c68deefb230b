#!/usr/bin/env python3
"""`/docs` in a real browser (Debian's chromium-headless-shell, driven by playwright): Swagger UI with the API's document.

Fails on a line in the browser's console, a refused or failed request, a request to another host, a missing operation.

Environment variables: API_URL (default http://127.0.0.1:8080), SCREENSHOTS (a folder for pictures; optional),
CHROMIUM (default /usr/bin/chromium-headless-shell).
"""

import os
from urllib.parse import urlsplit

from playwright.sync_api import expect, sync_playwright

URL = os.environ.get("API_URL", "http://127.0.0.1:8080")
SCREENSHOTS = os.environ.get("SCREENSHOTS")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium-headless-shell")


def main():
    wrong = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        page.on("console", lambda message: wrong.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
        page.on("request", lambda request: wrong.append(f"left the host: {request.url}") if is_elsewhere(request.url) else None)
        page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url} {request.failure}"))
        page.on("response", lambda answer: wrong.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)

        document = page.request.get(f"{URL}/openapi.json").json()
        operations = [item for path in document["paths"].values() for item in path.values()]
        page.goto(f"{URL}/docs")
        expect(page.locator("h1.title, h2.title").first).to_contain_text(document["info"]["title"])
        expect(page.locator(".version-stamp", has_text="OAS 3.1").first).to_be_visible()
        expect(page.locator(".opblock")).to_have_count(len(operations))
        shot(page, "docs")

        # Dark if the browser prefers it.
        page.emulate_media(color_scheme="dark")
        expect(page.locator("html")).to_have_class("dark-mode")
        lightness = "(one) => getComputedStyle(one).color.match(/[0-9]+/g).slice(0, 3).map(Number).reduce((a, b) => a + b) / 3"
        assert page.locator(".info .title").first.evaluate(lightness) > 150, "the title is dark in the dark"
        shot(page, "docs-dark")
        page.emulate_media(color_scheme="light")
        expect(page.locator("html")).not_to_have_class("dark-mode")

        # Open one operation, try it, and get its answer.
        listed = page.locator("#operations-catalogue-listProducts")
        listed.locator("button.opblock-summary-control").first.click()
        listed.locator("tr", has_text="limit").locator("input").first.fill("1")
        listed.get_by_role("button", name="Execute").click()
        expect(listed.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
        expect(listed.locator(".live-responses-table")).to_contain_text("next_cursor")
        listed.scroll_into_view_if_needed()
        shot(page, "docs-tried")
        browser.close()
    assert not wrong, "\n".join(wrong)
    print(f"{len(operations)} operations shown")


def is_elsewhere(url):
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(URL).netloc


def shot(page, name):
    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/{name}.png")


main()
