"""The benchmark's own Conveyor: start, parts by name, database, stop."""
import os
import pathlib
import subprocess
import time
import urllib.request

import machine

WORKERS = ["accounts", "inventory", "orders", "payments", "email"]
APPLICATION = ["ingress", *WORKERS, "recorder"]


def settings(file):
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line and not line.startswith("#"))


class System:
    def __init__(self, root, home=".bench"):
        self.root, self.home = root, root / home
        self.environment = dict(os.environ, CONVEYOR_DIR=str(self.home), SVDIR=str(self.home / "service"))

    def run(self, *words, **options):
        return subprocess.run([str(word) for word in words], env=self.environment, check=True, **options)

    def up(self, products, users, *options):
        """Starts everything with a sample shop: without rate limits, and with tokens and deadlines that outlast the run."""
        self.home.mkdir(mode=0o711, exist_ok=True)
        env = self.home / "env"
        if not env.exists():
            env.touch(mode=0o600)
            env.write_text("RATE_LIMIT=off\nACCESS_TOKEN_EXPIRE_MINUTES=1440\nPAYMENT_WINDOW_MINUTES=1440\n")
        self.run(self.root / "ops/up", "--empty", *options)
        self.sample(products, users)
        self.env = settings(env)
        self.url = f"http://127.0.0.1:{self.env['PORT']}"

    def sample(self, products, users):
        """Loads a sample shop of this size; a later call with a larger size extends it."""
        self.tokens, self.products = self.home / "tokens", self.home / "products"
        self.run(self.home / "bin/conveyor", "sample", "load", "--env-file", self.home / "env", "--products", products, "--users", users,
                 "--stock", 100_000_000, "--tokens-file", self.tokens, "--products-file", self.products)

    def down(self):
        subprocess.run([self.root / "ops/down", "--wipe"], env=self.environment)

    def connect(self):
        import psycopg  # not before it was installed

        return psycopg.connect(self.env["DATABASE_URL"], autocommit=True)

    def superuser(self):
        """libpq's variables of the server's own user."""
        return dict(os.environ, **settings(self.home / "env.d/postgres"))

    def pid(self, name):
        return int((self.home / f"run/{name}.pid").read_text())

    def pids(self, names):
        return {name: self.pid(name) for name in names}

    def stop(self, names):
        self.run("sv", "-w", "40", "force-stop", *names, stdout=subprocess.DEVNULL)

    def start(self, names):
        """Returns at once with the time by both clocks, this machine's and the database's."""
        when = time.time()
        self.run("sv", "start", *names, stdout=subprocess.DEVNULL)
        return when

    def wait_ready(self, names):
        for name in names:
            port = settings(self.home / f"env.d/{name}").get("METRICS_PORT") or self.env["PORT"]
            wait_until_ready(port)

    def costs(self):
        """CPU seconds so far of the application's parts, the servers and the machine."""
        busy, stolen = machine.machine_seconds()
        parts = {name: machine.cpu_seconds(self.pid(name)) for name in APPLICATION}
        servers = {name: machine.cpu_seconds(self.pid(name)) for name in ("postgres", "rabbitmq")}
        return {"application": sum(parts.values()), **parts, **servers, "machine": busy, "stolen": stolen}

    def memory(self):
        return {name: machine.resident_mib(self.pid(name)) for name in APPLICATION} | {
            name: machine.memory_mib(self.pid(name)) for name in ("postgres", "rabbitmq")
        }


def wait_until_ready(port, limit=60.0, pause=0.002):
    """Polls /health/ready; returns the seconds until it was ready."""
    begin = time.perf_counter()
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1):
                return time.perf_counter() - begin
        except OSError:
            if time.perf_counter() - begin > limit:
                raise RuntimeError(f"nothing ready on port {port} for {limit:.0f} s") from None
            time.sleep(pause)
