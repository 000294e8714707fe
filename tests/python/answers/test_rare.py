# SPDX-License-Identifier: Apache-2.0
"""`holdfast rare`: its words, its document, the files it writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import holdfast, result
from units import numbers_without_unit

QUICK = ("--repetitions", "4", "--effort", "60")


def test_worlds_that_failed_are_kept_and_replay(tmp_path: Path) -> None:
    """`--out` has them; both kernels agree that they corrupt, with the hash that was told."""
    done = holdfast("rare", "rare_1e4", "--of", "corruption", *QUICK, "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "95 % interval" in done.stdout
    assert "different beginnings" in done.stdout
    answer = json.loads((tmp_path / "rare.json").read_text())
    replayed = result("run", str(tmp_path / "rare_1e4-rare-0.json"), "--kernel", "both", "--json")
    assert replayed["integrity"]["verdict"] == "corrupt"
    assert replayed["trace_hash"] == answer["examples"][0]["trace_hash"]


def test_the_answer_is_the_same_for_any_number_of_threads() -> None:
    """Byte for byte; numbers have units, and nothing depends on the clock."""
    words = ("rare", "rare_1e4", "--of", "corruption", *QUICK, "--json")
    one, two = (holdfast(*words, "--jobs", jobs).stdout for jobs in ("1", "2"))
    assert one == two
    document = json.loads(one)
    del document["examples"]  # scenarios, which tell units in their own way
    assert list(numbers_without_unit(document)) == []
    assert holdfast(*words, "--seed", "2").stdout != one


def test_a_year_is_a_number_of_failovers() -> None:
    """The probability times the rate."""
    words = ("rare", "rare_1e4", "--of", "exposure", *QUICK)
    assert "at 12 failovers a year" in holdfast(*words, "--per-year", "12").stdout
    assert "a year" not in holdfast(*words).stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("rare_1e4", "--of", "fame"), "--of: found"),
        (("rare_1e4", "--of", "stall"), "stall>TIME"),
        (("rare_1e4", "--of", "corruption", "--method", "resart"), "restart"),
        (("rare_1e4", "--of", "corruption", "--repetitions", "1"), "--repetitions"),
        (("rare_1e4", "--of", "corruption", "--budget", "soon"), "--budget"),
        (("rare_1e4", "--of", "corruption", "--per-year", "-1"), "--per-year"),
        (("rare_1e4", "--of", "corruption", "--set", "choices=[]"), "/choices"),
        (("other_futures", "--of", "corruption"), "/reseed"),
    ],
)
def test_what_it_refuses(words: tuple[str, ...], says: str) -> None:
    """One line with what was found, and status 2."""
    done = holdfast("rare", *words)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""


def test_size_recommends_or_says_what_would_do() -> None:
    """Both wishes are kept; numbers have units; infeasible is status 1."""
    document = json.loads(holdfast("size", "rare_1e6", "--stall", "20s", "--json").stdout)
    assert document["recommended"]["risk_probability"] <= 1e-9
    assert document["recommended"]["stall_s"] <= 20
    assert document["evaluation_count"] <= 40
    assert list(numbers_without_unit(document)) == []
    done = holdfast("size", "rare_1e6", "--stall", "3s")
    assert done.returncode == 1
    assert "cheapest relaxation" in done.stdout
    for words, says in (
        (("rare_1e6", "--stall", "0s"), "--stall"),
        (("rare_1e6", "--stall", "9999999999s"), '"9999999999s" (too large), expected'),
        (("rare_1e6", "--stall", "20s", "--risk", "2"), "--risk"),
        (("quickstart", "--stall", "20s"), "randwrite"),
    ):
        wrong = holdfast("size", *words)
        assert wrong.returncode == 2
        assert says in wrong.stderr
