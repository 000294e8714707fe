# SPDX-License-Identifier: Apache-2.0
"""`holdfast.rare`: its frames, what it says of itself, and what it refuses."""

from __future__ import annotations

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


def test_what_it_refuses() -> None:
    """An event that is none, and a scenario whose choices are made."""
    with pytest.raises(holdfast.UsageError, match="stall>TIME"):
        holdfast.rare("rare_1e4", "fame")
    scripted = holdfast.Scenario.load("rare_1e4").to_dict()
    scripted["choices"] = []
    with pytest.raises(holdfast.UsageError, match="choices"):
        holdfast.rare(holdfast.Scenario(scripted), "corruption")
