# SPDX-License-Identifier: Apache-2.0
"""Plots of many groups side by side: they draw what the table says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from holdfast import plot
from holdfast.errors import UsageError
from holdfast.plot import style
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

pytestmark = pytest.mark.usefixtures("drawn_in_memory")


def table_by_hand() -> pd.DataFrame:
    """Return two faults and two levels with three runs each."""
    rows = []
    for fault, base in (("blackhole", 10.0), ("hang", 20.0)):
        for level, more in (("none", 0.0), ("CQT only", 15.0)):
            for seed in (1, 2, 3):
                bad = fault == "hang" and level == "none" and seed > 1
                rows.append({
                    "fault": fault, "level": level, "seed": seed,
                    "stall_s": base + more + seed, "kept_share": 1 / (seed + more),
                    "verdict": "corrupt" if bad else "ok",
                    "exposure_max_s": 2.5 * seed if fault == "hang" and level == "none" else 0.0,
                })  # fmt: skip
    return pd.DataFrame(rows)


def dots(ax: Axes) -> dict[float, float]:
    """Return the place of each dot on the y axis and its value."""
    return {
        round(float(np.asarray(line.get_ydata())[0]), 3): float(np.asarray(line.get_xdata())[0])
        for line in ax.get_lines()
        if len(np.asarray(line.get_xdata())) == 1
    }


def test_ranges() -> None:
    """Dots are medians, lines go from the least to the most, each row has both levels."""
    ax = plot.measure_ranges(table_by_hand(), "stall_s", rows="fault")
    assert dots(ax) == {-0.18: 12.0, 0.18: 27.0, 0.82: 22.0, 1.18: 37.0}
    spans = [
        tuple(np.asarray(line.get_xdata()))
        for line in ax.get_lines()
        if line.get_color() == style.colour(1) and len(np.asarray(line.get_xdata())) == 2
    ]
    assert spans == [(26.0, 28.0), (36.0, 38.0)]
    assert [one.get_text() for one in ax.get_yticklabels()] == ["blackhole", "hang"]
    title = "Median from 12.0 s (blackhole, none) to 37.0 s (hang, CQT only)"
    assert ax.get_title("left") == title
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["none", "CQT only"]


def test_ranges_of_shares_and_of_equal_values() -> None:
    """Percentages are written as such; equal medians are told as one."""
    ax = plot.measure_ranges(table_by_hand(), "kept_share", rows="fault", label="kept")
    assert ax.get_xlabel() == "kept"
    assert ax.get_title("left").startswith("Median from 5.88 % (")
    same = plot.measure_ranges(table_by_hand().assign(stall_s=2.0), "stall_s", rows="fault")
    assert same.get_title("left") == "Median 2.00 s, whichever it is"


def test_corrupt_share() -> None:
    """Each field counts its runs; green is safe, yellow exposed, the rest corrupt."""
    table = table_by_hand()
    ax = plot.corrupt_share(table, rows="fault")
    said = [text.get_text() for text in ax.texts]
    assert said.count("0 of 3 corrupt") == 3
    assert "2 of 3 corrupt" in said
    assert "exposed up to 7.50 s" in said
    title = '33.3 % of runs corrupt with "none", 0 with "CQT only"'
    assert ax.get_title("left") == title
    lucky = plot.corrupt_share(table.assign(verdict="ok"), rows="fault")
    assert lucky.get_title("left") == "None of 12 runs corrupt"
    fields = [p for p in lucky.patches if isinstance(p, Rectangle)]
    colours = [to_hex(field.get_facecolor()) for field in fields]
    assert colours.count(colours[0]) == 3  # blackhole and hang with CQT only: no exposure
    assert len(set(colours)) == 2


def test_a_level_that_some_row_lacks() -> None:
    """Groups keep their colour and their column where others are missing."""
    table = table_by_hand().query("not (fault == 'blackhole' and level == 'none')")
    ranges = plot.measure_ranges(table, "stall_s", rows="fault")
    assert len(dots(ranges)) == 3
    assert len(plot.corrupt_share(table, rows="fault").texts) == 6


CALLS: dict[str, Any] = {
    "ranges": lambda table, **more: plot.measure_ranges(table, "stall_s", "fault", **more),
    "shares": lambda table, **more: plot.corrupt_share(table, "fault", **more),
}


@pytest.mark.parametrize("name", CALLS)
def test_odd_tables(name: str) -> None:
    """Nothing, failed runs, one row, no level: no crash, and a note where nothing can be shown."""
    table = table_by_hand()
    failed = table.assign(stall_s=None, verdict=None, exposure_max_s=None)
    for odd in (table.iloc[:0], failed):
        assert CALLS[name](odd).texts[0].get_text().startswith("no run ")
    for few in (table.iloc[:1], table.drop(columns=["level"])):
        CALLS[name](few).figure.canvas.draw()


@pytest.mark.parametrize("name", CALLS)
def test_unknown_columns(name: str) -> None:
    """A wrong name is answered with the nearest one; given axes are used."""
    from matplotlib import pyplot

    with pytest.raises(UsageError, match='did you mean "level"'):
        CALLS[name](table_by_hand(), by="levels")
    _, ax = pyplot.subplots()
    assert CALLS[name](table_by_hand(), ax=ax) is ax
