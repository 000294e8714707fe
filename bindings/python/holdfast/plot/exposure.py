# SPDX-License-Identifier: Apache-2.0
"""How long the corruption window stays open, against how long the host holds on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from holdfast._arguments import checked
from holdfast._table import check_column, label_of, numbers
from holdfast.plot import style

_Y = "exposure_max_s"
_LABEL = "longest exposure (s)"


@checked
def exposure_against_hold(
    table: pd.DataFrame,
    x: str | None = None,
    by: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the exposure of each run against the hold factor, and the worst of each factor.

    A line joins the longest exposure of each factor, as it takes one seed to lose data; dots are
    the runs, and the band goes from the luckiest to the unluckiest. Where the exposure reaches
    zero and stays there, the factor is marked.

    Args:
        table: of a sweep; `x` and ``exposure_max_s`` are used.
        x: the axis with the hold factor m, in m x KATO + CQT; None: the one that ends in
            ``hold_multiplier``.
        by: a column with a line for each of its values; None: one line.
        ax: where to draw; None: on a new figure.

    Raises:
        UsageError: the table has no such column, or `x` is not of numbers.

    """
    x = style.axis_column(table, x, "hold_multiplier")
    check_column(table, _Y)
    if by is not None:
        check_column(table, by)
    ax = style.axes(ax)
    factor = numbers(table[x])
    table = table.assign(_factor=factor, _exposure=numbers(table[_Y]))
    table = table[~(np.isnan(table["_factor"]) | np.isnan(table["_exposure"]))]
    if table.empty:
        style.words(ax, "", _name(x), _LABEL)
        return style.note(ax, "no run has an exposure")
    zeros, last_s = {}, {}
    for number, (name, group) in enumerate(style.groups(table, by)):
        ink = style.colour(number) if by is not None else style.BAD
        worst = group.groupby("_factor")["_exposure"].max()
        several = len(group) > len(worst)
        if several:
            ax.plot(group["_factor"], group["_exposure"], style.marker(number), color=ink,
                    markersize=6, alpha=0.25, markeredgewidth=0)  # fmt: skip
            best = group.groupby("_factor")["_exposure"].min()
            ax.fill_between(worst.index, best, worst, color=ink, alpha=0.12, linewidth=0)
        ax.plot(worst.index, worst, "-" + style.marker(number), color=ink, linewidth=3,
                markersize=8 if len(worst) < 30 else 0, clip_on=False)  # fmt: skip
        zeros[name], last_s[name] = zero_from(worst), float(worst.iloc[-1])
    style.time_scale(ax, "y", [0.0, *table["_exposure"]])
    style.words(
        ax,
        "No exposure seen at any hold that was tried"
        if (table["_exposure"] == 0).all()
        else _finding(zeros, last_s),
        _name(x),
        _LABEL,
    )
    for number, (name, zero) in enumerate(zeros.items()):
        if zero is not None and zero > table["_factor"].min():
            ink = style.colour(number) if by is not None else style.GOOD
            _mark(ax, zero, f"{name}: zero" if name else "zero", ink, number)
    if len(zeros) > 1:
        # Lines that end at zero end in one place, so a legend names them.
        lines = [line for line in ax.get_lines() if line.get_linestyle() == "-"]
        ax.legend(lines, list(zeros), fontsize=style.TEXT, frameon=False)
    return ax


def zero_from(worst: pd.Series[float]) -> float | None:
    """Return the smallest factor from which on the exposure is zero, if it ever is."""
    open_at = worst.index[worst > 0]
    safe = worst.index if len(open_at) == 0 else worst.index[worst.index > open_at.max()]
    return float(safe.min()) if len(safe) else None


def _finding(zeros: dict[str, float | None], last_s: dict[str, float]) -> str:
    """Say where each line ends: of `last_s` is the exposure at the longest hold of each."""
    never = [name for name, zero in zeros.items() if zero is None]
    if never:
        last = max(last_s[name] for name in never)
        where = f" ({', '.join(never)})" if any(never) else ""
        return f"Exposed for up to {style.time_text(last)} even at the longest hold{where}"
    safe = max(zero for zero in zeros.values() if zero is not None)
    return f"No exposure seen from a hold factor of {label_of(safe)} on"


def _mark(ax: Axes, zero: float, what: str, ink: str, number: int) -> None:
    ax.axvline(zero, color=ink, linewidth=2, linestyle=(0, (4, 3)), zorder=1)
    text = ax.annotate(
        f" {what} from {label_of(zero)} on ",
        xy=(zero, 0.95 - 0.075 * number),
        xycoords=("data", "axes fraction"),
        color=ink,
        fontsize=style.TEXT,
        fontweight="bold",
    )
    left, right = ax.get_xlim()
    if zero > left + 0.7 * (right - left):
        text.set_horizontalalignment("right")
    style.halo(text)


def _name(x: str) -> str:
    if x.endswith("hold_multiplier"):
        return "hold factor m, in m x KATO + CQT"
    return x
