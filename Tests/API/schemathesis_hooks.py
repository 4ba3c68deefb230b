"""Rules of the API that schemathesis cannot read in the document."""

import os
import re
import uuid

import schemathesis

KEY = re.compile(r'"?[ -~]{1,255}"?')


@schemathesis.hook
def before_call(context, case, kwargs):
    name = case.operation.definition.raw["operationId"]
    # Otherwise it would repeat a few keys with different bodies, which the API rightly refuses.
    if KEY.fullmatch((case.headers or {}).get("Idempotency-Key", "")):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    # A deactivated account gets only refusals from then on.
    if name == "updateUser" and (case.path_parameters or {}).get("id") == os.environ["OWN_ID"]:
        case.path_parameters["id"] = str(uuid.uuid4())
    # Lines of the same product are merged, and the merged line has the same limit.
    if name == "placeOrder" and isinstance(case.body, dict) and are_lines(case.body.get("items")):
        if sum(line["quantity"] for line in case.body["items"]) > 1000:
            for line in case.body["items"]:
                line["quantity"] = 1


def are_lines(items):
    return isinstance(items, list) and all(isinstance(line, dict) and is_quantity(line.get("quantity")) for line in items)


def is_quantity(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value <= 1000
