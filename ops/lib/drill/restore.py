"""Deletes all data of Postgres and RabbitMQ, and restores a backup. Clients repeat the orders that are newer than the backup."""
import shutil
import threading
import time

import books
from load import Load


def drill(system, options):
    with Load(system, options.clients) as load:
        time.sleep(options.seconds / 2)
        load.stop()
    before = load.accepted
    if not books.settled(system, before):
        return False
    folder = system.run(system.root / "ops/backup", system.home / "backups", capture_output=True, text=True).stdout.splitlines()[-1]
    print(f"-- saved in {folder}", flush=True)
    with Load(system, options.clients) as load:
        time.sleep(options.seconds / 2)
        load.stop()
    after = load.accepted

    print("-- deleted all data of Postgres and RabbitMQ", flush=True)
    system.run(system.root / "ops/down")
    lost = time.time()
    for name in ("postgres", "rabbitmq"):
        shutil.rmtree(system.home / name)
    system.run(system.root / "ops/up", "postgres")
    system.run(system.root / "ops/restore", "--replace", folder)
    system.run(system.root / "ops/up", "--empty")
    print(f"-- running again {time.time() - lost:.1f} s after the loss", flush=True)
    books.conveyor(system, "topology", "check")
    with system.connect() as database:
        there = database.execute("select count(*) from orders where id = any(%s::uuid[])", [[order.id for order in before]]).fetchone()[0]
    print(f"{there} of {len(before)} orders before the backup exist; the {len(after)} later ones are repeated")
    for order in after:
        order.place(int(system.env["PORT"]), {}, threading.Event())
    return books.settled(system, before + after) and there == len(before)
