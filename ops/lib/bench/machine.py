"""CPU time and memory from /proc, and the disturbance by other work."""
import os
import time

TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """The fields of /proc/PID/stat from the third on; the name before them may contain blanks. None if the process has ended."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def descendants(pid):
    """The process and all of its descendants."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (stat := _stat(name)):
            children.setdefault(int(stat[1]), []).append(int(name))
    found, new = [], [pid]
    while new:
        found += new
        new = [child for parent in new for child in children.get(parent, [])]
    return found


def cpu_seconds(pid):
    """User and system time of a process and its children, including ended ones."""
    stats = [stat for one in descendants(pid) if (stat := _stat(one))]
    return (sum(int(s[11]) + int(s[12]) for s in stats) + sum(int(s[13]) + int(s[14]) for s in stats[:1])) / TICK


def memory_mib(pid):
    """Resident memory of a process with its children; shared pages count once."""
    total = 0
    for one in descendants(pid):
        try:
            with open(f"/proc/{one}/smaps_rollup") as file:
                total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except (OSError, StopIteration):
            pass
    return total / 1024


def resident_mib(pid):
    """Resident memory of one process including shared pages, as `ps` shows it."""
    stat = _stat(pid)
    return int(stat[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20 if stat else 0.0


def machine_seconds():
    """(busy, stolen) CPU seconds of all cores since boot; stolen by the host from a virtual machine."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, softirq, steal = (int(field) for field in file.readline().split()[1:9])
    return (user + nice + system + irq + softirq) / TICK, steal / TICK


class Noise:
    """The share of the machine that other processes took, and the variation of its speed: the same loop, timed repeatedly."""

    def __init__(self):
        self.loops = []
        self.load = os.getloadavg()[0]
        self.began = time.monotonic()
        self.stolen = machine_seconds()[1]

    def sample(self):
        begin = time.perf_counter()
        total = 0
        for number in range(2_000_000):
            total += number
        self.loops.append(time.perf_counter() - begin)

    def report(self):
        elapsed = time.monotonic() - self.began
        stolen = (machine_seconds()[1] - self.stolen) / elapsed / os.cpu_count()
        return {"load_before": self.load, "slowest_loop_over_fastest": max(self.loops) / min(self.loops), "stolen_share": stolen}
