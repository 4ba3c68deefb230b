#!/usr/bin/env python3
"""The shop of ops/demo in a real browser (Debian's chromium-headless-shell, driven by playwright): a customer looks around, buys, pays, is declined,
comes too late, cancels, loses the connection, forgets the password; with a mouse and with the keyboard alone.

Fails on any complaint of the browser, including violations of its policy: a line in its console, an unexpected answer of 400 or more, a request to
another host than the shop, its API and the Stripe double; and on pages that are too wide, too faint or not labelled.

Environment variables: SHOP_URL, API_URL, STRIPE_API_BASE, MAIL (the folder of the mail sink), SCREENSHOTS (a folder for pictures; optional), CHROMIUM
(default: /usr/bin/chromium-headless-shell). By default they are those of the shop that `ops/up` runs.
"""

import re
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from console_test import CHROMIUM, SCREENSHOTS, WINDOWS
from playwright.sync_api import expect, sync_playwright
from storefront import MAIL, PASSWORD, PATIENCE, URL, Visit, call, empty_carts, new_product, token_of


def buying(browser):
    """From the search to the parcel: the order's page follows all changes without a reload."""
    visit = Visit(browser, email="user1@example.com")
    page = visit.page
    word = f"q{uuid.uuid4().hex[:8]}"
    names = [f"Aurora {word} {kind}" for kind in ("kettle", "lamp", "clock")]
    for amount, name in zip((3000, 1000, 2000), names):
        new_product(name, amount=amount)

    # Search while typing, sorted, kept in the address.
    page.get_by_label("Search").press_sequentially(word[:6])
    expect(page.locator("#products h2")).to_have_count(3)
    expect(page.locator("#count")).to_have_text("3 products")
    page.get_by_label("Sort by").select_option("price")
    expect(page.locator("#products h2")).to_have_text([names[1], names[2], names[0]])
    page.reload()
    expect(page.locator("#products h2")).to_have_text([names[1], names[2], names[0]])
    expect(page.get_by_label("Search")).to_have_value(word[:6])
    page.get_by_label("Search").fill("<b>nothing</b> is called so")
    expect(page.locator("#count")).to_contain_text("Nothing matches")
    page.goto(URL + "/?q=ketle")
    expect(page.locator("#products h2").first).to_contain_text(re.compile("kettle", re.IGNORECASE))

    # By category with its subcategories, page by page.
    page.goto(URL + "/")
    page.get_by_label("Category").select_option("home")
    expect(page.locator("#count")).to_have_text("The first 12 products")
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("#products li")).to_have_count(24)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
    expect(page.locator("#products li:nth-child(13) a")).to_be_focused()
    page.go_back()
    expect(page.get_by_label("Category")).to_have_value("")

    # The cart: absolute quantities, prices of the shop.
    page.goto(f"{URL}/?q={word}")
    page.get_by_role("button", name=f"Add to cart: {names[0]}").click()
    expect(page.locator("#cart-count")).to_have_text("1")
    page.get_by_role("link", name=names[1]).click()
    expect(page.get_by_role("heading", name=names[1])).to_be_visible()
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.locator("#cart-count")).to_have_text("3")
    page.get_by_role("link", name="Cart").click()
    expect(page.locator("#total")).to_have_text("$50.00")
    page.get_by_label(f"Quantity of {names[1]}").fill("3")
    page.keyboard.press("Tab")
    expect(page.locator("#total")).to_have_text("$60.00")
    page.get_by_role("button", name=f"Remove {names[0]}").click()
    expect(page.locator("#total")).to_have_text("$30.00")

    # A missing value is reported at its field.
    with visit.watcher.expecting("status of 422"):
        page.get_by_role("button", name="Place the order").click()
        expect(page.get_by_text("Postcode is required.")).to_be_visible()
    expect(page.get_by_label("Name")).to_be_focused()
    visit.fill_address()
    page.get_by_role("button", name="Place the order").click()
    visit.state("Waiting for payment")
    expect(page.locator("#cart-count")).to_be_hidden()
    page.evaluate("window.marker = 'the same page'")

    # Declined, and paid with another card.
    with visit.watcher.expecting("status of 402"):
        visit.pay("insufficient funds")
        expect(page.get_by_role("alert")).to_contain_text("Your card has insufficient funds")
        expect(page.locator("#timeline")).to_contain_text("The payment did not go through")
    visit.pay()
    visit.state("Paid")
    expect(page.locator("#payment")).to_be_hidden()

    # The page also shows the staff's actions.
    order = urlsplit(page.url).path.split("/")[-1]
    call("POST", f"/orders/{order}/ship", token_of("admin@example.com"), json={"carrier": "Royal Mail", "tracking_number": "RM1"})
    visit.state("On its way")
    expect(page.locator("#tracking")).to_have_text("With Royal Mail RM1")
    expect(page.get_by_role("button", name="Cancel the order")).to_be_hidden()
    expect(page.locator("#timeline li")).to_have_count(6)
    assert page.evaluate("window.marker") == "the same page", "the page was loaded again"
    number = page.locator("#title").inner_text()
    page.get_by_role("link", name="Orders").click()
    expect(page.locator("#orders li", has_text=number)).to_contain_text("On its way")
    visit.end("buying")


