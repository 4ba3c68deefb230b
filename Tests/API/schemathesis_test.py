"""Schemathesis on a running shop, as a customer and as its staff: all of its checks pass.

The environment variables EXAMPLES (number per operation) and SEED select the examples: `EXAMPLES=500 SEED=2 ops/test Schemathesis`. By default there
are few, and all edges of the document (the phase `coverage`) only as the staff, which reaches more code.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys

import pytest
from shop import STAFF, URL, Customer

FOLDER = pathlib.Path(__file__).parent
# They end the session that all other operations need.
LAST = ["logout", "logoutAll", "eraseMe"]


PHASES = {"customer": "examples,fuzzing,stateful", "staff": "examples,coverage,fuzzing,stateful"}


def run(token, *options):
    claims = token.split(".")[1]
    owner = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]
    command = [
        pathlib.Path(sys.executable).with_name("schemathesis"), "--config-file", FOLDER / "schemathesis.toml", "run", f"{URL}/openapi.json",
        "--header", f"Authorization: Bearer {token}", "--max-examples", os.environ.get("EXAMPLES", "5"), "--seed", os.environ.get("SEED", "1"),
        # One thread: CPython 3.11 sometimes fails when two threads parse (python/cpython#106905).
        "--workers", "1", "--no-color", *options,
    ]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": str(FOLDER / "schemathesis_hooks.py"), "OWN_ID": owner}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("who", PHASES)
def test_nothing_is_found(who):
    without = [option for name in LAST for option in ("--exclude-operation-id", name)]
    run(STAFF if who == "staff" else Customer().token, "--phases", PHASES[who], *without)


@pytest.mark.parametrize("name", LAST)
def test_nothing_is_found_at_the_end(name):
    run(Customer().token, "--phases", "examples,coverage,fuzzing", "--include-operation-id", name)
