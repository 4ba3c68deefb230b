"""Calls every operation of the API's document: its success and its usual refusals. shop.call checks that each answer is as documented.

IngressTests checks that the document contains exactly the server's routes.
"""

import os
import re

import openapi_spec_validator
import pytest
import requests
from shop import (
    ADDRESS, NOBODY, PASSWORD, STAFF, URL, WAIT, Customer, answered, call, code, connection, new_order, new_product, operations, pay, stripe_event,
    unique,
)

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY", "TRACE"]
SUCCESS = {200, 201, 202}


@pytest.fixture(scope="module")
def customer():
    return Customer()


@pytest.fixture(scope="module")
def stranger():
    return Customer()


@pytest.fixture(scope="module")
def product():
    return new_product()


def test_the_document_is_openapi():
    document = call("getDescription", 200).json()
    openapi_spec_validator.validate(document, cls=openapi_spec_validator.OpenAPIV31SpecValidator)
    for path, key in nothings(document):
        # In a flow mapping a comma ends an unquoted text, and the rest becomes a key without a value.
        raise AssertionError(f"{path} says nothing of {key!r}")


def nothings(node, path="#"):
    """The keys without a value, outside of examples."""
    if isinstance(node, dict):
        for key, value in node.items():
            if value is None:
                yield path, key
            elif key not in {"example", "examples", "default", "const", "enum"}:
                yield from nothings(value, f"{path}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from nothings(value, f"{path}/{index}")


def test_service():
    assert call("getRoot", 200).json()["name"] == "conveyor"
    assert call("getHealth", 200).json() == {"status": "healthy"}
    call("getLiveness", 200)
    call("getReadiness", 200)
    assert "conveyor_http_requests_total" in call("getMetrics", 200).text
    assert call("getDescription", 200).json()["openapi"].startswith("3.1")
    assert "swagger-ui" in call("getDocs", 200).text
    assert "out_of_stock" in call("explainProblem", 200, path={"code": "out_of_stock"}).text
    call("explainProblem", 404, path={"code": "none"})
    for name in ["getDescription", "getDocs"]:
        call(name, 304, headers={"If-None-Match": call(name, 200).headers["ETag"]})


def test_accounts(stranger):
    new = {"email": f"{unique('ada')}@shop.example", "password": PASSWORD, "full_name": "Ada"}
    accepted = call("register", 202, json=new).json()
    assert call("getOperation", 200, path={"id": accepted["operation_id"]}, params={"wait": 30}).json()["status"] == "succeeded"
    assert code(call("register", 409, json=new | {"email": new["email"].upper()}, headers=WAIT)) == "email_taken"
    refused = call("register", 422, json={"email": "ada", "password": "short"}).json()
    assert {error["field"] for error in refused["errors"]} == {"email", "password"}
    tokens = call("login", 200, data={"username": new["email"], "password": PASSWORD}).json()
    assert code(call("login", 401, json={"email": new["email"], "password": "wrong"})) == "bad_credentials"
    call("login", 422, data={"username": new["email"]})
    call("login", 415, data="x", headers={"Content-Type": "text/plain"})
    call("refreshTokens", 401, json={"refresh_token": tokens["access_token"]})
    token = call("refreshTokens", 200, json={"refresh_token": tokens["refresh_token"]}).json()["access_token"]

    assert call("getMe", 200, by=token).json()["full_name"] == "Ada"
    answer = call("updateMe", 200, by=token, json={"full_name": None}, headers={"Prefer": "respond-async, wait=30"})
    assert answer.headers["Preference-Applied"] == "wait=30"
    assert call("getMe", 200, by=token).json()["full_name"] is None
    call("updateMe", 422, by=token, json={"full_name": "a\0b"})
    assert call("exportMe", 200, by=token).json()["user"]["email"] == new["email"]

    call("listUsers", 403, by=token)
    page = call("listUsers", 200, by=STAFF, params={"limit": 1})
    assert re.fullmatch(r'</api/v1/users\?limit=1&cursor=[\w-]+>; rel="next"', page.headers["Link"])
    assert page.json()["next_cursor"] in page.headers["Link"]
    assert call("listUsers", 200, by=STAFF, params={"q": new["email"]}).json()["next_cursor"] is None
    call("listUsers", 400, by=STAFF, params={"cursor": "none"})

    change = {"current_password": PASSWORD, "new_password": "another good one"}
    assert code(call("changePassword", 403, by=token, json=change | {"current_password": "wrong"})) == "wrong_password"
    call("changePassword", 200, by=token, json=change, headers=WAIT)
    call("getMe", 401, by=token)
    token = call("login", 200, json={"email": new["email"], "password": "another good one"}).json()["access_token"]
    session = call("login", 200, json={"email": new["email"], "password": "another good one"}).json()
    call("logout", 422, json={"refresh_token": ""})
    call("logout", 401, json={"refresh_token": token})
    call("logout", 200, json={"refresh_token": session["refresh_token"]}, headers=WAIT)
    call("refreshTokens", 401, json={"refresh_token": session["refresh_token"]})
    call("getMe", 401, by=session["access_token"])
    call("getMe", 200, by=token)
    call("logoutAll", 200, by=token, headers=WAIT)
    call("getMe", 401, by=token)

    call("getUser", 403, by=stranger.token, path={"id": stranger.id})
    call("getUser", 404, by=STAFF, path={"id": NOBODY})
    assert call("getUser", 200, by=STAFF, path={"id": stranger.id}).json()["email"] == stranger.email
    call("updateUser", 403, by=stranger.token, path={"id": stranger.id}, json={"is_superuser": True})
    call("updateUser", 422, by=STAFF, path={"id": stranger.id}, json={"is_active": None})
    call("updateUser", 404, by=STAFF, path={"id": NOBODY}, json={"is_active": False})
    changed = call("updateUser", 200, by=STAFF, path={"id": stranger.id}, json={"is_active": False}, headers=WAIT)
    assert changed.json()["resource"]["url"] == f"/api/v1/users/{stranger.id}"
    assert code(call("getMe", 403, by=stranger.token)) == "user_inactive"
    assert code(call("login", 403, json={"email": stranger.email, "password": PASSWORD})) == "user_inactive"
    call("updateUser", 200, by=STAFF, path={"id": stranger.id}, json={"is_active": True}, headers=WAIT)


def test_password_reset(customer):
    for email in [customer.email, f"{unique('nobody')}@shop.example"]:
        accepted = call("requestPasswordReset", 202, json={"email": email}).json()
        assert accepted["resource"] is None
        assert call("getOperation", 200, path={"id": accepted["operation_id"]}, params={"wait": 30}).json()["status"] == "succeeded"
    forged = call("confirmPasswordReset", 400, json={"token": "none", "new_password": PASSWORD})
    assert code(forged) == "bad_reset_token"
    reset = {"token": os.environ["RESET_TOKEN"], "new_password": "another good one"}
    call("confirmPasswordReset", 200, json=reset, headers=WAIT)
    assert code(call("confirmPasswordReset", 400, json=reset, headers=WAIT)) == "bad_reset_token"


def test_catalogue(customer, product):
    name = unique("Kettles")
    made = call("createCategory", 201, by=STAFF, json={"name": name}, headers=WAIT).json()["resource"]
    category = call("getCategory", 200, path={"slug": made["id"]}).json()
    assert category == call("getCategory", 200, path={"slug": category["slug"]}).json()
    assert code(call("createCategory", 409, by=STAFF, json={"name": name}, headers=WAIT)) == "slug_taken"
    call("createCategory", 403, by=customer.token, json={"name": name})
    call("getCategory", 404, path={"slug": "none"})
    tree = call("listCategories", 200)
    assert call("listCategories", 304, headers={"If-None-Match": tree.headers["ETag"]}).content == b""
    assert code(call("updateCategory", 409, by=STAFF, path={"slug": made["id"]}, json={"parent_id": made["id"]}, headers=WAIT)) == "category_cycle"
    call("updateCategory", 200, by=STAFF, path={"slug": made["id"]}, json={"description": "hot"}, headers=WAIT)
    assert call("getCategory", 200, path={"slug": made["id"]}).json()["description"] == "hot"
    call("updateCategory", 404, by=STAFF, path={"slug": NOBODY}, json={"name": "x"}, headers=WAIT)

    answer = call("getProduct", 200, path={"id": product})
    call("getProduct", 304, path={"id": product}, headers={"If-None-Match": f'"other", W/{answer.headers["ETag"]}'})
    call("getProduct", 404, path={"id": NOBODY})
    assert code(call("createProduct", 409, by=STAFF, json=answer.json() | {"category_id": None}, headers=WAIT)) == "sku_taken"
    call("createProduct", 422, by=STAFF, json={"sku": "x", "name": " ", "unit_amount": -1})
    call("updateProduct", 200, by=STAFF, path={"id": product}, json={"category_id": made["id"], "unit_amount": 16.0}, headers=WAIT)
    assert call("getProduct", 200, path={"id": product}).json()["unit_amount"] == 16
    call("updateProduct", 422, by=STAFF, path={"id": product}, json={"category_id": NOBODY}, headers=WAIT)
    assert code(call("deleteCategory", 409, by=STAFF, path={"slug": made["id"]}, headers=WAIT)) == "category_in_use"
    for query in [{"q": answer.json()["name"]}, {"category": category["slug"]}, {"min_price": 16, "max_price": 16, "in_stock": "true", "sort": "-price"}]:
        assert product in {item["id"] for item in call("listProducts", 200, params=query | {"limit": 100}).json()["items"]}
    new_product()
    page = call("listProducts", 200, params={"limit": 1, "sort": "name"})
    assert page.json()["next_cursor"] in page.headers["Link"]
    call("listProducts", 304, params={"limit": 1, "sort": "name"}, headers={"If-None-Match": page.headers["ETag"]})
    assert code(call("listProducts", 400, params={"cursor": "none"})) == "bad_cursor"
    for query in [{"limit": 0}, {"limit": 101}, {"sort": "x"}, {"min_price": "x"}, {"in_stock": 1}, {"q": "\0"}]:
        call("listProducts", 422, params=query)

    call("adjustStock", 200, by=STAFF, path={"id": product}, json={"delta": -1, "reason": "broken"}, headers=WAIT)
    call("adjustStock", 200, by=STAFF, path={"id": product}, json={"set": 50, "reason": "counted"}, headers=WAIT)
    below = call("adjustStock", 409, by=STAFF, path={"id": product}, json={"delta": -51, "reason": "lost"}, headers=WAIT)
    assert code(below) == "stock_below_zero"
    call("adjustStock", 422, by=STAFF, path={"id": product}, json={"delta": 1, "set": 1, "reason": "both"})
    call("adjustStock", 404, by=STAFF, path={"id": NOBODY}, json={"delta": 1, "reason": "none"}, headers=WAIT)
    movements = call("listStockMovements", 200, by=STAFF, path={"id": product}, params={"limit": 100}).json()["items"]
    assert sum(movement["delta"] for movement in movements) == 50
    assert {movement["kind"] for movement in movements} == {"initial", "adjustment"}
    call("listStockMovements", 403, by=customer.token, path={"id": product})
    call("listStockMovements", 404, by=STAFF, path={"id": NOBODY})

    archived = new_product()
    call("archiveProduct", 200, by=STAFF, path={"id": archived}, headers=WAIT)
    call("getProduct", 404, path={"id": archived})
    assert call("getProduct", 200, by=STAFF, path={"id": archived}).json()["is_active"] is False
    call("archiveProduct", 404, by=STAFF, path={"id": NOBODY}, headers=WAIT)
    empty = call("createCategory", 201, by=STAFF, json={"name": unique("Empty")}, headers=WAIT).json()["resource"]["id"]
    call("deleteCategory", 200, by=STAFF, path={"slug": empty}, headers=WAIT)


def test_cart(customer, product):
    call("setCartItem", 200, by=customer.token, path={"product_id": product}, json={"quantity": 2.0}, headers=WAIT)
    cart = call("getCart", 200, by=customer.token).json()
    assert [(item["product_id"], item["quantity"]) for item in cart["items"]] == [(product, 2)]
    for quantity in ["-1", "1001", "1.5", '"1"', "null", "1e400", "9" * 30]:
        body = f'{{"quantity": {quantity}}}'
        call("setCartItem", 422, by=customer.token, path={"product_id": product}, data=body, headers={"Content-Type": "application/json"})
    unknown = call("setCartItem", 409, by=customer.token, path={"product_id": NOBODY}, json={"quantity": 1}, headers=WAIT)
    assert code(unknown) == "product_unknown" and unknown.json()["lines"]
    call("removeCartItem", 200, by=customer.token, path={"product_id": product}, headers=WAIT)
    call("setCartItem", 202, by=customer.token, path={"product_id": product}, json={"quantity": 1})
    call("clearCart", 200, by=customer.token, headers=WAIT)
    assert code(call("checkoutCart", 409, by=customer.token, json={"shipping_address": ADDRESS}, headers=WAIT)) == "cart_empty"
    call("setCartItem", 200, by=customer.token, path={"product_id": product}, json={"quantity": 1}, headers=WAIT)
    call("checkoutCart", 422, by=customer.token, json={"shipping_address": ADDRESS | {"country": "England"}})
    key = unique("checkout")
    checkout = {"shipping_address": ADDRESS, "billing_address": None}
    first = call("checkoutCart", 201, by=customer.token, json=checkout, headers=WAIT | {"Idempotency-Key": key}).json()
    again = call("checkoutCart", 201, by=customer.token, json=checkout, headers=WAIT | {"Idempotency-Key": f'"{key}"'}).json()
    assert first["operation_id"] == again["operation_id"] and first["resource"] == again["resource"]
    other = call("checkoutCart", 422, by=customer.token, json={"shipping_address": ADDRESS}, headers=WAIT | {"Idempotency-Key": key})
    assert code(other) == "idempotency_key_reused"
    call("checkoutCart", 400, by=customer.token, json=checkout, headers={"Idempotency-Key": "k" * 256})
    assert call("getCart", 200, by=customer.token).json()["items"] == []


def test_orders(customer, stranger, product):
    order = {"items": [{"product_id": product, "quantity": 1}], "shipping_address": ADDRESS, "billing_address": ADDRESS}
    accepted = call("placeOrder", 202, by=customer.token, json=order)
    operation = accepted.json()["operation_id"]
    assert accepted.headers["Location"] == accepted.json()["status_url"] == f"/api/v1/operations/{operation}"
    ended = call("getOperation", 200, by=customer.token, path={"id": operation}, headers=WAIT)
    assert ended.json()["status"] == "succeeded" and ended.headers["Preference-Applied"] == "wait=30"
    call("getOperation", 200, by=STAFF, path={"id": operation}, params={"wait": 86400})
    call("getOperation", 404, by=stranger.token, path={"id": operation})
    call("getOperation", 401, path={"id": operation})
    call("getOperation", 404, by=customer.token, path={"id": operation[:-1]})
    call("getOperation", 422, by=customer.token, path={"id": operation}, params={"wait": "x"})

    refused = call("placeOrder", 409, by=customer.token, json=order | {"items": [{"product_id": product, "quantity": 1000}]}, headers=WAIT)
    assert code(refused) == "out_of_stock" and refused.json()["lines"][0]["requested"] == 1000
    assert refused.headers["Preference-Applied"] == "wait=30" and refused.json()["operation_id"]
    rejected = call("listOrders", 200, by=customer.token, params={"status": "rejected"}).json()["items"][0]
    assert rejected["rejection"]["code"] == "out_of_stock"
    call("placeOrder", 422, by=customer.token, json=order | {"items": []})

    id = accepted.json()["resource"]["id"]
    assert call("getOrder", 200, by=customer.token, path={"id": id}).json()["status"] == "awaiting_payment"
    call("getOrder", 200, by=STAFF, path={"id": id})
    for name in ["getOrder", "getTimeline", "streamTimeline", "cancelOrder"]:
        call(name, 404, by=stranger.token, path={"id": id})
        call(name, 404, by=customer.token, path={"id": NOBODY})
    page = call("listOrders", 200, by=customer.token, params={"limit": 1})
    assert page.json()["next_cursor"] in page.headers["Link"]
    assert call("listOrders", 200, by=stranger.token).json() == {"items": [], "next_cursor": None}
    call("listOrders", 403, by=stranger.token, params={"all": "true"})
    call("listOrders", 200, by=STAFF, params={"all": "true"})
    assert call("listOrders", 200, by=STAFF, params={"user_id": stranger.id}).json()["items"] == []
    call("listOrders", 422, by=customer.token, params={"status": "lost"})
    call("listOrders", 400, by=customer.token, params={"cursor": "none"})
    entries = call("getTimeline", 200, by=customer.token, path={"id": id}).json()["items"]
    assert [entry["type"] for entry in entries] == ["order.placed", "order.awaiting_payment"]

    assert code(call("shipOrder", 409, by=STAFF, path={"id": id}, headers=WAIT)) == "not_shippable"
    call("shipOrder", 403, by=customer.token, path={"id": id})
    assert code(call("completeOrder", 409, by=STAFF, path={"id": id}, headers=WAIT)) == "not_completable"
    call("cancelOrder", 200, by=customer.token, path={"id": id}, json={"reason": "changed my mind"}, headers=WAIT)
    assert code(call("cancelOrder", 409, by=customer.token, path={"id": id}, headers=WAIT)) == "not_cancellable"


def test_events(customer, product):
    id = new_order(customer, product)
    last = call("getTimeline", 200, by=customer.token, path={"id": id}).json()["items"][0]["id"]
    headers = {"Authorization": f"Bearer {customer.token}", "Last-Event-ID": str(last)}
    with requests.get(f"{URL}/api/v1/orders/{id}/events", headers=headers, stream=True, timeout=60) as stream:
        assert stream.status_code == 200 and stream.headers["Content-Type"] == "text/event-stream"
        answered["streamTimeline"].add(200)
        call("cancelOrder", 200, by=customer.token, path={"id": id}, headers=WAIT)
        seen = []
        for line in stream.iter_lines(decode_unicode=True):
            if line.startswith("event: "):
                seen.append(line.removeprefix("event: "))
            if "order.cancelled" in seen:
                break
        assert seen == ["order.awaiting_payment", "order.cancelled"]


def test_payments(customer, stranger):
    id = new_order(customer, new_product())
    none = call("confirmPayment", 400, by=customer.token, path={"order_id": id}, headers=WAIT)
    assert code(none) == "no_payment_intent"
    call("createPaymentIntent", 404, by=stranger.token, json={"order_id": id})
    call("createPaymentIntent", 422, by=customer.token, json={"order_id": "none"})
    begun = call("createPaymentIntent", 200, by=customer.token, json={"order_id": id}, headers=WAIT).json()["result"]
    assert begun.keys() == {"client_secret", "payment_intent_id", "publishable_key", "amount", "currency"}
    assert call("createPaymentIntent", 200, by=customer.token, json={"order_id": id}, headers=WAIT).json()["result"] == begun
    unpaid = call("confirmPayment", 400, by=customer.token, path={"order_id": id}, headers=WAIT)
    assert code(unpaid) == "payment_not_confirmed"
    call("confirmPayment", 404, by=stranger.token, path={"order_id": id})
    call("refundPayment", 409, by=STAFF, json={"order_id": id}, headers=WAIT)
    paid = pay(customer, id)
    assert paid["payment_status"] == "paid" and paid["message"]
    assert code(call("createPaymentIntent", 409, by=customer.token, json={"order_id": id}, headers=WAIT)) == "already_paid"

    call("refundPayment", 403, by=customer.token, json={"order_id": id})
    call("refundPayment", 422, by=STAFF, json={"order_id": id, "amount": 0})
    part = call("refundPayment", 201, by=STAFF, json={"order_id": id, "amount": 1, "reason": "scratched"}, headers=WAIT).json()
    assert part["resource"]["type"] == "refund" and part["result"].keys() == {"refund_id", "status", "amount"} and part["result"]["amount"] == 1
    too_much = call("refundPayment", 409, by=STAFF, json={"order_id": id, "amount": 1_000_000}, headers=WAIT)
    assert code(too_much) == "refund_exceeds_payment"
    order = call("getOrder", 200, by=customer.token, path={"id": id}).json()
    assert [(refund["amount"], refund["reason"]) for refund in order["refunds"]] == [(1, "scratched")]
    assert order["payments"][0]["payment_intent_id"] == begun["payment_intent_id"] == order["payment_intent_id"]

    call("shipOrder", 200, by=STAFF, path={"id": id}, json={"carrier": "Royal Mail", "tracking_number": "RM1"}, headers=WAIT)
    call("completeOrder", 200, by=STAFF, path={"id": id}, headers=WAIT)
    order = call("getOrder", 200, by=customer.token, path={"id": id}).json()
    assert order["status"] == "completed" and order["tracking"] == {"carrier": "Royal Mail", "tracking_number": "RM1"}


def test_push(customer, stranger):
    assert len(call("getPushKey", 200).json()["public_key"]) == 87
    browser = {
        "endpoint": f"https://push.example/{unique('send')}", "expirationTime": 1893456000000,
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
    }
    made = call("subscribePush", 201, by=customer.token, json=browser, headers=WAIT).json()["resource"]
    again = call("subscribePush", 201, by=customer.token, json=browser | {"expirationTime": None}, headers=WAIT).json()["resource"]
    assert made["type"] == "push_subscription" and made == again
    item, = call("listPushSubscriptions", 200, by=customer.token).json()["items"]
    assert (item["id"], item["endpoint"], item["expiration_time"]) == (made["id"], browser["endpoint"], None)
    # Another spelling of the host is the same endpoint.
    port = browser["endpoint"].replace("https://push.example/", "https://PUSH.example:443/")
    assert port != browser["endpoint"]
    assert call("subscribePush", 201, by=customer.token, json=browser | {"endpoint": port}, headers=WAIT).json()["resource"] == made
    assert len(call("listPushSubscriptions", 200, by=customer.token).json()["items"]) == 1
    for past in [{"expirationTime": 1000}, {"expirationTime": None, "expiration_time": "2020-01-01T00:00:00Z"}]:
        call("subscribePush", 422, by=customer.token, json=browser | past)
    # Another user signs in at the same browser.
    call("subscribePush", 201, by=stranger.token, json=browser, headers=WAIT)
    assert call("listPushSubscriptions", 200, by=customer.token).json()["items"] == []
    call("unsubscribePush", 404, by=customer.token, path={"id": made["id"]}, headers=WAIT)
    call("unsubscribePush", 200, by=stranger.token, path={"id": made["id"]}, headers=WAIT)
    call("unsubscribePush", 404, by=stranger.token, path={"id": made["id"]}, headers=WAIT)
    for endpoint in ["http://push.example/", "https://127.0.0.1/", "https://127.1/", "https://0x7f000001/", "https://[::1]/", "https://[::ffff:10.0.0.1]/",
                     "https://169.254.169.254/", "https://localhost/", "https://LOCALHOST./", "https://[fd00::1]/", "ftp://push.example/", "https://"]:
        refused = call("subscribePush", 422, by=customer.token, json=browser | {"endpoint": endpoint}).json()
        assert {error["field"] for error in refused["errors"]} == {"endpoint"}, endpoint
    for keys in [{"p256dh": "B" * 87, "auth": browser["keys"]["auth"]}, browser["keys"] | {"auth": "x"}, None]:
        call("subscribePush", 422, by=customer.token, json=browser | {"keys": keys})
    for number in range(20):
        call("subscribePush", 201, by=customer.token, json=browser | {"endpoint": f"https://push.example/{unique('many')}{number}"}, headers=WAIT)
    assert code(call("subscribePush", 409, by=customer.token, json=browser, headers=WAIT)) == "too_many_subscriptions"

    assert call("getMe", 200, by=customer.token).json()["notifications"] == {"push": True, "sms": True, "email_updates": True}
    call("updateMe", 200, by=customer.token, json={"notifications": {"push": False}}, headers=WAIT)
    assert call("getMe", 200, by=customer.token).json()["notifications"] == {"push": False, "sms": True, "email_updates": True}
    call("updateMe", 422, by=customer.token, json={"notifications": {"push": None}})


# Private and special addresses, in the spellings of the C library and of RFC 4291.
PRIVATE_HOSTS = [
    "127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "0x7f000001", "0177.0.0.1", "0", "10.0.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "198.18.0.1", "192.0.2.1", "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[ff02::1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:db8::1]", "localhost.", "a.localhost",
    "127.0.0.1.", "LOCALHOST", "user@hooks.partner.example",
]


def test_webhook_endpoints(customer):
    new = {"url": "https://hooks.partner.example/shop", "events": ["order.*", "stock.low"], "is_active": False, "description": "warehouse"}
    call("createWebhookEndpoint", 403, by=customer.token, json=new)
    key = WAIT | {"Idempotency-Key": unique("endpoint")}
    made = call("createWebhookEndpoint", 201, by=STAFF, json=new, headers=key).json()
    id = made["resource"]["id"]
    assert made["resource"]["type"] == "webhook_endpoint" and made["secret"] == made["result"]["secret"]
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made["secret"])
    # A repeated request takes effect once and makes one secret, which no other answer shows.
    assert call("createWebhookEndpoint", 201, by=STAFF, json=new, headers=key).json()["secret"] == made["secret"]
    assert "secret" not in call("getOperation", 200, by=STAFF, path={"id": made["operation_id"]}).text
    endpoint = call("getWebhookEndpoint", 200, by=STAFF, path={"id": id}).json()
    assert {name: endpoint[name] for name in new} == new
    assert endpoint in call("listWebhookEndpoints", 200, by=STAFF).json()["items"]
    call("listWebhookEndpoints", 403, by=customer.token)
    for name, path in [("createWebhookEndpoint", {}), ("updateWebhookEndpoint", {"id": id})]:
        call(name, 403, by=customer.token, path=path, json=new)
    for name in ["getWebhookEndpoint", "deleteWebhookEndpoint", "rotateWebhookSecret", "pingWebhookEndpoint", "listWebhookDeliveries", "getWebhookDelivery"]:
        call(name, 403, by=customer.token, path={"id": id})
    call("redeliverWebhook", 403, by=customer.token, path={"id": id, "delivery_id": NOBODY})
    for wrong in [{"events": []}, {"events": ["order.lost"]}, {"events": ["orders.*"]}, {"events": ["operation.finished"]}, {"events": ["**"]}, {"url": "http://a.example/"},
                  {"url": "https://localhost/"}, {"url": "x"}, {"is_active": None}] + [
                      {"url": f"https://{host}/"} for host in PRIVATE_HOSTS]:
        call("createWebhookEndpoint", 422, by=STAFF, json=new | wrong)
        call("updateWebhookEndpoint", 422, by=STAFF, path={"id": id}, json=wrong)
    call("updateWebhookEndpoint", 200, by=STAFF, path={"id": id}, json={"events": ["*"]}, headers=WAIT)
    assert call("getWebhookEndpoint", 200, by=STAFF, path={"id": id}).json()["events"] == ["*"]
    other = call("rotateWebhookSecret", 200, by=STAFF, path={"id": id}, headers=WAIT).json()["result"]["secret"]
    assert other.startswith("whsec_") and other != made["secret"]
    pings = []
    for _ in range(3):
        pinged = call("pingWebhookEndpoint", 201, by=STAFF, path={"id": id}, headers=WAIT).json()
        assert pinged["resource"]["type"] == "webhook_delivery" and pinged["resource"]["id"] == pinged["result"]["delivery_id"]
        pings.append(pinged["resource"]["id"])
        assert pinged["resource"]["url"] == f"/api/v1/webhook-deliveries/{pings[-1]}"
        assert call("getWebhookDelivery", 200, by=STAFF, path={"id": pings[-1]}).json()["endpoint_id"] == id
    # Newest first, page by page.
    listed, cursor = [], {}
    while True:
        page = call("listWebhookDeliveries", 200, by=STAFF, path={"id": id}, params={"limit": 1} | cursor).json()
        listed += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert [delivery["id"] for delivery in listed] == pings[::-1] and {delivery["type"] for delivery in listed} == {"webhook.ping"}
    call("listWebhookDeliveries", 400, by=STAFF, path={"id": id}, params={"cursor": "x"})
    call("redeliverWebhook", 200, by=STAFF, path={"id": id, "delivery_id": pings[0]}, headers=WAIT)
    call("getWebhookDelivery", 404, by=STAFF, path={"id": NOBODY})
    for name, path in [("getWebhookEndpoint", {}), ("listWebhookDeliveries", {})]:
        call(name, 404, by=STAFF, path={"id": NOBODY} | path)
    for name in ["deleteWebhookEndpoint", "pingWebhookEndpoint", "rotateWebhookSecret"]:
        call(name, 404, by=STAFF, path={"id": NOBODY}, headers=WAIT)
    call("updateWebhookEndpoint", 404, by=STAFF, path={"id": NOBODY}, json={"is_active": False}, headers=WAIT)
    call("redeliverWebhook", 404, by=STAFF, path={"id": id, "delivery_id": NOBODY}, headers=WAIT)
    call("deleteWebhookEndpoint", 200, by=STAFF, path={"id": id}, headers=WAIT)
    call("getWebhookEndpoint", 404, by=STAFF, path={"id": id})


