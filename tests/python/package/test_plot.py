# SPDX-License-Identifier: Apache-2.0
"""Plots: what they draw is what the table says, and odd tables do not break them."""

from __future__ import annotations

from typing import Any

import holdfast
import numpy as np
import pandas as pd
import pytest
from holdfast import plot
from holdfast._table import label_of, seconds
from holdfast.errors import UsageError
from holdfast.plot import style
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

POLICY = "/hosts/0/policy"
KATO = "/hosts/0/connect/*/keep_alive_tmo"
HOLD = "/hosts/0/policy/hold_multiplier"
FOUR: dict[str, Any] = {
    "exposure": plot.exposure_against_hold,
    "stall": plot.stall_against_kato,
    "phases": plot.recovery_phases,
    "ecdf": plot.stall_ecdf,
}

pytestmark = pytest.mark.usefixtures("drawn_in_memory")


def sweep_by_hand() -> pd.DataFrame:
    """Return two policies, two KATOs, two hold factors and three seeds; by formula."""
    rows = []
    for policy, fence in (("linux-mainline", 0.0), ("cqt-only", 3.0)):
        for kato in (5, 10):
            for factor in (1, 2):
                for seed in (1, 2, 3):
                    detect, hold = kato + 0.25 * seed, fence * kato
                    rows.append({
                        POLICY: policy, KATO: f"{kato}s", HOLD: factor, "seed": seed,
                        "stall_s": detect + hold, "detect_s": detect, "fence_s": hold,
                        "retry_s": 0.5, "reconnect_s": 10.0,
                        "exposure_max_s": (2 - factor) * seed,
                    })  # fmt: skip
    return pd.DataFrame(rows)


def texts(ax: Axes) -> list[str]:
    """Return all that is written into the axes."""
    return [text.get_text() for text in ax.texts]


def legend_of(ax: Axes) -> list[str]:
    """Return what the legend names."""
    legend = ax.get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend else []


def lines(ax: Axes) -> dict[str, tuple[list[float], list[float]]]:
    """Return the joined lines of more than two points, by colour."""
    return {
        str(line.get_color()): (
            [float(v) for v in np.asarray(line.get_xdata())],
            [float(v) for v in np.asarray(line.get_ydata())],
        )
        for line in ax.get_lines()
        if line.get_linestyle() == "-"
    }


def bars_of(ax: Axes) -> list[tuple[float, float, float]]:
    """Return the middle, the start and the length of each bar."""
    bars = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    return [(b.get_y() + b.get_height() / 2, b.get_x(), b.get_width()) for b in bars]


def test_exposure() -> None:
    """The worst seed of each factor is joined, and the factor without exposure is named."""
    ax = plot.exposure_against_hold(sweep_by_hand())
    assert lines(ax)[style.BAD] == ([1.0, 2.0], [3.0, 0.0])
    assert ax.get_title("left") == "No exposure seen from a hold factor of 2 on"
    assert any("zero from 2 on" in text for text in texts(ax))
    never = plot.exposure_against_hold(sweep_by_hand().query(f"`{HOLD}` == 1"))
    assert never.get_title("left") == "Exposed for up to 3.00 s even at the longest hold"
    safe = plot.exposure_against_hold(sweep_by_hand().query(f"`{HOLD}` == 2"))
    assert safe.get_title("left") == "No exposure seen at any hold that was tried"


def test_exposure_that_comes_back_is_not_called_safe() -> None:
    """Zero at 2 and 4 but not at 3: only from 4 on is it safe."""
    table = pd.DataFrame({HOLD: [1, 2, 3, 4], "exposure_max_s": [0.2, 0.0, 0.1, 0.0]})
    assert "of 4 on" in plot.exposure_against_hold(table).get_title("left")


def test_stall() -> None:
    """Means over seeds: KATO + 0.5, and four times KATO + 0.5 where it is held three times."""
    ax = plot.stall_against_kato(sweep_by_hand())
    found = lines(ax)
    assert found[style.colour(0)] == ([5.0, 10.0], [5.5, 10.5])
    assert found[style.colour(1)] == ([5.0, 10.0], [20.5, 40.5])
    assert ax.get_title("left") == "Each second of KATO costs 4.00 s of stall with cqt-only"
    assert {"linux-mainline", "cqt-only"} <= set(texts(ax))
    # The band at KATO 5 of the first: 5.5 -+ t(5) s / sqrt(6), s of {.25, .25, .5, .5, .75, .75}
    half = 2.571 * np.sqrt(0.25 / 5) / np.sqrt(6)
    band = ax.collections[0].get_paths()[0].get_extents()
    assert band.y0 == pytest.approx(5.5 - half, abs=1e-3)
    assert ax.get_yscale() == "linear"


def test_stall_over_decades_is_logarithmic() -> None:
    """From 100 us to 15 s."""
    table = pd.DataFrame({KATO: ["5s", "10s"], POLICY: ["a", "b"], "stall_s": [1e-4, 15.0]})
    ax = plot.stall_against_kato(table)
    assert ax.get_yscale() == "log"
    assert ax.get_title("left") == "Longest stall"


