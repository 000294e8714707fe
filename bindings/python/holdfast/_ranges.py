# SPDX-License-Identifier: Apache-2.0
"""What lies between two numbers or quantities, and how it is written."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from holdfast._words import did_you_mean, shown
from holdfast.errors import UsageError

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
