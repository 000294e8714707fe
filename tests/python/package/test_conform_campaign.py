# SPDX-License-Identifier: Apache-2.0
"""`holdfast.conform` says the same whoever runs it, and what the program says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import holdfast
import pandas as pd
import pytest
from holdfast import UsageError

IDS = ["HOLD-1", "HOLD-8"]
PROGRAM = Path(holdfast.__file__).parents[4] / "bin" / "holdfast"


def judged(**more: Any) -> holdfast.Conformance:
    """Judge two policies on one target, probes alone."""
    policies = ["linux-mainline", "spec"]
    return holdfast.conform(policies, "array", requirements=IDS, swarm=0, **more)


@pytest.fixture(scope="module")
def plain() -> holdfast.Conformance:
    """Return what one thread says."""
    return judged(jobs=1)


def test_who_breaks_what(plain: holdfast.Conformance) -> None:
    """Mainline retries at once, before a fence or a hold; what the specification asks does not."""
    table = plain.table.set_index(["policy", "requirement"])["verdict"]
    assert table["linux-mainline", "HOLD-1"] == "fail"
    assert table["spec", "HOLD-1"] == "pass"
    assert len(plain.table) == 4
    assert plain.complete
    assert plain.alive
    failed = plain.table[plain.table["verdict"] == "fail"]
    assert (failed["at_s"] > 0).all()
    assert (failed["failed_scenarios"] >= 1).all()
    assert "before a fence" in plain.table["text"].iloc[0]
    scenario = plain.failing()["linux-mainline", "array", "HOLD-1"]
    assert scenario.to_dict()["hosts"][0]["policy"] == "linux-mainline"


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_whoever_runs_it(kind: str, plain: holdfast.Conformance) -> None:
    """Threads and processes give the same document."""
    made = (
        ThreadPoolExecutor(2)
        if kind == "threads"
        else ProcessPoolExecutor(2, mp_context=get_context("forkserver"))
    )
    with made as pool:
        found = judged(executor=pool)
    assert found.to_dict() == plain.to_dict()
    pd.testing.assert_frame_equal(found.table, plain.table)


def test_as_the_program(plain: holdfast.Conformance) -> None:
    """The document is that of `holdfast conform --json`."""
    if not PROGRAM.exists():
        pytest.skip("the program is not installed beside the package")
    words = ["--policy", "linux-mainline,spec", "--target", "array", "--swarm", "0", "--json",
             "--requirement", ",".join(IDS)]  # fmt: skip
    done = subprocess.run([str(PROGRAM), "conform", *words], capture_output=True, check=False)
    assert json.loads(done.stdout) == plain.to_dict()


def test_reports(plain: holdfast.Conformance) -> None:
    """The page, the mail and the file for CI are of the whole matrix."""
    page = plain.report().html
    assert page.startswith("<!")
    for text in (page, plain.markdown(), plain.junit()):
        assert "linux-mainline" in text
        assert "spec" in text
    assert plain.junit().count("<testsuite ") == 2
    assert repr(plain) == f"<Conformance of 2 implementations: {counted(plain)}>"
    assert "<iframe" in plain._repr_html_()


def counted(found: holdfast.Conformance) -> str:
    """Count verdicts."""
    verdicts = found.table["verdict"].tolist()
    return f"{verdicts.count('pass')} pass, {verdicts.count('fail')} fail"


def test_own_knobs() -> None:
    """A name of one's own goes with knobs; a mistake in them is told before anything runs."""
    mine = {"mine": {"preset": "linux-mainline", "hold_multiplier": 3}}
    found = holdfast.conform(mine, "array", requirements="HOLD-1", swarm=0)
    assert found.table["policy"].tolist() == ["mine"]
    with pytest.raises(holdfast.ScenarioError, match="hold_multiplyer"):
        holdfast.conform({"mine": {"hold_multiplyer": 3}}, "array")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"policies": "linux-mainlin"}, 'did you mean "linux-mainline"'),
        ({"policies": []}, "policies: found none"),
        ({"policies": ["spec", "spec"]}, "policies: found 'spec' twice"),
        ({"targets": "arry"}, 'did you mean "array"'),
        ({"requirements": "HOLD-99"}, "requirements: found 'HOLD-99'"),
        ({"requirements": []}, "requirements: found none"),
        ({"swarm": -1}, "swarm: found -1"),
        ({"executor": 5}, "executor: found 5"),
    ],
)
def test_what_is_refused(given: dict[str, Any], said: str) -> None:
    """Which argument, what was found, what was expected."""
    with pytest.raises(UsageError) as told:
        holdfast.conform(**{"policies": "spec", "targets": "array", **given})
    assert said in str(told.value)


def test_ctrl_c_keeps_what_is_finished() -> None:
    """The exception has the implementations that were done."""
    threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(holdfast.Interrupted) as told:
        holdfast.conform(swarm=2000, jobs=2)
    partial = told.value.result
    assert not partial.complete
    assert isinstance(partial.table, pd.DataFrame)
