# SPDX-License-Identifier: Apache-2.0
"""Statistics of sweeps: intervals, paired differences, and when to stop.

They take the table that a sweep returns, or plain sequences of numbers. A missing value (the run
failed, or what the column measures did not happen in it) is left out and counted as dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from holdfast import _core
from holdfast._arguments import Between, Whole, check_fields, checked
from holdfast._table import axis_columns, check_column, is_yes_or_no, key_of, numbers, with_keys
from holdfast._words import shown
from holdfast.errors import UsageError
from holdfast.seeds import Seed

__all__ = [
    "Interval",
    "Narrow",
    "bootstrap_interval",
    "ecdf",
    "mean_interval",
    "paired_difference",
    "summarize",
    "wilson_interval",
]

Method = Literal["t", "bootstrap"]
#: Of an interval, e.g. 0.95.
Confidence: TypeAlias = Annotated[float, Between(0, 1)]


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval, in the unit of the values."""

    #: NaN if there was no value
    estimate: float
    #: NaN where nothing can be said, as of one value
    low: float
    high: float
    #: values used
    n: int
    #: values that were missing
    dropped: int
    #: of the interval, e.g. 0.95
    confidence: float

    @property
    def width(self) -> float:
        """Return `high` - `low`; NaN where there is no interval."""
        return self.high - self.low

    def __str__(self) -> str:
        """Give it in one line."""
        return (
            f"{self.estimate:.6g} ({100 * self.confidence:g} %: {self.low:.6g} to "
            f"{self.high:.6g}, n = {self.n})"
        )


@checked
def mean_interval(values: Iterable[float | None], confidence: Confidence = 0.95) -> Interval:
    """Return the mean with Student's t interval: mean ± t(n - 1) s / sqrt(n).

    Without values the estimate is NaN, with fewer than two the interval is. Of equal values the
    interval is a point, which says nothing about values that have not been seen yet.

    Args:
        values: numbers; None and NaN are dropped.
        confidence: above 0 and below 1.

    Raises:
        UsageError: an argument makes no sense.

    """
    used, dropped = _finite(values)
    n = len(used)
    mean = float(used.mean()) if n else np.nan
    half = np.nan
    if n > 1:
        from scipy import special  # Here and below, as it takes a while to import.

        t = float(special.stdtrit(n - 1, (1 + confidence) / 2))
        half = t * float(used.std(ddof=1)) / np.sqrt(n)
    return Interval(mean, mean - half, mean + half, n, dropped, confidence)


@checked
def wilson_interval(
    hits: Annotated[int, Whole(0, 2**63 - 1)],
    n: Annotated[int, Whole(0, 2**63 - 1)],
    confidence: Confidence = 0.95,
) -> Interval:
    """Return a proportion with Wilson's score interval, which holds for 0 and for `n` hits too.

    Args:
        hits: how often it happened, 0 to `n`.
        n: out of how many; of none the interval is 0 to 1 and the estimate NaN.
        confidence: above 0 and below 1.

    Raises:
        UsageError: an argument makes no sense.

    """
    if not 0 <= hits <= n:
        raise UsageError(f"hits: found {hits} of {n}, expected 0 to {n}")
    if n == 0:
        return Interval(np.nan, 0.0, 1.0, 0, 0, confidence)
    from scipy import special

    share = hits / n
    z2 = float(special.ndtri((1 + confidence) / 2)) ** 2 / n
    centre = (share + z2 / 2) / (1 + z2)
    half = float(np.sqrt(z2 * share * (1 - share) + z2**2 / 4)) / (1 + z2)
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == n else centre + half
    return Interval(share, low, high, n, 0, confidence)


