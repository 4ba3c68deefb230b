"""The load: wrk with many connections, and one order at a time."""
import http.client
import json
import os
import pathlib
import random
import signal
import subprocess
import time

SCRIPT = pathlib.Path(__file__).with_name("load.lua")
ADDRESS = {"name": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB"}
CONNECTIONS = 32


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


class Wrk:
    """Starts wrk with one thread and 32 connections in a closed loop: POSTs of orders, or GETs of a path."""

    running = set()  # of which none may outlive this program

    def __init__(self, system, seconds=3600, path=None, count=0):
        settings = {"LOAD_COUNT": str(count), "LOAD_TOKENS": str(system.tokens), "LOAD_PRODUCTS": str(system.products)}
        if path:
            settings["LOAD_PATH"] = path
        words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "-s", SCRIPT, system.url]
        self.began = time.time()
        self.process = subprocess.Popen(words, env=dict(os.environ, **settings), stdout=subprocess.PIPE, text=True)
        Wrk.running.add(self)

    def result(self):
        """Waits for its end and returns its results."""
        output = self.process.communicate()[0]
        Wrk.running.discard(self)
        found = [line for line in output.splitlines() if line.startswith("RESULT ")]
        if not found:
            raise RuntimeError(f"wrk failed: {output}")
        result = json.loads(found[0].removeprefix("RESULT "))
        result["taken"] = result["requests"] - result["refused"]
        result["per_s"] = result["taken"] / result["seconds"]
        return result

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.result()

    @classmethod
    def end_all(cls):
        for wrk in cls.running:
            wrk.process.kill()
            wrk.process.wait()
        cls.running.clear()


def gets(system, path, seconds):
    return Wrk(system, seconds=seconds, path=path).result()


def singles(system, database, count, warm_up=20):
    """One order after the other: seconds from the POST to its 202, and until Postgres has the order as awaiting_payment (asked every ms)."""
    tokens, products = system.tokens.read_text().split(), system.products.read_text().split()
    link = http.client.HTTPConnection("127.0.0.1", int(system.env["PORT"]), timeout=30)
    accepted, done = [], []
    for number in range(count + warm_up):
        lines = [{"product_id": product, "quantity": 1} for product in random.sample(products, 2)]
        headers = {"Authorization": "Bearer " + random.choice(tokens), "Content-Type": "application/json", "Idempotency-Key": f"single-{time.time_ns()}"}
        begin = time.perf_counter()
        link.request("POST", "/api/v1/orders", json.dumps({"items": lines, "shipping_address": ADDRESS}), headers)
        reply = link.getresponse()
        answer = reply.read()
        answered = time.perf_counter()
        if reply.status != 202:
            raise RuntimeError(f"POST /api/v1/orders: {reply.status} {answer[:300]!r}")
        order = json.loads(answer)["resource"]["id"]
        while not database.execute("select 1 from orders where id = %s and status = 'awaiting_payment'", [order]).fetchone():
            if time.perf_counter() - answered > 30:
                raise RuntimeError(f"order {order} was not done in 30 s")
            time.sleep(0.001)
        if number >= warm_up:
            accepted.append(answered - begin)
            done.append(time.perf_counter() - begin)
    return {
        "accept_p50_ms": quantile(accepted, 0.5) * 1e3, "accept_p99_ms": quantile(accepted, 0.99) * 1e3,
        "done_p50_ms": quantile(done, 0.5) * 1e3, "done_p99_ms": quantile(done, 0.99) * 1e3,
    }
