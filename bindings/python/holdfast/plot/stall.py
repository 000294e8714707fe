# SPDX-License-Identifier: Apache-2.0
"""How long applications wait, against how soon a dead path is noticed."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from holdfast._arguments import checked
from holdfast._table import check_column, numbers, seconds
from holdfast.plot import style
from holdfast.statistics import summarize

_LABELS = ("keep-alive timeout, KATO (s)", "longest stall")


@checked
def stall_against_kato(
    table: pd.DataFrame,
    x: str | None = None,
    by: str | None = None,
    ax: Axes | None = None,
    confidence: float = 0.95,
) -> Axes:
    """Draw the longest stall of each run against KATO: mean, interval and worst run of a level.

    A line joins the means, the band is their interval, a dotted line joins the worst runs, and dots
    are the runs. Those in which a stale write could have landed are crossed out.

    Args:
        table: of a sweep; `x` and ``stall_s`` are used, and ``exposure_max_s`` if it is there.
        x: the axis with KATO, as quantities (``"5s"``) or seconds; None: the one axis that ends in
            ``keep_alive_tmo``, or is called ``KATO``.
        by: the column with a line for each of its values; None: ``level`` if there is such a
            column, else the first that ends in ``policy``, else one line.
        ax: where to draw; None: on a new figure.
        confidence: of the intervals, Student's t; drawn where there are several seeds.

    Raises:
        UsageError: the table has no such column, or `x` is not of times.

    """
    x = style.axis_column(table, x, "keep_alive_tmo", "KATO")
    check_column(table, "stall_s")
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
    worst = [group.groupby("_kato")["stall_s"].max() for _, group in style.groups(table, by)]
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
    several = any(bool((one["n"] > 1).any()) for one in told.values())
    if several:
        _runs(ax, table, by, worst)
    exposed = _exposed(ax, table)
    everything = np.concatenate([*(m.to_numpy() for m in means), table["stall_s"].to_numpy()])
    style.time_scale(ax, "y", list(everything))
    ax.yaxis.set_major_formatter(style.TIME)
    kato = sorted(table["_kato"].unique())
    if len(kato) <= 10:
        ax.set_xticks(kato, [f"{k:g}" for k in kato])
    style.words(ax, _finding(means), *_LABELS)
    if by is not None:
        ends = [(float(mean.index[-1]), float(mean.iloc[-1])) for mean in means]
        style.end_labels(ax, ends, list(told))
    _legend(ax, several, exposed)
    return ax


def _runs(ax: Axes, table: pd.DataFrame, by: str | None, worst: list[pd.Series[float]]) -> None:
    for number, (_, group) in enumerate(style.groups(table, by)):
        ink = style.colour(number)
        ax.plot(group["_kato"], group["stall_s"], style.marker(number), color=ink, markersize=6,
                alpha=0.3, markeredgewidth=0)  # fmt: skip
        ax.plot(worst[number].index, worst[number], ":", color=ink, linewidth=2)


def _exposed(ax: Axes, table: pd.DataFrame) -> bool:
    """Cross out the runs in which data was at risk; tell whether there are any."""
    if "exposure_max_s" not in table.columns:
        return False
    at_risk = table[numbers(table["exposure_max_s"]) > 0]
    ax.plot(at_risk["_kato"], at_risk["stall_s"], "x", color=style.INK, markersize=11,
            markeredgewidth=2, zorder=4)  # fmt: skip
    return len(at_risk) > 0


def _legend(ax: Axes, several: bool, exposed: bool) -> None:
    kinds: tuple[Literal["-", ":"], ...] = ("-", ":")
    lines = [Line2D([], [], linestyle=one, color=style.SOFT, linewidth=2) for one in kinds]
    cross = Line2D([], [], linestyle="", marker="x", color=style.INK, markersize=11,
                   markeredgewidth=2)  # fmt: skip
    handles = [*(lines if several else []), *([cross] if exposed else [])]
    names = [*(["mean", "worst run"] if several else []), *(["exposed run"] if exposed else [])]
    if handles:
        ax.legend(handles, names, fontsize=style.SMALL, frameon=False, loc="best")


def _finding(means: list[pd.Series[float]]) -> str:
    """Say what KATO costs in the line where it costs most: by the second if that is one number."""
    known = [mean for mean in means if len(mean) > 1]
    if not known:
        return "Longest stall"
    if max(_slopes(mean).max() for mean in known) < 0.01:
        return "The mean stall does not grow with KATO"
    most = max(known, key=lambda mean: float(mean.iloc[-1] - mean.iloc[0]))
    stall, kato = most.to_numpy(dtype=np.float64), most.index.to_numpy(dtype=np.float64)
    slopes = _slopes(most)
    where = f" with {most.name}" if most.name else ""
    slope = float((stall[-1] - stall[0]) / (kato[-1] - kato[0]))
    if np.abs(slopes - slope).max() <= 0.15 * abs(slope):
        return f"Each second of KATO costs {style.time_text(slope)} of stall{where}"
    ends = " to ".join(style.time_text(float(v)) for v in (stall[0], stall[-1]))
    return f"Mean stall{where}: {ends} at KATO {kato[0]:g} to {kato[-1]:g} s"


def _slopes(mean: pd.Series[float]) -> npt.NDArray[np.float64]:
    """Return seconds of stall for a second of KATO, between neighbours."""
    return np.diff(mean.to_numpy(dtype=np.float64)) / np.diff(mean.index.to_numpy(np.float64))