def test_webhook():
    body, headers = stripe_event()
    for _ in range(2):
        call("receiveStripeEvent", 200, data=body, headers=headers)
    assert code(call("receiveStripeEvent", 400, data=body + b" ", headers=headers)) == "bad_signature"
    assert code(call("receiveStripeEvent", 400, data=body)) == "bad_signature"
    call("receiveStripeEvent", 413, data=b" " * (256 * 1024 + 1), headers=headers)
    # Too old, from the future, with another key, with an unsupported scheme.
    for signed in [stripe_event(age=301), stripe_event(age=-310), stripe_event(secret="whsec_stranger"), stripe_event(scheme="v0")]:
        assert code(call("receiveStripeEvent", 400, data=signed[0], headers=signed[1])) == "bad_signature"
    body, headers = stripe_event(age=290)
    time, good = headers["Stripe-Signature"].split(",")
    call("receiveStripeEvent", 200, data=body, headers=headers | {"Stripe-Signature": f"{time},v1={'0' * 64},{good}"})
    for body in [b"{}", b"[]", b"{", b"\xff", b'{"id":"","type":"x","created":1}', b'{"id":"evt_1","type":"x","created":"now"}']:
        body, headers = stripe_event(body=body)
        call("receiveStripeEvent", 400, data=body, headers=headers)


