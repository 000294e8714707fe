# SPDX-License-Identifier: Apache-2.0
"""The simulator against measurements of a real Linux host and target (docs/validity.md)."""

from __future__ import annotations

import functools
from typing import Any

import compare
import pages
import pytest
from house import ROOT

EXPERIMENTS = compare.experiments()


@functools.cache
def rows_of(name: str) -> list[compare.Row]:
    """Simulate an experiment, once for all tests."""
    (experiment,) = (e for e in EXPERIMENTS if e["experiment"] == name)
    return list(compare.rows_of(experiment))


@pytest.mark.parametrize("name", [e["experiment"] for e in EXPERIMENTS])
def test_simulated_is_as_measured(name: str) -> None:
    """Every number of every run is within its bound, or the page says what is not modelled."""
    rows = rows_of(name)
    assert rows
    failed = [row for row in rows if not row.passes and row.excuse is None]
    assert not failed, "measured | simulated\n" + compare.table(failed)


def test_page_shows_the_comparison() -> None:
    """The tables of docs/validity.md are those that the comparison makes now."""
    rows = [row for experiment in EXPERIMENTS for row in rows_of(experiment["experiment"])]
    assert pages.tables_on_page() == pages.markdown(rows), (
        "docs/validity.md is old: python tests/reference/compare.py --write"
    )


def test_blackholes_begin_and_end_by_their_marks() -> None:
    """A path is healed at its mark, however much later than its own mark the fault began."""
    runs = [run for e in EXPERIMENTS for run in e["runs"] if "healed_s" in run["measured"]]
    assert len(runs) > 20
    for run in runs:
        at, lasts = (int(run["set"][f"/faults/0/{key}"][:-2]) for key in ("at", "for"))
        measured = run["measured"]
        assert at == pytest.approx(1e6 * measured["mark_s"] + 19_450, abs=2)
        assert at + lasts == pytest.approx(1e6 * (measured["mark_s"] + measured["healed_s"]), abs=2)


def test_every_scenario_is_compared() -> None:
    """A scenario of scenarios/reference without a measurement would prove nothing."""
    folder = ROOT / "scenarios" / "reference"
    there = {str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.json")}
    assert there == {experiment["scenario"] for experiment in EXPERIMENTS}


def test_bounds_hold() -> None:
    """A number that is off by more than its bound is red, so is one that is missing."""
    measured = {"x_s": 7.5, "y_s": 0.01, "keep_alives": 22}

    def passes(what: str, value: Any, simulated: Any, name: str = "b-some") -> bool:
        bound = compare.bound_of(name, what, measured | {what: value})
        return bool(compare.Row(name, "run", what, value, simulated, bound).passes)

    assert passes("x_s", 7.5, 7.507)
    assert not passes("x_s", 7.5, 7.509)
    assert not passes("x_s", 7.5, None)
    assert not passes("x_s", [1.0, 2.0], [1.0])
    assert not passes("y_s", 0.01, 0.011)  # 5 % of it are half a millisecond
    assert not passes("keep_alives", 22, 23)
    assert not passes("corrupted", True, False, "d_nat7")
    assert passes("stale_visible_s", 7.5972, 7.6, "d_nat7")
    assert not passes("stale_visible_s", 7.5972, 7.62, "d_nat7")


def test_bounds_of_losses() -> None:
    """Factors around the median, or within the repetitions."""
    given = {"mean_us": 1000.0, "mean_us_range": [950.0, 1040.0], "loss_percent": 5.0}
    for depth, factor in ((1, 1.15), (8, 1.5)):
        bound = compare.bound_of("c-x", "mean_us", given | {"queue_depth": depth})
        for simulated, near in ((0.99 * factor, True), (1.01 * factor, False)):
            assert compare.Row("c-x", "r", "mean_us", 1e3, 1e3 * simulated, bound).passes == near
            assert compare.Row("c-x", "r", "mean_us", 1e3, 1e3 / simulated, bound).passes == near
