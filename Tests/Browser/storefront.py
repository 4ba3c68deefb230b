"""The parts of the tests of the shop in ops/demo: its addresses, its staff and other customers, and a visit of one customer."""

import os
import re
import uuid
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests
from console_test import CHECKS, SCREENSHOTS, WINDOWS, local
from playwright.sync_api import expect

URL = os.environ.get("SHOP_URL") or f"http://127.0.0.1:{local('env.d/demo', 'PORT')}"
API = (os.environ.get("API_URL") or f"http://127.0.0.1:{local('env', 'PORT')}") + "/api/v1"
STRIPE = os.environ.get("STRIPE_API_BASE") or local("env", "STRIPE_API_BASE")
MAIL = Path(os.environ.get("MAIL") or Path(__file__).resolve().parents[2] / ".local/mail")
PASSWORD = "correct horse battery staple"  # of all logins of the sample shop
PATIENCE = 60_000  # milliseconds; the machine may be busy with other tests
HOSTS = {urlsplit(url).netloc for url in (URL, API, STRIPE)}


# The actions of the staff and of other customers.


def call(method, path, token=None, **options):
    headers = {"Prefer": "wait=30", "Idempotency-Key": str(uuid.uuid4())} | ({"Authorization": f"Bearer {token}"} if token else {})
    response = requests.request(method, API + path, headers=headers, timeout=60, **options)
    assert response.ok, f"{method} {path}: {response.status_code} {response.text}"
    return response.json()


def token_of(email):
    return call("POST", "/auth/login", json={"email": email, "password": PASSWORD})["access_token"]


def new_product(name, stock=1000, amount=1900):
    product = {"sku": f"BROWSER-{uuid.uuid4()}", "name": name, "unit_amount": amount, "stock_quantity": stock}
    return call("POST", "/products", token_of("admin@example.com"), json=product)["resource"]["id"]


def empty_carts():
    for email in ("user1@example.com", "user2@example.com"):
        call("DELETE", "/cart", token_of(email))


# The requirements of every page.


class Watcher:
    """Collects the errors of a page."""

    def __init__(self, page):
        self.wrong = []
        self.expected = ()
        # A 503 with Retry-After is no error: the machine is busy, and the client repeats the request. Only a request without a final answer is one.
        self.busy = {}
        page.on("response", self.answered)
        page.on("framenavigated", lambda _: self.busy.clear())
        page.on("console", lambda m: self.add(f"console {m.type}: {m.text}", m.text) if "status of 503" not in m.text else None)
        page.on("pageerror", lambda e: self.add(f"script: {e}"))
        page.on("request", lambda r: self.add(f"left the shop: {r.url}") if urlsplit(r.url).netloc not in HOSTS else None)
        # Leaving a page ends its requests.
        page.on("requestfailed", lambda r: self.add(f"failed: {r.url} {r.failure}", r.failure) if r.failure != "net::ERR_ABORTED" else None)

    def answered(self, response):
        request = response.request
        key = (request.method, request.url, request.headers.get("idempotency-key"))
        if response.status != 503:
            self.busy.pop(key, None)
        elif "retry-after" in response.headers:
            self.busy[key] = f"503 and no other answer: {request.method} {request.url}"
        else:
            self.add(f"503 without Retry-After: {request.method} {request.url}", "status of 503")

    def add(self, what, text=""):
        if not any(re.search(expected, text) for expected in self.expected):
            self.wrong.append(what)

    @contextmanager
    def expecting(self, *expected):
        self.expected = expected
        yield
        self.expected = ()

    def check(self, where):
        self.wrong += self.busy.values()
        assert not self.wrong, f"{where}:\n  " + "\n  ".join(self.wrong)


class Visit:
    """The browser of one customer, with a page."""

    def __init__(self, browser, window="light", email=None):
        self.window = window
        self.context = browser.new_context(**WINDOWS[window], locale="en-GB")
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.watcher = Watcher(self.page)
        if email:
            self.page.goto(URL + "/sign-in")
            self.page.get_by_role("button", name=f"Sign in as {email}").click()
            expect(self.page).to_have_url(URL + "/")
            expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    def look(self, name):
        for what in self.page.evaluate(CHECKS):
            self.watcher.add(what)
        if SCREENSHOTS:
            self.page.screenshot(path=f"{SCREENSHOTS}/{name}-{self.window}.png", full_page=True)
        self.watcher.check(f"{name} ({self.window})")

    def end(self, where):
        self.watcher.check(where)
        self.context.close()

    def state(self, text):
        expect(self.page.locator("#badge")).to_have_text(text)

    def put_into_cart(self, product):
        self.page.goto(f"{URL}/products/{product}")
        self.page.get_by_role("button", name="Add to cart").click()
        expect(self.page.locator("#note")).to_contain_text("is in your cart")

    def fill_address(self):
        for label, value in {"Name": "Ada Lovelace", "Street": "12 St James's Square", "Postcode": "SW1Y 4JH", "Town": "London"}.items():
            self.page.get_by_label(label).fill(value)

    def order(self, product):
        """Places an order, which then waits for its payment."""
        self.put_into_cart(product)
        self.page.goto(URL + "/cart")
        self.fill_address()
        self.page.get_by_role("button", name="Place the order").click()
        self.state("Waiting for payment")
        return urlsplit(self.page.url).path.split("/")[-1]

    def pay(self, card="Visa 4242"):
        self.page.get_by_label(card).check()
        self.page.get_by_role("button", name=re.compile("^Pay ")).click()
