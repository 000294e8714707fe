# SPDX-License-Identifier: Apache-2.0
"""Where something begins to hold: bisection of one value, under the worst of many cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike
from typing import Any

import pandas as pd

from holdfast.errors import HoldfastError, Interrupted, UsageError
from holdfast.scenario import Scenario
from holdfast.sweeping.points import Point, PointsLike, as_points, crossed
from holdfast.sweeping.runs import Progress, sweep
from holdfast.sweeping.samplers import Range, range_of


@dataclass(frozen=True)
class Threshold:
    """What :func:`threshold` found. The truth is above `low`, and not above `high`."""

    #: what was varied
    path: str
    #: the largest value tried at which a case failed, as it stands in the scenario
    low: Any
    #: the smallest value tried at which no case failed
    high: Any
    #: the middle of the two, a number in the unit of `high`
    estimate: float
    #: the cases that failed at `low`, one row each: the worst ones
    worst: pd.DataFrame
    #: every run, as :func:`sweep` returns them
    table: pd.DataFrame

    def __repr__(self) -> str:
        """Give the answer."""
        return (
            f"<Threshold of {self.path}: {self.estimate:.6g}, between {self.low} and {self.high}>"
        )


def threshold(
    base: Scenario | Mapping[str, Any] | str | PathLike[str],
    path: str,
    between: tuple[Any, Any],
    *,
    over: PointsLike | None = None,
    seeds: int | Iterable[int] | None = None,
    fails: Callable[[pd.DataFrame], Any] | None = None,
    tolerance: float = 0.01,
    executor: Executor | str | Any = None,
    jobs: int | None = None,
    progress: Progress = None,
) -> Threshold:
    """Find the value from which on no case fails: adaptive refinement around a threshold.

    >>> found = holdfast.threshold(
    ...     "least_safe_hold", "/hosts/0/policy/hold_multiplier", (0.1, 4), over=cases
    ... )
    >>> found.estimate
    2.694...

    A larger value must not let a case fail that passed: then halving the range is enough, and only
    cases that failed at the largest failing value so far are run again.

    Args:
        base: what :func:`holdfast.run` takes.
        path: the value to vary.
        between: a value at which some case fails and a larger one at which none does; numbers, or
            quantities in one unit ("1s", "20s").
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
        UsageError: nothing fails at the lower end, or something does at the upper one.
        Interrupted: Ctrl-C; its `table` has every run so far.
        HoldfastError: a run did not work.
        InvariantError: the simulator broke a promise of its own.

    """
    if not 0 < tolerance < 1:
        raise UsageError(f"tolerance: found {tolerance!r}, expected between 0 and 1")
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

    def between(self, span: Range, ends: tuple[Any, Any], tolerance: float) -> Threshold:
        """Halve a range until its ends are close."""
        low, high = 0.0, 1.0
        if self.failing(span.at(high)):
            raise UsageError(f"{self.path}: a case fails at {ends[1]!r}; raise the upper end")
        failing = self.failing(span.at(low))
        if not failing:
            raise UsageError(f"{self.path}: no case fails at {ends[0]!r}; lower the lower end")
        while span.number(high) - span.number(low) > tolerance * abs(span.number(high)):
            middle = (low + high) / 2
            if span.at(middle) in (span.at(low), span.at(high)):
                break  # The values have no finer step.
            self.cases = failing
            worse = self.failing(span.at(middle))
            if worse:
                low, failing = middle, worse
            else:
                high = middle
        table = pd.concat(self.tables, ignore_index=True)
        at_low = table[(table[self.path] == span.at(low)) & self.fails(table)]
        return Threshold(
            path=self.path,
            low=span.at(low),
            high=span.at(high),
            estimate=(span.number(low) + span.number(high)) / 2,
            worst=at_low.reset_index(drop=True),
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
        failed = [bool(one) for one in self.fails(table)]
        return [case for i, case in enumerate(self.cases) if any(failed[i * runs : (i + 1) * runs])]


def _exposed(table: pd.DataFrame) -> Any:
    return table["exposure_max_s"] > 0