@checked
def bootstrap_interval(
    values: Iterable[float | None],
    confidence: Confidence = 0.95,
    *,
    quantile: float | None = None,
    resamples: Annotated[int, Whole(1, 10_000_000)] = 9999,
    seed: Seed = 1,
) -> Interval:
    """Return the mean, or a quantile, with a bootstrap interval (Efron).

    For the mean it is the bias-corrected and accelerated one (BCa), for a quantile the percentile
    one. The same values and seed give the same interval, on any machine and thread.

    Args:
        values: numbers; None and NaN are dropped.
        confidence: above 0 and below 1.
        quantile: which one, 0 to 1 (0.5: the median); None: the mean.
        resamples: how many samples are drawn from the values, 1 to 10,000,000.
        seed: of the draws, 0 to 2**64 - 1.

    Raises:
        UsageError: an argument makes no sense.

    """
    if quantile is not None and not 0 <= quantile <= 1:
        raise UsageError(f"quantile: found {quantile!r}, expected 0 to 1, or None for the mean")
    used, dropped = _finite(values)
    n = len(used)
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0, dropped, confidence)
    estimate = float(used.mean() if quantile is None else np.quantile(used, quantile))
    if n == 1:
        return Interval(estimate, np.nan, np.nan, 1, dropped, confidence)
    drawn = _core.bootstrap(used, quantile, seed, resamples)
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    if quantile is None:
        tails = _bca(used, estimate, drawn, tails)
    low, high = np.quantile(drawn, tails)
    return Interval(estimate, float(low), float(high), n, dropped, confidence)


