# SPDX-License-Identifier: Apache-2.0
"""The looks that all plots share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter

from holdfast._table import axis_columns, check_column, label_of, with_keys
from holdfast.errors import UsageError

#: Okabe and Ito's colours, told apart by colour-blind people too, from dark to light.
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

#: what may harm data, and what does not
BAD, GOOD = OKABE_ITO[1], OKABE_ITO[2]
INK, SOFT, GRID = "#1b2733", "#5a6675", "#e3e7ec"
#: points, readable at 1280 x 720 from the last row
TITLE, TEXT, SMALL = 22, 16, 14

_MARKERS = ("o", "s", "D", "^", "v", "P", "X")


def axes(ax: Axes | None) -> Axes:
    """Return `ax`, or one on a new figure of 1280 x 720, with the house's looks."""
    if ax is None:
        # Here, as importing pyplot chooses how figures are shown.
        from matplotlib import pyplot

        margins = ConstrainedLayoutEngine(w_pad=0.25, h_pad=0.25)
        _, ax = pyplot.subplots(figsize=(12.8, 7.2), dpi=100, layout=margins)
    ax.grid(True, color=GRID, linewidth=1)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(SOFT)
    ax.tick_params(labelsize=TEXT, colors=SOFT, labelcolor=INK, which="both")
    return ax


def words(ax: Axes, title: str, x: str, y: str, *, pad: float = 16) -> None:
    """Write the title, no larger than there is room for, and name the axes."""
    text = ax.set_title(title, fontsize=TITLE, fontweight="bold", color=INK, loc="left", pad=pad)
    room = 1.05 * ax.get_window_extent().width / max(text.get_window_extent().width, 1)
    text.set_fontsize(max(min(TITLE, TITLE * room), SMALL))
    ax.set_xlabel(x, fontsize=TEXT, color=INK, labelpad=8)
    ax.set_ylabel(y, fontsize=TEXT, color=INK, labelpad=8)


def note(ax: Axes, text: str) -> Axes:
    """Say in the middle of empty axes why they are empty."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", fontsize=TEXT,
            color=SOFT)  # fmt: skip
    ax.set_xticks([])
    ax.set_yticks([])
    return ax


def colour(number: int) -> str:
    """Return the colour of a group by its number; after seven they begin again."""
    return OKABE_ITO[number % len(OKABE_ITO)]


def marker(number: int) -> str:
    """Return the marker of a group, so that colour is not all that tells groups apart."""
    return _MARKERS[number % len(_MARKERS)]


def halo(text: Any) -> None:
    """Keep a text readable where it crosses a line."""
    text.set_path_effects([patheffects.withStroke(linewidth=4, foreground="white")])


def group_column(table: pd.DataFrame, by: str | None) -> str | None:
    """Return the column that makes the groups: `by`, or the one that one would guess."""
    if by is not None:
        check_column(table, by)
        return by
    for name in ("level", "label"):
        if name in table.columns:
            return name
    return next((str(c) for c in table.columns if str(c).endswith("policy")), None)


def axis_column(table: pd.DataFrame, named: str | None, *tails: str) -> str:
    """Return the column `named`, or the one axis whose path or name ends so.

    Raises:
        UsageError: the table has no such column, or several.

    """
    if named is not None:
        check_column(table, named)
        return named
    found = [name for name in axis_columns(table) if name.rsplit("/", 1)[-1] in tails]
    if len(found) == 1:
        return found[0]
    several = f"has several ({', '.join(found)})" if found else f"has none; it has {_some(table)}"
    raise UsageError(f"x: expected the axis that ends in {tails[0]}; the table {several}: name one")


def _some(table: pd.DataFrame) -> str:
    return ", ".join(axis_columns(table)) or "no axes"


def groups(table: pd.DataFrame, by: str | None) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each group with its name for people, in order of appearance."""
    if by is None:
        yield "", table
        return
    # "5s" alone says little, a policy's name all there is to say.
    plain = "/" not in by or by.endswith("policy")
    tail = by.rsplit("/", 1)[-1]
    before = "" if plain else {"keep_alive_tmo": "KATO"}.get(tail, tail.replace("_", " ")) + " "
    for key, group in with_keys(table, [by]).groupby(by, sort=False):
        yield before + label_of(key), group


