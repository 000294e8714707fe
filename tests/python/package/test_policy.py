# SPDX-License-Identifier: Apache-2.0
"""Recovery policies in Python: each hook decides, and nothing changes where it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import holdfast
import pytest
from holdfast import Io, IoError, Policy, Recovery, Scenario, UsageError, Volume
from holdfast.workload import Process


def with_policy(scenario: str, policy: Policy) -> holdfast.Result:
    """Run a bundled scenario with a policy on its host."""
    return holdfast.run(scenario, policies={"h1": policy})


def fence_s(result: holdfast.Result) -> float:
    """Return the time from detection to release."""
    return float(result.recovery["released_s"][0] - result.recovery["detected_s"][0])


def test_a_policy_that_decides_nothing_changes_nothing() -> None:
    """Every hook answers None: the very same trace."""
    for name in ("rw_test_ccr", "rw_test_cqt_only", "rw_test_mainline"):
        assert with_policy(name, Policy()).trace_hash == holdfast.run(name).trace_hash


def test_hold_decides_how_long() -> None:
    """To the nanosecond; too short a hold corrupts, a longer one does not."""
    seen: list[Recovery] = []

    class Hold(Policy):
        def __init__(self, time: float | str) -> None:
            self.time = time

        def hold(self, recovery: Recovery) -> float | str:
            seen.append(recovery)
            return self.time

    short, long = (with_policy("rw_test_cqt_only", Hold(t)) for t in (1.0, "3s"))
    assert fence_s(short) == pytest.approx(1.0, abs=1e-9)
    assert fence_s(long) == pytest.approx(3.0, abs=1e-9)
    # The delayed write lands 2 s after it was sent: behind a hold of 1 s, before one of 3 s.
    assert (short.verdict, long.verdict) == ("corrupt", "ok")
    assert (seen[0].host, seen[0].controller, seen[0].state) == ("h1", "nvme0", "FENCING")
    assert (seen[0].kato_s, seen[0].cqt_s, seen[0].traffic_based) == (5.0, 0.001, True)
    assert seen[0].in_flight >= 1


def test_fences_decides_whether() -> None:
    """No on a policy that would, yes on one that would not."""

    class Never(Policy):
        def fences(self, recovery: Recovery, cause: str) -> bool:
            return False

    class Always(Policy):
        base = "linux-mainline"

        def fences(self, recovery: Recovery, cause: str) -> bool:
            return cause == "transport"

        def hold(self, recovery: Recovery) -> float:
            return 2.5

    assert with_policy("rw_test_cqt_only", Never()).verdict == "corrupt"
    held = with_policy("rw_test_mainline", Always())
    assert held.verdict == "ok"
    assert fence_s(held) == pytest.approx(2.5, abs=1e-9)


def test_source_decides_who_is_asked() -> None:
    """The only candidate; or nobody, which leaves the time-based hold of 15.001 s."""
    asked: list[Sequence[str]] = []

    class Ask(Policy):
        def __init__(self, answer: Any) -> None:
            self.answer = answer

        def source(self, recovery: Recovery, candidates: Sequence[str]) -> Any:
            asked.append(candidates)
            return self.answer

    assert with_policy("rw_test_ccr", Ask("nvme1")).recovery["outcome"][0] == "ccr"
    assert asked == [["nvme1"]]
    refused = with_policy("rw_test_ccr", Ask(False))
    assert refused.recovery["outcome"][0] == "held"
    assert fence_s(refused) == pytest.approx(15.001, abs=1e-9)
    with pytest.raises(UsageError, match=r"Ask.source: found 'nvme7', expected one of nvme1"):
        with_policy("rw_test_ccr", Ask("nvme7"))


def test_waits_is_the_filter_of_reads() -> None:
    """The knob release_idempotent, written as a hook, gives the trace of the knob."""

    class Filter(Policy):
        base: Mapping[str, Any] = MappingProxyType(
            {"preset": "ccr+cqt+filter", "release_idempotent": False}
        )

        def waits(self, recovery: Recovery, io: Io) -> bool:
            return io.kind not in ("read", "flush", "compare")

    knob = holdfast.run("rw_test_ccr_filter")
    assert with_policy("rw_test_ccr_filter", Filter()).trace_hash == knob.trace_hash
    Filter.waits = Policy.waits  # type: ignore[method-assign, assignment]
    assert with_policy("rw_test_ccr_filter", Filter()).trace_hash != knob.trace_hash


def test_repeats_decides_whether_a_lost_write_fails() -> None:
    """Not repeated, the application gets an error instead of a retry."""

    class Give(Policy):
        def repeats(self, recovery: Recovery, io: Io) -> bool | None:
            return False if io.kind == "write" else None

    base = Scenario.load("rw_test_mainline").to_dict()
    base["workloads"] = []
    base.pop("expect")
    told: list[Any] = []

    def writer(vol: Volume) -> Process:
        while True:
            try:
                yield vol.write(0, "x")
                yield holdfast.sleep("10ms")
            except IoError as error:
                told.append(error.status)
                return

    holdfast.run(base, workloads={"h1": writer}, policies={"h1": Give()})
    assert told == [0x371]  # Command Aborted By Host


def test_wrong_answers_are_told() -> None:
    """With the class and the hook."""

    class Wrong(Policy):
        def fences(self, recovery: Recovery, cause: str) -> Any:
            return "yes"

    class Negative(Policy):
        base = "cqt-only"

        def hold(self, recovery: Recovery) -> float:
            return -1.0

    with pytest.raises(UsageError, match=r"Wrong.fences: found 'yes'"):
        with_policy("rw_test_cqt_only", Wrong())
    with pytest.raises(UsageError, match=r"Negative.hold: found -1.0"):
        with_policy("rw_test_cqt_only", Negative())


def test_copies_of_a_world_take_their_policies_along() -> None:
    """A deep copy: what one learns the other does not know."""

    class Longer(Policy):
        base = "cqt-only"
        calls = 0

        def hold(self, recovery: Recovery) -> float:
            self.calls += 1
            return 3.0 * self.calls

    world = holdfast.World("rw_test_cqt_only", policies={"h1": Longer()}).run_until("60ms")
    twin = world.copy()
    assert fence_s(world.run()) == fence_s(twin.run()) == pytest.approx(3.0, abs=1e-9)
