# SPDX-License-Identifier: Apache-2.0
"""`holdfast.rare`: its frames, what it says of itself, and what it refuses."""

from __future__ import annotations

import signal
from typing import Any

import holdfast
import pytest


def test_an_estimate_has_its_interval_and_worlds_that_run_again() -> None:
    """The mean of the repetitions lies in the interval; an example corrupts when it is run."""
    found = holdfast.rare("rare_1e4", "corruption", repetitions=4, effort=60, jobs=1)
    assert found.low <= found.probability <= found.high
    assert found.probability == pytest.approx(found.repetitions.mean())
    assert found.levels["chance"].between(0, 1).all()
    assert found.complete
    assert holdfast.run(found.examples[0]).integrity.verdict == "corrupt"
    again = holdfast.rare("rare_1e4", "corruption", repetitions=4, effort=60, jobs=2)
    assert again.to_dict() == found.to_dict()


def test_nobody_met_it_is_a_bound_and_no_estimate() -> None:
    """A stall that cannot be: the rule of three over all runs that began."""
    none = holdfast.rare("rare_1e9", "stall>15s", repetitions=2, effort=5)
    assert none.ancestors == 0
    assert none.probability != none.probability  # NaN
    assert 0 < none.high < 0.05
    assert any("upper bound" in warning for warning in none.warnings)


def nearest(now_s: float, writes: list[tuple[float, float]]) -> float:
    """Say which part of the way to its release the nearest write has gone."""
    assert now_s >= 0
    return max((age / (age + max(left, 0.0)) for age, left in writes), default=0.0)


def test_an_importance_of_ones_own() -> None:
    """It leads to the same probability as the one that is built in, and is unbiased like that."""
    built_in = holdfast.rare("rare_1e4", "corruption", repetitions=8, effort=60)
    own = holdfast.rare("rare_1e4", "corruption", repetitions=8, effort=60, importance=nearest)
    assert own.low < built_in.high
    assert built_in.low < own.high
    assert own.ancestors > 10
    assert len(own.levels) > 3
    flat = holdfast.rare("rare_1e4", "corruption", repetitions=2, effort=9, importance=min_of_none)
    assert len(flat.levels) <= 2  # It tells no world from another, so there is nothing to split at.


def min_of_none(now_s: float, writes: list[tuple[float, float]]) -> float:
    """Say that all worlds are alike."""
    return 0.0


@pytest.mark.parametrize("error", [ZeroDivisionError("mine"), ValueError("mine")])
def test_what_an_importance_raises_is_raised(error: Exception) -> None:
    """As it is, though another thread met it."""

    def fails(now_s: float, writes: list[tuple[float, float]]) -> float:
        raise error

    with pytest.raises(type(error), match="mine"):
        holdfast.rare("rare_1e4", "corruption", repetitions=2, effort=5, importance=fails)


def test_ctrl_c_while_it_is_asked_keeps_what_is_done() -> None:
    """As anywhere else: the repetitions that were finished are in the answer."""
    asked = 0

    def interrupts(now_s: float, writes: list[tuple[float, float]]) -> float:
        nonlocal asked
        asked += 1
        if asked == 20_000:
            signal.raise_signal(signal.SIGINT)
        return nearest(now_s, writes)

    with pytest.raises(holdfast.Interrupted) as caught:
        holdfast.rare(
            "rare_1e4", "corruption", repetitions=100_000, effort=2, importance=interrupts
        )
    assert caught.value.result is not None
    assert asked < 10**6


@pytest.mark.parametrize("value", ["far", float("nan"), float("inf"), 10**400, None])
def test_an_importance_is_a_number(value: Any) -> None:
    """Anything else is told."""

    def says(now_s: float, writes: list[tuple[float, float]]) -> Any:
        return value

    with pytest.raises(holdfast.UsageError, match="importance: found"):
        holdfast.rare("rare_1e4", "corruption", repetitions=2, effort=5, importance=says)


def test_what_it_refuses() -> None:
    """An event that is none, and a scenario whose choices are made."""
    with pytest.raises(holdfast.UsageError, match="stall>TIME"):
        holdfast.rare("rare_1e4", "fame")
    scripted = holdfast.Scenario.load("rare_1e4").to_dict()
    scripted["choices"] = []
    with pytest.raises(holdfast.UsageError, match="choices"):
        holdfast.rare(holdfast.Scenario(scripted), "corruption")
