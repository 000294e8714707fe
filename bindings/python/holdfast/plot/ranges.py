# SPDX-License-Identifier: Apache-2.0
"""One measure of many groups side by side: medians, and how far runs lie from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from holdfast._arguments import checked
from holdfast._table import check_column, numbers
from holdfast.plot import style


@checked
def measure_ranges(
    table: pd.DataFrame,
    measure: str,
    rows: str,
    by: str | None = None,
    ax: Axes | None = None,
    *,
    label: str | None = None,
) -> Axes:
    """Draw the median of a measure as a dot, and a line from the least to the most of all runs.

    Args:
        table: of a sweep; runs that do not have the measure are left out.
        measure: the column; one whose name ends in ``_s`` is drawn as times, one that ends in
            ``_share`` as percentages.
        rows: the column with a row for each of its values, in order of appearance.
        by: the column with a colour for each of its values; None: ``level`` if there is such a
            column, else the first that ends in ``policy``, else one.
        ax: where to draw; None: on a new figure.
        label: of the axis; None: the name of the measure.

    Raises:
        UsageError: the table has no such column.

    """
    for column in (measure, rows):
        check_column(table, column)
    by = style.group_column(table, by)
    ax = style.axes(ax)
    ax.grid(False, axis="y")
    label = label or measure.replace("_", " ")
    table = table.assign(**{measure: numbers(table[measure])})
    table = table[table[measure].notna()]
    if table.empty:
        style.words(ax, "", label, "")
        return style.note(ax, f"no run has {measure}")
    names = [name for name, _ in style.groups(table, rows)]
    kinds = [name for name, _ in style.groups(table, by)]
    medians: dict[tuple[str, str], float] = {}
    used: dict[str, Line2D] = {}
    for row, (name, group) in enumerate(style.groups(table, rows)):
        for kind, runs in style.groups(group, by):
            number = kinds.index(kind)
            place = row + 0.72 * ((number + 0.5) / len(kinds) - 0.5)
            values = runs[measure]
            medians[name, kind] = float(values.median())
            ink = style.colour(number)
            ax.plot([values.min(), values.max()], [place, place], "-", color=ink, linewidth=3,
                    alpha=0.45, solid_capstyle="round")  # fmt: skip
            used[kind] = ax.plot([medians[name, kind]], [place], style.marker(number), color=ink,
                                 markersize=9, markeredgecolor="white")[0]  # fmt: skip
    _scale(ax, measure, table[measure].to_list())
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    for row in range(1, len(names)):
        ax.axhline(row - 0.5, color=style.GRID, linewidth=1)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    style.words(ax, _finding(medians, measure), label, "", pad=16 if by is None else 52)
    if by is not None:
        ax.legend([used[k] for k in kinds], kinds, fontsize=style.TEXT, frameon=False,
                  ncols=len(kinds), loc="lower left", bbox_to_anchor=(-0.012, 1.0),
                  handlelength=1.0, columnspacing=1.6)  # fmt: skip
    return ax


def _scale(ax: Axes, measure: str, values: list[float]) -> None:
    if measure.endswith("_s"):
        style.time_scale(ax, "x", values)
        ax.xaxis.set_major_formatter(style.TIME)
        return
    top = max(0.0, *values)
    ax.set_xlim(-0.02 * top, 1.08 * top if top > 0 else 1.0)
    if measure.endswith("_share"):
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _told(value: float, measure: str) -> str:
    if measure.endswith("_s"):
        return style.time_text(value)
    return f"{100 * value:.3g} %" if measure.endswith("_share") else f"{value:.4g}"


def _finding(medians: dict[tuple[str, str], float], measure: str) -> str:
    """Name the least and the most of the medians."""
    low = min(medians, key=lambda one: medians[one])
    high = max(medians, key=lambda one: medians[one])

    def where(of: tuple[str, str]) -> str:
        return f"{_told(medians[of], measure)} ({', '.join(part for part in of if part)})"

    if np.isclose(medians[low], medians[high]):
        return f"Median {_told(medians[low], measure)}, whichever it is"
    return f"Median from {where(low)} to {where(high)}"
