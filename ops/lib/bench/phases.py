"""The measurements, one function per phase. Each leaves the system idle, with all orders done."""
import signal
import subprocess
import threading
import time

import load
import system as conveyor

DONE = "select count(*) from orders where created_at >= to_timestamp(%s) and status = 'awaiting_payment'"
LAST = """select extract(epoch from max(e.at))::float8 from order_events e join orders o on o.id = e.order_id
          where o.created_at >= to_timestamp(%s) and e.type = 'order.awaiting_payment'"""

# Orders per second in each tenth of them, in the order of their completion.
TENTHS = """select count(*) / nullif(extract(epoch from max(at) - min(at)), 0)::float8
            from (select e.at, ntile(10) over (order by e.at) as tenth from order_events e join orders o on o.id = e.order_id
                  where o.created_at >= to_timestamp(%s) and e.type = 'order.awaiting_payment') done group by tenth order by tenth"""


def done_since(database, when):
    return database.execute(DONE, [when]).fetchone()[0]


def wait_done(database, since, orders, progress=lambda: None):
    """Waits until this number of orders is done, or none was for half a minute. Returns the number. Calls `progress` when it has grown."""
    seen, changed = -1, time.monotonic()
    while True:
        done = done_since(database, since)
        if done != seen:
            seen, changed = done, time.monotonic()
            progress()
        if done >= orders or time.monotonic() - changed > 30:
            return done
        time.sleep(0.25)


def per_order(before, after, orders):
    """Microseconds of CPU per order, by part; `rest` is the load, this program and the kernel."""
    spent = {name: (after[name] - before[name]) / max(1, orders) * 1e6 for name in before}
    spent["rest"] = spent["machine"] - spent["application"] - spent["postgres"] - spent["rabbitmq"]
    return spent


def refused(took):
    return took["refused"] + took["broken"]


def reads(system, database, options):
    """The server's empty GET, and a cached product."""
    empty = load.gets(system, "/health/live", options.short)
    product = system.products.read_text().split()[0]
    cached = load.gets(system, f"/api/v1/products/{product}", options.short)
    return {"empty_get_per_s": empty["per_s"], "product_get_per_s": cached["per_s"], "product_get_p99_ms": cached["p99_us"] / 1e3}


def idle(system, database, options):
    return load.singles(system, database, options.singles)


def complete(system, database, options):
    """This number of orders over 32 connections: orders per second from the first POST to the last completion, and the cost of one."""
    costs = [system.costs()]
    wrk = load.Wrk(system, count=options.orders)
    done = wait_done(database, wrk.began, options.orders, lambda: costs.append(system.costs()))
    took = wrk.interrupt()
    # The last few orders that were in progress at that time.
    done = wait_done(database, wrk.began, took["taken"])
    last = database.execute(LAST, [wrk.began]).fetchone()[0]
    return {
        "complete_per_s": done / (last - wrk.began), "complete_lost": max(0, took["taken"] - done), "complete_refused": refused(took),
        "cpu_us_per_order": per_order(costs[0], costs[-1], done),
    }


def sustained(system, database, options):
    """Full rate for some time, then waits until all orders are done."""
    wrk = load.Wrk(system, seconds=options.seconds)
    took = wrk.result()
    ended = time.time()
    meanwhile = done_since(database, wrk.began)
    done = wait_done(database, wrk.began, took["taken"])
    last = database.execute(LAST, [wrk.began]).fetchone()[0]
    return {
        "sustained_accept_per_s": took["per_s"], "sustained_accept_p50_ms": took["p50_us"] / 1e3, "sustained_accept_p99_ms": took["p99_us"] / 1e3,
        "sustained_refused": refused(took), "sustained_done_meanwhile_per_s": meanwhile / (ended - wrk.began),
        "sustained_backlog": took["taken"] - meanwhile, "sustained_done_per_s": done / (last - wrk.began), "sustained_lost": max(0, took["taken"] - done),
    }


