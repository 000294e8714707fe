# SPDX-License-Identifier: Apache-2.0
"""Compare Holdfast with SimGrid's mailboxes and ns-3's TCP, in one command (`make bench-peers`).

Every program is a process of its own; programs take turns, and medians over the repetitions are
told. Times are processor time, so that what else runs on the machine matters little. ns-3 is used
where it is there: with pkg-config (Debian's libns3-dev), or as the package `ns3` of the Python that
runs this or that NS3_PYTHON names; else its wheel is fetched into build/ns3 with pip. Where that
fails, or with NS3=no, its rows are skipped, with a note.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from programs import ROOT, compiled, ns3_flags
from traffics import CLIENTS, DEPTH, TRAFFICS, Traffic, fabric_scenario, requests_scenario

PROGRAM = Path(os.environ.get("HOLDFAST", ROOT / "build" / "holdfast"))
#: What `make fast` leaves, if it was made: rows of its own, beside those of the ordinary program.
GUIDED = ROOT / "build-fast" / "holdfast"

Numbers = dict[str, float]
#: A program that was run once: its numbers; None where it was not run.
Measure = Callable[[], Numbers | None]


def run(*words: str | Path) -> tuple[str, float, float]:
    """Run a program: what it printed, its seconds of processor, its largest size in MB.

    Exit status 5 is that of a run of ours that was asked to end early.
    """
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen([str(word) for word in words], stdout=out, stderr=subprocess.PIPE)
        errors = child.stderr.read() if child.stderr else b""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in (0, 5):
            sys.exit(f"{words[0]}: {errors.decode(errors='replace').strip()}")
        out.seek(0)
        return out.read().decode(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def holdfast(
    document: dict[str, Any], folder: Path, kernel: str, program: Path = PROGRAM
) -> Numbers | None:
    """Run a scenario, and once more until its first event: what that costs is the set-up.

    None: there is no such program.
    """
    if not program.is_file():
        return None
    file = folder / "scenario.json"
    file.write_text(json.dumps(document))
    words = (program, "run", file, "--kernel", kernel, "--max-memory", "64GiB", "--json")
    printed, cpu_s, size_mb = run(*words)
    result = json.loads(printed)
    _, set_up_s, _ = run(*words, "--max-events", "1")
    done = result["io"]["read"]["count"] + result["io"]["write"]["count"]
    return {
        "cpu_s": cpu_s,
        "set_up_s": set_up_s,
        "size_mb": size_mb,
        "answers_count": done,
        "events_count": result["sim"]["events"],
        "answers_per_s": done / (cpu_s - set_up_s) if done else 0.0,
        "events_per_s": result["sim"]["events"] / max(cpu_s - set_up_s, 1e-3),
    }


def peer(program: Path | None, *words: object) -> Numbers | None:
    """Run one of the peers; None: it is not there."""
    if program is None:
        return None
    printed, cpu_s, size_mb = run(program, *(str(word) for word in words))
    told = json.loads(printed)
    return {
        "cpu_s": cpu_s,
        "set_up_s": told["set_up_s"],
        "size_mb": size_mb,
        "answers_count": told["answers"],
        "messages_count": told["messages"],
        "answers_per_s": told["answers"] / told["run_s"] if told["answers"] else 0.0,
        "messages_per_s": told["messages"] / told["run_s"],
    }


def medians(programs: dict[str, Measure], repetitions: int) -> dict[str, Numbers]:
    """Run the programs in turn, so often, and return the medians of their numbers."""
    all_of: dict[str, list[Numbers]] = {name: [] for name in programs}
    for _ in range(repetitions):
        for name, measure in programs.items():
            numbers = measure()
            if numbers is not None:
                all_of[name].append(numbers)
            print(f"  {name}: {numbers or 'skipped'}", file=sys.stderr)
    return {
        name: {key: statistics.median(one[key] for one in rows) for key in rows[0]}
        for name, rows in all_of.items()
        if rows
    }


def exponent(small: Numbers, large: Numbers, key: str, ratio: float) -> float:
    """Return the power of the number of hosts with which a number grows."""
    return math.log(large[key] / small[key]) / math.log(ratio)


def requests_part(
    traffic: Traffic, folder: Path, s4u: Path | None, ns3: Path | None, times: int
) -> dict[str, Any]:
    """Run the request/response traffic on all four, and ours with large frames as well."""
    words = ("requests", CLIENTS, DEPTH, 0.05, traffic.ask_bytes, traffic.answer_bytes)
    programs: dict[str, Measure] = {
        "holdfast native": lambda: holdfast(requests_scenario(traffic, 1.0), folder, "native"),
        "holdfast native, MTU 9000": lambda: holdfast(
            requests_scenario(traffic, 1.0, 9000), folder, "native"
        ),
        "holdfast native, profile-guided": lambda: holdfast(
            requests_scenario(traffic, 1.0), folder, "native", GUIDED
        ),
        "holdfast native, profile-guided, MTU 9000": lambda: holdfast(
            requests_scenario(traffic, 1.0, 9000), folder, "native", GUIDED
        ),
        "holdfast simgrid": lambda: holdfast(requests_scenario(traffic, 0.2), folder, "simgrid"),
        "s4u mailbox": lambda: peer(s4u, *words),
        "ns-3 tcp": lambda: peer(ns3, *words),
    }
    rows = medians(programs, times)
    ours = traffic.segments() + traffic.more_segments
    segments = {
        "holdfast native": ours,
        "holdfast native, profile-guided": ours,
        "ns-3 tcp": traffic.segments(),
    }
    for name, count in segments.items():
        if name in rows:
            rows[name]["segments_per_s"] = count * rows[name]["answers_per_s"]
    return rows


def fabric_part(
    folder: Path, s4u: Path | None, ns3: Path | None, times: int, sizes: list[int]
) -> dict[str, Any]:
    """Run fabrics of several sizes: Keep Alives alone, and a node that is lost under load."""
    out: dict[str, Any] = {}
    for hosts in sizes:
        programs: dict[str, Measure] = {
            "holdfast keep-alive 10 s": partial(
                holdfast, fabric_scenario(hosts, 10.0), folder, "native"
            ),
            "holdfast node lost 60 s": partial(
                holdfast, fabric_scenario(hosts, 60.0, lost=True), folder, "native"
            ),
            "holdfast node lost 60 s, profile-guided": partial(
                holdfast, fabric_scenario(hosts, 60.0, lost=True), folder, "native", GUIDED
            ),
            "s4u star 10 s": partial(peer, s4u, "fabric", hosts, 10),
            "ns-3 tcp 10 s": partial(peer, ns3, "fabric", hosts, 10),
        }
        print(f"{hosts} hosts", file=sys.stderr)
        out[str(hosts)] = medians(programs, 1 if hosts >= 5000 else times)
    return out


def exponents_of(fabric: dict[str, Any]) -> dict[str, Numbers]:
    """Return how time and memory grow from the smallest to the largest size, by program."""
    sizes = sorted(fabric, key=int)
    if len(sizes) < 2:
        return {}
    first, last = fabric[sizes[0]], fabric[sizes[-1]]
    ratio = int(sizes[-1]) / int(sizes[0])
    return {
        name: {
            "cpu_exponent_ratio": exponent(first[name], last[name], "cpu_s", ratio),
            "size_exponent_ratio": exponent(first[name], last[name], "size_mb", ratio),
        }
        for name in first
        if name in last
    }


def tell(document: dict[str, Any], earlier: dict[str, Any] | None) -> None:
    """Print the tables, each number beside that of an earlier run."""

    def beside(path: list[str], value: float) -> str:
        old: Any = earlier
        for key in path:
            old = old.get(key) if isinstance(old, dict) else None
        return f"{value:,.4g}" + (f" ({value / old:.2f} x)" if old else "")

    for traffic, rows in document["requests"].items():
        print(f"\n| {traffic} | answers per CPU s | native is | data segments per CPU s |")
        print("| --- | ---: | ---: | ---: |")
        native = rows["holdfast native"]["answers_per_s"]
        for name, row in rows.items():
            rate = row["answers_per_s"]
            told = beside(["requests", traffic, name, "answers_per_s"], rate)
            segments = f"{row['segments_per_s']:,.4g}" if "segments_per_s" in row else ""
            print(f"| {name} | {told} | {native / rate:.1f} x | {segments} |")
    print("\n| hosts x 4 paths | program | set-up s | CPU s | MB |")
    print("| ---: | --- | ---: | ---: | ---: |")
    for hosts, rows in document["fabric"].items():
        for name, row in rows.items():
            cells = [
                beside(["fabric", hosts, name, key], row[key])
                for key in ("set_up_s", "cpu_s", "size_mb")
            ]
            print(f"| {int(hosts):,} | {name} | {' | '.join(cells)} |")
    print("\n| program | time grows with hosts to the power | memory |\n| --- | ---: | ---: |")
    for name, row in document["exponents"].items():
        print(f"| {name} | {row['cpu_exponent_ratio']:.2f} | {row['size_exponent_ratio']:.2f} |")


def main() -> None:
    """Measure, print the tables, and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--hosts", default="100,1000,10000", help="sizes of the fabrics")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "peers.json")
    parser.add_argument("--against", type=Path, help="the numbers of an earlier run")
    given = parser.parse_args()
    earlier = json.loads(given.against.read_text()) if given.against else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        s4u = compiled("s4u_peer.cpp", ["-lsimgrid"], folder)
        ns3 = compiled("ns3_peer.cpp", ns3_flags(), folder)
        if ns3 is None:
            print("ns-3 is not there: its rows are skipped", file=sys.stderr)
        sizes = [int(one) for one in given.hosts.split(",")]
        fabric = fabric_part(folder, s4u, ns3, given.repetitions, sizes)
        document = {
            "date": date.today().isoformat(),
            "requests": {
                name: requests_part(traffic, folder, s4u, ns3, given.repetitions)
                for name, traffic in TRAFFICS.items()
            },
            "fabric": fabric,
            "exponents": exponents_of(fabric),
        }
    tell(document, earlier)
    given.out.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
