# SPDX-License-Identifier: Apache-2.0
"""`holdfast.size` and `holdfast.sensitivity`."""

from __future__ import annotations

import math
from typing import Any

import holdfast
import pytest

CQT = "/subsystems/0/attr_cqt"
MEAN = "/subsystems/0/namespaces/0/media/write/rare"


def test_a_recommendation_keeps_both() -> None:
    """And its frontier needs ever less CQT the longer KATO is."""
    found = holdfast.size("rare_1e6", risk=1e-9, stall="20s")
    assert found.feasible
    assert found.recommended["risk_probability"] <= 1e-9
    assert found.recommended["stall_s"] <= 20
    assert found.frontier["cqt_s"].is_monotonic_decreasing
    assert found.rule_of_thumb["kato_s"] == 1


def test_what_cannot_be_says_what_would_do() -> None:
    """A stall of three seconds leaves a risk that is told."""
    none = holdfast.size("rare_1e6", risk=1e-9, stall="3s")
    assert not none.feasible
    assert none.recommended == {}
    assert holdfast.size("rare_1e6", risk=1e-9, stall=none.needs["stall_s"]).feasible


def test_the_risk_hangs_on_the_mean_time_and_on_nothing_that_is_not_there() -> None:
    """The mean is in the exponent, times all of the wait; a dummy gets nothing."""
    ranges = {CQT: ("400ms", "600ms"), MEAN: ("200ms", "400ms")}
    found = holdfast.sensitivity("rare_1e6", ranges, n=128)
    assert list(found.index) == [CQT, MEAN, "dummy"]
    total = found["total"].to_dict()
    assert total[MEAN] > 0.9
    assert total["dummy"] == pytest.approx(0, abs=1e-6)


def test_kato_is_drawn_in_whole_seconds() -> None:
    """As Linux takes it; it counts three times, so the risk hangs on it."""
    kato = "/hosts/0/connect/*/keep_alive_tmo"
    ranges: dict[str, Any] = {kato: ("1s", "5s", "whole"), CQT: ("400ms", "600ms")}
    found = holdfast.sensitivity("rare_1e6", ranges, n=64)
    assert found["total"][kato] > 0.9
    alone = holdfast.tornado("rare_1e6", {kato: ("1s", "2s", "whole")})
    assert alone.equals(holdfast.tornado("rare_1e6", {kato: ("1s", "2s")}))
    assert alone["high_s"].tolist() == [2.0]
    with pytest.raises(holdfast.ScenarioError, match="a multiple of 1s"):
        holdfast.sensitivity("rare_1e6", {kato: ("1s", "5s")}, n=16)


def test_a_stall_hangs_on_what_decides_it_and_the_seed_is_an_input() -> None:
    """A hold is counted in KATO; a fault whose instant is drawn is up to the seed alone."""
    kato = "/hosts/*/connect/*/keep_alive_tmo"
    other = "/hosts/*/connect/*/reconnect_delay"
    ranges: dict[str, Any] = {kato: ("2s", "6s", "whole"), other: ("1s", "10s", "whole")}
    found = holdfast.sensitivity("rw_test_cqt_only", ranges, of="stall", n=32)
    assert list(found.index) == [kato, other, "seed", "dummy"]
    total = found["total"].to_dict()
    assert total[kato] > 0.9
    assert total[other] == pytest.approx(0, abs=1e-6)
    assert total["dummy"] == pytest.approx(0, abs=1e-6)
    # What a write takes is drawn, and nothing else is left that differs.
    drawn = holdfast.Scenario.load("rw_test_cqt_only").set(
        "/subsystems/0/namespaces/0/media", {"write": {"uniform": ["0s", "2s"]}}
    )
    drawn = drawn.set("/faults", [])
    by_seed = holdfast.sensitivity(drawn, {other: ("1s", "10s")}, of="stall", n=32)["total"]
    assert by_seed["seed"] > 0.9
    assert by_seed[other] == pytest.approx(0, abs=1e-6)


def test_times_below_a_millisecond_are_drawn_as_they_are() -> None:
    """A write that takes 60 to 400 us is all of what an application waits for on healthy paths."""
    media = "/subsystems/0/namespaces/0/media/write"
    calm = holdfast.Scenario.load("rw_test_mainline").set("/faults", [])
    found = holdfast.sensitivity(calm, {media: ("60us", "400us")}, of="stall", n=128)["total"]
    assert found[media] > 0.9
    rare = "/subsystems/0/namespaces/0/media/write/usual"
    alone = holdfast.tornado("rare_1e6", {rare: ("100us", "400us")})
    assert alone["low_s"].tolist() == [0.0001]
    assert alone["high_s"].tolist() == [0.0004]


def test_a_tornado_is_worked_out_by_hand() -> None:
    """What a write takes longer is exponential: each CQT more is exp(-CQT / mean) of the risk."""
    mean_s = 0.285
    kato = "/hosts/0/connect/*/keep_alive_tmo"
    ranges = {CQT: ("400ms", "600ms"), kato: ("1s", "2s"), "/duration": ("20s", "30s")}
    one = holdfast.Scenario.load("rare_1e6").set(MEAN, "285ms")
    table = holdfast.tornado(one, ranges)
    assert list(table.index) == [kato, CQT, "/duration"]
    assert table["decades"][CQT] == pytest.approx(0.2 / mean_s / math.log(10), rel=0.01)
    assert table["decades"]["/duration"] == 0
    row = table.loc[CQT]
    assert row["at_high_probability"] < row["own_probability"] < row["at_low_probability"]
    ax = holdfast.plot.tornado(table)
    assert ax.get_title(loc="left").startswith("KATO alone: ")
    assert [label.get_text() for label in ax.get_yticklabels()][1] == "CQT"


def test_what_they_refuse() -> None:
    """A risk that is none, a design that is none."""
    with pytest.raises(holdfast.UsageError, match="risk"):
        holdfast.size("rare_1e6", risk=0, stall="20s")
    with pytest.raises(holdfast.UsageError, match="risk: found 1e-320, expected"):
        holdfast.size("rare_1e6", risk=1e-320, stall="20s")
    with pytest.raises(holdfast.UsageError, match="power of two"):
        holdfast.sensitivity("rare_1e6", {CQT: ("1ms", "2ms")}, n=100)
    with pytest.raises(holdfast.UsageError, match="empty range"):
        holdfast.tornado("rare_1e6", {CQT: ("2ms", "2ms")})
    with pytest.raises(holdfast.ScenarioError):
        holdfast.size("quickstart", stall="20s")


def test_the_seed_of_stalls_is_no_range() -> None:
    """It is an input as it is, and its values would be drawn twice."""
    for path in ("/seed", "seed"):
        ranges = {path: ("1s", "2s"), "/subsystems/0/attr_cqt": ("100ms", "1s")}
        with pytest.raises(holdfast.UsageError, match="an input of every stall"):
            holdfast.sensitivity("rare_1e6", ranges, of="stall", n=16)
