# SPDX-License-Identifier: Apache-2.0
"""Compare Holdfast with SimGrid's mailboxes and ns-3's TCP, in one command (`make bench-peers`).

Every program is a process of its own; programs take turns, and medians over the repetitions are
told. Times are processor time, so that what else runs on the machine matters little. ns-3 is used
where it is there: with pkg-config (Debian's libns3-dev), or as the package `ns3` of the Python that
runs this or that NS3_PYTHON names; else its rows are skipped, with a note.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PROGRAM = Path(os.environ.get("HOLDFAST", ROOT / "build" / "holdfast"))
CLIENTS, DEPTH = 8, 8
TOO_LONG_S = 600

Numbers = dict[str, float]
#: A program that was run once: its numbers; None where it was not run.
Measure = Callable[[], Numbers | None]


def run(*words: str | Path) -> tuple[str, float, float]:
    """Run a program: what it printed, its seconds of processor, its largest size in MB."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen([str(word) for word in words], stdout=out, stderr=subprocess.PIPE)
        errors = child.stderr.read() if child.stderr else b""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{words[0]}: {errors.decode(errors='replace').strip()}")
        out.seek(0)
        return out.read().decode(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def requests_scenario(seconds: float) -> dict[str, Any]:
    """Clients behind one switch, each with so many reads of 4 KiB in flight."""
    return {
        "name": "requests",
        "duration": f"{seconds:.9f}s",
        "fabric": {
            "links": [
                {"count": CLIENTS, "name": "l{i}", "ends": ["h{i}", "s0"]},
                {"name": "trunk", "ends": ["s0", "a0"], "rate": "100Gbps"},
            ]
        },
        "subsystems": [
            {
                "name": "store",
                "ports": ["a0"],
                "namespaces": [{"size": "1GiB", "media": {"read": "1ns", "write": "1ns"}}],
            }
        ],
        "hosts": [
            {
                "count": CLIENTS,
                "name": "h{i}",
                "cpus": 1,
                "connect": [{"subsystem": "store", "port": "a0", "at": "{i}us"}],
            }
        ],
        "workloads": [
            {
                "count": CLIENTS,
                "type": "fio",
                "host": "h{i}",
                "rw": "randread",
                "iodepth": DEPTH,
                "start": "{10000 + i}us",
            }
        ],
    }


def load_and_loss(hosts: int) -> dict[str, Any]:
    """A write at a time for each host, and one of two nodes that crashes."""
    return {
        "workloads": [
            {
                "count": hosts,
                "type": "fio",
                "host": "h{i}",
                "rw": "randwrite",
                "thinktime": "100ms",
                "size": "1MiB",
                "offset": "{i % 1024}MiB",
                "start": "{2000000 + 7 * i}us",
            }
        ],
        "faults": [
            {
                "type": "node",
                "at": "9s",
                "for": "20s",
                "subsystem": "store",
                "node": "n1",
                "state": "crash",
            }
        ],
    }


def fabric_scenario(hosts: int, seconds: float, *, lost: bool = False) -> dict[str, Any]:
    """Hosts with four paths that send Keep Alives; with a load and a node that is lost, or not."""
    document: dict[str, Any] = {
        "name": f"fabric{hosts}",
        "duration": f"{seconds:.9f}s",
        "fabric": {
            "links": [
                {"count": 2 * hosts, "name": "l{i}", "ends": ["h{i / 2}", "s{i % 2}"]},
                {
                    "count": 4,
                    "name": "t{i}",
                    "ends": ["s{i % 2}", "a{i}"],
                    "rate": "400Gbps",
                    "queue": "64MiB",
                },
            ]
        },
        "subsystems": [
            {
                "name": "store",
                "profile": "array",
                "ports": ["a0", "a1", "a2", "a3"],
                "nodes": [
                    {"name": "n1", "ports": ["a0", "a1"]},
                    {"name": "n2", "ports": ["a2", "a3"]},
                ],
                "namespaces": [{"size": "1GiB"}],
            }
        ],
        "hosts": [
            {
                "count": hosts,
                "name": "h{i}",
                "cpus": 1,
                "policy": "tp8028-v3",
                "iopolicy": "round-robin",
                "connect": [
                    {
                        "count": 4,
                        "subsystem": "store",
                        "port": "a{j}",
                        "at": "{5 * i + j}us",
                        "queue_size": 16,
                    }
                ],
            }
        ],
    }
    return {**document, **load_and_loss(hosts)} if lost else document


def holdfast(document: dict[str, Any], folder: Path, kernel: str) -> Numbers:
    """Run a scenario, and one like it that ends at once: what the second costs is the set-up."""
    file = folder / "scenario.json"
    file.write_text(json.dumps(document))
    words = (PROGRAM, "run", file, "--kernel", kernel, "--max-memory", "64GiB", "--json")
    printed, cpu_s, size_mb = run(*words)
    result = json.loads(printed)
    begin = {key: value for key, value in document.items() if key not in ("workloads", "faults")}
    file.write_text(json.dumps({**begin, "duration": "1ns"}))
    _, set_up_s, _ = run(*words)
    reads = result["io"]["read"]["count"]
    return {
        "cpu_s": cpu_s,
        "set_up_s": set_up_s,
        "size_mb": size_mb,
        "answers_count": reads,
        "events_count": result["sim"]["events"],
        "answers_per_s": reads / (cpu_s - set_up_s) if reads else 0.0,
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


def ns3_flags() -> list[str] | None:
    """Return how to compile against ns-3; None: it is not installed."""
    modules = ["core", "network", "internet", "point-to-point"]
    if shutil.which("pkg-config"):
        names = [f"libns3-{one}" for one in modules] + [f"ns3-{one}" for one in modules]
        for some in (names[: len(modules)], names[len(modules) :]):
            done = subprocess.run(
                ["pkg-config", "--cflags", "--libs", *some],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0:
                return done.stdout.split()
    python = os.environ.get("NS3_PYTHON", sys.executable)
    found = subprocess.run(
        [python, "-c", "import importlib.util as u; print(u.find_spec('ns3').origin)"],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode != 0:
        return None
    home = Path(found.stdout.strip()).parent
    folders = [one for one in (home / "lib64", home / "lib") if one.is_dir()]
    libraries = [
        library
        for folder in folders
        for one in modules
        for library in sorted(folder.glob(f"libns3*-{one}*.so"))
        if library.name.endswith((f"-{one}.so", f"-{one}-optimized.so", f"-{one}-release.so"))
    ]
    flags = ["-I", str(home / "include"), *(str(one) for one in libraries)]
    return [*flags, *(f"-Wl,-rpath,{folder}" for folder in folders)]


def compiled(source: str, flags: list[str] | None, folder: Path) -> Path | None:
    """Compile a peer; None where there are no flags for it."""
    if flags is None:
        return None
    out = folder / Path(source).stem
    compiler = os.environ.get("CXX", "c++")
    words = [compiler, "-std=c++20", "-O3", "-DNDEBUG", "-I", str(ROOT), str(HERE / source)]
    done = subprocess.run(
        [*words, "-o", str(out), *flags], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        print(
            f"{source} was not compiled, so it is skipped:\n{done.stderr[:2000]}", file=sys.stderr
        )
        return None
    return out


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


def requests_part(folder: Path, s4u: Path | None, ns3: Path | None, times: int) -> dict[str, Any]:
    """Run the request/response traffic on all four."""
    programs: dict[str, Measure] = {
        "holdfast native": lambda: holdfast(requests_scenario(1.0), folder, "native"),
        "holdfast simgrid": lambda: holdfast(requests_scenario(0.2), folder, "simgrid"),
        "s4u mailbox": lambda: peer(s4u, "requests", CLIENTS, DEPTH, 0.05),
        "ns-3 tcp": lambda: peer(ns3, "requests", CLIENTS, DEPTH, 0.05),
    }
    return medians(programs, times)


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

    print("| 4 KiB requests | answers per CPU s | native is |\n| --- | ---: | ---: |")
    native = document["requests"]["holdfast native"]["answers_per_s"]
    for name, row in document["requests"].items():
        rate = row["answers_per_s"]
        told = beside(["requests", name, "answers_per_s"], rate)
        print(f"| {name} | {told} | {native / rate:.1f} x |")
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
            "requests": requests_part(folder, s4u, ns3, given.repetitions),
            "fabric": fabric,
            "exponents": exponents_of(fabric),
        }
    tell(document, earlier)
    given.out.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