def test_stall_that_levels_off_has_no_slope() -> None:
    """KATO 5 and 10 s cost 5 s each, 15 s nothing more: no one number for a second of KATO."""
    table = pd.DataFrame({KATO: ["5s", "10s", "15s"], "stall_s": [5.0, 10.0, 10.0]})
    ax = plot.stall_against_kato(table)
    assert ax.get_title("left") == "Mean stall: 5.00 s to 10.0 s at KATO 5 to 15 s"


def test_stall_shows_the_worst_run_and_the_exposed_ones() -> None:
    """Seed 3 is the worst; the exposed runs are crossed out, and both are explained."""
    ax = plot.stall_against_kato(sweep_by_hand())
    worst = [line for line in ax.get_lines() if line.get_linestyle() == ":"]
    assert [list(np.asarray(line.get_ydata())) for line in worst] == [[5.75, 10.75], [20.75, 40.75]]
    crosses = [line for line in ax.get_lines() if line.get_marker() == "x"]
    assert len(np.asarray(crosses[0].get_xdata())) == 12  # those with factor 1
    assert legend_of(ax) == ["mean", "worst run", "exposed run"]
    safe = plot.stall_against_kato(sweep_by_hand().query(f"`{HOLD}` == 2"))
    assert legend_of(safe) == ["mean", "worst run"]


@pytest.mark.parametrize("name", ["/hosts/*/connect/*/keep_alive_tmo", "hosts.h1.keep_alive_tmo"])
def test_axes_are_found_whatever_path_they_have(name: str) -> None:
    """By their ends; where there are two, the caller chooses."""
    name = name.replace("hosts.h1.", "/hosts/h1/connect/0/")
    table = sweep_by_hand().rename(columns={KATO: name, HOLD: "/hosts/*/policy/hold_multiplier"})
    assert plot.stall_against_kato(table).get_title("left").startswith("Each second of KATO")
    assert plot.exposure_against_hold(table).get_title("left").startswith("No exposure seen")
    with pytest.raises(UsageError, match=r"several \(.*\): name one"):
        plot.stall_against_kato(table.assign(**{KATO: table[name]})[[KATO, *table.columns]])


def test_a_retry_before_the_release_is_no_negative_bar() -> None:
    """A filter lets reads go while the fence goes on; the bars still add up."""
    table = sweep_by_hand().assign(retry_s=-2.0)
    for more in (False, True):
        bars = bars_of(plot.recovery_phases(table, by=POLICY, reconnect=more))
        assert min(length for _, _, length in bars) >= 0.0
    assert (1, 31.0 - 0.5, 0.0) in [tuple(round(v, 9) for v in bar) for bar in bars]
    filtered = holdfast.sweep("rw_test_ccr_filter", [{"label": "filter"}])
    assert min(length for _, _, length in bars_of(plot.recovery_phases(filtered))) >= 0.0


def test_phases() -> None:
    """Bars are stacked means; what no run of a group had counts as nothing."""
    table = sweep_by_hand()
    table.loc[table[POLICY] == "linux-mainline", "fence_s"] = None
    ax = plot.recovery_phases(table, by=POLICY)
    bars = bars_of(ax)
    # detect: mean of 5.5 and 10.5; fence: mean of 15 and 30
    for expected in ((0, 0, 8.0), (0, 8.0, 0.5), (1, 0, 8.0), (1, 8.0, 22.5), (1, 30.5, 0.5)):
        assert any(bar == pytest.approx(expected) for bar in bars), expected
    assert ax.get_title("left") == "cqt-only: on average 22.5 s of 31.0 s go to the fence"
    assert {"8.50 s", "31.0 s"} <= set(texts(ax))
    longer = plot.recovery_phases(table, by=POLICY, reconnect=True)
    assert {"18.0 s", "40.5 s"} <= set(texts(longer))


def test_ecdf() -> None:
    """Steps at the stalls, from 0 to 1."""
    table = sweep_by_hand().query(f"`{KATO}` == '5s' and `{HOLD}` == 1")
    ax = plot.stall_ecdf(table)
    x, y = lines(ax)[style.colour(0)]
    assert x[1:-1] == [5.25, 5.5, 5.75]
    assert y == pytest.approx([0, 1 / 3, 2 / 3, 1, 1])
    assert ax.get_title("left") == "Median stall: 5.50 s (linux-mainline) to 20.5 s (cqt-only)"


