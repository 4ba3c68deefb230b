"""The Stripe double with Stripe's own Python library: the double understands the library's requests, and the library accepts its answers.

Environment variables: STRIPE_API_BASE, STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET of the double, and STRIPE_VERSION, which it speaks.
"""

import http.server
import os
import queue
import threading
import time
import uuid

import pytest
import requests
import stripe

BASE = os.environ["STRIPE_API_BASE"]
KEY = os.environ["STRIPE_SECRET_KEY"]
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


def make_client(key=KEY, **more):
    # One attempt, unless a test needs more: the library's own retries would hide answers.
    return stripe.StripeClient(key, **{"base_addresses": {"api": BASE}, "max_network_retries": 0} | more)


CLIENT = make_client()
INTENTS, REFUNDS, EVENTS, DISPUTES = CLIENT.v1.payment_intents, CLIENT.v1.refunds, CLIENT.v1.events, CLIENT.v1.disputes


def double(act, /, **form):
    """The actions of the customer's browser, the bank and the dashboard."""
    answer = requests.post(f"{BASE}/_double/{act}", data=form, timeout=30)
    answer.raise_for_status()
    return answer.json()


@pytest.fixture(autouse=True)
def no_faults():
    yield
    requests.delete(f"{BASE}/_double/faults", timeout=30).raise_for_status()


def new_intent(amount=2000, **more):
    never = {"enabled": True, "allow_redirects": "never"}
    return INTENTS.create({"amount": amount, "currency": "usd", "automatic_payment_methods": never} | more)


def paid_intent(method="pm_card_visa", amount=2000):
    intent = INTENTS.confirm(new_intent(amount).id, {"payment_method": method})
    assert intent.status == "succeeded"
    return intent


