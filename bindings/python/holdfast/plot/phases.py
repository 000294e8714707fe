# SPDX-License-Identifier: Apache-2.0
"""Where the time of a recovery goes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from holdfast._arguments import checked
from holdfast._table import check_column, numbers
from holdfast.plot import style

#: column, what it is called, colour
PHASES = (
    ("detect_s", "detect the failure", style.OKABE_ITO[5]),
    ("fence_s", "hold or reset (fence)", style.OKABE_ITO[0]),
    ("retry_s", "first retry", style.OKABE_ITO[4]),
)
RECONNECT = ("_path_back_s", "until the path is back", "#c5ccd5")
_LABEL = "time since the fault (s)"


@checked
def recovery_phases(
    table: pd.DataFrame,
    by: str | None = None,
    ax: Axes | None = None,
    *,
    reconnect: bool = False,
) -> Axes:
    """Draw the phases of the longest recovery as stacked bars, the mean of each group.

    Args:
        table: of a sweep; ``detect_s``, ``fence_s``, ``retry_s`` and ``reconnect_s`` are used. A
            phase that a run did not have counts as 0; runs without any are left out. Where reads
            may go before the release, the first retry may be done within the fence, and has no
            part of its own then.
        by: the column with a bar for each of its values; None: ``level`` if there is such a column,
            else the first that ends in ``policy``, else one bar.
        ax: where to draw; None: on a new figure.
        reconnect: whether to go on until the path is back, which applications do not wait for.

    Raises:
        UsageError: the table has no such column.

    """
    columns = [column for column, _, _ in PHASES]
    for column in [*columns, *(["reconnect_s"] if reconnect else [])]:
        check_column(table, column)
    by = style.group_column(table, by)
    ax = style.axes(ax)
    ax.grid(False, axis="y")
    table = table.assign(**{column: numbers(table[column]) for column in columns})
    # The end of the first retry before the release of all is no length of anything after it.
    table["retry_s"] = table["retry_s"].clip(lower=0.0)
    phases = list(PHASES)
    if reconnect:
        after = numbers(table["reconnect_s"]) - table["retry_s"].fillna(0.0)
        table = table.assign(_path_back_s=np.where(after < 0.0, 0.0, after))
        phases.append(RECONNECT)
    table = table[table[columns].notna().any(axis=1)]
    if table.empty:
        style.words(ax, "", _LABEL, "")
        return style.note(ax, "no run had a recovery")
    bars = {
        name: [float(group[column].fillna(0.0).mean()) for column, _, _ in phases]
        for name, group in style.groups(table, by)
    }
    longest = max(sum(lengths) for lengths in bars.values())
    for row, lengths in enumerate(bars.values()):
        _bar(ax, row, lengths, phases, longest)
    ax.set_yticks(range(len(bars)), list(bars))
    ax.set_ylim(len(bars) - 0.4, -0.6)
    ax.set_xlim(0, 1.13 * longest if longest > 0 else 1.0)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    several = any(len(group) > 1 for _, group in style.groups(table, by))
    style.words(ax, _finding(bars, phases, several), _LABEL, "", pad=52)
    handles = [ax.barh([0], [0], color=ink) for _, _, ink in phases]
    ax.legend(handles, [name for _, name, _ in phases], fontsize=style.TEXT, frameon=False,
              ncols=len(phases), loc="lower left", bbox_to_anchor=(-0.012, 1.0),
              handlelength=1.0, columnspacing=1.6)  # fmt: skip
    return ax


def _bar(
    ax: Axes, row: int, lengths: list[float], phases: list[tuple[str, str, str]], longest: float
) -> None:
    left = 0.0
    for length, (_, _, ink) in zip(lengths, phases, strict=True):
        ax.barh([row], [length], left=left, height=0.62, color=ink, edgecolor="white", linewidth=1)
        if length > 0.07 * longest:
            dark = ink == style.OKABE_ITO[0]
            ax.text(left + length / 2, row, style.time_text(length), ha="center", va="center",
                    fontsize=style.SMALL, color="white" if dark else style.INK)  # fmt: skip
        left += length
    ax.text(left + 0.012 * longest, row, style.time_text(left), va="center", fontsize=style.TEXT,
            fontweight="bold", color=style.INK)  # fmt: skip


def _finding(
    bars: dict[str, list[float]], phases: list[tuple[str, str, str]], several: bool
) -> str:
    """Name the phase that most of the longest bar goes to: a mean if there are several runs."""
    name, lengths = max(bars.items(), key=lambda one: sum(one[1]))
    total = sum(lengths)
    if total == 0:
        return "Recoveries took no time"
    most = int(np.argmax(lengths))
    what = {"detect_s": "detection", "fence_s": "the fence", "retry_s": "the first retry"}
    told = f"{style.time_text(lengths[most])} of {style.time_text(total)}"
    told = f"on average {told}" if several else told
    told += f" go to {what.get(phases[most][0], 'reconnecting')}"
    return f"{name}: {told}" if name else told[0].upper() + told[1:]
