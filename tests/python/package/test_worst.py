# SPDX-License-Identifier: Apache-2.0
"""`holdfast.search`: what it finds, what it says that there is not, and what it refuses."""

from __future__ import annotations

import math
from typing import Literal

import holdfast
import pytest
from holdfast import Scenario, ScenarioError, UsageError, plot


def scenario(policy: str) -> Scenario:
    """Return the bundled scenario with another policy, and its path failing after two writes."""
    one = Scenario.load("worst_case").set("/faults/0/at", "1s")
    return one.set("/hosts/0/policy", policy)


def test_a_finding_replays() -> None:
    """Its run is corrupt on both kernels, with the hash that the search told."""
    found = holdfast.search(scenario("linux-mainline"), "corruption", bounds={"losses": 0})
    assert found.verdict == "found"
    assert found.finding is not None
    assert list(found.deviations["kind"]) == ["delay"]
    assert math.isnan(found.value_s)
    run = holdfast.run(found.finding, kernel="both")
    assert run.verdict == "corrupt"
    assert run.trace_hash == found.trace_hash
    assert run.ok


def test_a_finding_tells_when_it_became_inevitable() -> None:
    """Its only choice decides: before it some continuations are safe, from it on none is."""
    bounds = {"deviations": 1, "losses": 0, "faults": []}
    found = holdfast.search(scenario("linux-mainline"), "corruption", bounds=bounds)
    table = found.likelihood
    chosen = float(found.deviations["made_s"].iloc[0])
    assert found.inevitable_s == chosen
    assert (table["worlds"] == 100).all()
    before = table["at_s"] < chosen
    assert (table.loc[before, "corrupt_count"] < 100).all()
    assert (table.loc[~before, "corrupt_count"] == 100).all()
    assert ((table["low"] <= table["share"]) & (table["share"] <= table["high"])).all()
    title = str(plot.likelihood(table).get_title("left"))
    assert title.startswith(f"Inevitable from {chosen:.6g} s on; ")
    assert title.endswith(f"{table['corrupt_count'].iloc[0]} of 100 at the beginning")
    never = plot.likelihood(table[before])
    assert str(never.get_title("left")).startswith("Never quite inevitable; ")
    assert not plot.likelihood(table.head(0)).lines


@pytest.mark.parametrize("strategy", ["random-walk", "swarm"])
def test_walks_find_it_too(strategy: Literal["random-walk", "swarm"]) -> None:
    """With more deviations than it takes, which shrinking leaves out."""
    found = holdfast.search(
        scenario("linux-mainline"), "corruption", bounds={"deviations": 3}, worlds=2000,
        strategy=strategy,
    )  # fmt: skip
    assert found.verdict == "found"
    assert len(found.deviations) == 1
    assert found.to_dict()["strategy"] == strategy


def test_merging_and_reduction_can_be_switched_off() -> None:
    """Without them the verdict is the same, of more worlds, and none is remembered."""
    bounds = {"deviations": 2, "losses": 0, "delay": "3s"}
    found = holdfast.search("worst_case", "corruption", bounds=bounds)
    plain = holdfast.search("worst_case", "corruption", bounds=bounds, merge=False, reduce=False)
    assert (found.verdict, found.exhausted) == (plain.verdict, plain.exhausted) == ("none", True)
    assert found.distinct > found.met_again > 0
    assert (plain.distinct, plain.met_again) == (0, 0)
    merged = holdfast.search("worst_case", "corruption", bounds=bounds, reduce=False)
    assert found.worlds < merged.worlds < plain.worlds
    assert plain.to_dict()["merging"]["on"] is False
    assert 0 < found.to_dict()["merging"]["collision_probability"] < 1e-30


def test_best_first_finds_it_too() -> None:
    """With as few deviations as the exhaustive strategy."""
    found = holdfast.search(
        scenario("linux-mainline"), "corruption", bounds={"losses": 0}, strategy="best-first"
    )
    assert (found.verdict, len(found.deviations)) == ("found", 1)
    assert found.to_dict()["strategy"] == "best-first"


def test_none_is_told_with_its_bound() -> None:
    """The own policy of the scenario withstands one deviation, and all of them were tried."""
    none = holdfast.search("worst_case", "corruption", bounds={"deviations": 1})
    assert (none.verdict, none.exhausted, none.finding) == ("none", True, None)
    assert none.levels.loc[0, "worlds"] == 1
    assert none.worlds == none.levels["worlds"].sum() > 100
    assert "1 deviation" in none.bounds
    assert "exhausted" in repr(none)
    assert none.to_dict()["worlds"] == none.worlds


def test_the_longest_stall_is_no_shorter_than_the_own_one() -> None:
    """A delayed write is told to take as long as it may."""
    bounds = {"deviations": 1, "losses": 0, "faults": []}
    worst = holdfast.search(scenario("spec"), "stall", bounds=bounds, jobs=1)
    assert worst.value_s > worst.own_value_s
    assert worst.exhausted
    assert worst.finding is not None
    assert holdfast.run(worst.finding).stall_s == pytest.approx(worst.value_s)


def test_budgets_end_a_search() -> None:
    """By worlds, and by the clock."""
    some = holdfast.search("worst_case", "corruption", worlds=10, jobs=2)
    assert not some.exhausted
    assert 10 <= some.worlds < 1000
    assert not holdfast.search("worst_case", "corruption", budget="10ms").exhausted


def test_what_is_safe_elsewhere_is_a_finding_against_it() -> None:
    """Mainline fails, the specification's policy does not, with the same choices."""
    found = holdfast.search(
        scenario("linux-mainline"), "corruption", bounds={"losses": 0}, against="spec"
    )
    assert found.finding is not None
    assert holdfast.run(found.finding.set("/hosts/0/policy", "spec")).verdict == "ok"


def test_what_is_wrong_is_told() -> None:
    """An objective, a bound, a policy."""
    with pytest.raises(UsageError):
        holdfast.search("worst_case", "fame")  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match="/adversary"):
        holdfast.search("worst_case", "stall", bounds={"loses": 2})
    with pytest.raises(UsageError, match="did you mean"):
        holdfast.search("worst_case", "corruption", against="spek")
    with pytest.raises(UsageError, match="corruption"):
        holdfast.search("worst_case", "stall", against="spec")
