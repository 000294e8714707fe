# SPDX-License-Identifier: Apache-2.0
"""The table of a sweep: its rows, their order, their seeds, their errors."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import holdfast
import pandas as pd
import pytest
from holdfast import _core
from holdfast.sweeping.__main__ import main
from short_sweep import BASE, POLICY

KATO = "/hosts/0/connect/*/keep_alive_tmo"
GRID = {POLICY: ["linux-mainline", "cqt-only"], KATO: ["2s", "5s"]}
BAD_VALUE = {KATO: ["5s", "2.5s"]}


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows without what they do not have."""
    rows = table.astype(object).to_dict("records")
    return [{str(k): v for k, v in row.items() if not pd.isna(v)} for row in rows]


def test_a_row_is_what_a_run_gives() -> None:
    """Every cell is that of a plain loop over run(), in the order points x seeds."""
    table = holdfast.sweep(BASE, GRID, seeds=[7, 3])
    expected = []
    for policy in GRID[POLICY]:
        for kato in GRID[KATO]:
            for seed in (7, 3):
                result = holdfast.run(BASE.set(POLICY, policy).set(KATO, kato), seed=seed)
                head = {POLICY: policy, KATO: kato, "seed": seed}
                tail = {
                    "scenario_hash": result.scenario_hash,
                    "model_version": holdfast.model_version(),
                }
                expected.append(head | result.row() | tail)
    assert records(table) == expected
    assert list(table.columns) == [
        POLICY, KATO, "seed", *holdfast.columns()["name"],
        "scenario_hash", "model_version", "error", "replay",
    ]  # fmt: skip
    assert str(table["seed"].dtype) == "uint64[pyarrow]"
    assert str(table["stall_s"].dtype) == "double[pyarrow]"


def test_hold_and_exposure_by_policy() -> None:
    """The stale write comes 2 s late: exposed at once, harmless after 3 x KATO + 1 ms."""
    table = holdfast.sweep(BASE, GRID, seeds=2)
    assert table["exposure_max_s"].round(3).tolist() == [2, 2, 2, 2, 0, 0, 0, 0]
    assert table["fence_s"].round(3).tolist() == [0, 0, 0, 0, 6.001, 6.001, 15.001, 15.001]


def test_seeds_are_paired_unless_told_otherwise() -> None:
    """Every point has the same seeds, or each its own, which do not depend on the others."""
    paired = holdfast.sweep(BASE, GRID, seeds=3)
    assert paired["seed"].tolist() == [1, 2, 3] * 4
    own = holdfast.sweep(BASE, GRID, seeds=3, paired=False)
    assert own["seed"].nunique() == 12
    alone = holdfast.sweep(BASE, {POLICY: ["cqt-only"], KATO: ["5s"]}, seeds=3, paired=False)
    assert alone["seed"].tolist() == own["seed"].tolist()[-3:]
    assert holdfast.sweep(BASE, GRID)["seed"].tolist() == [BASE.seed] * 4
    most = holdfast.sweep(BASE, {KATO: ["5s"]}, seeds=[2**64 - 1])
    assert most["seed"].tolist() == [2**64 - 1]


def test_axis_columns_have_the_values_as_given() -> None:
    """Numbers stay numbers; what no column of Arrow takes is JSON."""
    points: list[dict[str, Any]] = [
        {POLICY + "/hold_multiplier": 2, "/workloads/0/iterations": 1},
        {POLICY + "/hold_multiplier": 2.5, "/faults": []},
        {POLICY + "/hold_multiplier": 3, "label": "three"},
    ]
    table = holdfast.sweep(BASE, points)
    assert table["error"].isna().all()
    assert table[POLICY + "/hold_multiplier"].tolist() == [2.0, 2.5, 3.0]
    assert table["/workloads/0/iterations"].tolist() == [1, pd.NA, pd.NA]
    assert table["/faults"].tolist() == [pd.NA, "[]", pd.NA]
    assert table["label"].tolist() == [pd.NA, pd.NA, "three"]
    assert table["recoveries"].tolist()[1] == 0


def test_a_row_says_what_never_began() -> None:
    """A KATO that the target refuses leaves nothing to stall or corrupt, which is no good point."""
    table = holdfast.sweep("quickstart", {"/subsystems/0/kato_max": ["0s", "2s"]})
    assert table["error"].isna().all()
    assert table["workloads_unfinished"].tolist() == [0, 1]