def too_late(browser):
    """Another customer buys the last unit between the cart and the checkout."""
    product, other = new_product("The last lamp", stock=1), new_product("A common lamp", stock=3)
    visit = Visit(browser, email="user1@example.com")
    page = visit.page
    visit.put_into_cart(product)
    visit.put_into_cart(other)
    page.goto(URL + "/cart")
    page.get_by_label("Quantity of A common lamp").fill("5")
    page.keyboard.press("Tab")
    expect(page.locator("#lines")).to_contain_text("Only 3 left")
    page.get_by_role("button", name="Take 3").click()
    expect(page.locator("#total")).to_have_text("$76.00")
    page.get_by_label("Quantity of A common lamp").fill("1")
    page.keyboard.press("Tab")
    expect(page.locator("#total")).to_have_text("$38.00")
    address = {"name": "Grace", "line1": "1 Navy Yard", "city": "Boston", "postal_code": "02129", "country": "US"}
    lines = [{"product_id": product, "quantity": 1}]
    call("POST", "/orders", token_of("user2@example.com"), json={"items": lines, "shipping_address": address})
    visit.fill_address()
    page.get_by_role("button", name="Place the order").click()
    visit.state("Not possible")
    expect(page.locator("#rejection")).to_contain_text("The last lamp: you wanted 1, none left")
    expect(page.locator("#payment")).to_be_hidden()
    visit.look("rejected")
    page.get_by_role("button", name="Put what is left into the cart").click()
    expect(page.locator("#lines li")).to_have_count(1)
    expect(page.locator("#lines")).to_contain_text("A common lamp")
    page.goto(f"{URL}/products/{product}")
    expect(page.get_by_text("Sold out")).to_be_visible()
    expect(page.get_by_role("button", name="Add to cart")).to_have_count(0)
    visit.end("too late")
    call("DELETE", "/cart", token_of("user1@example.com"))


def the_bank(browser):
    """3-D Secure, refused and passed on the bank's own page; a bank account, whose payment takes longer."""
    product = new_product("A careful kettle")
    visit = Visit(browser, email="user1@example.com")
    page = visit.page
    visit.order(product)
    visit.pay("3-D Secure")
    page.get_by_role("button", name="Fail authentication").click()
    expect(page.get_by_role("alert")).to_contain_text("Your bank did not agree")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page).to_have_url(re.compile("/orders/[0-9a-f-]+$"))
    visit.pay("3-D Secure")
    page.get_by_role("button", name="Complete authentication").click()
    visit.state("Paid")
    visit.order(product)
    visit.pay("Bank account")
    expect(page.locator("#timeline")).to_contain_text("Your bank is working on it")
    visit.state("Paid")
    visit.end("the bank")


