"""The table: median and range of each figure over the rounds, and its method."""
import statistics

import system


def values(rounds, *path):
    found = []
    for figures in rounds:
        for key in path:
            figures = figures.get(key) if figures else None
        if figures is not None:
            found.append(figures)
    return found


def median(rounds, *path):
    found = values(rounds, *path)
    return statistics.median(found) if found else None


def number(value, unit=""):
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}{unit}"


def share(part, whole):
    return f"{part / whole:.0%}" if part is not None and whole else "–"


def curve(growth):
    """The cost of an order as the shop grows."""
    lines = ["", "products   orders in the tables   completed/s   idle accept, done p50 ms   CPU an order, µs: application, postgres, rabbitmq"]
    for point in growth["points"]:
        cpu = point["cpu_us_per_order"]
        lines.append(
            f"{point['products']:>8,}   {point['orders']:>20,}   {point['complete_per_s']:>11,.0f}   {point['accept_p50_ms']:>12.1f} {point['done_p50_ms']:>11.1f}"
            f"   {cpu['application']:>29,.0f} {cpu['postgres']:>9,.0f} {cpu['rabbitmq']:>9,.0f}")
    queued = growth["queued"]
    lines += [
        "", f"{queued['backlog']:,} queued: {queued['drain_per_s']:,.0f} a second; tenth by tenth "
        + " ".join(f"{rate:,.0f}" for rate in queued["drain_tenths_per_s"]),
        "memory with them, MiB: " + ", ".join(f"{name} {mib:.0f}" for name, mib in queued["memory_backlog_mib"].items()),
        "most memory while they drain, MiB: " + ", ".join(f"{name} {mib:.0f}" for name, mib in queued["memory_drain_mib"].items()),
    ]
    return lines


def text(results):
    rounds = results["rounds"]
    rows = []
    for figures in rounds:
        figures["slowest_tenth"] = min(figures.get("drain_tenths_per_s") or [0])

    def row(title, *path, unit="", note=""):
        found = values(rounds, *path)
        if found:
            rows.append((title, number(statistics.median(found), unit), f"{number(min(found))} … {number(max(found))}", note))

    def of(*path):
        return median(rounds, *path)

    publish, empty = of("publish_per_s"), of("empty_get_per_s")
    at_once = min((value for value in (of("both_sql_per_s"), of("both_broker_per_s")) if value), default=None)
    row("raw: orders/s by SQL in batches of 64", "sql_per_s")
    row("raw: confirmed publishes/s, window 32", "publish_per_s")
    row("raw: consumed messages/s, window 32", "consume_per_s")
    row("raw: both at once, orders/s by SQL", "both_sql_per_s")
    row("raw: both at once, orders/s over two hops", "both_broker_per_s")
    row("empty GET/s", "empty_get_per_s")
    row("cached GET of a product/s", "product_get_per_s", note=f"{share(of('product_get_per_s'), empty)} of the empty GET; 60 % wanted")
    halves = 1 / (1 / empty + 1 / publish) if empty and publish else None
    row("accepts/s, workers stopped", "accept_alone_per_s", note=f"{share(of('accept_alone_per_s'), halves)} of its two halves; 80 % wanted")
    row("  p99", "accept_alone_p99_ms", unit=" ms")
    row("idle: accept p50", "accept_p50_ms", unit=" ms")
    row("idle: accept p99", "accept_p99_ms", unit=" ms")
    row("idle: done p50", "done_p50_ms", unit=" ms")
    row("idle: done p99", "done_p99_ms", unit=" ms")
    row("orders completed/s", "complete_per_s", note=f"{share(of('complete_per_s'), at_once)} of both at once; 60 % wanted")
    row("sustained: accepts/s", "sustained_accept_per_s")
    row("sustained: accept p50", "sustained_accept_p50_ms", unit=" ms")
    row("sustained: accept p99", "sustained_accept_p99_ms", unit=" ms")
    row("sustained: done/s meanwhile", "sustained_done_meanwhile_per_s")
    row("sustained: done/s with the rest", "sustained_done_per_s")
    row(f"drain of {of('backlog') or 0:,.0f} orders/s", "drain_per_s")
    row("  its slowest tenth", "slowest_tenth")
    for name in [*system.WORKERS]:
        row(f"{name}-worker, start to ready", "start_ms", name, unit=" ms", note="300 ms wanted")
    for part in ["application", *system.APPLICATION, "postgres", "rabbitmq", "rest"]:
        row(f"CPU an order: {part}", "cpu_us_per_order", part, unit=" µs")
    for name in [*system.APPLICATION, "postgres", "rabbitmq"]:
        wanted = {"ingress": "60 MiB wanted", "postgres": "", "rabbitmq": ""}.get(name, "30 MiB wanted")
        row(f"memory at rest: {name}", "memory_rest_mib", name, unit=" MiB", note=wanted)
    for name in ["ingress", "recorder", "postgres", "rabbitmq"]:
        row(f"memory with the backlog: {name}", "memory_backlog_mib", name, unit=" MiB")
    for name in [*system.APPLICATION, "postgres", "rabbitmq"]:
        row(f"most memory in the drain: {name}", "memory_drain_mib", name, unit=" MiB")

    widths = [max(len(row[column]) for row in rows) for column in range(4)] if rows else [0] * 4
    lines = ["", f"{len(rounds)} rounds on {results['cores']} cores, {results['build']} build"]
    lines += [f"{title:<{widths[0]}}  {middle:>{widths[1]}}  {span:^{widths[2]}}  {note}".rstrip() for title, middle, span, note in rows]
    lines += curve(results["growth"]) if "growth" in results else []
    phases = ("complete", "sustained", "accept_alone", "drain")
    refused, lost = (sum(sum(values(rounds, f"{phase}_{what}")) for phase in phases) for what in ("refused", "lost"))
    noise = results["noise"]
    lines += [
        "",
        f"refused {refused}, accepted and not done {lost}",
        f"noise: the same loop took up to {noise['slowest_loop_over_fastest']:.2f} times its best; {noise['stolen_share']:.1%} of the cores' time was"
        f" stolen by the host; the load before was {noise['load_before']:.1f}",
    ]
    return "\n".join(lines)