def test_a_failing_point_is_a_row() -> None:
    """It says why and how to repeat it, and the other points are run."""
    table = holdfast.sweep(BASE, BAD_VALUE, seeds=2)
    assert table["error"].notna().tolist() == [False, False, True, True]
    assert table["verdict"].notna().tolist() == [True, True, False, False]
    assert 'found the string "2.5s"' in table["error"][2]
    words = shlex.split(table["replay"][3], comments=True)
    assert (Path(words[0]).name, words[1]) == ("holdfast", "run")
    assert words[3:] == ["--seed", "2", "--set", f'{KATO}="2.5s"']


def test_the_replay_names_a_file_with_the_base(tmp_path: Path) -> None:
    """Its own, as long as that says the same, else one beside the rows."""
    file = tmp_path / "my base.json"
    BASE.save(file)
    replay = holdfast.sweep(file, BAD_VALUE)["replay"][1]
    assert shlex.split(replay)[2] == str(file)
    changed = holdfast.Scenario.load(file).set("/duration", "31s")
    replay = holdfast.sweep(changed, BAD_VALUE, out=tmp_path / "rows")["replay"][1]
    written = Path(shlex.split(replay)[2])
    assert written.parent == tmp_path / "rows"
    assert holdfast.Scenario.load(written) == changed


