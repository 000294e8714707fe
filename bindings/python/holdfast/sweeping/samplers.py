# SPDX-License-Identifier: Apache-2.0
"""Points drawn from ranges: at random, Latin hypercube, Sobol."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from holdfast._arguments import Whole, checked
from holdfast._words import did_you_mean, shown
from holdfast.errors import UsageError
from holdfast.seeds import Seed
from holdfast.sweeping.points import MOST_RUNS, Point, zipped

# Digits after the point that a quantity is rounded to, by its unit: times to whole nanoseconds
# (of "min" and "h", to 60 ns and 3600 ns), rates to whole bits per second, sizes to whole units,
# as a size has to be a multiple of blocks.
_DIGITS = {
    "s": 9, "ms": 6, "us": 3, "ns": 0, "min": 9, "h": 9,
    "Tbps": 12, "Gbps": 9, "Mbps": 6, "Kbps": 3, "kbps": 3, "bps": 0, "%": 6,
    "B": 0, "KiB": 0, "MiB": 0, "GiB": 0, "TiB": 0, "kB": 0, "MB": 0, "GB": 0, "TB": 0,
    "k": 0, "m": 0, "g": 0, "t": 0,
}  # fmt: skip
_WORDS = ("log", "whole")
_LARGEST = 1e150  # The ratio of two ends is a number, too.
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z%]+)")


#: How many points, and what is drawn for each.
Points: TypeAlias = Annotated[int, Whole(1, MOST_RUNS)]
Ranges: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, and how a number in between is written."""

    low: float
    high: float
    log: bool
    whole: bool
    write: Callable[[float], Any]

    def number(self, fraction: float) -> float:
        """Return the number at a fraction, 0 to 1, of the way."""
        # Each whole number gets the stretch of one, the ends as well.
        low = self.low if self.log or not self.whole else self.low - 0.5
        high = self.high if self.log or not self.whole else self.high + 0.5
        value = low * (high / low) ** fraction if self.log else low + (high - low) * fraction
        if self.whole:
            value = math.floor(value + 0.5)
        return min(max(value, self.low), self.high)

    def at(self, fraction: float) -> Any:
        """Return the same as it stands in a scenario."""
        return self.write(self.number(fraction))


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


def range_of(path: str, given: Any) -> Range:
    """Return the range that (low, high) and words behind it mean; `path` is for errors."""
    wrong = f"ranges: {path}: found {shown(given)}, expected "
    shape = '(low, high), and behind them "log", "whole" or both'
    if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
        raise UsageError(wrong + shape)
    words = list(given[2:])
    if len(given) < 2 or any(words.count(word) != 1 or word not in _WORDS for word in words):
        raise UsageError(wrong + shape)
    low, high, write = _ends(wrong, given[0], given[1])
    if not low < high:
        raise UsageError(wrong + "a low end below the high end")
    if "log" in words and low <= 0:
        raise UsageError(wrong + "a low end above 0 for a logarithmic scale")
    return Range(low, high, "log" in words, write is int or "whole" in words, write)


def _ends(wrong: str, low: Any, high: Any) -> tuple[float, float, Callable[[float], Any]]:
    if isinstance(low, str) and isinstance(high, str):
        first, last = _QUANTITY.fullmatch(low), _QUANTITY.fullmatch(high)
        if first is None or last is None or first[2] != last[2]:
            raise UsageError(wrong + 'two quantities in one unit, such as ("1s", "15s")')
        unit = first[2]
        if unit not in _DIGITS:
            raise UsageError(wrong + "a known unit" + did_you_mean(unit, _DIGITS))
        return _float(first[1], wrong), _float(last[1], wrong), lambda value: _quantity(value, unit)
    for one in (low, high):
        if isinstance(one, bool) or not isinstance(one, (int, float)):
            raise UsageError(wrong + "two numbers, or two quantities in one unit")
        if not abs(one) <= _LARGEST:  # NaN is not, either
            raise UsageError(wrong + f"two numbers of at most {_LARGEST:g}")
    return low, high, int if isinstance(low, int) and isinstance(high, int) else float


def _float(digits: str, wrong: str) -> float:
    if not float(digits) <= _LARGEST:
        raise UsageError(wrong + f"two quantities of at most {_LARGEST:g} units")
    return float(digits)


def _quantity(value: float, unit: str) -> str:
    digits = f"{Decimal(value):.{_DIGITS[unit]}f}"
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + unit
