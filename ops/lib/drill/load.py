"""Clients that place orders all the time. After a 503 or without an answer they repeat the request with the same Idempotency-Key."""
import http.client
import json
import random
import threading
import time
import uuid

ADDRESS = {"name": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB"}


class Order:
    """A client's order; `id` and `when` are set once it was accepted."""

    def __init__(self, tokens, products):
        lines = [{"product_id": product, "quantity": 1} for product in random.sample(products, 2)]
        self.body = json.dumps({"items": lines, "shipping_address": ADDRESS})
        token, key = random.choice(tokens), str(uuid.uuid4())
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
        self.id = self.when = None

    def place(self, port, refused, give_up):
        """Repeats the request until it is accepted. `refused` counts refusals by code; any answer but 202 and 503 is an error. A repetition is the same order."""
        while not give_up.is_set():
            link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                link.request("POST", "/api/v1/orders", self.body, self.headers)
                reply = link.getresponse()
                status, answer = reply.status, json.loads(reply.read())
            except (OSError, http.client.HTTPException):
                status, answer = 503, {"code": "no answer"}
            finally:
                link.close()
            if status == 202:
                if self.id not in (None, answer["resource"]["id"]):
                    raise RuntimeError(f"order {self.id} is {answer['resource']['id']} after its repetition")
                self.id, self.when = answer["resource"]["id"], time.time()
                return
            if status != 503:
                raise RuntimeError(f"{status} {answer}")
            refused[answer["code"]] = refused.get(answer["code"], 0) + 1
            time.sleep(0.1)


class Load:
    """`with Load(system, clients) as load`: the clients place orders until its end, or until `stop`, which raises a client's failure."""

    def __init__(self, system, clients):
        self.port = int(system.env["PORT"])
        self.tokens, self.products = system.tokens.read_text().split(), system.products.read_text().split()
        self.accepted, self.refused, self.failures = [], {}, []
        self.over, self.given_up = threading.Event(), threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]

    def run(self):
        try:
            while not self.over.is_set():
                order = Order(self.tokens, self.products)
                order.place(self.port, self.refused, self.given_up)
                if order.id:
                    self.accepted.append(order)
        except Exception as failure:
            self.failures.append(failure)
            self.over.set()

    def stop(self):
        """Waits until each client's last order is accepted, at most a minute."""
        self.over.set()
        for thread in self.threads:
            thread.join(60)
        self.given_up.set()
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise self.failures[0]

    def longest_pause(self, begin, end):
        """The seconds between successive accepted orders within these times."""
        times = [begin, *sorted(order.when for order in self.accepted if begin < order.when < end), end]
        return max(after - before for before, after in zip(times, times[1:]))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.given_up.set()
        if not self.over.is_set() or kind:
            self.over.set()
            for thread in self.threads:
                thread.join()
