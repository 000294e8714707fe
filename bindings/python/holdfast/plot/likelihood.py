# SPDX-License-Identifier: Apache-2.0
"""When a corruption became inevitable."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from holdfast._arguments import checked
from holdfast._table import check_column, numbers
from holdfast.plot import style

_LABELS = ("instant of the execution that was found (s)", "continuations that corrupt")


@checked
def likelihood(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how likely a corruption was at each instant before it.

    Args:
        table: ``likelihood`` of what ``holdfast.search`` returns.
        ax: where to draw; None: on a new figure.

    Raises:
        UsageError: the table has no such columns.

    """
    for column in ("at_s", "worlds", "corrupt_count", "share", "low", "high"):
        check_column(table, column)
    ax = style.axes(ax)
    if table.empty:
        style.words(ax, "", *_LABELS)
        return style.note(ax, "there is no corruption")
    at, share = numbers(table["at_s"]), numbers(table["share"])
    ink = style.colour(0)
    # What is chosen at an instant counts from then on.
    ax.step(at, share, where="post", color=ink, linewidth=2.2, marker="o", markersize=5)
    ax.fill_between(at, numbers(table["low"]), numbers(table["high"]), step="post", color=ink,
                    alpha=0.18, linewidth=0)  # fmt: skip
    ax.set_ylim(-0.02, 1.04)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    style.words(ax, _finding(table), *_LABELS)
    return ax


def _finding(table: pd.DataFrame) -> str:
    """Say from when on nothing helps, and what it was before anything was chosen."""
    all_do = (table["corrupt_count"] == table["worlds"]).to_numpy()
    first = table.iloc[0]
    before = f"{int(first['corrupt_count'])} of {int(first['worlds'])} at the beginning"
    if not all_do[-1]:
        return f"Never quite inevitable; {before}"
    since = 0 if all_do.all() else int(np.flatnonzero(~all_do)[-1]) + 1
    return f"Inevitable from {float(table['at_s'].iloc[since]):.6g} s on; {before}"
