"""The machine's own speed without an application: SQL in batches, the broker's confirms, and both at once."""
import os
import pathlib
import re
import subprocess
import time

HERE = pathlib.Path(__file__).parent
BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
BATCH = 64


class Raw:
    def __init__(self, system, seconds):
        self.seconds = seconds
        self.sql_environment = dict(system.superuser(), PGDATABASE="raw", PGOPTIONS="-c client_min_messages=warning")
        self.broker_environment = dict(os.environ, AMQP_URL=system.env["AMQP_URL"])
        self.chain = system.home / "broker"
        subprocess.run(["gcc", "-O2", "-Wall", "-o", self.chain, HERE / "broker.c", "-lrabbitmq"], check=True)

    def psql(self, *words):
        subprocess.run([BIN / "psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", *words], env=self.sql_environment, check=True)

    def fresh_database(self):
        self.psql("--dbname=postgres", "--command=drop database if exists raw with (force)", "--command=create database raw")
        self.psql(f"--set=batches={self.seconds * 400}", f"--file={HERE / 'raw.sql'}")

    def pgbench(self, seconds):
        words = [BIN / "pgbench", "-n", "-M", "prepared", "-c1", "-j1", f"-T{seconds}", "-P1", "-D", "n=0", "-f", HERE / "raw-batch.sql"]
        return subprocess.Popen(words, env=self.sql_environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def start_broker(self, *words):
        return subprocess.Popen([self.chain, *map(str, words)], env=self.broker_environment, stdout=subprocess.PIPE, text=True)

    def broker(self, *words):
        process = self.start_broker(*words)
        output = process.communicate(timeout=300)[0]
        if process.returncode:
            raise RuntimeError(f"broker {words} failed")
        return float(output or 0)

    def measure(self):
        try:
            self.broker("declare")
            count = self.seconds * 2000
            published, consumed = self.broker("publish", count, 32), self.broker("consume", "raw.1", count, 32)
            self.fresh_database()
            sql = orders_per_second(self.pgbench(self.seconds).communicate()[0])
            return {"publish_per_s": count / published, "consume_per_s": count / consumed, "sql_per_s": sql, **self.both_at_once()}
        finally:
            self.broker("delete")

    def both_at_once(self):
        """The SQL of orders and their two hops through the broker at the same time on the same cores: the least cost of an order."""
        self.fresh_database()
        count = self.seconds * 1500
        sql = self.pgbench(3600)
        chain = [self.start_broker("consume", "raw.2", count, 256), self.start_broker("relay", count, 256)]
        time.sleep(1)  # all are connected, and pgbench has warmed up
        begin = time.monotonic()
        chain.append(self.start_broker("publish", count, 256))
        try:
            while any(process.poll() is None for process in chain):
                if any(process.poll() for process in chain) or sql.poll() is not None:
                    raise RuntimeError("pgbench or the broker's chain failed")
                time.sleep(0.02)
            took = time.monotonic() - begin
        finally:
            for process in [sql, *chain]:
                process.terminate()
        output = sql.communicate()[0]
        # Only the seconds within the interval.
        rates = [float(rate) for rate in re.findall(r"progress: [\d.]+ s, ([\d.]+) tps", output)]
        rates = rates[1 : 1 + round(took)] or rates
        if not rates:
            raise RuntimeError(f"pgbench failed: {output}")
        return {"both_sql_per_s": BATCH * sum(rates) / len(rates), "both_broker_per_s": count / took}


def orders_per_second(output):
    found = re.search(r"tps = ([\d.]+)", output)
    if not found:
        raise RuntimeError(f"pgbench failed: {output}")
    return BATCH * float(found[1])
