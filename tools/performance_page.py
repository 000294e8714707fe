#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/performance.md: the text of its template, and the numbers of the benchmark.

Usage: python3 tools/performance_page.py [--again]

Measures with build/holdfast_bench and tests/bench/python_sweeps.py, keeps what they say in
build/performance.json, and puts it into docs/performance.md.in, in which ``{{NAME}}`` is one of the
tables below. What runs beside peers is kept in the tree: `make bench-peers KEEP=1` measures it.
Counts of instructions are those that the tree states; by them a test tells whether the page is old.
With --again nothing is measured: for a change of the text.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from instructions import BASELINE, PROGRAM, ROOT

TEMPLATE = ROOT / "docs" / "performance.md.in"
PAGE = ROOT / "docs" / "performance.md"
KEPT = ROOT / "build" / "performance.json"
#: What `make bench-peers KEEP=1` measured.
PEERS = ROOT / "tests" / "bench" / "peers" / "measured.json"
FIELD = re.compile(r"\{\{(\w+)\}\}")
#: Namespaces that take less than this share of every run are not worth a line.
SMALL = 0.01


def measure() -> dict[str, Any]:
    """Run both benchmarks; one bar that does not hold is told by the page, not here."""
    load = os.getloadavg()[0]
    bench = subprocess.run([PROGRAM, "--json"], cwd=ROOT, stdout=subprocess.PIPE, check=False)
    if bench.returncode not in (0, 1):
        raise SystemExit(bench.returncode)
    sweeps = subprocess.run([sys.executable, ROOT / "tests" / "bench" / "python_sweeps.py"],
                            cwd=ROOT, stdout=subprocess.PIPE, check=True)  # fmt: skip
    return {
        "date": date.today().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": load,
        "bench": json.loads(bench.stdout),
        "python": json.loads(sweeps.stdout),
    }


def processor() -> str:
    """Return the name of the processor, as the kernel says it."""
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else "an unknown processor"


