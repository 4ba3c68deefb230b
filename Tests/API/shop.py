"""A running shop for the tests in Python: calls the API by the names of its operations, and validates each answer against the API's document.

Environment variables: API_URL; STAFF_TOKEN of a superuser; STRIPE_API_BASE and STRIPE_WEBHOOK_SECRET of the Stripe double. Rate limits must be off.
"""

import hashlib
import hmac
import json
import os
import time
import uuid

import requests
import schemathesis
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

URL = os.environ["API_URL"]
STAFF = os.environ["STAFF_TOKEN"]
PASSWORD = "correct horse battery staple"
ADDRESS = {"name": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB"}
NOBODY = "00000000-0000-4000-8000-000000000000"
WAIT = {"Prefer": "wait=30"}

CHECKS = [status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance]

# Read here, because schemathesis ignores the operation that a document was loaded from.
document = schemathesis.openapi.from_dict(requests.get(f"{URL}/openapi.json", timeout=60).json())
operations = {found.ok().definition.raw["operationId"]: found.ok() for found in document.get_all_operations()}
connection = requests.Session()
# The statuses of each operation's answers.
answered = {name: set() for name in operations}


def call(name, expect=None, by=None, path=None, json=None, headers=None, **more):
    """An operation's answer, which must be valid by the document and have one of the expected statuses."""
    operation = operations[name]
    url = URL + operation.path.format_map({parameter: requests.utils.quote(str(value), safe="") for parameter, value in (path or {}).items()})
    headers = dict(headers or {})
    if by:
        headers["Authorization"] = f"Bearer {by}"
    answer = connection.request(operation.method.upper(), url, json=json, headers=headers, timeout=60, **more)
    told = f"{name}: {answer.status_code} {answer.text[:1000]}"
    if expect is not None:
        assert answer.status_code in ({expect} if isinstance(expect, int) else expect), told
    answered[name].add(answer.status_code)
    operation.Case(path_parameters=path or {}).validate_response(answer, checks=CHECKS)
    assert answer.headers["X-Request-ID"], told
    return answer


def code(answer):
    """A problem's code."""
    return answer.json()["code"]


def unique(what):
    return f"{what}-{uuid.uuid4().hex[:12]}"


class Customer:
    """A new account."""

    def __init__(self):
        self.email = f"{unique('customer')}@shop.example"
        made = call("register", 201, json={"email": self.email, "password": PASSWORD}, headers=WAIT).json()
        self.id = made["resource"]["id"]
        self.login()

    def login(self, password=PASSWORD):
        tokens = call("login", 200, json={"email": self.email, "password": password}).json()
        self.token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]


def new_product(**fields):
    """The id of a new product."""
    fields = {"sku": unique("T"), "name": unique("Thing"), "unit_amount": 1000, "stock_quantity": 100} | fields
    return call("createProduct", 201, by=STAFF, json=fields, headers=WAIT).json()["resource"]["id"]


def new_order(customer, product, quantity=1):
    """The id of an order that awaits its payment."""
    order = {"items": [{"product_id": product, "quantity": quantity}], "shipping_address": ADDRESS}
    return call("placeOrder", 201, by=customer.token, json=order, headers=WAIT).json()["resource"]["id"]


def pay(customer, order):
    """Pays as the customer's browser does, and makes the shop ask Stripe about it."""
    begun = call("createPaymentIntent", 200, by=customer.token, json={"order_id": order}, headers=WAIT).json()["result"]
    card = {"client_secret": begun["client_secret"], "payment_method": "pm_card_visa", "return_url": "https://shop.example"}
    url = f"{os.environ['STRIPE_API_BASE']}/v1/payment_intents/{begun['payment_intent_id']}/confirm"
    requests.post(url, data=card, headers={"Authorization": f"Bearer {begun['publishable_key']}"}, timeout=60).raise_for_status()
    return call("confirmPayment", 200, by=customer.token, path={"order_id": order}, headers=WAIT).json()["result"]


def stripe_event(age=0, secret=None, scheme="v1", body=None):
    """An event's body and the headers with its signature."""
    at = int(time.time()) - age
    event = {"id": unique("evt"), "object": "event", "type": "product.created", "created": at, "data": {"object": {}}}
    body = json.dumps(event).encode() if body is None else body
    secret = secret or os.environ["STRIPE_WEBHOOK_SECRET"].split(",")[0]
    signature = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return body, {"Stripe-Signature": f"t={at},{scheme}={signature}", "Content-Type": "application/json"}
