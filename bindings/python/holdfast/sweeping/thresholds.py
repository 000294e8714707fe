# SPDX-License-Identifier: Apache-2.0
"""Where something begins to hold: bisection of one value, under the worst of many cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from holdfast._arguments import Between, checked
from holdfast._crew import Jobs
from holdfast._ranges import Range, range_of
from holdfast._words import shown
from holdfast.errors import HoldfastError, Interrupted, UsageError
from holdfast.scenario import ScenarioLike
from holdfast.sweeping.points import Point, PointsLike, as_points, crossed
from holdfast.sweeping.runs import Progress, Seeds, sweep


@dataclass(frozen=True)
class Threshold:
    """What :func:`threshold` found: the truth is between `low` and `high`."""

    #: what was varied
    path: str
    #: the lower end of what is left of the range, as it stands in the scenario
    low: Any
    #: the upper end
    high: Any
    #: the middle of the two, a number in the unit of `high`
    estimate: float
    #: which of the two is the end at which no case failed: the answer, on the safe side
    safe: Any
    #: the other one, at which a case failed
    failing: Any
    #: the cases that failed at `failing`, one row each: the worst ones
    worst: pd.DataFrame
    #: every run, as :func:`sweep` returns them
    table: pd.DataFrame

    def __repr__(self) -> str:
        """Give the answer."""
        side = "from" if self.safe == self.high else "up to"
        return (
            f"<Threshold of {self.path}: {self.estimate:.6g}, between {self.low} and {self.high}; "
            f"no case fails {side} {self.safe}>"
        )


@checked
def threshold(
    base: ScenarioLike,
    path: str,
    between: Sequence[Any],
    *,
    over: PointsLike | None = None,
    seeds: Seeds | None = None,
    fails: Callable[[pd.DataFrame], Any] | None = None,
    tolerance: Annotated[float, Between(0, 1)] = 0.01,
    executor: Executor | str | Any = None,
    jobs: Jobs | None = None,
    progress: Progress = None,
) -> Threshold:
    """Find the value from which on, or up to which, no case fails: refinement around a threshold.

    >>> found = holdfast.threshold(
    ...     "least_safe_hold", "/hosts/0/policy/hold_multiplier", (0.1, 4), over=cases
    ... )
    >>> found.estimate
    2.694...

    Which of the two it is, the ends of the range tell: cases fail at one of them. The longest KATO
    with which I/O never waits for more than 15 s::

        holdfast.threshold(base, "/hosts/0/connect/*/keep_alive_tmo", ("1s", "60s", "whole"),
                           fails=lambda table: table["stall_s"] > 15).safe

    On the way from the other end to that one a case that failed must not pass again: then halving
    the range is enough, and only cases that failed at the nearest failing value are run again.

    Args:
        base: what :func:`holdfast.run` takes.
        path: the value to vary.
        between: two values, the smaller one first; at one of them some case fails, and at the other
            none. Numbers, or quantities in one unit ("1s", "20s"); with "whole" behind them whole
            units only, as for :func:`random`.
        over: the cases of which the worst counts (phases of a fault, say), as the points of
            :func:`sweep`; by default the base alone.
        seeds: of each case, as for :func:`sweep`.
        fails: tells for each row of a table whether it failed; by default whether a stale write
            could land: ``table["exposure_max_s"] > 0``.
        tolerance: how far the two ends may be apart in the end, relative to the upper one.
        executor: as for :func:`sweep`; `jobs` and `progress` too.
        jobs: as for :func:`sweep`.
        progress: as for :func:`sweep`, for each round.

    Raises:
        UsageError: something fails at both ends, or at neither.
        Interrupted: Ctrl-C; its `table` has every run so far.
        HoldfastError: a run did not work.
        InvariantError: the simulator broke a promise of its own.

    """
    search = _Search(base, path, as_points([{}] if over is None else over), fails or _exposed)
    search.seeds = list(seeds) if isinstance(seeds, Iterable) else seeds
    search.options = {"executor": executor, "jobs": jobs, "progress": progress}
    return search.between(range_of(path, between), between, tolerance)


class _Search:
    """The cases that still matter, and all that was run."""

    def __init__(
        self, base: Any, path: str, cases: list[Point], fails: Callable[[pd.DataFrame], Any]
    ) -> None:
        self.base = base
        self.path = path
        self.cases = cases
        self.fails = fails
        self.tables: list[pd.DataFrame] = []
        self.seeds: Any = None
        self.options: dict[str, Any] = {}

    def between(self, span: Range, ends: Sequence[Any], tolerance: float) -> Threshold:
        """Halve a range until its ends are close."""
        low, high = 0.0, 1.0
        at_high, at_low = self.failing(span.at(high)), self.failing(span.at(low))
        if at_high and at_low:
            raise UsageError(
                f"{self.path}: a case fails at {ends[0]!r} and at {ends[1]!r}; widen the range "
                "until none does at one of its ends"
            )
        if not at_high and not at_low:
            raise UsageError(
                f"{self.path}: no case fails at {ends[0]!r} or at {ends[1]!r}; widen the range "
                "until one does at one of its ends"
            )
        upwards = not at_high  # from the failing end to the safe one
        self.cases = at_low or at_high
        while span.number(high) - span.number(low) > tolerance * abs(span.number(high)):
            middle = (low + high) / 2
            if span.at(middle) in (span.at(low), span.at(high)):
                break  # The values have no finer step.
            worse = self.failing(span.at(middle))
            if worse:
                self.cases = worse
            if bool(worse) == upwards:
                low = middle
            else:
                high = middle
        table = pd.concat(self.tables, ignore_index=True)
        safe, failing = (high, low) if upwards else (low, high)
        at_failing = table[(table[self.path] == span.at(failing)) & self.judged(table)]
        return Threshold(
            path=self.path,
            low=span.at(low),
            high=span.at(high),
            estimate=(span.number(low) + span.number(high)) / 2,
            safe=span.at(safe),
            failing=span.at(failing),
            worst=at_failing.reset_index(drop=True),
            table=table,
        )

    def failing(self, value: Any) -> list[Point]:
        """Run the cases at a value and return those that fail with any seed."""
        points = crossed(self.cases, {self.path: [value]})
        try:
            table = sweep(self.base, points, self.seeds, **self.options)
        except Interrupted as error:
            error.table = pd.concat([*self.tables, error.table], ignore_index=True)
            raise
        errors = table["error"].dropna()
        if len(errors):
            raise HoldfastError(f"{self.path} = {value!r}: {errors.iloc[0]}")
        self.tables.append(table)
        runs = len(table) // len(self.cases)
        failed = self.judged(table)
        return [
            case for i, case in enumerate(self.cases) if failed[i * runs : (i + 1) * runs].any()
        ]

    def judged(self, table: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Ask which rows failed. What a run has no value for did not happen in it."""
        told = self.fails(table)
        one_a_row = not isinstance(told, (str, bytes)) and np.shape(told) == (len(table),)
        rows = pd.Series(told, dtype=object) if one_a_row else pd.Series(dtype=object)
        rows = rows.where(rows.notna(), False)
        if not one_a_row or not all(isinstance(one, (bool, np.bool_)) for one in rows):
            raise UsageError(
                f"fails: found {shown(told)}, expected True or False for each row, such as "
                'table["stall_s"] > 15'
            )
        return rows.to_numpy(dtype=np.bool_)


def _exposed(table: pd.DataFrame) -> Any:
    return table["exposure_max_s"] > 0
