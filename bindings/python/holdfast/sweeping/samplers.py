# SPDX-License-Identifier: Apache-2.0
"""Points drawn from ranges: at random, Latin hypercube, Sobol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from holdfast._arguments import Whole, checked
from holdfast._ranges import Range, range_of
from holdfast.errors import UsageError
from holdfast.seeds import Seed
from holdfast.sweeping.points import MOST_RUNS, Point, zipped

#: How many points, and what is drawn for each.
Points: TypeAlias = Annotated[int, Whole(1, MOST_RUNS)]
Ranges: TypeAlias = Mapping[str, Any]


@checked
def random(n: Points, ranges: Ranges, *, seed: Seed = 1) -> list[Point]:
    """Return `n` points drawn at random, independently of each other.

    Args:
        n: how many, from 1.
        ranges: path -> (low, high), or (low, high, "log") to draw the logarithm evenly. Two
            quantities in one unit, ``("1s", "15s")``, give quantities in that unit (times rounded
            to nanoseconds, rates to bits per second, sizes to the unit; to whole units with
            ``("1s", "15s", "whole")``, also after "log"); two integers give integers; other
            numbers give numbers. Whole values include both ends.
        seed: of the draw, not of the runs.

    Raises:
        UsageError: a range makes no sense.

    """
    import numpy as np

    checked = _check(ranges)
    return _points(checked, np.random.default_rng(seed).random((n, len(checked))).tolist())


@checked
def latin_hypercube(n: Points, ranges: Ranges, *, seed: Seed = 1) -> list[Point]:
    """Return `n` points of which each axis has one in each of `n` equal slices.

    Args and errors are those of :func:`random`.
    """
    from scipy.stats import qmc

    checked = _check(ranges)
    return _points(checked, qmc.LatinHypercube(len(checked), rng=seed).random(n).tolist())


@checked
def sobol(n: Points, ranges: Ranges, *, seed: Seed = 1) -> list[Point]:
    """Return the first `n` points of a scrambled Sobol sequence: even, however many axes.

    Args and errors are those of :func:`random`; `n` is a power of two, as the sequence is even only
    at these lengths.
    """
    from scipy.stats import qmc

    checked = _check(ranges)
    if len(checked) > qmc.Sobol.MAXDIM:
        raise UsageError(f"ranges: found {len(checked)}, expected at most {qmc.Sobol.MAXDIM}")
    if n & (n - 1):
        raise UsageError(f"sobol: found n = {n}, expected a power of two")
    return _points(checked, qmc.Sobol(len(checked), rng=seed).random(n).tolist())


def _check(ranges: Ranges) -> dict[str, Range]:
    if not ranges:
        raise UsageError("ranges: found none, expected {path: (low, high)}")
    return {path: range_of(path, given) for path, given in ranges.items()}


def _points(ranges: Mapping[str, Range], fractions: list[list[float]]) -> list[Point]:
    columns = zip(*fractions, strict=True)
    return zipped(
        {
            path: [one.at(fraction) for fraction in column]
            for (path, one), column in zip(ranges.items(), columns, strict=True)
        }
    )