@pytest.mark.parametrize("name", FOUR)
def test_odd_tables(name: str) -> None:
    """Nothing, one row, failed runs: no crash, and a note where there is nothing to show."""
    table = sweep_by_hand()
    measured = ["stall_s", "detect_s", "fence_s", "retry_s", "reconnect_s", "exposure_max_s"]
    failed = table.assign(**dict.fromkeys(measured))
    for odd in (table.iloc[:0], failed, failed.astype(dict.fromkeys(measured, float))):
        ax = FOUR[name](odd)
        assert texts(ax)[0].startswith("no run ")
        ax.figure.canvas.draw()
    for few in (table.iloc[:1], table.iloc[[0, -1]], table.drop(columns=[POLICY])):
        ax = FOUR[name](few)
        assert ax.get_title("left")
        ax.figure.canvas.draw()
    zeros = FOUR[name](table.assign(**dict.fromkeys(measured, 0.0)))
    zeros.figure.canvas.draw()


@pytest.mark.parametrize("name", FOUR)
def test_given_axes_and_groups(name: str) -> None:
    """They draw where they are told, by policies that are objects too."""
    from matplotlib import pyplot

    table = sweep_by_hand()
    table[POLICY] = table[POLICY].map(
        {
            "linux-mainline": "linux-mainline",
            "cqt-only": {"preset": "cqt-only", "hold_multiplier": 1.5},
        }
    )
    _, places = pyplot.subplots(1, 2)
    ax = FOUR[name](table, by=POLICY, ax=places[1])
    assert ax is places[1]
    assert not places[0].has_data()
    legend = ax.get_legend()
    said = texts(ax) + [text.get_text() for text in ax.get_yticklabels()]
    said += [text.get_text() for text in legend.get_texts()] if legend else []
    assert "cqt-only, hold multiplier 1.5" in said


@pytest.mark.parametrize("name", FOUR)
def test_unknown_columns(name: str) -> None:
    """A wrong name is answered with the nearest one."""
    with pytest.raises(UsageError, match='did you mean "/hosts/0/policy"'):
        FOUR[name](sweep_by_hand(), by="/hosts/0/policies")
    with pytest.raises(UsageError, match="the table has none"):
        FOUR[name](pd.DataFrame({"seed": [1]}))


def test_timeline_of_a_corruption() -> None:
    """The window of 2 s, and the stale write at its end."""
    result = holdfast.run("rw_test_mainline")
    ax = result.plot_timeline()
    assert ax.get_title("left").startswith("Data corrupted, exposed for up to 2.00 s")
    assert "stale write" in texts(ax)
    # the second lane: from the release to the landing
    assert any(bar == pytest.approx((1, 0.10004, 2.0), abs=1e-4) for bar in bars_of(ax))
    marks = [line.get_xdata() for line in ax.get_lines() if line.get_marker() == "X"]
    assert float(np.asarray(marks[0])[0]) == pytest.approx(2.10006, abs=1e-5)


def test_timeline_of_a_hold_and_of_nothing() -> None:
    """A hold of 15.001 s is a bar; a run without recovery says so."""
    ax = plot.timeline(holdfast.run("rw_test_cqt_only"))
    assert ax.get_title("left") == "No exposure; longest stall 15.0 s"
    assert any(length == pytest.approx(15.001, abs=1e-3) for _, _, length in bars_of(ax))
    quiet = holdfast.run(holdfast.Scenario.load("rw_test_mainline").set("/faults", []))
    assert "no path was lost" in texts(quiet.plot_timeline())


def test_timeline_has_no_retry_of_nothing() -> None:
    """Nothing was in flight, so nothing was retried, for the rest of the run or at all."""
    idle = holdfast.run(holdfast.Scenario.load("quickstart").set("/workloads", []))
    assert list(idle.recovery["cancelled"]) == [0]
    names = legend_of(plot.timeline(idle))
    assert "first retry" not in names
    assert "detect the failure" in names
    assert "first retry" in legend_of(plot.timeline(holdfast.run("quickstart")))


def test_times_and_labels() -> None:
    """Quantities to seconds, times and policies to words."""
    assert [seconds(v) for v in ("5s", "250ms", 7, "1.5min")] == [5, 0.25, 7, 90]
    assert seconds("80us") == pytest.approx(8e-5)
    with pytest.raises(UsageError, match="soon"):
        seconds("soon")
    assert [style.time_text(v) for v in (15.001, 91.9e-6, 0.0, 0.7, 123.4, 2e-8)] == [
        "15.0 s", "91.9 µs", "0 s", "700 ms", "123 s", "20.0 ns",
    ]  # fmt: skip
    assert label_of('{"preset": "spec", "waits": "fencing"}') == "spec, waits fencing"
    assert label_of("cqt-only") == "cqt-only"


def test_labels_move_apart_as_little_as_possible() -> None:
    """Three at one place spread around it, others stay; the order stays too."""
    assert style.spread([1.0, 1.0, 5.0], 1.0) == [0.5, 1.5, 5.0]
    assert style.spread([2.0, 2.0, 2.0], 1.0) == [1.0, 2.0, 3.0]
    placed = style.spread([0.5, 0.0, 0.6, 9.0], 1.0)
    assert sorted(placed) == [placed[1], placed[0], placed[2], placed[3]]
    assert min(np.diff(sorted(placed))) == pytest.approx(1.0)
