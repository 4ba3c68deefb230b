"""Upgrades from an older commit to this one and back, under load: new workers beside old ones on the same queues, then only new parts, then only old ones."""
import json
import os
import subprocess
import time

import books
from load import Load
from system import settings, wait_until_ready


def before(root, options):
    """A checkout of the older commit with its build, kept below .build; the system starts there."""
    if not options.commit:
        raise SystemExit("upgrade: --from COMMIT names the older version")
    commit = subprocess.run(["git", "-C", root, "rev-parse", "--verify", options.commit + "^{commit}"], check=True, capture_output=True, text=True).stdout.strip()
    folder = root / ".build/upgrade" / commit
    if not folder.exists():
        subprocess.run(["git", "-C", root, "worktree", "add", "--detach", "--quiet", folder, commit], check=True)
    return folder


def workers(checkout):
    """The workers: each queue with a queue for its dead letters belongs to one."""
    names = [queue["name"] for queue in json.loads((checkout / "topology/definitions.json").read_text())["queues"]]
    return [name for name in names if f"{name}.dead" in names]


def start_beside(system, names, first_port):
    """A second process of each worker, from the newer build, with the settings of the running one."""
    processes = []
    for number, name in enumerate(names):
        environment = dict(os.environ, **settings(system.home / "env"), **settings(system.home / f"env.d/{name}"), METRICS_PORT=str(first_port + number))
        processes.append(subprocess.Popen([system.newer / f"{name}-worker"], env={key: value for key, value in environment.items() if value},
                                          stdout=open(system.home / f"log/{name}.newer.log", "wb"), stderr=subprocess.STDOUT))
    for number in range(len(names)):
        wait_until_ready(first_port + number)
    return processes


def restart_each(system, checkout, names):
    """One after the other, as ops/docs/upgrade.md says: workers first, the ingress last."""
    for name in names:
        begin = time.time()
        system.run(checkout / "ops/up", name, stdout=subprocess.DEVNULL)
        print(f"   {name} runs the other version after {time.time() - begin:.1f} s", flush=True)


def drill(system, options):
    newer, older = system.newest, system.root
    old_workers, new_workers = workers(older), workers(newer)
    system.newer = system.home / "newer"
    subprocess.run([newer / "ops/lib/release", system.newer], env=system.environment, check=True)
    owner = dict(os.environ, **settings(system.home / "env"))
    accepted = []

    def phase(title, work):
        print(f"-- {title}", flush=True)
        with Load(system, options.clients) as load:
            begin = time.time()
            work()
            time.sleep(max(0.0, options.seconds / 4 - (time.time() - begin)))
            print(f"   longest pause between two accepted orders {load.longest_pause(begin, time.time()):.2f} s; repeated: {load.refused or 'none'}", flush=True)
            load.stop()
        accepted.extend(load.accepted)

    def prepare():
        for words in (["migrate"], ["topology", "apply"]):
            subprocess.run([system.newer / "conveyor", *words], env=owner, check=True, stdout=subprocess.DEVNULL)

    def side_by_side():
        processes = start_beside(system, old_workers, 18700)
        time.sleep(options.seconds / 4)
        for process in processes:
            process.terminate()
        ended = {name: process.wait(40) for name, process in zip(old_workers, processes)}
        if any(ended.values()):
            raise RuntimeError(f"not ended gracefully: {ended}")

    phase("the older parts, on the newer database and topology", prepare)
    phase("older and newer workers side by side", side_by_side)
    # A new worker first needs settings, a role and a broker user, so run all of ops/up.
    everything = [*new_workers, "recorder", "console", "ingress"]
    if set(new_workers) - set(old_workers):
        phase("all of the newer parts", lambda: system.run(newer / "ops/up", "--empty", stdout=subprocess.DEVNULL))
    else:
        phase("the newer parts, one after the other", lambda: restart_each(system, newer, everything))
    phase("back to the older parts", lambda: restart_each(system, older, ["ingress", *old_workers, "recorder", "console"]))
    return books.settled(system, accepted)