def eventually(what, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := what():
            return answer
        time.sleep(0.02)
    raise AssertionError("waited in vain")


# PaymentIntents


def test_the_version_is_the_library_s_own():
    assert stripe.api_version == os.environ["STRIPE_VERSION"]
    answer = new_intent().last_response
    assert answer.headers["Stripe-Version"] == stripe.api_version
    assert answer.request_id.startswith("req_")
    with pytest.raises(stripe.InvalidRequestError):
        make_client(stripe_version="yesterday").v1.payment_intents.list()


def test_an_intent_is_made_read_changed_and_cancelled():
    made = new_intent(metadata={"order_id": "7"}, description="Order 7")
    assert (made.object, made.status, made.amount, made.amount_received) == ("payment_intent", "requires_payment_method", 2000, 0)
    assert made.client_secret.startswith(made.id + "_secret_")
    read = INTENTS.retrieve(made.id)
    assert isinstance(read, stripe.PaymentIntent) and read.metadata["order_id"] == "7" and read.description == "Order 7"
    assert INTENTS.update(made.id, {"amount": 2500, "metadata": {"order_id": ""}}).amount == 2500
    assert "order_id" not in INTENTS.retrieve(made.id).metadata
    cancelled = INTENTS.cancel(made.id, {"cancellation_reason": "abandoned"})
    assert (cancelled.status, cancelled.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError) as error:
        INTENTS.confirm(made.id, {"payment_method": "pm_card_visa"})
    assert error.value.code == "payment_intent_unexpected_state" and error.value.error.payment_intent.status == "canceled"


def test_a_paid_intent_has_its_charge():
    intent = paid_intent()
    assert intent.amount_received == 2000 and isinstance(intent.latest_charge, str)
    charge = INTENTS.retrieve(intent.id, {"expand": ["latest_charge"]}).latest_charge
    assert isinstance(charge, stripe.Charge) and charge.paid and charge.payment_intent == intent.id
    with pytest.raises(stripe.InvalidRequestError) as error:
        INTENTS.cancel(intent.id)
    assert error.value.code == "payment_intent_unexpected_state"


def test_lists_are_paged_in_both_directions():
    made = [new_intent().id for _ in range(7)]
    newest_first = made[::-1]
    page = INTENTS.list({"limit": 3, "starting_after": newest_first[0]})
    assert [intent.id for intent in page] == newest_first[1:4] and page.has_more
    paged = []
    for intent in INTENTS.list({"limit": 3}).auto_paging_iter():
        paged.append(intent.id)
        if len(paged) == 7:
            break
    assert paged == newest_first
    newer = INTENTS.list({"limit": 2, "ending_before": made[0]})
    assert [intent.id for intent in newer.auto_paging_iter()] == made[1:]


def test_search_finds_by_metadata():
    order = str(uuid.uuid4())
    made = [new_intent(metadata={"order_id": order}).id for _ in range(5)]
    INTENTS.cancel(made[0])
    found = INTENTS.search({"query": f"metadata['order_id']:'{order}'", "limit": 2})
    assert found.object == "search_result" and [intent.id for intent in found.auto_paging_iter()] == made[::-1]
    live = INTENTS.search({"query": f"metadata['order_id']:\"{order}\" AND -status:'canceled' AND amount>=2000"})
    assert [intent.id for intent in live] == made[:0:-1]
    assert not INTENTS.search({"query": "metadata['order_id']:'nobody'"}).data
    for wrong in ["order_id:'7'", "metadata['order_id']", "status:'a' AND amount>1 OR amount<1", "amount:'much'", ""]:
        with pytest.raises(stripe.InvalidRequestError):
            INTENTS.search({"query": wrong})


def test_unknown_parameters_and_objects_are_refused():
    with pytest.raises(stripe.InvalidRequestError) as error:
        new_intent(colour="blue")
    assert error.value.code == "parameter_unknown" and error.value.param == "colour" and error.value.http_status == 400
    with pytest.raises(stripe.InvalidRequestError) as error:
        INTENTS.retrieve("pi_nobody")
    assert error.value.code == "resource_missing" and error.value.http_status == 404
    with pytest.raises(stripe.InvalidRequestError) as error:
        new_intent(amount=3)
    assert error.value.code == "amount_too_small" and error.value.param == "amount"


# Cards


@pytest.mark.parametrize(
    "method, code, decline_code",
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ],
)
def test_a_decline_is_a_card_error_and_leaves_the_intent_payable(method, code, decline_code):
    intent = new_intent()
    with pytest.raises(stripe.CardError) as error:
        INTENTS.confirm(intent.id, {"payment_method": method})
    refused = error.value
    assert (refused.http_status, refused.code, refused.error.decline_code) == (402, code, decline_code)
    assert refused.user_message and refused.error.charge.startswith("ch_")
    assert refused.error.payment_intent.last_payment_error.code == code
    assert INTENTS.retrieve(intent.id).status == "requires_payment_method"
    assert INTENTS.confirm(intent.id, {"payment_method": "pm_card_visa"}).status == "succeeded"


def test_three_d_secure_asks_the_customer():
    intent = INTENTS.create({"amount": 2000, "currency": "usd", "automatic_payment_methods": {"enabled": True}})
    asked = INTENTS.confirm(intent.id, {"payment_method": "pm_card_authenticationRequired", "return_url": "https://shop.example/back"})
    assert asked.status == "requires_action" and asked.next_action.type == "redirect_to_url"
    double(f"payment_intents/{intent.id}/authenticate", outcome="fail")
    failed = INTENTS.retrieve(intent.id)
    assert failed.status == "requires_payment_method" and failed.last_payment_error.code == "payment_intent_authentication_failure"
    INTENTS.confirm(intent.id, {"payment_method": "pm_card_authenticationRequired", "return_url": "https://shop.example/back"})
    double(f"payment_intents/{intent.id}/authenticate")
    assert INTENTS.retrieve(intent.id).status == "succeeded"


# Idempotency


def test_a_key_is_answered_once_and_replayed():
    key = str(uuid.uuid4())
    form = {"amount": 2000, "currency": "usd"}
    first = INTENTS.create(form, {"idempotency_key": key})
    again = INTENTS.create(form, {"idempotency_key": key})
    assert again.id == first.id and again.client_secret == first.client_secret
    assert again.last_response.headers["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first.last_response.headers
    with pytest.raises(stripe.IdempotencyError) as error:
        INTENTS.create(form | {"amount": 2001}, {"idempotency_key": key})
    assert error.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError):
        REFUNDS.create({"payment_intent": first.id}, {"idempotency_key": key})


