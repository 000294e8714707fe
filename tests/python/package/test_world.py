# SPDX-License-Identifier: Apache-2.0
"""Worlds: stepping, time travel, what-if."""

from __future__ import annotations

import gc
import weakref

import holdfast
import pytest
from holdfast import Scenario, ScenarioError, UsageError, World, parts, sleep
from holdfast.workload import Process


def test_a_world_ends_like_a_run_however_it_is_driven() -> None:
    """Steps, instants, or all at once: one hash."""
    whole = holdfast.run("rw_test_mainline").trace_hash
    stepped = World("rw_test_mainline")
    assert stepped.step(1000) == 1000
    for time in ("1s", 2.5, "40s"):
        assert stepped.run_until(time).now_s == {"1s": 1, 2.5: 2.5, "40s": 40}[time]
    assert stepped.run().trace_hash == whole


def test_injecting_copies_of_a_fault_injects_each() -> None:
    """Three that begin and end together are six records, as in the scenario."""
    fault = {"type": "blackhole", "copies": 3, "link": "h1-s1", "at": "1s", "for": "1s"}
    world = World("rw_test_mainline", record=True).run_until("20ms")
    world.inject(fault)
    world.run_until("3s")
    at = [round(float(time_s), 3) for time_s in world.records("fault")["time_s"]]
    assert [time_s for time_s in at if time_s >= 1] == [1, 1, 1, 2, 2, 2]


def test_a_copy_goes_its_own_way() -> None:
    """The copy repeats the future; a change to it leaves the original alone."""
    world = World("rw_test_mainline").run_until("60ms")
    same, changed = world.copy(), world.copy()
    changed.set_policy("h1", "cqt-only")
    first = world.run()
    assert same.run().trace_hash == first.trace_hash
    assert first.verdict == "corrupt"
    # The hold is 3 x 5 s + 1 ms of CQT, and then the stale write has long landed.
    assert changed.run().verdict == "ok"
    assert changed.result().recovery["released_s"][0] - changed.result().recovery["detected_s"][
        0
    ] == pytest.approx(15.001, abs=1e-9)


def test_time_travel() -> None:
    """Look at the stale write, go back before it, and look again."""
    world = World("rw_test_mainline", record=["stale_write"])
    before = world.run_until("2s").copy()
    world.run()
    told = world.records("stale_write")
    assert len(told) == 1
    assert 2.1 < told["time_s"][0] < 2.2
    assert before.now_s == 2.0
    assert before.records("stale_write").empty
    assert before.inspect()["integrity"]["stale_writes"] == 0
    before.run_until(float(told["time_s"][0]))
    assert before.inspect()["integrity"]["stale_writes"] == 1
    assert len(before.records("stale_write")) == 1


def test_injecting_a_fault_is_having_had_it_in_the_scenario() -> None:
    """The same blackhole by hand and by scenario: what hosts saw is the same."""
    base = Scenario.load("quickstart").set("/faults", []).set("/expect", {})
    fault = parts.blackhole(at="5s", link="h1-s1")
    written = holdfast.run(base.set("/faults", [fault]))
    world = World(base).run_until("3s")
    world.inject(fault)
    assert world.run().trace_hash_outcome == written.trace_hash_outcome
    now = World(base).run_until("5s")
    now.inject({"type": "blackhole", "link": "h1-s1"})
    assert now.run().recovery["detected_s"][0] == written.recovery["detected_s"][0]
    assert written.recovery["outcome"][0] != "none"


def test_a_changed_policy_does_what_it_would_have_done() -> None:
    """The host asks for the notice of a Cross-Controller Reset then; else it would wait for one."""
    # The reset comes after 2 s; a host that is not told of it falls back on the hold of 15.001 s.
    written = holdfast.run("rw_test_ccr")
    base = holdfast.Scenario.load("rw_test_ccr").set("hosts.h1.policy", "linux-mainline")
    world = World(base).run_until("60ms")
    world.set_policy("h1", "tp8028-v3")
    changed = world.run()
    assert list(changed.recovery["outcome"]) == ["ccr"] == list(written.recovery["outcome"])
    assert changed.stall_s == pytest.approx(written.stall_s, abs=1e-6)
    assert written.stall_s == pytest.approx(2.0, abs=1e-3)
    # Before the connect, when there is nobody to ask, and back.
    early = World(base)
    early.set_policy("h1", "tp8028-v3")
    assert early.run().stall_s == written.stall_s
    back = World("rw_test_ccr").run_until("60ms")
    back.set_policy("h1", "linux-mainline")
    assert back.run().stall_s == pytest.approx(holdfast.run(base).stall_s, abs=1e-6)


def test_a_recovery_goes_on_as_it_began() -> None:
    """Its policy cannot be changed in the middle; that is said, and nothing has changed."""
    world = World("rw_test_cqt_only").run_until("1s")
    untouched = world.copy()
    with pytest.raises(
        UsageError, match=r'set_policy\("h1", ...\): found controller nvme0 .* FENC'
    ):
        world.set_policy("h1", "linux-mainline")
    assert world.run().trace_hash == untouched.run().trace_hash


def test_inspect_tells_states() -> None:
    """Two LIVE controllers, then one that is being fenced."""
    world = World("rw_test_cqt_only").run_until("60ms")
    assert [c["state"] for c in world.inspect()["host_controllers"]] == ["LIVE", "LIVE"]
    world.run_until("1s")
    assert world.inspect()["host_controllers"][0]["state"] == "FENCING"
    assert world.inspect()["applications"][0]["name"] == "rw_test"


def test_misuse_is_told() -> None:
    """The past, unknown kinds, faults that do not fit, re-entrance."""
    world = World("quickstart").run_until("2s")
    with pytest.raises(UsageError, match="is over"):
        world.run_until("1s")
    with pytest.raises(UsageError, match="that is not over"):
        world.inject(parts.blackhole(at="1s", link="h1-s1"))
    with pytest.raises(
        ScenarioError, match=r"^inject\(...\): at /link: .*expected the name of a link"
    ):
        world.inject({"type": "blackhole", "link": "h9"})
    with pytest.raises(UsageError, match='did you mean "stale_write"'):
        World("quickstart", record=["stale_writes"])
    with pytest.raises(UsageError, match='found "soon"'):
        world.run_until("soon")
    with pytest.raises(
        ScenarioError, match=r'^set_policy\("h1", ...\): at /polices: found '
    ) as told:
        world.set_policy("h1", {"polices": 1})
    assert "--set" not in str(told.value)
    with pytest.raises(ScenarioError, match=r'"cqt_only".*did you mean "cqt-only"') as told:
        world.set_policy("h1", "cqt_only")
    assert "--set" not in str(told.value)
    with pytest.raises(UsageError, match=r"found no host of this name, expected h1; did you mean"):
        world.set_policy("h2", "cqt-only")

    def nested(vol: holdfast.Volume) -> Process:
        yield sleep("1ms")
        inner.step()

    inner = World("quickstart", workloads={"h1": nested})
    with pytest.raises(UsageError, match="running already"):
        inner.run()
    with pytest.raises(UsageError, match="has no copy"):
        inner.copy()


def test_worlds_are_let_go() -> None:
    """A world with a workload and a policy is no reference cycle that nobody breaks."""

    def idle(_: holdfast.Volume) -> Process:
        yield sleep("1s")

    world = World("quickstart", workloads={"h1": idle}, policies={"h1": holdfast.Policy()})
    driver = weakref.ref(world._driver)
    world.run_until("2s")
    del world
    gc.collect()
    assert driver() is None