def cancelling(browser):
    product = new_product("A regretted clock", amount=2500)
    visit = Visit(browser, email="user1@example.com")
    page = visit.page
    visit.order(product)
    page.get_by_role("button", name="Cancel the order").click()
    page.get_by_role("button", name="Keep it").click()
    visit.state("Waiting for payment")
    visit.pay()
    visit.state("Paid")
    page.get_by_role("button", name="Cancel the order").click()
    page.get_by_label("Why?").fill("changed my mind")
    page.get_by_role("dialog").get_by_role("button", name="Cancel the order").click()
    visit.state("Cancelled")
    expect(page.locator("#refunded")).to_have_text("$25.00 refunded.")
    visit.end("cancelling")


def trouble(browser):
    """No connection, a busy shop, a lost answer: the client retries with the same key, and the order is placed once."""
    product = new_product("A patient blanket")
    visit = Visit(browser, email="user2@example.com")
    page = visit.page
    keys = []
    page.on("request", lambda r: keys.append(r.headers["idempotency-key"]) if "idempotency-key" in r.headers else None)

    # Without a connection.
    page.goto(f"{URL}/products/{product}")
    with visit.watcher.expecting("ERR_INTERNET_DISCONNECTED"):
        visit.context.set_offline(True)
        page.get_by_role("button", name="Add to cart").click()
        expect(page.locator("#trouble")).to_contain_text("The shop cannot be reached. Trying again")
        visit.look("offline")
        visit.context.set_offline(False)
        expect(page.locator("#note")).to_contain_text("is in your cart")
    expect(page.locator("#trouble")).to_be_empty()

    # 503 with Retry-After: the request was not accepted.
    keys.clear()
    page.goto(URL + "/cart")
    busy = {"Access-Control-Allow-Origin": URL, "Access-Control-Expose-Headers": "Retry-After", "Retry-After": "1"}
    problem = {"code": "broker_blocked", "status": 503, "title": "Busy", "detail": "Try again."}
    page.route("**/cart/items/*", lambda route: route.fulfill(status=503, headers=busy, json=problem), times=1)
    with visit.watcher.expecting("status of 503"):
        page.get_by_label("Quantity of").fill("2")
        page.keyboard.press("Tab")
        expect(page.locator("#trouble")).to_contain_text("busy for a moment")
        expect(page.locator("#total")).to_have_text("$38.00")
    assert len(keys) == 2 and len(set(keys)) == 1, f"keys of one write: {keys}"

    # The shop has the order, but its answer does not arrive; the customer reloads the page and presses the button again.
    keys.clear()
    answers = []

    def lose(route):
        answers.append(route.fetch().json()["resource"]["id"])
        route.abort("connectionfailed")

    page.route("**/cart/checkout", lose, times=1)
    with visit.watcher.expecting("ERR_CONNECTION_FAILED", "ERR_FAILED"):
        visit.fill_address()
        page.get_by_role("button", name="Place the order").click()
        expect(page.locator("#trouble")).to_contain_text("The shop cannot be reached")
        page.reload()
    page.unroute_all(behavior="wait")
    # The cart is empty, so there is no button; the order exists.
    expect(page.locator("#empty")).to_be_visible()
    page.goto(f"{URL}/orders/{answers[0]}")
    visit.state("Waiting for payment")

    # The same, but the client retries without the customer.
    visit.put_into_cart(product)
    page.goto(URL + "/cart")
    expect(page.locator("#lines li")).to_have_count(1)
    keys.clear()
    page.route("**/cart/checkout", lose, times=1)
    with visit.watcher.expecting("ERR_CONNECTION_FAILED", "ERR_FAILED"):
        visit.fill_address()
        page.get_by_role("button", name="Place the order").click()
        visit.state("Waiting for payment")
    assert len(keys) == 2 and len(set(keys)) == 1, f"keys of one checkout: {keys}"
    assert page.url.startswith(f"{URL}/orders/{answers[1]}"), "another order than the first time"
    visit.end("trouble")