def test_a_decline_is_kept_under_its_key():
    intent, key = new_intent(), str(uuid.uuid4())
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            INTENTS.confirm(intent.id, {"payment_method": "pm_card_chargeDeclined"}, {"idempotency_key": key})
    charges = CLIENT.v1.charges.list({"payment_intent": intent.id})
    assert len(charges.data) == 1


def test_a_key_in_use_is_a_conflict():
    key, form = str(uuid.uuid4()), {"amount": 2000, "currency": "usd"}
    double("faults", kind="hang", method="POST", path="/v1/payment_intents", seconds="2", count="1")
    made = queue.Queue()
    first = threading.Thread(target=lambda: made.put(INTENTS.create(form, {"idempotency_key": key})))
    first.start()
    eventually(lambda: any(not call["ended"] for call in requests.get(f"{BASE}/_double/requests", timeout=30).json()["data"]))
    with pytest.raises(stripe.StripeError) as error:
        INTENTS.create(form, {"idempotency_key": key})
    assert (error.value.http_status, error.value.error.code) == (409, "idempotency_key_in_use")
    first.join()
    assert INTENTS.create(form, {"idempotency_key": key}).id == made.get().id


# Refunds and disputes


def test_refunds_full_partial_and_too_much():
    intent = paid_intent()
    part = REFUNDS.create({"payment_intent": intent.id, "amount": 500, "reason": "requested_by_customer", "metadata": {"refund_id": "r1"}})
    assert (part.status, part.amount, part.payment_intent, part.metadata["refund_id"]) == ("succeeded", 500, intent.id, "r1")
    with pytest.raises(stripe.InvalidRequestError) as error:
        REFUNDS.create({"payment_intent": intent.id, "amount": 1501})
    assert error.value.param == "amount"
    assert REFUNDS.create({"payment_intent": intent.id}).amount == 1500
    with pytest.raises(stripe.InvalidRequestError) as error:
        REFUNDS.create({"payment_intent": intent.id})
    assert error.value.code == "charge_already_refunded"
    assert [refund.amount for refund in REFUNDS.list({"payment_intent": intent.id})] == [1500, 500]
    charge = CLIENT.v1.charges.retrieve(intent.latest_charge)
    assert charge.refunded and charge.amount_refunded == 2000


def test_a_refund_may_fail_later():
    intent = paid_intent("pm_card_refundFail")
    refund = REFUNDS.create({"payment_intent": intent.id})
    assert refund.status == "succeeded"
    failed = eventually(lambda: (now := REFUNDS.retrieve(refund.id)).status == "failed" and now)
    assert failed.failure_reason
    assert CLIENT.v1.charges.retrieve(intent.latest_charge).amount_refunded == 0
    types = [event.type for event in EVENTS.list({"types": ["refund.created", "refund.updated", "refund.failed"]}) if event.data.object.id == refund.id]
    assert types == ["refund.failed", "refund.updated", "refund.created"]


def test_a_refund_may_be_pending():
    refund = REFUNDS.create({"payment_intent": paid_intent("pm_card_pendingRefund").id})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    eventually(lambda: REFUNDS.retrieve(refund.id).status == "succeeded")


def test_a_dispute_is_answered_and_decided():
    intent = paid_intent("pm_card_createDispute")
    dispute = eventually(lambda: DISPUTES.list({"payment_intent": intent.id}).data)[0]
    assert (dispute.status, dispute.amount, dispute.reason) == ("needs_response", 2000, "fraudulent")
    with pytest.raises(stripe.InvalidRequestError) as error:
        REFUNDS.create({"payment_intent": intent.id})
    assert error.value.code == "charge_disputed"
    DISPUTES.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True})
    assert eventually(lambda: (now := DISPUTES.retrieve(dispute.id)).status == "won" and now).payment_intent == intent.id


# Events and webhooks


