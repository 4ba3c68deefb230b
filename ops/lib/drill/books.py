"""Checks that every accepted order exists exactly once."""
import json
import subprocess
import time


def settled(system, orders, limit=120):
    """Waits until all orders are done, or none ends any more; prints their states. True if no order is lost or duplicated."""
    ids = [order.id for order in orders]
    done_query = "select count(*) from orders where id = any(%s::uuid[]) and status = 'awaiting_payment'"
    with system.connect() as database:
        deadline = time.monotonic() + limit
        while (done := database.execute(done_query, [ids]).fetchone()[0]) < len(ids) and time.monotonic() < deadline:
            time.sleep(0.25)
        others = database.execute("select count(*) from orders where id <> all(%s::uuid[])", [ids]).fetchone()[0]
    print(f"accepted {len(ids)} orders, {len(set(ids))} different; awaiting payment: {done}; orders without an answer: {others}")
    books = audit(system)
    print("books: " + ", ".join(f"{book} {'balances' if figures['balance'] == 0 else figures}" for book, figures in books.items()))
    right = done == len(ids) == len(set(ids)) and others == 0 and all(figures["balance"] == 0 for figures in books.values())
    print("no order is lost or duplicated, and the books balance" if right else "ORDERS ARE LOST OR DUPLICATED, OR THE BOOKS DO NOT BALANCE", flush=True)
    return right


def audit(system):
    """The output of `conveyor verify`, once no message is on its way."""
    deadline = time.monotonic() + 60
    while True:
        books = json.loads(conveyor(system, "audit", "--json", check=False))
        books = {name: figures for name, figures in books.items() if isinstance(figures, dict) and "balance" in figures}
        if all(figures["balance"] == 0 for figures in books.values()) or time.monotonic() > deadline:
            return books
        time.sleep(1)


def conveyor(system, *words, check=True):
    """The output of the operator's command line with the owner's access."""
    command = [system.home / "bin/conveyor", *words, "--env-file", system.home / "env"]
    return subprocess.run(command, env=system.environment, stdout=subprocess.PIPE, text=True, check=check).stdout