def test_the_replay_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the environment of the package is not the one of the shell."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("HOLDFAST_PROGRAM", raising=False)
    replay = holdfast.sweep(BASE, BAD_VALUE, out=tmp_path / "rows")["replay"][1]
    done = subprocess.run(replay, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert '"2.5s"' in done.stderr


def test_fail_fast_raises() -> None:
    """The first failing run ends the sweep."""
    with pytest.raises(holdfast.ScenarioError, match=r"2.5s.*replay: \S*holdfast run"):
        holdfast.sweep(BASE, BAD_VALUE, seeds=2, fail_fast=True)


class Breaking(_core.Base):
    """Breaks an invariant of the simulator at seed 3, as C++ tells it."""

    def run(self, points: Any, stop: Any) -> list[str]:
        """Run the points before it."""
        rows: list[str] = []
        for point in points:
            if point[1] == 3:
                error = "a.cpp:1: broken invariant: n > 0"
                broken = json.dumps({"error": error, "error_type": "InvariantError"})
                return [*rows, broken]
            rows += super().run([point], stop)
        return rows


def test_a_broken_invariant_is_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep ends, names point and seed, and keeps what was finished before."""
    monkeypatch.setattr(_core, "Base", Breaking)
    points = {POLICY: ["linux-mainline"], KATO: ["5s"]}
    with pytest.raises(holdfast.InvariantError, match=r'n > 0; replay: .*--seed 3 .*="5s"') as told:
        holdfast.sweep(BASE, points, seeds=[1, 2, 3, 4], jobs=1, out=tmp_path / "rows")
    assert isinstance(told.value, holdfast.HoldfastError)
    kept = pd.read_parquet(tmp_path / "rows")
    assert kept["error"].isna().all()
    assert {1, 2} <= set(kept["seed"]) <= {1, 2, 4}
    with pytest.raises(holdfast.InvariantError):
        holdfast.threshold(BASE, POLICY + "/hold_multiplier", (1, 4), seeds=[3])


def test_a_broken_invariant_ends_the_program_with_status_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not with 1, which says something about the scenario."""
    monkeypatch.setattr(_core, "Base", Breaking)
    file = tmp_path / "sweep.json"
    file.write_text(json.dumps({"base": BASE.to_dict(), "points": [{}], "seeds": [2, 3]}))
    assert main([str(file)]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "internal error: a.cpp:1: broken invariant: n > 0; replay: " in said.err


class Enough:
    """Stops at the third round, and remembers what it saw."""

    def __init__(self, at_least: int, at_most: int, rounds: int) -> None:
        """Take the number of rounds after which it is enough."""
        self.at_least, self.at_most, self.rounds = at_least, at_most, rounds
        self.seen: list[int] = []

    def enough(self, table: pd.DataFrame) -> bool:
        """Count the rows."""
        assert table["seed"].tolist() == list(range(1, len(table) // 2 + 1)) * 2
        self.seen.append(len(table))
        return len(self.seen) == self.rounds


def test_seeds_are_added_until_it_is_enough() -> None:
    """Rounds of 4, 6 and 9 seeds at two points; or as many as at_most."""
    rule = Enough(4, 100, 3)
    table = holdfast.sweep(BASE, {KATO: ["2s", "5s"]}, until=rule)
    assert rule.seen == [8, 12, 18]
    assert table["seed"].tolist() == [*range(1, 10)] * 2
    assert table.equals(holdfast.sweep(BASE, {KATO: ["2s", "5s"]}, seeds=9))
    rule = Enough(4, 7, 99)
    assert len(holdfast.sweep(BASE, {KATO: ["2s", "5s"]}, until=rule)) == 14
    assert rule.seen == [8, 12, 14]


def test_progress_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A function hears of every chunk up to the last; nothing is printed into a pipe."""
    told: list[tuple[int, int]] = []
    holdfast.sweep(BASE, GRID, seeds=5, progress=lambda done, total: told.append((done, total)))
    assert told[0] == (0, 20)
    assert told[-1] == (20, 20)
    assert told == sorted(told)
    holdfast.sweep(BASE, GRID)
    assert capsys.readouterr() == ("", "")


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"points": {"/hosts/0/polcy": ["spec"]}}, holdfast.ScenarioError, 'did you mean "policy"'),
    ({"points": {KATO: ["5s"], "/hosts/7/policy": ["spec"]}}, holdfast.ScenarioError, "hosts"),
    (
        {"points": {KATO: ["5s"], "hosts.h1.connect.0.keep_alive_tmo": ["6s"]}},
        holdfast.ScenarioError,
        "points: at /hosts/0/connect/0/keep_alive_tmo: found",
    ),
    (
        {"points": holdfast.crossed({"a": {"x": {POLICY: "spec"}}}, {"hosts.0.policy": ["spec"]})},
        holdfast.ScenarioError,
        "both of which set this value",
    ),
    (
        {"points": [{KATO: "5s"}, {KATO: "5s", "/hosts/h1/connect/*/keep_alive_tmo": "6s"}]},
        holdfast.ScenarioError,
        "both of which set this value",
    ),
    (
        {
            "points": {
                "/hosts/0/policy": [{"preset": "spec", "hold_multiplier": 1}],
                "/hosts/0/policy/hold_multiplier": [2],
            }
        },
        holdfast.ScenarioError,
        "at /hosts/0/policy/hold_multiplier",
    ),
    ({"base": "rw_test_mainlin"}, holdfast.ScenarioError, "rw_test_mainline"),
    ({"base": BASE.set("/duration", "5 apples")}, holdfast.ScenarioError, "apples"),
    ({"points": {"/seed": [1, 2]}}, holdfast.UsageError, "seeds="),
    ({"points": {"stall_s": {"x": {KATO: "5s"}}}}, holdfast.UsageError, "stall_s is a column"),
    ({"seeds": 0}, holdfast.UsageError, "at least one"),
    ({"seeds": [1, -1]}, holdfast.UsageError, "-1"),
    ({"seeds": [1, 1]}, holdfast.UsageError, "twice"),
    ({"seeds": "3"}, holdfast.UsageError, "'3'"),
    ({"seeds": 3, "until": Enough(1, 2, 1)}, holdfast.UsageError, "one of them"),
    ({"until": Enough(5, 2, 1)}, holdfast.UsageError, "at_least 5"),
    ({"jobs": 0}, holdfast.UsageError, "jobs: found 0"),
    ({"executor": 3}, holdfast.UsageError, "tcp://HOST:PORT"),
    ({"executor": "localhost"}, holdfast.UsageError, "tcp://HOST:PORT"),
]


@pytest.mark.parametrize(("change", "kind", "said"), WRONG)
def test_what_is_wrong_is_told_first(
    change: dict[str, Any], kind: type[Exception], said: str, tmp_path: Path
) -> None:
    """One error, no run, nothing written."""
    arguments: dict[str, Any] = {"base": BASE, "points": {KATO: ["5s"]}, "out": tmp_path / "rows"}
    with pytest.raises(kind) as error:
        holdfast.sweep(**(arguments | change))
    assert said in str(error.value)
    assert list(tmp_path.iterdir()) == []
