"""Kills (kill -9) or freezes (SIGSTOP, ten seconds) the RabbitMQ node that leads the queue `orders`, under load."""
import json
import os
import signal
import subprocess
import time

import books
from load import Load
from system import settings

NODES = 3


def leader(system):
    """The service of the node that leads `orders`."""
    config = f'url = "{system.env["RABBITMQ_API"]}/api/queues/%2F/orders?disable_stats=true"\n'
    answer = subprocess.run(["curl", "-sf", "--config", "-"], input=config, capture_output=True, text=True, check=True).stdout
    number = json.loads(answer)["leader"].removeprefix("conveyor").removesuffix("@localhost")
    return f"rabbitmq-{number}" if number else "rabbitmq"


def listens(system, node):
    ports = settings(system.home / f"env.d/{node}")
    base = system.env["RABBITMQ_API"].rpartition(":")[0]
    url = f'url = "{base}:{ports["MANAGEMENT_PORT"]}/api/health/checks/port-listener/{ports["AMQP_PORT"]}"\n'
    return subprocess.run(["curl", "-sf", "--max-time", "5", "-o", "/dev/null", "--config", "-"], input=url, text=True).returncode == 0


def drill(system, options):
    with Load(system, options.clients) as load:
        time.sleep(options.seconds / 3)
        node = leader(system)
        pid = system.pid(node)
        struck = time.time()
        os.kill(pid, signal.SIGSTOP if options.freeze else signal.SIGKILL)
        print(f"-- {'froze' if options.freeze else 'killed'} {node}, which leads orders", flush=True)
        try:
            time.sleep(10 if options.freeze else 0)
        finally:
            if options.freeze:
                os.kill(pid, signal.SIGCONT)
        back = None
        while time.time() < struck + 2 * options.seconds / 3 or back is None:
            if back is None and listens(system, node):
                back = time.time()
            time.sleep(0.2)
        load.stop()
    print(f"refused temporarily, then repeated: {load.refused or 'none'}")
    print(f"the longest pause between two accepted orders: {load.longest_pause(struck, time.time()):.1f} s; {node} was back after {back - struck:.1f} s")
    return books.settled(system, load.accepted)