def test_events_are_listed_by_type_and_paged():
    first = new_intent()
    made = EVENTS.list({"type": "payment_intent.created", "limit": 1}).data[0]
    assert made.data.object.id == first.id and made.api_version == stripe.api_version
    intents = [INTENTS.confirm(new_intent().id, {"payment_method": "pm_card_visa"}).id for _ in range(3)]
    newer = EVENTS.list({"types": ["payment_intent.succeeded"], "ending_before": made.id, "limit": 1})
    assert newer.has_more
    # In this direction the library reads pages from the oldest object on.
    assert [event.data.object.id for event in newer.auto_paging_iter()] == intents
    assert EVENTS.retrieve(made.id).type == "payment_intent.created"
    with pytest.raises(stripe.InvalidRequestError):
        EVENTS.list({"types": ["a"] * 21})


class Endpoint:
    """A webhook that refuses the first delivery of each event."""

    def __init__(self, refuse=0):
        deliveries = self.deliveries = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                nonlocal refuse
                body = self.rfile.read(int(self.headers["Content-Length"]))
                refuse -= 1
                self.send_response(500 if refuse >= 0 else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                deliveries.put((body, self.headers["Stripe-Signature"]))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


def test_a_webhook_is_signed_as_the_library_wants_it_and_sent_again():
    endpoint = Endpoint(refuse=1)
    double("webhooks", url=endpoint.url)
    try:
        made = new_intent()
        body, signature = endpoint.deliveries.get(timeout=30)
        event = stripe.Webhook.construct_event(body, signature, SECRET)
        assert isinstance(event, stripe.Event) and event.type == "payment_intent.created" and event.data.object.id == made.id
        for wrong in [(body + b" ", signature, SECRET), (body, signature, SECRET + "x"), (body, "t=1,v1=00", SECRET), (body, "", SECRET)]:
            with pytest.raises(stripe.SignatureVerificationError):
                stripe.Webhook.construct_event(*wrong)
        # A further attempt has a new signature and the same event.
        body_again, signature_again = endpoint.deliveries.get(timeout=30)
        assert stripe.Webhook.construct_event(body_again, signature_again, SECRET).id == event.id
        pending = {"type": "payment_intent.created", "delivery_success": False, "limit": 100}
        eventually(lambda: event.id not in [each.id for each in EVENTS.list(pending)])
    finally:
        double("webhooks", mode="paused")
        endpoint.server.shutdown()


# Failures


def test_a_wrong_key_is_an_authentication_error():
    with pytest.raises(stripe.AuthenticationError) as error:
        make_client("sk_test_wrong").v1.payment_intents.list()
    assert error.value.http_status == 401


@pytest.mark.parametrize(
    "status, kind", [(400, stripe.InvalidRequestError), (403, stripe.PermissionError), (429, stripe.RateLimitError), (500, stripe.APIError)]
)
def test_each_status_is_its_error_of_the_library(status, kind):
    double("faults", kind="status", method="GET", path="/v1/payment_intents", status=str(status), count="1")
    with pytest.raises(kind) as error:
        INTENTS.list()
    assert error.value.http_status == status


def test_a_lost_answer_is_a_connection_error_and_the_library_repeats_it_under_the_same_key():
    double("faults", kind="answer_lost", method="POST", path="/v1/payment_intents", count="1")
    with pytest.raises(stripe.APIConnectionError):
        new_intent()
    before = len(INTENTS.list({"limit": 100}).data)
    double("faults", kind="answer_lost", method="POST", path="/v1/payment_intents", count="1")
    made = make_client(max_network_retries=2).v1.payment_intents.create({"amount": 2000, "currency": "usd"})
    assert made.last_response.headers["Idempotent-Replayed"] == "true"
    assert min(100, before + 1) == len(INTENTS.list({"limit": 100}).data)


def test_stripe_should_retry_decides():
    double("faults", kind="status", method="POST", path="/v1/payment_intents", status="429", should_retry="true", count="1")
    assert make_client(max_network_retries=2).v1.payment_intents.create({"amount": 2000, "currency": "usd"}).status == "requires_payment_method"
    double("faults", kind="status", method="POST", path="/v1/payment_intents", status="500", should_retry="false", count="1")
    with pytest.raises(stripe.APIError):
        make_client(max_network_retries=2).v1.payment_intents.create({"amount": 2000, "currency": "usd"})