def test_erasure():
    gone = Customer()
    call("eraseMe", 200, by=gone.token, headers=WAIT)
    call("getMe", 401, by=gone.token)
    call("login", 401, json={"email": gone.email, "password": PASSWORD})


def named(condition):
    return sorted(name for name, operation in operations.items() if condition(operation.definition.raw))


def with_json(definition):
    return "application/json" in definition.get("requestBody", {}).get("content", {})


@pytest.mark.parametrize("name", named(lambda definition: definition.get("security") and {} not in definition["security"]))
def test_no_token_or_a_bad_one(name):
    path = {parameter: NOBODY for parameter in re.findall(r"{(\w+)}", operations[name].path)}
    assert code(call(name, 401, path=path)) == "unauthorized"
    refused = call(name, 401, by="none.of.ours", path=path)
    assert refused.headers["WWW-Authenticate"].startswith('Bearer realm="conveyor", error="invalid_token"')
    call(name, 401, path=path, headers={"Authorization": "Basic YTpi"})


@pytest.mark.parametrize("name", named(lambda definition: with_json(definition) and definition["operationId"] != "receiveStripeEvent"))
def test_no_json(name, customer, product):
    values = {"id": product, "slug": product, "product_id": product}
    if operations[name].path.startswith("/api/v1/orders/{id}"):
        values["id"] = new_order(customer, product)
    if name == "updateUser":
        values["id"] = customer.id
    for body, status, problem in [(b"{", 400, "malformed_json"), (b"[]", 422, "invalid"), (b"\xff", 400, "malformed_json")]:
        assert code(call(name, status, by=STAFF, path=values, data=body, headers={"Content-Type": "application/json"})) == problem
    assert code(call(name, 415, by=STAFF, path=values, data=b"{}", headers={"Content-Type": "text/plain"})) == "unsupported_media_type"
    large = b'{"a":"' + b"x" * (1 << 20) + b'"}'
    assert code(call(name, 413, by=STAFF, path=values, data=large, headers={"Content-Type": "application/json"})) == "too_large"


@pytest.mark.parametrize("path", sorted({operation.path for operation in operations.values()}))
def test_methods(path):
    """A path takes the documented methods, HEAD where it has GET, OPTIONS, and no other."""
    documented = {operation.method.upper() for operation in operations.values() if operation.path == path}
    expected = documented | {"OPTIONS"} | ({"HEAD"} if "GET" in documented else set())
    url = URL + re.sub(r"\{.*?\}", NOBODY, path)
    options = connection.options(url, timeout=60)
    assert options.status_code == 204 and set(options.headers["Allow"].split(", ")) == expected
    for method in METHODS:
        if method not in expected:
            refused = connection.request(method, url, timeout=60)
            assert refused.status_code == 405, method
            assert set(refused.headers["Allow"].split(", ")) == expected
            if method != "HEAD":
                assert refused.headers["Content-Type"] == "application/problem+json" and code(refused) == "method_not_allowed"


def test_every_operation_was_called():
    """The last test of this file: all tests above have run."""
    assert sorted(name for name, statuses in answered.items() if not statuses & SUCCESS) == []