def accounts(browser):
    """A new customer forgets the password."""
    visit = Visit(browser)
    page = visit.page
    email = f"ada-{uuid.uuid4().hex[:8]}@example.com"
    page.goto(URL + "/cart")
    expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
    new = page.locator("#register")
    with visit.watcher.expecting("status of 422"):
        new.get_by_label("E-mail").fill("nobody")
        new.get_by_label("Password").fill("short")
        new.get_by_role("button").click()
        expect(new.locator(".field-problem")).to_have_text(
            ["E-mail must be an e-mail address.", "Password must have 8 to 256 characters."]
        )
    expect(new.get_by_label("E-mail")).to_be_focused()
    visit.look("refused")
    with visit.watcher.expecting("status of 409"):
        new.get_by_label("E-mail").fill("user1@example.com")
        new.get_by_label("Password").fill(PASSWORD)
        new.get_by_role("button").click()
        expect(new.get_by_role("alert")).to_be_visible()
    new.get_by_label("E-mail").fill(email)
    new.get_by_role("button").click()
    expect(page).to_have_url(URL + "/cart")
    expect(page.locator("#empty")).to_be_visible()

    # An expired access token is renewed; without a valid refresh token the page leads to the sign-in.
    spoilt = "localStorage.tokens = JSON.stringify({ ...JSON.parse(localStorage.tokens), %s })"
    with visit.watcher.expecting("status of 401"):
        page.evaluate(spoilt % "access_token: 'x.y.z'")
        page.goto(URL + "/orders")
        expect(page.locator("#empty")).to_be_visible()
        assert page.evaluate("JSON.parse(localStorage.tokens).access_token") != "x.y.z"
        page.evaluate(spoilt % "access_token: 'x.y.z', refresh_token: 'x.y.z'")
        page.goto(URL + "/orders")
        expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()

    # Forgotten.
    page.get_by_role("link", name="Forgot password?").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.locator("#sent")).to_be_visible()
    page.goto(link_to(email))
    expect(page).to_have_url(URL + "/reset-password")  # without the token
    page.get_by_label("New password").fill("another horse, another staple")
    page.get_by_role("button", name="Set the password").click()
    page.get_by_role("link", name="Sign in with it").click()
    known = page.locator("#sign-in")
    known.get_by_label("E-mail").fill(email)
    known.get_by_label("Password").fill(PASSWORD)
    with visit.watcher.expecting("status of 401"):
        known.get_by_role("button").click()
        expect(known.get_by_role("alert")).to_contain_text("wrong")
    known.get_by_label("Password").fill("another horse, another staple")
    known.get_by_role("button").click()
    expect(page).to_have_url(URL + "/")

    # The author of a link cannot choose the page after the sign-in.
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    for elsewhere, here in {
        "//example.org/": "/", "https://example.org/": "/", "javascript:alert(1)": "/", "\\\\example.org/": "/",
        # An address of this shop whose path alone would be an address of another host.
        "/.//example.org/": "/", "/orders?a=b": "/orders?a=b",
    }.items():
        page.goto(URL + "/sign-in?" + urlencode({"next": elsewhere}))
        page.get_by_role("button", name="Sign in as user1@example.com").click()
        expect(page).to_have_url(URL + here)
        page.goto(URL + "/")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    visit.end("accounts")


