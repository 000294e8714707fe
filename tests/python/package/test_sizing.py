# SPDX-License-Identifier: Apache-2.0
"""`holdfast.size` and `holdfast.sensitivity`."""

from __future__ import annotations

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


def test_what_they_refuse() -> None:
    """A risk that is none, a design that is none."""
    with pytest.raises(holdfast.UsageError, match="risk"):
        holdfast.size("rare_1e6", risk=0, stall="20s")
    with pytest.raises(holdfast.UsageError, match="power of two"):
        holdfast.sensitivity("rare_1e6", {CQT: ("1ms", "2ms")}, n=100)
    with pytest.raises(holdfast.ScenarioError):
        holdfast.size("quickstart", stall="20s")