def digits(value: float) -> str:
    """Return three significant digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """Return a table of Markdown; the first columns are text, the others numbers."""
    rule = ["---"] * texts + ["---:"] * (len(head) - texts)
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *rows))


def taken(kept: dict[str, Any]) -> str:
    """Return when, on what and with which build."""
    day, build = date.fromisoformat(kept["date"]), kept["bench"]["build"]
    return (
        f"{day.day} {day:%B %Y}, {kept['cores']} cores ({kept['processor']}), "
        f"load {kept['load']:.1f} when it began, compiler {build['compiler']} `{build['flags']}`, "
        f"SimGrid {kept['bench']['simgrid']}, medians of {kept['bench']['repetitions']}."
    )


def rates(kept: dict[str, Any]) -> str:
    """Return packet-hops per second, on each engine."""
    rows = []
    for load in kept["bench"]["packet_hops"]:
        in_flight = f"{load['in_flight']:,}"
        for one in load["kernels"]:
            messages = one.get("messages_per_s")
            rows.append([
                in_flight,
                one["kernel"],
                digits(one["hops_per_s"] / 1e6) + " M",
                digits(messages / 1e6) + " M" if messages else "",
                "" if one["kernel"] == "native" else digits(one["native_is_ratio"]) + " x",
                f"{one['allocations_per_hop_ratio']:.1f}",
            ])  # fmt: skip
            in_flight = ""
    head = [
        "in flight",
        "kernel",
        "packet-hops/s",
        "messages/s",
        "native is",
        "allocations per hop",
    ]
    return markdown(head, rows, 2)


def copies(kept: dict[str, Any]) -> str:
    """Return what copies of worlds take."""
    worlds: dict[str, dict[str, Any]] = {}
    for one in kept["bench"]["copies"]:
        worlds.setdefault(one["world"], {"packets": one["packets"]})[one["memory"]] = one["copy_us"]
    rows = [
        [name, f"{w['packets']:,}", digits(w["kept"]) + " us", digits(w["returned"]) + " us"]
        for name, w in worlds.items()
    ]
    head = ["copy of a world", "packets in flight", "freed memory kept", "returned"]
    return markdown(head, rows)


def models(kept: dict[str, Any]) -> str:
    """Return how fast whole scenarios run."""
    rows = [
        [one["run"], digits(one["run_ms"]) + " ms", digits(one["events_per_s"] / 1e6) + " M",
         digits(one["speed_up_ratio"])]
        for one in kept["bench"]["models"]
    ]  # fmt: skip
    return markdown(["whole model, native", "time", "events/s", "simulated s per s"], rows)


def bars(kept: dict[str, Any]) -> str:
    """Return the bounds, and whether they hold."""
    rows = []
    for one in kept["bench"]["bars"]:
        side = "min" if "min" in one else "max"
        bound = f"{'at least' if side == 'min' else 'under'} {one[side]:g}"
        rows.append([one["name"], digits(one["value"]), bound, one["status"]])
    return markdown(["bar", "value", "bound", ""], rows)


def counts(counted: dict[str, Any]) -> str:
    """Return the instructions that the tree states."""
    rows = [
        [piece["name"], f"{piece['instructions']:,}",
         f"{piece['events']:,}" if "trace_hash" in piece else "",
         f"{piece['instructions'] / piece['events']:,.0f}" if "trace_hash" in piece else ""]
        for piece in counted["counted"]
    ]  # fmt: skip
    return markdown(["work", "instructions", "events", "instructions per event"], rows)


def shares(counted: dict[str, Any]) -> str:
    """Return which namespaces the instructions of the runs are in."""
    runs = [piece for piece in counted["counted"] if "trace_hash" in piece]
    share = {
        room: [run["rooms"].get(room, 0) / run["instructions"] for run in runs]
        for room in sorted({room for run in runs for room in run["rooms"]})
    }
    large = [room for room in share if max(share[room]) >= SMALL]
    large.sort(key=lambda room: -share[room][0])
    rows = [[f"`{room}`", *(f"{100 * one:.1f} %" for one in share[room])] for room in large]
    return markdown(["namespace", *(run["name"] for run in runs)], rows)


def python_run(kept: dict[str, Any]) -> str:
    """Return where the time of one run from Python goes."""
    one = kept["python"]["one_run"]
    rows = [[name, digits(ms) + " ms"] for name, ms in one["parts_ms"].items()]
    return markdown(
        [f"one run, 20 simulated s at 100 IOPS, {one['events']:,} events", "time"], rows
    )


def python_sweep(kept: dict[str, Any]) -> str:
    """Return what a sweep takes, and what the same takes without one."""
    one = kept["python"]["sweep"]
    rows = [
        [f"{one['runs']:,} runs, 2 threads", digits(one["sweep_s"]) + " s"],
        ["a run of it", digits(one["run_ms"]) + " ms"],
        ["a process for each run, two at a time",
         f"{digits(one['process_ms'])} ms, {digits(one['process_ratio'])} x"],
        ["2 threads against 1", digits(one["two_threads_ratio"]) + " x"],
    ]  # fmt: skip
    return markdown(["sweep of rw_test, 30 simulated s", ""], rows)


def peers(kept: dict[str, Any]) -> str:
    """Return what each program does in a second of processor with the same requests."""
    tables = []
    for traffic, programs in kept["peers"]["requests"].items():
        native = programs["holdfast native"]["answers_per_s"]
        rows = [
            [name, f"{row['answers_per_s']:,.0f}", digits(native / row["answers_per_s"]) + " x",
             f"{row['segments_per_s']:,.0f}" if "segments_per_s" in row else ""]
            for name, row in programs.items()
        ]  # fmt: skip
        head = [traffic, "answers per CPU s", "native is", "data segments per CPU s"]
        tables.append(markdown(head, rows))
    return "\n\n".join(tables)


def fabrics(kept: dict[str, Any]) -> str:
    """Return what fabrics of many hosts take."""
    rows = [
        [f"{int(hosts):,}", name, digits(row["set_up_s"]), digits(row["cpu_s"]),
         f"{row['size_mb']:,.0f}"]
        for hosts, programs in kept["peers"]["fabric"].items()
        for name, row in programs.items()
    ]  # fmt: skip
    return markdown(["hosts x 4 paths", "program", "set-up s", "CPU s", "MB"], rows, 2)


def growth(kept: dict[str, Any]) -> str:
    """Return the powers of the number of hosts."""
    rows = [
        [name, f"{row['cpu_exponent_ratio']:.2f}", f"{row['size_exponent_ratio']:.2f}"]
        for name, row in kept["peers"]["exponents"].items()
    ]
    return markdown(["grows with hosts to the power", "time", "memory"], rows)


MEASURED: dict[str, Callable[[dict[str, Any]], str]] = {
    "taken": taken,
    "rates": rates,
    "copies": copies,
    "models": models,
    "bars": bars,
    "python_run": python_run,
    "python_sweep": python_sweep,
    "peers": peers,
    "fabrics": fabrics,
    "growth": growth,
}
COUNTED: dict[str, Callable[[dict[str, Any]], str]] = {"counts": counts, "shares": shares}


def render(template: str, kept: dict[str, Any], counted: dict[str, Any]) -> str:
    """Return the page: the template with its tables."""

    def field(found: re.Match[str]) -> str:
        name = found[1]
        return COUNTED[name](counted) if name in COUNTED else MEASURED[name](kept)

    return FIELD.sub(field, template)


def main(arguments: Sequence[str]) -> int:
    """Measure, unless told not to, and write the page."""
    parser = argparse.ArgumentParser(description="Makes docs/performance.md anew.")
    parser.add_argument("--again", action="store_true", help=f"from {KEPT.name}, without measuring")
    given = parser.parse_args(arguments)
    if not given.again:
        KEPT.write_text(json.dumps(measure(), indent=2) + "\n", encoding="utf-8")
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    kept["peers"] = json.loads(PEERS.read_text(encoding="utf-8"))
    counted = json.loads(BASELINE.read_text(encoding="utf-8"))
    PAGE.write_text(render(TEMPLATE.read_text(encoding="utf-8"), kept, counted), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
