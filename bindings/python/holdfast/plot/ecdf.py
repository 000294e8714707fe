# SPDX-License-Identifier: Apache-2.0
"""How often applications wait for how long."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from holdfast._arguments import checked
from holdfast._table import check_column, numbers
from holdfast.plot import style
from holdfast.statistics import ecdf

_LABELS = ("longest stall of a run", "share of runs that stalled no longer")


@checked
def stall_ecdf(table: pd.DataFrame, by: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the share of runs whose longest stall was no longer than so much.

    Args:
        table: of a sweep; ``stall_s`` is used.
        by: the column with a curve for each of its values; None: ``level`` if there is such a
            column, else the first that ends in ``policy``, else one curve.
        ax: where to draw; None: on a new figure.

    Raises:
        UsageError: the table has no such column.

    """
    check_column(table, "stall_s")
    by = style.group_column(table, by)
    ax = style.axes(ax)
    table = table.assign(stall_s=numbers(table["stall_s"]))
    table = table[~np.isnan(table["stall_s"])]
    if table.empty:
        style.words(ax, "", *_LABELS)
        return style.note(ax, "no run has a stall")
    everything = table["stall_s"].to_list()
    style.time_scale(ax, "x", everything)
    ax.xaxis.set_major_formatter(style.TIME)
    curves = {name: ecdf(group["stall_s"]) for name, group in style.groups(table, by)}
    if style.spans_decades(everything):
        ax.set_xlim(min(everything) / 2, max(everything) * 2)
    left, right = ax.get_xlim()
    levels = np.linspace(0.05, 1, 20)
    thick = style.widths([_at(curve, levels) for curve in curves.values()])
    for number, (name, curve) in enumerate(curves.items()):
        x = [left, *curve["value"], right]
        ax.step(x, [0.0, *curve["share"], 1.0], where="post", color=style.colour(number),
                linewidth=thick[number], label=name)  # fmt: skip
    ax.set_xlim(left, right)
    ax.set_ylim(0, 1.02)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    medians = {n: float(_at(curve, np.array([0.5]))[0]) for n, curve in curves.items()}
    style.words(ax, _finding(medians), *_LABELS)
    if by is not None:
        _names(ax, curves, medians)
    return ax


def _at(curve: pd.DataFrame, shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the smallest values that these shares of the runs do not exceed."""
    last = len(curve) - 1
    where = np.searchsorted(curve["share"].to_numpy(), shares - 1e-12).clip(max=last)
    return np.asarray(curve["value"].to_numpy()[where], dtype=np.float64)


def _finding(medians: dict[str, float]) -> str:
    least = min(medians, key=lambda name: medians[name])
    most = max(medians, key=lambda name: medians[name])
    if len(medians) == 1:
        return f"Half of the runs stall for {style.time_text(medians[most])} or less"
    low, high = style.time_text(medians[least]), style.time_text(medians[most])
    if low == high:
        return f"Median stall: {high}, whichever it is"
    return f"Median stall: {low} ({least}) to {high} ({most})"


def _names(ax: Axes, curves: dict[str, pd.DataFrame], medians: dict[str, float]) -> None:
    """Name the curves beside them, each at a height of its own, the leftmost highest."""
    order = sorted(curves, key=lambda name: medians[name])
    middle = sum(ax.transData.transform((x, 0))[0] for x in ax.get_xlim()) / 2
    for rank, name in enumerate(order):
        height = 0.9 - 0.8 * (rank + 0.5) / len(order)
        # Beside the curve over the whole height of the text.
        beside = _at(curves[name], height + np.array([-0.03, 0.0, 0.03]))
        to_left = ax.transData.transform((beside[1], 0))[0] > middle
        x = beside[0] if to_left else beside[2]
        text = ax.annotate(
            name,
            xy=(x, height),
            xytext=(-10 if to_left else 10, 0),
            textcoords="offset points",
            ha="right" if to_left else "left",
            va="center",
            fontsize=style.TEXT,
            fontweight="bold",
            color=style.colour(list(curves).index(name)),
        )
        style.halo(text)