def _bca(
    used: npt.NDArray[np.float64],
    estimate: float,
    drawn: npt.NDArray[np.float64],
    tails: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Return the tails at which BCa reads the resampled means (Efron 1987)."""
    from scipy import special

    away = used - estimate
    spread = float((away**2).sum())
    if spread == 0:
        return tails
    # Of a mean, the jackknife's acceleration is this closed form.
    acceleration = float((away**3).sum()) / (6 * spread**1.5)
    below = float(np.mean(drawn < estimate) + np.mean(drawn == estimate) / 2)
    edge = 1 / (2 * len(drawn))
    bias = float(special.ndtri(np.clip(below, edge, 1 - edge)))
    shifted = bias + special.ndtri(tails)
    adjusted = special.ndtr(bias + shifted / (1 - acceleration * shifted))
    return np.asarray(adjusted, dtype=np.float64)


@checked
def ecdf(values: Iterable[float | None]) -> pd.DataFrame:
    """Return the empirical distribution function: for each value the share that is not above it.

    Columns: ``value``, ascending without repetition, and ``share``, up to 1. None and NaN are
    dropped.
    """
    used, _ = _known(values)
    value, count = np.unique(used, return_counts=True)
    return pd.DataFrame({"value": value, "share": np.cumsum(count) / max(len(used), 1)})


@checked
def summarize(
    table: pd.DataFrame,
    value: str,
    by: str | Sequence[str] | None = None,
    confidence: Confidence = 0.95,
    method: Method = "t",
) -> pd.DataFrame:
    """Return one row a group: how many runs, their mean, and its confidence interval.

    Columns: those of `by`, ``n``, ``dropped``, ``mean``, ``low``, ``high``. Of verdicts the mean is
    the share of corrupt ones and of booleans that of true ones, with Wilson's interval.

    Args:
        table: of a sweep.
        value: the column to summarize.
        by: the columns that make the groups; None: every point of the sweep by itself, that is the
            columns before ``seed``.
        confidence: above 0 and below 1.
        method: ``"t"`` or ``"bootstrap"``, for numbers.

    Raises:
        UsageError: the table has no such column, or it holds no numbers.

    """
    check_column(table, value)
    columns = axis_columns(table) if by is None else [by] if isinstance(by, str) else list(by)
    rows = []
    for key, group in _groups(table, columns):
        one = _interval(group[value], confidence, method)
        told = {"n": one.n, "dropped": one.dropped, "mean": one.estimate}
        rows.append(
            dict(zip(columns, key, strict=True)) | told | {"low": one.low, "high": one.high}
        )
    return pd.DataFrame(rows, columns=[*columns, "n", "dropped", "mean", "low", "high"])


@checked
def paired_difference(
    table: pd.DataFrame,
    value: str,
    of: str,
    between: tuple[Any, Any],
    pair_on: str | Sequence[str] | None = None,
    confidence: Confidence = 0.95,
    method: Method = "t",
) -> Interval:
    """Return how much `value` grows when `of` goes from the first of `between` to the second.

    Runs with the same seed and otherwise the same point are a pair: what the seed decides, such as
    the moment of a fault, is equal in both and cancels. The interval is that of the mean of the
    differences; a run whose other half is missing counts as dropped.

    Args:
        table: of a sweep.
        value: a column of numbers, verdicts (1 if corrupt) or booleans.
        of: the column that tells the two apart, such as ``"/hosts/0/policy"``.
        between: two values of that column.
        pair_on: the columns that make a pair; None: ``seed`` and every other axis of the sweep.
        confidence: above 0 and below 1.
        method: ``"t"`` or ``"bootstrap"``.

    Raises:
        UsageError: the table has no such column or value, or a pair is not one.

    """
    others = [name for name in axis_columns(table) if name != of]
    on = ["seed", *others] if pair_on is None else pair_on
    columns = [on] if isinstance(on, str) else list(on)
    if not columns or of in columns:
        raise UsageError(f"pair_on: found {shown(columns)}, expected columns other than {of!r}")
    check_column(table, value)
    keyed = with_keys(table, [*columns, of])
    halves = []
    for side in between:
        half = keyed[keyed[of] == key_of(side)]
        if half.empty:
            found = ", ".join(repr(v) for v in keyed[of].dropna().unique()[:8])
            raise UsageError(f"between: found {side!r}, expected one of {found}")
        if half.duplicated(columns).any():
            raise UsageError(
                f"pair_on: several runs have {of} = {side!r} and the same {', '.join(columns)}; "
                "name more columns"
            )
        halves.append(half.assign(**{value: numbers(half[value])})[[*columns, value]])
    # Missing from either side, or present without a value: NaN both ways.
    both = halves[0].merge(halves[1], on=columns, how="outer", suffixes=("_from", "_to"))
    difference = both[f"{value}_to"] - both[f"{value}_from"]
    return _interval(difference, confidence, method)


@dataclass(frozen=True)
class Narrow:
    """A rule for when a sweep has enough seeds: every interval is narrow enough.

    >>> rule = Narrow("stall_s", width=0.5, by="/hosts/0/policy")
    """

    #: the column to look at
    column: str
    #: of the widest interval that is accepted, in the column's unit; of verdicts 0 to 1
    width: float
    #: the columns that make the groups; None: every point of the sweep by itself
    by: str | Sequence[str] | None = None
    #: above 0 and below 1
    confidence: Confidence = 0.95
    #: runs with a value that a group must have: few equal ones make an interval look narrow
    at_least: int = 10
    #: seeds after which a sweep gives up
    at_most: int = 1000

    def __post_init__(self) -> None:
        """Check the arguments."""
        check_fields(self)
        if not self.width > 0:
            raise UsageError(f"width: found {self.width!r}, expected a number above 0")
        if not 1 <= self.at_least <= self.at_most:
            raise UsageError(
                f"at_least: found {self.at_least!r}, expected 1 to at_most ({self.at_most!r})"
            )

    def enough(self, table: pd.DataFrame) -> bool:
        """Tell whether the interval of every group is no wider than `width`.

        Raises:
            UsageError: the table has no such column, or it holds no numbers.

        """
        told = summarize(table, self.column, self.by, self.confidence)
        wide = ~(told["high"] - told["low"] <= self.width)
        return len(told) > 0 and not bool((wide | (told["n"] < self.at_least)).any())


def _known(values: Iterable[float | None]) -> tuple[npt.NDArray[np.float64], int]:
    """Return the values that are there, and how many are not."""
    given = values if isinstance(values, pd.Series) else pd.Series(list(values), dtype=object)
    all_of_them = numbers(given)
    used = all_of_them[~np.isnan(all_of_them)]
    return used, len(all_of_them) - len(used)


def _finite(values: Iterable[float | None]) -> tuple[npt.NDArray[np.float64], int]:
    used, dropped = _known(values)
    if not np.isfinite(used).all():
        raise UsageError("values: found an infinite one, expected numbers that have a mean")
    return used, dropped


def _interval(values: pd.Series[Any], confidence: float, method: Method) -> Interval:
    if is_yes_or_no(values):
        used, dropped = _known(values)
        one = wilson_interval(int(used.sum()), len(used), confidence)
        return Interval(one.estimate, one.low, one.high, one.n, dropped, confidence)
    if method == "bootstrap":
        return bootstrap_interval(values, confidence)
    return mean_interval(values, confidence)


def _groups(
    table: pd.DataFrame, columns: list[str]
) -> Iterable[tuple[tuple[Any, ...], pd.DataFrame]]:
    """Yield the groups in order of appearance; without columns the whole table is one."""
    if not columns:
        if len(table):
            yield (), table
        return
    keyed = with_keys(table, columns)
    for key, group in keyed.groupby(columns, sort=False, dropna=False):
        yield (key if isinstance(key, tuple) else (key,)), group
