# SPDX-License-Identifier: Apache-2.0
"""The whole matrix of the bundled policies and targets, and what it must show."""

from __future__ import annotations

import importlib.util
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import expected_matrix
import pytest
from house import ROOT
from program import holdfast

EXPECTED = "scenarios/requirements/expected.json"
LINUX = (
    "linux-mainline",
    "tp8028-rfc1",
    "tp8028-v2",
    "tp8028-v3",
    "tp8028-v4",
    "tp8028-v6",
    "ccr+cqt+filter",
)
TARGETS = ("nvmet-mainline", "nvmet-tp8028", "spdk-like", "array")

# Passed by some, although fewer than five of an implementation's drawn scenarios come to it.
RARE = {
    "HOLD-13": "without a hold for CQT 0 the fence is over at once; hardly any I/O falls into it",
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the matrix once; any difference from the expected one is an exit status of 1."""
    folder = tmp_path_factory.mktemp("conform")
    # Two minutes of a core, which it may have to share.
    done = holdfast("conform", "--out", str(folder), "--expected", EXPECTED, timeout_s=1200)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    return folder


@pytest.fixture(scope="module")
def matrix(out: Path) -> Any:
    """Return the document of that run."""
    return json.loads((out / "conform.json").read_text())


@pytest.fixture(scope="module")
def verdicts(matrix: Any) -> dict[tuple[str, str, str], str]:
    """Return the verdict of each policy, target and requirement."""
    return {(r["policy"], r["target"], r["requirement"]): r["verdict"] for r in matrix["results"]}


def test_it_is_whole(matrix: Any) -> None:
    """Ten policies, four targets, at least 90 requirements, and the canary failed everywhere."""
    assert matrix["complete"]
    assert len(matrix["policies"]) == 10
    assert tuple(matrix["targets"]) == TARGETS
    real = [r for r in matrix["requirements"] if r["kind"] != "canary"]
    assert len(real) >= 90
    assert len(matrix["results"]) == 40 * len(matrix["requirements"])
    canaries = [r["verdict"] for r in matrix["results"] if r["requirement"] == "CANARY"]
    assert canaries == ["fail"] * 40


def test_expected_file_is_as_the_tool_writes_it(matrix: Any) -> None:
    """It has nothing of policies, targets or requirements that are gone, and differs well."""
    text = (ROOT / EXPECTED).read_text()
    assert expected_matrix.text_of(expected_matrix.updated(matrix, json.loads(text))) == text


def test_mainline_fails_the_hold(verdicts: dict[tuple[str, str, str], str]) -> None:
    """Linux as it is retries at once, on every target."""
    for target in TARGETS:
        for requirement in ("HOLD-1", "HOLD-7", "HOLD-11", "INT-1", "INT-6"):
            assert verdicts["linux-mainline", target, requirement] == "fail"


def test_v4_fails_what_needs_the_fallback(verdicts: dict[tuple[str, str, str], str]) -> None:
    """v4 dropped the time-based hold; v3 has it where a controller reports CQT."""
    for target in TARGETS:
        assert verdicts["tp8028-v4", target, "HOLD-10"] == "fail"
    assert verdicts["tp8028-v4", "array", "HOLD-4"] == "fail"
    assert verdicts["tp8028-v3", "array", "HOLD-10"] == "pass"
    assert verdicts["tp8028-v3", "array", "HOLD-4"] == "pass"


@pytest.mark.parametrize("gap", ["GAP-1", "GAP-2", "GAP-3", "GAP-4"])
def test_published_gaps(gap: str, verdicts: dict[tuple[str, str, str], str]) -> None:
    """Every generation has all four, wherever it exists; the specification has none."""
    for target in TARGETS:
        for policy in LINUX:
            assert verdicts[policy, target, gap] == "fail"
        # The first RFC of TP4129 was posted for tcp, and does not exist on Fibre Channel.
        first = verdicts["tp4129-rfc1", target, gap]
        assert first == ("not applicable" if gap == "GAP-3" else "fail")
        assert verdicts["spec", target, gap] == "pass"


def test_the_specification_on_an_honest_target(matrix: Any) -> None:
    """What applies to `spec` on `array` is exercised and passes."""
    for r in matrix["results"]:
        if (r["policy"], r["target"]) == ("spec", "array") and r["requirement"] != "CANARY":
            assert r["verdict"] in ("pass", "not applicable"), r


def test_timing_is_judged_in_many_scenarios(matrix: Any) -> None:
    """What depends on timing passes in five drawn scenarios or more, not in one probe."""
    timing = {r["id"] for r in matrix["requirements"] if r["timing"]}
    assert len(timing) >= 100
    passes = [r for r in matrix["results"] if r["verdict"] == "pass" and r["requirement"] in timing]
    assert len(passes) > 2000
    few = {r["requirement"] for r in passes if r["drawn_scenarios"] < 5}
    assert few == set(RARE)


def test_failing_scenarios_are_small_and_fail_again(out: Path, matrix: Any) -> None:
    """Each failure has a scenario with few faults; a sample of them is run by itself."""
    failures = [r for r in matrix["results"] if "failure" in r and r["requirement"] != "CANARY"]
    faults = [len(r["failure"]["document"]["faults"]) for r in failures]
    assert max(faults) <= 8
    assert sorted(faults)[len(faults) // 2] <= 2
    names = sorted((out / "failures").glob("*.json"))
    assert len(names) == len(failures)
    for path in names[:: len(names) // 12]:
        done = holdfast("run", "--kernel", "native", str(path))
        assert done.returncode == 1, path.name + done.stdout + done.stderr


SPEC = importlib.util.spec_from_file_location(
    "conform_mutants", ROOT / "tests" / "mutants" / "conform.py"
)
assert SPEC is not None
assert SPEC.loader is not None
mutants: Any = importlib.util.module_from_spec(SPEC)
sys.modules["conform_mutants"] = mutants
SPEC.loader.exec_module(mutants)

KILLS = mutants.load()


@pytest.mark.parametrize("kill", KILLS, ids=lambda k: f"{k.family}: {k.mutant.name}")
def test_mutant_fits_the_tree(kill: Any, verdicts: dict[tuple[str, str, str], str]) -> None:
    """Its place occurs once, and without it its requirements pass."""
    text = (ROOT / kill.mutant.file).read_text()
    assert kill.mutant.applied_to(text) != text
    assert kill.mutant.why
    assert kill.mutant.file.endswith(".cpp"), "only its unit is compiled anew"
    for requirement in kill.requirements:
        assert verdicts[kill.policy, kill.target, requirement] == "pass"


def test_each_requirement_has_a_mutant(matrix: Any) -> None:
    """No requirement is without a change of the models that turns it red."""
    killed = {r for k in KILLS for r in k.requirements}
    wanted = {r["id"] for r in matrix["requirements"] if r["kind"] != "canary"}
    assert wanted == killed


def test_mutant_files_have_nothing_else() -> None:
    """A misspelt key would be ignored silently."""
    known = {"name", "why", "file", "find", "replace", "policy", "target", "requirements"}
    for path in sorted((ROOT / "tests" / "mutants" / "conform").glob("*.toml")):
        for row in tomllib.loads(path.read_text())["mutant"]:
            assert set(row) <= known, (path.name, row["name"])