def spans_decades(values: Sequence[float]) -> bool:
    """Tell whether a scale should be logarithmic: all above 0, and largest / smallest above 30."""
    known = np.asarray(values, dtype=np.float64)
    known = known[~np.isnan(known)]
    return bool(len(known) and known.min() > 0 and known.max() / known.min() > 30)


def time_text(value_s: float) -> str:
    """Return a time for people, with three digits: ``"15.0 s"``, ``"91.9 µs"``."""
    number, unit = _scaled(value_s)
    return f"{number:#.3g}".rstrip(".") + f" {unit}" if number else "0 s"


def _scaled(value_s: float) -> tuple[float, str]:
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if abs(value_s) >= 0.9995 * scale:
            return value_s / scale, unit
    return value_s / 1e-9, "ns"


def _tick(value_s: float, _: object) -> str:
    number, unit = _scaled(value_s)
    return f"{number:.6g} {unit}" if number else "0 s"


#: of axes with times
TIME = FuncFormatter(_tick)


def time_scale(ax: Axes, which: str, values: Sequence[float]) -> None:
    """Make an axis one of times: logarithmic over decades, else from 0 on."""
    axis = ax.yaxis if which == "y" else ax.xaxis
    set_scale, set_limit = (
        (ax.set_yscale, ax.set_ylim) if which == "y" else (ax.set_xscale, ax.set_xlim)
    )
    if spans_decades(values):
        set_scale("log")
        axis.set_major_formatter(TIME)
        axis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    else:
        top = np.nanmax(np.asarray(values, dtype=np.float64), initial=0.0)
        set_limit(-0.02 * top, 1.08 * top if top > 0 else 1.0)


def widths(lines: Sequence[npt.NDArray[np.float64]]) -> list[float]:
    """Return how thick to draw each line, so that one below equal ones shows at both sides."""
    return [
        3.0 + 3.5 * sum(_same(line, later) for later in lines[number + 1 :])
        for number, line in enumerate(lines)
    ]


def _same(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> bool:
    return len(a) == len(b) and bool(np.allclose(a, b, rtol=0.01, equal_nan=True))


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Move labels apart along an axis, as little as possible, so that none are nearer than `gap`.

    >>> spread([1.0, 1.0, 5.0], gap=1.0)
    [0.5, 1.5, 5.0]
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    # Blocks of labels that touch: (sum of what each wants for the first of the block, members).
    blocks: list[tuple[float, list[int]]] = []
    for i in order:
        total, members = places[i], [i]
        while blocks:
            before, others = blocks[-1]
            if total / len(members) - before / len(others) >= gap * len(others):
                break
            blocks.pop()
            total = before + total - gap * len(others) * len(members)
            members = others + members
        blocks.append((total, members))
    out = [0.0] * len(places)
    for total, members in blocks:
        for k, i in enumerate(members):
            out[i] = total / len(members) + gap * k
    return out


def end_labels(ax: Axes, ends: Sequence[tuple[float, float]], names: Sequence[str]) -> None:
    """Write to the right of the end of each line what it is."""
    ax.figure.canvas.draw()
    to_share = ax.transAxes.inverted().transform
    heights = [float(to_share(ax.transData.transform((x, y)))[1]) for x, y in ends]
    # The size of a line of text, in shares of the height of the axes.
    gap = 1.35 * TEXT / 72 * ax.figure.dpi / max(ax.get_window_extent().height, 1)
    for number, height in enumerate(spread(heights, gap)):
        ink = colour(number)
        written = ax.annotate(
            names[number],
            xy=ends[number],
            xytext=(1.02, height),
            textcoords="axes fraction",
            color=ink,
            fontsize=TEXT,
            fontweight="bold",
            va="center",
            arrowprops={"arrowstyle": "-", "color": ink, "linewidth": 1, "alpha": 0.6},
        )
        halo(written)
