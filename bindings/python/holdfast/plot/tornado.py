# SPDX-License-Identifier: Apache-2.0
"""What each assumption alone does to the risk."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from holdfast._arguments import checked
from holdfast._table import check_column
from holdfast.plot import style

_X = "probability of exposure in a failover"


@checked
def tornado(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw one bar a time, from the risk at one end of its range to that at the other.

    Args:
        table: what ``holdfast.tornado`` returns.
        ax: where to draw; None: on a new figure.

    Raises:
        UsageError: the table has no such columns, or no row.

    """
    for column in ("low_s", "high_s", "at_low_probability", "at_high_probability", "decades"):
        check_column(table, column)
    ax = style.axes(ax)
    if table.empty:
        style.words(ax, "", _X, "")
        return style.note(ax, "there is no time to vary")
    ends = table[["at_low_probability", "at_high_probability"]].to_numpy(dtype=float)
    for place, (low, high) in enumerate(ends):
        left, right = sorted((low, high))
        # A risk that does not change still has a place: a line instead of a bar.
        ax.barh(place, right - left, left=left, height=0.55, color=style.colour(0), alpha=0.85)
        ax.vlines([left, right], place - 0.275, place + 0.275, color=style.colour(0), linewidth=2)
        at_low_is_left = low <= high
        for at, value_s, outwards in (
            (low, table["low_s"].iloc[place], -1 if at_low_is_left else 1),
            (high, table["high_s"].iloc[place], 1 if at_low_is_left else -1),
        ):
            ax.annotate(
                style.time_text(value_s),
                (at, place),
                (8 * outwards, 0),
                textcoords="offset points",
                ha="right" if outwards < 0 else "left",
                va="center",
                fontsize=style.SMALL,
                color=style.INK,
            )
    ax.axvline(float(table["own_probability"].iloc[0]), color=style.SOFT, linewidth=1.5, ls="--")
    ax.set_xscale("log")
    least, most = ends.min(), ends.max()
    ax.set_xlim(least / (most / least) ** 0.15 / 1.5, most * (most / least) ** 0.15 * 1.5)
    ax.set_yticks(range(len(table)), [_name(path) for path in table.index])
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    style.words(ax, _finding(table), _X, "")
    return ax


def _name(path: object) -> str:
    """Return the end of a path, for people."""
    *_, before, tail = str(path).split("/")
    if tail in ("usual", "rare", "min"):  # of a time that is drawn
        return f"{before}, {tail}"
    return {"keep_alive_tmo": "KATO", "attr_cqt": "CQT"}.get(tail, tail.replace("_", " "))


def _finding(table: pd.DataFrame) -> str:
    """Say which time matters most, and by how much."""
    widest = table.iloc[0]
    name = _name(table.index[0])
    return f"{name} alone: {widest['decades']:.1f} powers of ten of risk"
