# SPDX-License-Identifier: Apache-2.0
"""A world is used by one thread at a time, and not at all after it broke."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import holdfast
import pytest
from holdfast import InvariantError, UsageError, World, parts, sleep
from holdfast.workload import Process

PATIENCE_S = 30.0


def uses_of(world: World) -> dict[str, Callable[[], Any]]:
    """Return everything that can be asked of a world, by name."""
    core = world._core
    return {
        "now_s": lambda: world.now_s,
        "step": world.step,
        "run_until": lambda: world.run_until("9s"),
        "run": world.run,
        "inspect": world.inspect,
        "result": world.result,
        "records": world.records,
        "inject": lambda: world.inject(parts.blackhole(at="8s", link="h1-s1")),
        "core inject": lambda: core.inject('{"type": "blackhole", "at": "8s", "link": "h1-s1"}'),
        "set_policy": lambda: world.set_policy("h1", "cqt-only"),
        "attach_policy": lambda: core.attach_policy("h1", object()),
        "attach_workloads": lambda: core.attach_workloads(object()),
        "add_workload": lambda: core.add_workload("w", *core.volumes()[0], 0, 9_000_000_000),
        "submit": lambda: core.submit(0, "read", 0, 1, 0),
        "wake_after": lambda: core.wake_after(0, 1, 0),
        "copy": core.copy,
    }


def test_a_second_thread_is_told_off() -> None:
    """Each call, while the first thread is inside and has let go of the GIL; then none."""
    inside, go_on = threading.Event(), threading.Event()

    def waiting(_: holdfast.Volume) -> Process:
        inside.set()
        assert go_on.wait(PATIENCE_S)
        yield sleep("1s")

    world = World("quickstart", workloads={"h1": waiting})
    thread = threading.Thread(target=world.run_until, args=("2s",))
    thread.start()
    try:
        assert inside.wait(PATIENCE_S)
        for name, use in uses_of(world).items():
            with pytest.raises(UsageError, match="another thread uses this world"):
                print(name, use())
        assert "another thread" in repr(world)
    finally:
        go_on.set()
        thread.join(PATIENCE_S)
    assert world.now_s == 2.0
    assert world.inspect()["now_s"] == 2.0
    assert world.run_until("3s").now_s == 3.0


def test_other_worlds_are_other_peoples() -> None:
    """A copy each, on threads of their own, all of which end as one alone does."""
    world = World("rw_test_cqt_only").run_until("60ms")
    copies = [world.copy() for _ in range(3)]
    expected = world.copy().run().trace_hash
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda one=one: found.append(one.run().trace_hash))
        for one in copies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert found == [expected] * 3


def test_a_callback_may_look_and_act() -> None:
    """What the world itself calls is in its thread; only stepping and copying wait."""
    seen: dict[str, str] = {}

    def looking(_: holdfast.Volume) -> Process:
        for name, use in uses_of(world).items():
            if name in ("submit", "wake_after", "add_workload"):
                continue  # They would have to end as well; Volume and sleep do so all the time.
            try:
                use()
                seen[name] = ""
            except UsageError as error:
                seen[name] = str(error)
        yield sleep("1ms")

    world = World("quickstart", workloads={"h1": looking})
    world.run_until("2s")
    refused = {name for name, told in seen.items() if "running already" in told}
    assert refused == {"step", "run_until", "run", "attach_policy", "attach_workloads", "copy"}
    assert all(told == "" for name, told in seen.items() if name not in refused)


class Impossible:
    """A policy, as C++ sees one, that asks a controller which does not exist."""

    def source(self, *_: Any) -> int:
        """Answer what holdfast.Policy would refuse."""
        return 99

    def fences(self, *_: Any) -> None:
        """Decide nothing."""

    hold = waits = repeats = fences


def told_broken(world: World, why: str) -> None:
    """Check that each call says that the world is broken, and why."""
    for name, use in uses_of(world).items():
        with pytest.raises(InvariantError, match=f"this world is broken since .*{why}"):
            print(name, use())
    assert "this world is broken" in repr(world)


def test_a_world_that_broke_says_so_ever_after() -> None:
    """In an event, or by what was asked of it; a copy from before does not care."""
    world = World("rw_test_ccr").run_until("40ms")
    before, other = world.copy(), world.copy()
    world._core.attach_policy("h1", Impossible())
    with pytest.raises(IndexError):
        world.run()
    told_broken(world, "range_check")
    with pytest.raises(InvariantError, match="broken invariant: t >= local_"):
        other._core.wake_after(0, -1, 0)
    told_broken(other, "broken invariant: t >= local_")
    assert before.run().verdict == "ok"


def test_a_world_whose_event_ended_half_way_cannot_go_on() -> None:
    """An exception of a workload comes out, and the next call does not pretend."""

    def broken(_: holdfast.Volume) -> Process:
        yield sleep("1s")
        raise ValueError("boom")

    world = World("quickstart", workloads={"h1": broken})
    with pytest.raises(ValueError, match="boom"):
        world.run()
    for name, use in uses_of(world).items():
        with pytest.raises(UsageError, match="ended an event of this world half way"):
            print(name, use())
