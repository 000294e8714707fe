# SPDX-License-Identifier: Apache-2.0
"""Which combinations corrupt data, and for how long they leave it at risk."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from holdfast._arguments import checked
from holdfast._table import check_column, numbers
from holdfast.plot import style

_SHADES = LinearSegmentedColormap.from_list("harm", ["#fbe3d2", style.BAD])
_SAFE = "#d5eee4"
_OPEN = "#fdf3d0"


@checked
def corrupt_share(
    table: pd.DataFrame, rows: str, by: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a field for each combination of two columns: corrupt runs, and the longest exposure.

    Green fields had neither; in yellow ones a stale write could have landed, and did not.

    Args:
        table: of a sweep; ``verdict`` and ``exposure_max_s`` are used, failed runs are left out.
        rows: the column with a row of fields for each of its values, in order of appearance.
        by: the column with a column of fields for each of its values; None: ``level`` if there is
            such a column, else the first that ends in ``policy``, else one.
        ax: where to draw; None: on a new figure.

    Raises:
        UsageError: the table has no such column.

    """
    for column in (rows, "verdict", "exposure_max_s"):
        check_column(table, column)
    by = style.group_column(table, by)
    ax = style.axes(ax)
    ax.grid(False)
    table = table[table["verdict"].notna()]
    table = table.assign(
        _corrupt=numbers(table["verdict"]), _exposure=numbers(table["exposure_max_s"])
    )
    if table.empty:
        style.words(ax, "", "", "")
        return style.note(ax, "no run has a verdict")
    kinds = [name for name, _ in style.groups(table, by)]
    names = [name for name, _ in style.groups(table, rows)]
    for row, (_, group) in enumerate(style.groups(table, rows)):
        for kind, runs in style.groups(group, by):
            _field(ax, row, kinds.index(kind), runs)
    ax.set_xlim(-0.5, len(kinds) - 0.5)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xticks(range(len(kinds)), kinds)
    ax.xaxis.tick_top()
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    style.words(ax, _finding(table, by), "", "", pad=16)
    return ax


def _field(ax: Axes, row: int, column: int, runs: pd.DataFrame) -> None:
    share, exposure = float(runs["_corrupt"].mean()), float(runs["_exposure"].max())
    fill = _SHADES(share) if share > 0 else _OPEN if exposure > 0 else _SAFE
    ax.add_patch(Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, facecolor=fill, linewidth=0))
    count = int(runs["_corrupt"].sum())
    ink = "white" if share > 0.6 else style.INK
    ax.text(column, row - 0.13, f"{count} of {len(runs)} corrupt", ha="center", va="center",
            fontsize=style.TEXT, fontweight="bold" if count else "normal", color=ink)  # fmt: skip
    told = f"exposed up to {style.time_text(exposure)}" if exposure > 0 else "no exposure"
    ax.text(column, row + 0.2, told, ha="center", va="center", fontsize=style.SMALL,
            color=ink)  # fmt: skip


def _finding(table: pd.DataFrame, by: str | None) -> str:
    """Say which kinds never corrupted, or which did most."""
    shares = {name: float(runs["_corrupt"].mean()) for name, runs in style.groups(table, by)}
    safe = [name for name, share in shares.items() if share == 0]
    if len(safe) == len(shares):
        return f"None of {len(table)} runs corrupt"
    worst = max(shares, key=lambda name: shares[name])
    told = f"{100 * shares[worst]:.3g} % of runs corrupt"
    if worst:
        told += f' with "{worst}"'
    return told + (", 0 with " + " or ".join(f'"{name}"' for name in safe) if safe else "")
