# SPDX-License-Identifier: Apache-2.0
"""How long applications wait, against how soon a dead path is noticed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from holdfast._table import check_column, numbers, seconds
from holdfast.plot import style
from holdfast.statistics import summarize

_LABELS = ("keep-alive timeout, KATO (s)", "longest stall")


def stall_against_kato(
    table: pd.DataFrame,
    x: str = "/hosts/0/connect/*/keep_alive_tmo",
    by: str | None = None,
    ax: Axes | None = None,
    confidence: float = 0.95,
) -> Axes:
    """Draw the mean of the longest stall against KATO, a line a level, with its interval.

    Args:
        table: of a sweep; `x` and ``stall_s`` are used.
        x: the axis with KATO, as quantities (``"5s"``) or seconds.
        by: the column with a line for each of its values; None: ``level`` if there is such a
            column, else the first that ends in ``policy``, else one line.
        ax: where to draw; None: on a new figure.
        confidence: of the intervals, Student's t; drawn where there are several seeds.

    Raises:
        UsageError: the table has no such column, or `x` is not of times.

    """
    for column in (x, "stall_s"):
        check_column(table, column)
    by = style.group_column(table, by)
    ax = style.axes(ax)
    table = table.assign(_kato=[seconds(v, x) for v in table[x]], stall_s=numbers(table["stall_s"]))
    table = table[~np.isnan(table["stall_s"])]
    if table.empty:
        style.words(ax, "", *_LABELS)
        return style.note(ax, "no run has a stall")
    told = {
        name: summarize(group, "stall_s", by="_kato", confidence=confidence).sort_values("_kato")
        for name, group in style.groups(table, by)
    }
    means = [one.set_index("_kato")["mean"].rename(name) for name, one in told.items()]
    thick = style.widths([mean.to_numpy() for mean in means])
    # The interval of a few runs may go below what any of them saw; a logarithm has no room for it.
    floor = table["stall_s"].min() / 2
    for number, one in enumerate(told.values()):
        ink, known = style.colour(number), one["low"].notna()
        ax.fill_between(one["_kato"][known], one["low"][known].clip(lower=floor),
                        one["high"][known], color=ink, alpha=0.15, linewidth=0)  # fmt: skip
        ax.plot(one["_kato"], one["mean"], "-" + style.marker(number), color=ink,
                linewidth=thick[number], markersize=7 + thick[number])  # fmt: skip
    everything = np.concatenate([m.to_numpy() for m in means])
    style.time_scale(ax, "y", list(everything))
    ax.yaxis.set_major_formatter(style.TIME)
    kato = sorted(table["_kato"].unique())
    if len(kato) <= 10:
        ax.set_xticks(kato, [f"{k:g}" for k in kato])
    style.words(ax, _finding(means), *_LABELS)
    if by is not None:
        ends = [(float(mean.index[-1]), float(mean.iloc[-1])) for mean in means]
        style.end_labels(ax, ends, list(told))
    return ax


def _finding(means: list[pd.Series[float]]) -> str:
    """Say what a second of KATO costs, in the line where it costs most."""
    cost = {
        str(mean.name): float((mean.iloc[-1] - mean.iloc[0]) / (mean.index[-1] - mean.index[0]))
        for mean in means
        if len(mean) > 1
    }
    if not cost:
        return "Longest stall"
    name, most = max(cost.items(), key=lambda one: one[1])
    if most < 0.01:
        return "The stall does not grow with KATO"
    where = f" with {name}" if name else ""
    return f"Each second of KATO costs {style.time_text(most)} of stall{where}"
