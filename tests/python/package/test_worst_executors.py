# SPDX-License-Identifier: Apache-2.0
"""A search through an executor answers as one without, whoever does its parts."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import holdfast
import pytest
from holdfast import HoldfastError, Scenario, Search, UsageError

SHORT_HOLD = {"preset": "cqt-only", "hold_multiplier": 0.25}
SMALL = {"losses": 0, "until": "1s"}


def scenario(policy: Any) -> Scenario:
    """Return the bundled scenario with another policy, and its path failing after two writes."""
    return Scenario.load("worst_case").set("/faults/0/at", "1s").set("/hosts/0/policy", policy)


CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "found": (SHORT_HOLD, {"objective": "corruption", "bounds": SMALL}),
    "none": ("spec", {"objective": "corruption", "bounds": {**SMALL, "deviations": 1}}),
    "exposure": ("linux-mainline", {"objective": "exposure", "bounds": {"deviations": 1}}),
    "stall": ("spec", {"objective": "stall", "bounds": {"deviations": 1}}),
    "against": (SHORT_HOLD, {"objective": "corruption", "bounds": SMALL, "against": "spec"}),
    "walks": ("spec", {"objective": "stall", "strategy": "swarm", "worlds": 500}),
}


def document(found: Search) -> str:
    """Return the bytes of an answer."""
    return found._document


@pytest.mark.parametrize("case", CASES)
def test_without_merging_the_answer_is_the_same(case: str) -> None:
    """Byte for byte, for any number of shares."""
    policy, asked = CASES[case]
    whole = document(holdfast.search(scenario(policy), **asked, merge=False))
    with ThreadPoolExecutor(2) as pool:
        for shares in (1, 3, 8):
            parts = holdfast.search(
                scenario(policy), **asked, merge=False, executor=pool, shares=shares
            )
            assert document(parts) == whole


def test_processes_do_parts() -> None:
    """They say what threads say, and shares that merge come to the same verdict."""
    with ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as pool:
        for case in ("found", "none"):
            policy, asked = CASES[case]
            whole = holdfast.search(scenario(policy), **asked)
            merged = holdfast.search(scenario(policy), **asked, executor=pool)
            assert (merged.verdict, merged.exhausted) == (whole.verdict, whole.exhausted)
            parts = holdfast.search(scenario(policy), **asked, merge=False, executor=pool)
            assert document(parts) == document(
                holdfast.search(scenario(policy), **asked, merge=False)
            )


def test_budgets_end_a_search_in_parts() -> None:
    """By worlds, and by the clock."""
    with ThreadPoolExecutor(2) as pool:
        some = holdfast.search("worst_case", "stall", worlds=100, executor=pool)
        assert not some.exhausted
        assert 50 <= some.worlds <= 150
        late = holdfast.search(
            "worst_case", "stall", bounds={"deviations": 3}, budget="0.2s", executor=pool
        )
        assert not late.exhausted
        assert late.to_dict()["ended"] == "budget"


class Dying(Executor):
    """Does so many parts; who is given the next one dies."""

    _max_workers = 1

    def __init__(self, left: int) -> None:
        """Take how many it does."""
        self.left = left

    def submit(self, fn: Any, /, *args: Any, **_: Any) -> Future[Any]:
        """Do it, or die."""
        self.left -= 1
        future: Future[Any] = Future()
        if self.left < 0:
            future.set_exception(ChildProcessError("the worker\nis gone"))
        else:
            future.set_result(fn(*args))
        return future


@pytest.mark.parametrize("left", [0, 1, 3])
def test_a_part_that_dies_is_told(left: int) -> None:
    """In one line."""
    with pytest.raises(HoldfastError, match=r"^executor: .* the worker is gone\)$"):
        holdfast.search("worst_case", "stall", executor=Dying(left))


def test_what_is_wrong_is_told_before_anything_is_done(tmp_path: Path) -> None:
    """No part is handed out, and no folder made."""

    class Never(Executor):
        def submit(self, fn: Any, /, *_: Any, **__: Any) -> Future[Any]:
            raise AssertionError(f"{fn} was handed out")

    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"jobs": 2}, "jobs: found with executor="),
        ({"strategy": "best-first"}, "strategy: found best-first with executor="),
        ({"out": tmp_path / "out"}, "out: found with executor="),
        ({"executor": 5}, "expected a concurrent.futures.Executor"),
        ({"executor": None, "shares": 3}, "shares: found without executor="),
        ({"shares": 0}, "shares: found 0, expected an integer from 1"),
    )
    for wrong, said in cases:
        given: dict[str, Any] = {"executor": Never(), **wrong}
        with pytest.raises(UsageError, match=said):
            holdfast.search("worst_case", "stall", **given)
    assert not (tmp_path / "out").exists()


def test_ctrl_c_keeps_what_is_done() -> None:
    """The answer until then comes with the exception."""
    with ThreadPoolExecutor(2) as pool:
        threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(holdfast.Interrupted) as stopped:
            holdfast.search("worst_case", "stall", bounds={"deviations": 4}, executor=pool)
        part = stopped.value.result
        assert part.to_dict()["ended"] == "interrupted"
        assert not part.exhausted
        assert part.worlds > 100
        assert part.value_s > part.own_value_s
        assert pool.submit(int, "3").result() == 3
