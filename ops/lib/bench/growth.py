"""The cost of an order as products, stored orders and queued orders grow."""
import pathlib
import subprocess

import phases
from raw import BIN

SQL = pathlib.Path(__file__).with_name("growth.sql")
STEP = 50_000  # orders a transaction


def fill(system, orders):
    """Adds orders to the tables, then updates statistics and the log as after a quiet night."""
    environment = dict(system.superuser(), PGDATABASE="conveyor", PGOPTIONS="-c client_min_messages=warning")
    for done in range(0, orders, STEP):
        count = min(STEP, orders - done)
        subprocess.run([BIN / "psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--set", f"count={count}", f"--file={SQL}"],
                       env=environment, check=True)
    subprocess.run([BIN / "psql", "--no-psqlrc", "--quiet", "--command=vacuum analyze", "--command=checkpoint"], env=environment, check=True)


def measure(system, database, options, say):
    """The points of the curve: the size of the shop and the cost of an order."""
    points = []

    def point():
        there = {name: database.execute(f"select count(*) from {name}").fetchone()[0] for name in ("products", "orders")}
        say(f"growth: {there['products']:,} products, {there['orders']:,} orders")
        figures = phases.complete(system, database, options)
        points.append(there | figures | phases.idle(system, database, options))

    point()
    system.sample(products=options.growth_products, users=1000)
    fill(system, 0)
    point()
    before = 0
    for orders in sorted({options.growth_orders // 10, options.growth_orders}):
        say(f"growth: {orders:,} orders are inserted")
        fill(system, orders - before)
        before = orders
        point()
    say(f"growth: {options.growth_queued:,} orders are queued and worked off")
    queued = phases.drain(system, database, options.growth_queued)
    return {"points": points, "queued": queued}
