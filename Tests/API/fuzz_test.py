"""Bodies that are nearly right, and random bytes: each gets a documented answer, and the process does not end.

The bytes are the same in each run; the environment variable SEED selects others, and CASES their number.
"""

import copy
import json
import os
import random

import pytest
from shop import ADDRESS, NOBODY, PASSWORD, STAFF, WAIT, Customer, call, new_order, new_product, operations, unique

SEED = os.environ.get("SEED", "1")
CASES = int(os.environ.get("CASES", "60"))

# Mostly invalid values, and values that parsers often mishandle.
VALUES = [
    None, True, False, 0, -1, 1, 16.0, 1.5, 1e400, -1e400, float("nan"), 2**31, 2**63, 2**64, 10**40, -(2**63) - 1, "", " ", "x", "\0", "a\0b", "\ud800",
    "\u202e", "\u0000" * 3, "e\u0301" * 200, "😀" * 300, "x" * 5000, "'; drop table users; --", "<script>alert(1)</script>", "%00", "../../etc/passwd", NOBODY,
    NOBODY.upper(), "{}", [], {}, [[]], [None], [{}] * 101, {"": {}}, {"__proto__": {"a": 1}}, [[[[[[[[[[]]]]]]]]]],
]
# A valid body for each operation that takes JSON.
BODIES = {
    "register": {"email": "fuzz@shop.example", "password": PASSWORD, "full_name": "Fuzz"},
    "login": {"email": "fuzz@shop.example", "password": PASSWORD},
    "refreshTokens": {"refresh_token": "none"},
    "logout": {"refresh_token": "none"},
    "requestPasswordReset": {"email": "fuzz@shop.example"},
    "confirmPasswordReset": {"token": "none", "new_password": PASSWORD},
    "updateMe": {"full_name": "Fuzz", "notifications": {"push": True, "sms": True, "email_updates": True}},
    "changePassword": {"current_password": "wrong", "new_password": PASSWORD},
    "eraseMe": {"password": "wrong"},
    "updateUser": {"is_active": True, "is_superuser": False},
    "createCategory": {"name": "Fuzz", "slug": "fuzz", "description": "d", "parent_id": NOBODY, "is_active": True},
    "updateCategory": {"name": "Fuzz", "slug": "fuzz", "description": "d", "parent_id": NOBODY, "is_active": True},
    "createProduct": {
        "sku": "F", "name": "Fuzz", "description": "d", "unit_amount": 1, "currency": "usd", "stock_quantity": 1, "category_id": NOBODY,
        "images": ["https://shop.example/f.png"], "is_active": True, "low_stock_threshold": 1,
    },
    "updateProduct": {"name": "Fuzz", "unit_amount": 1, "images": ["https://shop.example/f.png"], "low_stock_threshold": None},
    "adjustStock": {"delta": 1, "reason": "fuzz"},
    "setCartItem": {"quantity": 1},
    "checkoutCart": {"shipping_address": ADDRESS, "billing_address": ADDRESS},
    "placeOrder": {"items": [{"product_id": NOBODY, "quantity": 1}], "shipping_address": ADDRESS, "billing_address": None},
    "cancelOrder": {"reason": "fuzz"},
    "shipOrder": {"carrier": "c", "tracking_number": "t"},
    "createPaymentIntent": {"order_id": NOBODY},
    "refundPayment": {"order_id": NOBODY, "amount": 1, "reason": "fuzz"},
    "createWebhookEndpoint": {"url": "https://hooks.partner.example/fuzz", "events": ["order.paid"], "is_active": False, "description": "fuzz"},
    "updateWebhookEndpoint": {"url": "https://hooks.partner.example/fuzz", "events": ["order.paid"], "is_active": False, "description": "fuzz"},
    "subscribePush": {
        "endpoint": "https://push.example/send/fuzz", "expirationTime": None,
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
    },
    "receiveStripeEvent": {"id": "evt_fuzz", "type": "x", "created": 1},
}


def places(value, path=()):
    """The paths to all parts of a value."""
    if path:
        yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*path, key))


def surprise(chance):
    return copy.deepcopy(chance.choice(VALUES))


def mutated(body, chance):
    """A copy with a few values replaced or removed."""
    body = json.loads(json.dumps(body))
    for _ in range(chance.choice([1, 1, 2, 4])):
        path = chance.choice(list(places(body)) or [()])
        if not path:
            return surprise(chance)
        parent = body
        for key in path[:-1]:
            parent = parent[key]
        act = chance.randrange(4)
        if act == 0:
            del parent[path[-1]]
        elif act == 1 and isinstance(parent, dict):
            parent[chance.choice(["", "\0", "unknown", "😀", str(path[-1]).upper()])] = surprise(chance)
        else:
            parent[path[-1]] = surprise(chance)
    return body


def broken(text, chance):
    """The bytes with some replaced, removed or doubled."""
    raw = bytearray(text)
    for _ in range(chance.choice([1, 2, 8])):
        at = chance.randrange(len(raw) + 1)
        act = chance.randrange(4)
        if act == 0:
            raw[at:at] = chance.randbytes(chance.choice([1, 1, 4, 64]))
        elif act == 1:
            del raw[at : at + chance.choice([1, 1, 8])]
        elif act == 2:
            raw[at : at + 1] = chance.choice([b"\0", b"\xff", b"\xed\xa0\x80", b"{", b"}", b"[" * 600, b'"', b"\\", b"\\u0000", b"e9999", b","])
        else:
            raw += raw[: at + 1]
    return bytes(raw)


@pytest.fixture(scope="module")
def paths():
    customer = Customer()
    product = new_product()
    return {
        "updateUser": {"id": customer.id},
        "updateCategory": {"slug": NOBODY},
        "updateProduct": {"id": product},
        "adjustStock": {"id": product},
        "setCartItem": {"product_id": product},
        "cancelOrder": {"id": new_order(customer, product)},
        "shipOrder": {"id": new_order(customer, product)},
        "updateWebhookEndpoint": {
            "id": call("createWebhookEndpoint", 201, by=STAFF, json=BODIES["createWebhookEndpoint"], headers=WAIT).json()["resource"]["id"],
        },
    }


@pytest.fixture(scope="module")
def customer():
    return Customer()


# Neither the caller's own account nor the staff's. The description of an operation says whether it needs staff rights.
def caller(name, customer):
    is_public = operations[name].definition.raw.get("security") == [] or name == "logout"
    if name == "eraseMe":
        return Customer().token
    return None if is_public else customer.token if name in {"updateMe", "changePassword", "setCartItem", "checkoutCart", "placeOrder"} else STAFF


def test_all_that_take_json_are_here():
    takes = {name for name, operation in operations.items() if "application/json" in operation.definition.raw.get("requestBody", {}).get("content", {})}
    assert takes == BODIES.keys()


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_body_gets_an_answer_that_is_documented(name, paths, customer):
    chance = random.Random(f"{SEED} {name}")
    by = caller(name, customer)
    for case in range(CASES):
        body = json.dumps(mutated(BODIES[name], chance)).encode(errors="surrogatepass")
        kind = chance.randrange(4)
        if kind == 0:
            body = broken(body, chance)
        elif kind == 1 and case % 3 == 0:
            body = chance.randbytes(chance.choice([0, 1, 16, 1024]))
        headers = {"Content-Type": "application/json", "Idempotency-Key": unique("fuzz")}
        answer = call(name, by=by, path=paths.get(name), data=body, headers=headers)
        assert answer.status_code < 500, (name, body)
    call("getLiveness", 200)