def link_to(email):
    """The link in the e-mail to this address."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        for file in MAIL.glob("*.eml"):
            text = file.read_text().replace("=\n", "").replace("=3D", "=")
            link = re.search(re.escape(URL) + r"/reset-password\?token=[\w.-]+", text)
            if link and email in text:
                return link[0]
        time.sleep(0.1)
    raise AssertionError(f"no link came to {email}")


def keyboard(browser):
    """Everything works without a mouse, and the focus is always visible."""
    product = new_product("A reachable teapot")
    visit = Visit(browser)
    page = visit.page
    press = page.keyboard.press

    def tab_to(locator):
        for _ in range(60):
            press("Tab")
            if locator.evaluate("(one) => one === document.activeElement"):
                return
        raise AssertionError(f"not reached: {locator}")

    page.goto(f"{URL}/products/{product}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    press("Enter")
    expect(page.locator("#main")).to_be_focused()
    tab_to(page.get_by_role("button", name="Add to cart"))
    press("Enter")  # not signed in yet: the cart is in this browser
    expect(page.locator("#cart-count")).to_have_text("1")
    page.goto(URL + "/cart")
    expect(page.locator("#lines li")).to_have_count(1)
    expect(page.locator("#total")).to_have_text("$19.00")
    tab_to(page.get_by_role("link", name="Sign in to check out"))
    press("Enter")
    expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
    tab_to(page.locator("#email"))
    page.keyboard.type("user2@example.com")
    press("Tab")
    page.keyboard.type(PASSWORD)
    press("Enter")
    expect(page).to_have_url(URL + "/cart")  # and now in the account
    expect(page.locator("#cart-count")).to_have_text("1")
    expect(page.locator("#lines li")).to_have_count(1)
    tab_to(page.locator("#name"))
    for text in ("Radia Perlman", "1 Bridge Street", "", "02139", "Cambridge"):
        page.keyboard.type(text)
        press("Tab")
    press("Enter")
    visit.state("Waiting for payment")
    tab_to(page.locator("#cards input:checked"))
    press("ArrowDown")
    with visit.watcher.expecting("status of 402"):
        press("Enter")
        expect(page.get_by_role("alert")).to_be_focused()
    tab_to(page.get_by_role("button", name=re.compile("^Pay ")))
    press("Shift+Tab")
    press("ArrowUp")
    press("Enter")
    visit.state("Paid")
    tab_to(page.get_by_role("button", name="Cancel the order"))
    press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    press("Escape")
    expect(page.get_by_role("button", name="Cancel the order")).to_be_focused()
    for path in ("/", "/sign-in", "/orders"):
        page.goto(URL + path)
        page.wait_for_load_state("networkidle")
        outlines = page.evaluate("""() => [...document.querySelectorAll("a, button, input, select")].filter((one) => {
            if (!one.checkVisibility()) return false;
            one.focus({ focusVisible: true });
            const shown = [one, one.closest(".card")].some((place) => place && getComputedStyle(place).outlineStyle !== "none");
            return document.activeElement === one && !shown;
        }).map((one) => one.outerHTML.slice(0, 100))""")
        assert outlines == [], f"focus cannot be seen on {outlines}"
    visit.end("keyboard")


def every_page(browser):
    """Each page in light, dark and on a phone."""
    order = None
    for window in WINDOWS:
        product = new_product("A photogenic lamp", stock=3)
        visit = Visit(browser, window)
        page = visit.page
        for name, path, ready in (
            ("products", "/", "#products li"), ("product", f"/products/{product}", "#product h1"), ("sign-in", "/sign-in", "#samples button"),
            ("forgotten", "/reset-password", "#request"), ("new-password", "/reset-password?token=x", "#confirm"),
        ):
            page.goto(URL + path)
            page.locator(ready).first.wait_for()
            visit.look(name)
        with visit.watcher.expecting("status of 404"):
            page.goto(f"{URL}/products/{uuid.uuid4()}")
            expect(page.get_by_role("alert")).to_contain_text("no such product")
        visit.end(f"signed out ({window})")

        visit = Visit(browser, window, email="user2@example.com")
        page = visit.page
        page.goto(URL + "/orders")
        page.locator("#orders li").first.wait_for()
        visit.look("orders")
        visit.put_into_cart(product)
        visit.look("in-the-cart")
        page.goto(URL + "/cart")
        page.locator("#lines li").first.wait_for()
        visit.look("cart")
        page.goto(URL + "/")
        order = visit.order(product)
        expect(page.locator("#timeline li")).to_have_count(2)
        visit.look("order")
        visit.pay()
        visit.state("Paid")
        visit.look("paid")
        page.get_by_role("button", name="Cancel the order").click()
        visit.look("cancel")
        visit.end(f"signed in ({window})")
    # No requests to other hosts.
    visit = Visit(browser, email="user1@example.com")
    with visit.watcher.expecting("status of 404"):
        visit.page.goto(f"{URL}/orders/{order}")
        expect(visit.page.get_by_role("alert")).to_be_visible()
    visit.end("another's order")


def main():
    if SCREENSHOTS:
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE)
    wanted = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for step in (buying, too_late, the_bank, cancelling, trouble, accounts, keyboard, every_page):
            if wanted and step.__name__ not in wanted:
                continue
            empty_carts()
            step(browser)
            print(f"passed: {step.__name__}", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
