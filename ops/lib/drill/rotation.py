"""Changes every secret under load: all sessions continue, no message is lost, and the old passwords do not work any more."""
import subprocess
import time

import books
from load import Load
from system import settings

CHANGES = ("secret-key", "webhook-secret", "console-token", "database", "broker")


def parts(system):
    """The parts with a role of their own."""
    script = '. ops/lib/common.sh; . ops/lib/parts.sh; . ops/lib/access.sh; printf "%s\\n" "${roles[@]}"'
    return subprocess.run(["bash", "-c", script], cwd=system.root, capture_output=True, text=True, check=True).stdout.split()


def passwords(system):
    """The URLs with passwords, of the owner and of each part."""
    files = {"owner": system.home / "env"} | {part: system.home / f"env.d/{part}" for part in parts(system)}
    return {name: {key: settings(file)[key] for key in ("DATABASE_URL", "RABBITMQ_API")} for name, file in files.items()}


def opens(urls):
    """The servers, Postgres or RabbitMQ, that accept these URLs."""
    import psycopg

    found = []
    try:
        psycopg.connect(urls["DATABASE_URL"]).close()
        found.append("Postgres")
    except psycopg.OperationalError:
        pass
    url = f'url = "{urls["RABBITMQ_API"]}/api/whoami"\n'
    if subprocess.run(["curl", "-sf", "-o", "/dev/null", "--config", "-"], input=url, text=True).returncode == 0:
        found.append("RabbitMQ")
    return found


def drill(system, options):
    old = passwords(system)
    with Load(system, options.clients) as load:
        for change in CHANGES:
            time.sleep(options.seconds / len(CHANGES))
            begin = time.time()
            system.run(system.root / "ops/rotate", change, stdout=subprocess.DEVNULL)
            took = time.time() - begin
            time.sleep(1)
            print(f"{change:<15} {took:4.1f} s, longest pause between two accepted orders {load.longest_pause(begin, time.time()):.2f} s", flush=True)
        load.stop()
    print(f"unanswered during restarts, then repeated: {load.refused or 'none'}")
    system.env = settings(system.home / "env")
    open_doors = [f"{name}'s old password still opens {door}" for name, urls in old.items() for door in opens(urls)]
    closed_doors = [f"{name} cannot sign in" for name, urls in passwords(system).items() if len(opens(urls)) != 2]
    print("\n".join(open_doors + closed_doors) or "the old passwords are refused, the new ones accepted")
    return books.settled(system, load.accepted) and not open_doors and not closed_doors
