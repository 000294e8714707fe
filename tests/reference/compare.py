# SPDX-License-Identifier: Apache-2.0
"""Simulates what was measured on a real Linux host and target, and compares.

    python tests/reference/compare.py              # every number
    python tests/reference/compare.py --failures   # only what is out of bounds
    python tests/reference/compare.py --write      # the tables of docs/validity.md
    python tests/reference/compare.py b_sweep ...  # only these scenarios, by the start of a name

Each run of an experiment is simulated from the state of that very run (tests/reference/extract.py),
so that the numbers can be compared one by one instead of as ranges over unknown phases.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import observe

ROOT = Path(__file__).resolve().parents[2]
#: Two jiffies: one for the machine's one processor of 500 MIPS, whose work the simulation does in
#: no time, and one for the tick that such a delay may miss.
NEAR_S = 0.008
PERCENT = 0.05
#: Numbers that are out of bounds for a reason that is known and not modelled, by experiment and
#: name. They are shown as such; any other is an error.
OTHER_PATH = (
    "a neighbour of the other path is confirmed during the second attempt, which makes the host "
    "look again: what is left of its 3 s then is on a finer level of the wheel, 3.008 s in place "
    "of 3.072 s, and all later attempts come a step earlier; when that happens is drawn at random "
    "by the neighbour table"
)
WORK = "to free a queue pair takes nvmet-rdma 3 ms of processor time"
REJECTED = (
    "an attempt that is rejected takes soft-RoCE 4 to 9 ms of processor time, most of it for the "
    "route, and those of several add up"
)
RUNNING = (
    "a grace period that begins as another one ends need not be noticed at a tick first, and takes "
    "8 ms in place of 12; whether one does depends on what else waits for RCU"
)
RACE = (
    "whether the first write is requeued before the controller leaves LIVE is a race of two work "
    "queues; it was measured both ways, and here it always is"
)
NAMESPACES = (
    "before a namespace waits for its I/O its removal takes 36 ms more (SRCU, sysfs, the freeze), "
    "which hide behind I/O where some is in flight"
)
ONE_BY_ONE = (
    "the fourth stuck write was submitted 80 ms after the others and timed out by itself, 12 ms "
    "later; the simulated load has a fixed rate and submits it earlier"
)
NOT_MODELLED = {
    ("rb", "attempts_failed_s"): OTHER_PATH,
    ("rb", "reconnected_s"): OTHER_PATH,
    ("re", "target_gone_s"): WORK,
    ("rf", "target_gone_s"): NAMESPACES,
    ("rf-target", "target_gone_s"): WORK,
    ("rf-target", "attempts_failed_s"): REJECTED,
    ("fa-tport", "io_errors"): RACE,
    ("fb-reset", "target_gone_s"): RUNNING,
    ("fc", "attempts_s"): RUNNING,
    ("fc", "reconnected_s"): RUNNING,
    ("ca", "failover_done_s"): ONE_BY_ONE,
    ("ca", "removed_s"): ONE_BY_ONE,
}
#: Where the measurements are.
FILES = ("measured", "measured_more", "measured_fabrics")
#: What was measured in real time on two emulated machines is good to this (README of the data).
REAL_TIME_S = 0.1
#: The poll that sees a stale version looks every 10 ms.
POLL_S = 0.012

Json = dict[str, Any]


@dataclass(frozen=True)
class Bound:
    """How far a simulated number may be from the measured one."""

    absolute: float = math.inf
    ratio: float = math.inf  #: either may be this many times the other
    spread: tuple[float, float] | None = None  #: or it is between these, repetitions of one run

    def holds(self, measured: float, simulated: float) -> bool:
        """Tell whether the simulation is near enough."""
        if self.spread is not None and self.spread[0] <= simulated <= self.spread[1]:
            return True
        if math.isinf(self.ratio):
            return abs(simulated - measured) <= self.absolute
        return max(measured, simulated) <= self.ratio * min(measured, simulated)


@dataclass(frozen=True)
class Row:
    """One number, or one list of numbers, measured and simulated."""

    experiment: str
    run: str
    what: str
    measured: Any
    simulated: Any
    bound: Bound

    @property
    def pairs(self) -> list[tuple[float, float]]:
        """Return measured and simulated numbers; empty: they cannot be compared."""
        a, b = _numbers(self.measured), _numbers(self.simulated)
        return list(zip(a, b, strict=True)) if len(a) == len(b) else []

    @property
    def error(self) -> float | None:
        """Return the largest difference, simulated less measured."""
        return max((b - a for a, b in self.pairs), key=abs, default=None)

    @property
    def excuse(self) -> str | None:
        """Return which mechanism is missing if that explains what is out of bounds."""
        return None if self.passes else NOT_MODELLED.get((self.experiment, self.what))

    @property
    def passes(self) -> bool:
        """Tell whether all its numbers are near enough."""
        return bool(self.pairs) and all(self.bound.holds(a, b) for a, b in self.pairs)


def _numbers(value: Any) -> list[float]:
    if value is None:
        return []
    if isinstance(value, list):
        return [x for v in value for x in _numbers(v)]
    return [float(value)]


def bound_of(experiment: str, what: str, measured: Json) -> Bound:
    """Return the bound of one number of a run."""
    if experiment.startswith("c-") or experiment == "rc":
        return _bound_of_loss(what, measured)
    if not what.endswith("_s"):
        return Bound(0.0)  # counts and verdicts
    if experiment == "d2_bh":
        return Bound(max(REAL_TIME_S, PERCENT * measured[what]))
    if what == "stale_visible_s":
        return Bound(POLL_S)
    # A margin is the difference of two times; near zero a part of it means nothing.
    smallest = min((abs(x) for x in _numbers(measured[what])), default=0.0)
    relative = math.inf if what in {"margin_s", "host_notices_s"} else PERCENT * smallest
    return Bound(min(NEAR_S, relative))


def _bound_of_loss(what: str, measured: Json) -> Bound:
    depth, loss = measured["queue_depth"], measured["loss_percent"]
    ratio = math.inf
    if depth == 1:
        ratio = {"mean_us": 1.15, "p99_us": 1.3}.get(what, math.inf)
    elif loss >= 5.0 and what in {"mean_us", "p99_us"}:
        ratio = 1.5
    low, high = measured[f"{what}_range"]
    return Bound(ratio=ratio, spread=(low, high))


def experiments() -> list[Json]:
    """Return what was measured."""
    files = [Path(__file__).parent / f"{name}.json" for name in FILES]
    return [e for path in files for e in json.loads(path.read_text())["experiments"]]


def rows_of(experiment: Json) -> Iterator[Row]:
    """Simulate the runs of one experiment and set the numbers side by side."""
    name = experiment["experiment"]
    scenario = ROOT / "scenarios" / "reference" / f"{experiment['scenario']}.json"
    for run in experiment["runs"]:
        measured = run["measured"]
        simulated = observe.run(scenario, run["set"], measured)
        for what in measured:
            if what in observe.GIVEN or what.endswith("_range"):
                continue
            bound = bound_of(name, what, measured)
            yield Row(name, run["run"], what, measured[what], simulated.get(what), bound)


def shown(value: Any) -> str:
    """Return a value for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    if isinstance(value, list):
        if value and isinstance(value[0], list):
            return ", ".join(f"{n} x {shown(v)}" for n, v in value)
        return ", ".join(shown(v) for v in value)
    return "-" if value is None else str(value)


def table(rows: list[Row]) -> str:
    """Return a table for people who look for what is wrong."""
    lines = []
    for row in rows:
        error = "" if row.error is None else f"{row.error:+.4f}"
        verdict = "" if row.passes else "  <-- out of bounds"
        lines.append(
            f"{row.run:22} {row.what:22} {shown(row.measured)} | {shown(row.simulated)} "
            f"{error}{verdict}"
        )
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print or write what is asked for."""
    names = tuple(a for a in arguments if not a.startswith("-"))
    chosen = [e for e in experiments() if not names or e["scenario"].startswith(names)]
    rows = [row for e in chosen for row in rows_of(e)]
    failed = [row for row in rows if not row.passes and row.excuse is None]
    if "--write" in arguments:
        import pages  # imports this module

        pages.write(rows)
    print(table(failed if "--failures" in arguments else rows))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
