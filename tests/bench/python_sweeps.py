# SPDX-License-Identifier: Apache-2.0
"""What a sweep costs: one run and its parts, a process for each run, one thread and two.

Run it from the tree with the package installed: `.venv/bin/python tests/bench/python_sweeps.py`
prints JSON, from which `make performance-page` makes its tables. Ratios are of figures taken in
turn in the same run; each is a median.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import holdfast
from holdfast import Scenario, World, _core

#: 20 simulated seconds, 100 I/Os per second, a path lost at 5 s: what sweeps are mostly made of.
FAILOVER = (
    Scenario.load("quickstart")
    .set("/duration", "20s")
    .set("/workloads", [holdfast.parts.fio(host="h1", rw="randrw", rate_iops=100)])
    .set("/faults", [holdfast.parts.blackhole(at="5s", link="h1-s1")])
    .set("/expect", {})
)
#: 30 simulated seconds of rw_test alone.
RW_TEST = (
    Scenario.load("rw_test_mainline")
    .set("/duration", "30s")
    .set("/workloads", [holdfast.parts.rw_test(host="h1", iterations=3)])
    .set("/expect", {})
)


def seconds(work: Callable[[], object]) -> float:
    """Return how long something takes, on the wall clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median_ms(work: Callable[[], object], times: int = 51) -> float:
    """Return the median of many times, in milliseconds."""
    return statistics.median(seconds(work) for _ in range(times)) * 1e3


def one_run() -> dict[str, Any]:
    """Say where the milliseconds of one run go."""
    text, source = FAILOVER._text(), FAILOVER.source
    world = World(FAILOVER)
    world.run()
    document = world._core.result()
    base = _core.Base(text, source, (_core.default_max_events, _core.default_max_memory))
    parts = {
        "check the scenario": median_ms(lambda: _core.check(text, source)),
        "build the world": median_ms(lambda: World(FAILOVER)),
        "build and simulate": median_ms(lambda: World(FAILOVER).run_until("20s")),
        "result document": median_ms(world._core.result),
        "Python dictionary": median_ms(lambda: json.loads(document)),
        "holdfast.run, all of it": median_ms(lambda: holdfast.run(FAILOVER)),
        "one point of a sweep": median_ms(lambda: base.run([([], 1)], None)),
    }
    return {"events": holdfast.run(FAILOVER).sim.events, "parts_ms": parts}


def against_processes(runs: int, processes: int) -> dict[str, Any]:
    """Compare a sweep with a process for each run, two at a time in both cases."""
    program = Path(sys.executable).with_name("holdfast")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rw_test_30s.json"
        RW_TEST.save(file)

        def spawn(seed: int) -> None:
            subprocess.run(
                [program, "run", file, "--kernel", "native", "--seed", str(seed), "--json"],
                check=True,
                stdout=subprocess.DEVNULL,
            )

        with ThreadPoolExecutor(2) as pool:
            each = seconds(lambda: list(pool.map(spawn, range(processes)))) / processes
    total = seconds(lambda: holdfast.sweep(RW_TEST, [{}], seeds=runs, progress=False, jobs=2))
    return {
        "runs": runs,
        "sweep_s": total,
        "run_ms": total / runs * 1e3,
        "process_ms": each * 1e3,
        "processes": processes,
        "process_ratio": each * runs / total,
    }


def threads(runs: int) -> dict[str, Any]:
    """Compare one thread with two, in turn."""
    ratios = []
    for _ in range(5):
        times = [
            seconds(lambda j=j: holdfast.sweep(RW_TEST, [{}], seeds=runs, progress=False, jobs=j))
            for j in (1, 2)
        ]
        ratios.append(times[0] / times[1])
    return {"two_threads_ratio": statistics.median(ratios)}


def measure(runs: int = 10_000, processes: int = 200) -> dict[str, Any]:
    """Measure everything."""
    sweep = against_processes(runs, processes) | threads(runs // 4)
    return {"one_run": one_run(), "sweep": sweep}


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=200)
    options = parser.parse_args()
    print(json.dumps(measure(options.runs, options.processes), indent=2))


if __name__ == "__main__":
    main()