def accept_alone(system, database, options):
    """The rate of accepted orders with stopped workers: ingress and broker alone. The workers complete the orders afterwards."""
    system.stop(conveyor.WORKERS)
    wrk = load.Wrk(system, seconds=options.short)
    took = wrk.result()
    system.start(conveyor.WORKERS)
    done = wait_done(database, wrk.began, took["taken"])
    return {"accept_alone_per_s": took["per_s"], "accept_alone_p99_ms": took["p99_us"] / 1e3, "accept_alone_lost": max(0, took["taken"] - done),
            "accept_alone_refused": refused(took)}


def backlog(system, database, options):
    return drain(system, database, options.backlog)


def drain(system, database, orders):
    """Queues this number of orders, then starts the workers: orders per second from their start to the last completion, and the evenness of the rate."""
    system.stop(conveyor.WORKERS)
    began, waiting, queued, not_taken = time.time(), 0, 0, 0
    while waiting < orders:
        fill = load.Wrk(system, count=orders - waiting)
        waiting = wait_accepted(system, orders)
        took = fill.interrupt()
        queued += took["taken"]
        not_taken += refused(took)
    with_backlog = {name: mib for name, mib in system.memory().items() if name not in conveyor.WORKERS}
    started = system.start(conveyor.WORKERS)
    with Peaks(system) as peaks:
        done = wait_done(database, began, queued)
    last = database.execute(LAST, [began]).fetchone()[0]
    tenths = [row[0] for row in database.execute(TENTHS, [began]).fetchall()]
    return {
        "backlog": queued, "drain_per_s": done / (last - started), "drain_lost": max(0, queued - done), "drain_refused": not_taken, "drain_tenths_per_s": tenths,
        "memory_backlog_mib": with_backlog, "memory_drain_mib": peaks.highest,
    }


def wait_accepted(system, orders):
    """Waits until the inventory's queue, where new orders wait, has this length by RabbitMQ's statistics (a few seconds old), or does not grow any more.
    Returns its length."""
    api = system.env["RABBITMQ_API"]
    scheme, _, rest = api.partition("://")
    credentials, _, host = rest.rpartition("@")
    config = f'url = "{scheme}://{host}/api/queues/%2F/inventory?columns=messages"\nuser = "{credentials}"\n'
    seen, changed = -1, time.monotonic()
    while seen < orders and time.monotonic() - changed < 15:
        answer = subprocess.run(["curl", "-sf", "--config", "-"], input=config, capture_output=True, text=True).stdout
        messages = int("".join(character for character in answer if character.isdigit()) or 0)
        if messages != seen:
            seen, changed = messages, time.monotonic()
        time.sleep(0.5)
    return seen


class Peaks:
    """The largest observed memory of each part."""

    def __init__(self, system):
        self.system, self.highest, self.over = system, {}, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.over.wait(1):
            for name, mib in self.system.memory().items():
                self.highest[name] = max(mib, self.highest.get(name, 0))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def start_times(system, database, options):
    """The time from a worker's start until it is ready to consume: the executable alone, without its supervisor."""
    times = {}
    for name in conveyor.WORKERS:
        with open(f"/proc/{system.pid(name)}/environ") as file:
            environment = dict(entry.split("=", 1) for entry in file.read().split("\0") if "=" in entry)
        system.stop([name])
        taken = []
        for _ in range(5):
            process = subprocess.Popen([system.home / f"bin/{name}-worker"], env=environment, stdout=subprocess.DEVNULL)
            try:
                taken.append(conveyor.wait_until_ready(environment["METRICS_PORT"]) * 1e3)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(30)
        system.start([name])
        times[name] = load.quantile(taken, 0.5)
    system.wait_ready(conveyor.WORKERS)
    return {"start_ms": times, "slowest_start_ms": max(times.values())}


def memory(system, database, options):
    return {"memory_rest_mib": system.memory()}
