# SPDX-License-Identifier: Apache-2.0
"""`holdfast conform`: what it refuses, what it writes, and what its exit status says."""

from __future__ import annotations

import copy
import json
import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import expected_matrix
import pytest
import xmlschema
from house import ROOT
from program import PROGRAM

# One implementation that fails something, and one that fails nothing; few scenarios.
BAD = ("--policy", "linux-mainline", "--target", "nvmet-mainline", "--swarm", "12")
GOOD = ("--policy", "spec", "--target", "array", "--swarm", "4")
# The bad one again where any failure and any pass will do: a third of the time.
FEW = (*BAD, "--requirement", "HOLD-1,HOLD-11,INT-1,KAH-1,KAH-2,MP-1")
DEFECTS: dict[str, Any] = {
    "key.json": {"preset": "spec", "holdd": 3},
    "value.json": {"preset": "spec", "ccr": "perhaps"},
    "target_key.json": {"profile": "array", "attr_cqtt": "1s"},
    "ports.json": {"profile": "array", "ports": ["a0"]},
    "list.json": [],
    "version.json": {"schema_version": 7, "requirements": [], "results": []},
    "partial.json": {"schema_version": 1, "complete": False, "requirements": [], "results": []},
    "results.json": {"schema_version": 1, "requirements": [], "results": [5]},
}


def conform(folder: Path, *args: str | Path, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run the verb in a folder."""
    return subprocess.run(
        [PROGRAM, "conform", *args],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        **how,
    )


def matrix(folder: Path, *args: str) -> Any:
    """Return the matrix document of a run."""
    done = conform(folder, *args, "--json")
    assert done.returncode in (0, 1), done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write all reports on an implementation that fails something."""
    folder = tmp_path_factory.mktemp("bad")
    done = conform(folder, *BAD, "--jobs", "2", "--out", "report")
    assert done.returncode == 1, done.stderr
    (folder / "stdout.txt").write_text(done.stdout)
    return folder


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the matrix document of a few requirements, some of which it fails."""
    return matrix(tmp_path_factory.mktemp("few"), *FEW)


REFUSED = (
    (("--policy", "linux-mainlin"), 'did you mean "linux-mainline"?'),
    (("--policy", ""), "--policy"),
    (("--policy", "spec,spec"), "twice"),
    (("--policy", "all,spec"), "twice"),
    (("--policy", "key.json"), 'key.json: at /holdd: found unknown key "holdd"'),
    (("--policy", "value.json"), "value.json: at /ccr"),
    (("--policy", "list.json"), "list.json: found a list"),
    (("--policy", "broken.json"), "broken.json:1:1: found invalid JSON"),
    (("--policy", "none.json"), "none.json: found no such file"),
    (("--policy", "folder.json"), "folder.json: found a directory"),
    (("--target", "nvmet-mainlin"), 'did you mean "nvmet-mainline"?'),
    (("--target", "target_key.json"), "target_key.json: at /attr_cqtt: found unknown key"),
    (("--target", "ports.json"), "the scenarios bring ports"),
    (("--target", "list.json"), "list.json: found a list"),
    (("--requirement", "HOLD-1x"), 'did you mean "HOLD-1"?'),
    (("--requirement", ""), "--requirement"),
    (("--format", "html"), "give --out DIR"),
    (("--format", "xml", "--out", "new"), "xml"),
    (("--out", "file"), '"file" exists and is not a directory'),
    (("--out", "file/new"), '"file" exists and is not a directory'),
    (("--out", "new", "--swarm", "-1"), "--swarm"),
    (("--swarm", "many"), 'found "many", expected an integer from 0'),
    (("--swarm", "100001"), "100000"),
    (("--seed", "-1"), "--seed"),
    (("--seed", ""), "--seed"),
    (("--jobs", "1025"), "--jobs"),
    (("--against", "none.json"), '"none.json" cannot be read'),
    (("--against", "folder.json"), '"folder.json" cannot be read'),
    (("--against", "broken.json"), "no JSON document"),
    (("--against", "list.json"), "no JSON document"),
    (("--against", "key.json"), "no matrix document"),
    (("--against", "version.json"), "of schema version 7, expected 1"),
    (("--against", "results.json"), "one of its results"),
    (("--against", "partial.json"), "of an interrupted run"),
    (("--expected", "none.json"), '"none.json" cannot be read'),
    (("--expected", "version.json"), "--expected"),
    (("--expected", "key.json"), "no expected matrix"),
    (("--out", "new", "--against", "version.json"), "of schema version 7"),
    (("--out", "new", "--policy", "key.json"), "unknown key"),
    (("extra",), "extra"),
    (("--nothing",), "--nothing"),
)


@pytest.mark.parametrize(("args", "words"), REFUSED)
def test_bad_input_is_told_and_writes_nothing(
    tmp_path: Path, args: tuple[str, ...], words: str
) -> None:
    """One line that says what is wrong, exit status 2, no file."""
    for name, document in DEFECTS.items():
        (tmp_path / name).write_text(json.dumps(document))
    (tmp_path / "broken.json").write_text("x")
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.json").mkdir()
    before = sorted(tmp_path.rglob("*"))
    done = conform(tmp_path, *args)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_exit_status_says_whether_something_failed(bad: Path, tmp_path: Path) -> None:
    """0 for what keeps everything, 1 for what does not."""
    good = conform(tmp_path, *GOOD, "--json")
    assert good.returncode == 0, good.stderr
    summary = json.loads(good.stdout)["summary"]
    assert summary["fail"] == 0
    assert summary["pass"] > 0
    # The exit status of this one was 1.
    assert json.loads((bad / "report" / "conform.json").read_text())["summary"]["fail"] > 0


def test_document(tmp_path: Path) -> None:
    """Each implementation has a result for each requirement, and the summary counts them."""
    document = matrix(tmp_path, *GOOD[:2], "--target", "array,spdk-like", "--swarm", "2")
    ids = [one["id"] for one in document["requirements"]]
    for target in ("array", "spdk-like"):
        found = [r["requirement"] for r in document["results"] if r["target"] == target]
        assert found == ids
    canary = [r["id"] for r in document["requirements"] if r["kind"] == "canary"]
    assert len(canary) == 1
    verdicts = [r["verdict"] for r in document["results"] if r["requirement"] not in canary]
    assert {word: verdicts.count(word) for word in document["summary"]} == document["summary"]


def test_number_of_threads_makes_no_difference(bad: Path, tmp_path: Path) -> None:
    """The same document and the same reports with one thread and with two."""
    done = conform(tmp_path, *BAD, "--jobs", "1", "--out", "report")
    assert done.returncode == 1, done.stderr
    one, two = ({p.relative_to(folder): p.read_bytes()
                 for p in (folder / "report").rglob("*") if p.is_file()}
                for folder in (tmp_path, bad))  # fmt: skip
    assert len(one) > 4
    assert one == two


def test_failing_scenarios_fail(bad: Path) -> None:
    """Each scenario of the report, run by itself as the report says, ends with exit status 1."""
    report = bad / "report"
    document = json.loads((report / "conform.json").read_text())
    failing = [r for r in document["results"] if "document" in r.get("failure", {})]
    files = sorted(p.name for p in (report / "failures").iterdir())
    assert len(files) == len(failing) > 0
    stdout = (bad / "stdout.txt").read_text()
    for one in failing:
        name = f"{one['requirement']}_{one['policy']}_{one['target']}.json"
        assert f"holdfast run report/failures/{name}" in stdout
        done = subprocess.run(
            [PROGRAM, "run", f"failures/{name}"],
            cwd=report, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        assert f"requirement {one['requirement']}" in done.stdout


def test_reports_parse_and_agree(bad: Path) -> None:
    """All formats are there, and tell of the same failures."""
    report = bad / "report"
    assert sorted(p.name for p in report.iterdir()) == [
        "conform.html", "conform.json", "conform.junit.xml", "conform.md", "failures",
    ]  # fmt: skip
    document = json.loads((report / "conform.json").read_text())
    failing = {r["requirement"] for r in document["results"] if r["verdict"] == "fail"}
    failing -= {r["id"] for r in document["requirements"] if r["kind"] == "canary"}
    text = (report / "conform.md").read_text()
    assert all(f"\n## {name} " in text for name in failing)
    assert text.count("\n## ") == len(failing)
    schema = xmlschema.XMLSchema(ROOT / "tests" / "python" / "conform" / "junit.xsd")
    schema.validate(report / "conform.junit.xml")
    junit: Any = schema.to_dict(report / "conform.junit.xml")
    (suite,) = junit["testsuite"]
    cases = {case["@name"].partition(" ")[0]: case for case in suite["testcase"]}
    assert {name for name, case in cases.items() if "failure" in case} == failing
    assert suite["@failures"] == len(failing)
    properties = {one["@name"]: one["@value"] for one in suite["properties"]["property"]}
    for one in document["requirements"]:
        if one["kind"] == "canary":
            assert "as it must" in cases[one["id"]]["@name"]
            continue
        assert properties[f"{one['id']}.id"] == one["id"]
        assert properties[f"{one['id']}.kind"] == one["kind"]
        assert properties[f"{one['id']}.source"] == one["source"]
    skipped = [case for case in suite["testcase"] if "skipped" in case]
    assert suite["@skipped"] == len(skipped)
    assert suite["@tests"] == len(document["requirements"])


def test_formats(tmp_path: Path) -> None:
    """Only what was asked for is written; a trailing slash and folders on the way are fine."""
    done = conform(tmp_path, *GOOD, "--requirement", "HOLD-1", "--format", "md,junit",
                   "--out", "a/b/")  # fmt: skip
    assert done.returncode == 0, done.stderr
    names = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*"))
    assert names == ["a", "a/b", "a/b/conform.junit.xml", "a/b/conform.md", "a/b/failures"]


def test_a_second_report_leaves_no_failures_of_the_first(tmp_path: Path) -> None:
    """What does not fail any more has no scenario any more; what is somebody else's stays."""
    assert conform(tmp_path, *FEW, "--out", "report").returncode == 1
    failures = tmp_path / "report" / "failures"
    assert list(failures.iterdir())
    (failures / "mine.json").write_text("{}")
    done = conform(tmp_path, *GOOD, "--requirement", "HOLD-1", "--out", "report")
    assert done.returncode == 0, done.stderr
    assert [p.name for p in failures.iterdir()] == ["mine.json"]


def test_knobs_of_ones_own(tmp_path: Path) -> None:
    """A file with knobs is an implementation under the name of the file."""
    (tmp_path / "my policy.json").write_text(json.dumps({"preset": "linux-mainline"}))
    (tmp_path / "my+target.json").write_text(json.dumps({"profile": "nvmet-mainline"}))
    args = ("--policy", "my policy.json,linux-mainline", "--swarm", "12", "--out", "report")
    done = conform(tmp_path, *args, "--target", "my+target.json", "--json")
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["policies"] == ["my policy", "linux-mainline"]
    assert document["targets"] == ["my+target"]
    verdicts: dict[str, list[str]] = {}
    for one in document["results"]:
        verdicts.setdefault(one["policy"], []).append(one["verdict"])
    assert verdicts["my policy"] == verdicts["linux-mainline"]
    assert (tmp_path / "report" / "failures" / "HOLD-1_my-policy_my-target.json").is_file()
    # Another knob, another verdict.
    (tmp_path / "fixed.json").write_text(json.dumps({"preset": "spec"}))
    fixed = matrix(tmp_path, "--policy", "fixed.json", "--target", "array", "--swarm", "4")
    assert fixed["summary"]["fail"] == 0


def test_against(few: Any, tmp_path: Path) -> None:
    """Regressions are told first, in all reports, and only they make the exit status 1."""
    document = copy.deepcopy(few)
    old = tmp_path / "same.json"
    old.write_text(json.dumps(document))
    same = conform(tmp_path, *FEW, "--against", old, "--json")
    assert same.returncode == 0, same.stderr
    assert json.loads(same.stdout)["against"] == []
    canary = next(r["id"] for r in document["requirements"] if r["kind"] == "canary")
    failed, passed = (
        next(r for r in document["results"]
             if r["verdict"] == verdict and r["requirement"] != canary)
        for verdict in ("fail", "pass")
    )  # fmt: skip
    # In the old matrix one more had passed, and one that passes had failed.
    failed["verdict"], passed["verdict"] = "pass", "fail"
    changed = tmp_path / "old.json"
    changed.write_text(json.dumps(document))
    done = conform(tmp_path, *FEW, "--against", changed, "--out", "report")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "Against the earlier matrix: 1 worse, 1 other difference"
    assert lines[1].split() == [
        "worse", failed["requirement"], "linux-mainline", "on", "nvmet-mainline",
        "was", "pass,", "is", "fail",
    ]  # fmt: skip
    assert "was fail, is pass" in lines[2]
    text = (tmp_path / "report" / "conform.md").read_text()
    assert f"| **worse** | {failed['requirement']} |" in text
    # Only better: nothing got worse, so 0 although something fails.
    failed["verdict"] = "fail"
    changed.write_text(json.dumps(document))
    assert conform(tmp_path, *FEW, "--against", changed).returncode == 0


def test_expected(few: Any, tmp_path: Path) -> None:
    """Any difference from the expected matrix makes the exit status 1; reasons are reported."""
    expected = expected_matrix.updated(few, {})
    path = tmp_path / "expected.json"

    def write() -> None:
        path.write_text(expected_matrix.text_of(expected))

    write()
    done = conform(tmp_path, *FEW, "--expected", path)
    assert done.returncode == 2
    assert "no reason" in done.stderr or 'without "why"' in done.stderr
    for one in expected["requirements"].values():
        for reason in one.get("reasons", []):
            reason["why"] = "it never waits"
    write()
    done = conform(tmp_path, *FEW, "--expected", path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("Against the expected matrix: no difference\n")
    assert "expected: it never waits" in done.stdout
    name = next(n for n, one in expected["requirements"].items() if "reasons" not in one)
    row = expected["requirements"][name]["verdicts"]
    row["linux-mainline"] = {"pass": "n/e", "n/e": "pass", "n/a": "pass"}[row["linux-mainline"]]
    write()
    done = conform(tmp_path, *FEW, "--expected", path)
    assert done.returncode == 1
    assert f" {name} " in done.stdout.split("\n")[1]


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C: exit status 130, and what was finished is in the reports."""
    with subprocess.Popen(
        [PROGRAM, "conform", "--swarm", "400", "--out", "report", "--json"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    assert "stopped by Ctrl-C" in stderr
    document = json.loads(stdout)
    assert document["complete"] is False
    ids = [one["id"] for one in document["requirements"]]
    done = {(one["policy"], one["target"]) for one in document["results"]}
    assert len(done) < 40
    assert len(document["results"]) == len(done) * len(ids)
    assert json.loads((tmp_path / "report" / "conform.json").read_text()) == document
    assert (tmp_path / "report" / "conform.html").is_file()


def test_output_that_goes_away(tmp_path: Path) -> None:
    """A reader that stops reading costs no report."""
    with subprocess.Popen(
        [PROGRAM, "conform", *FEW, "--out", "report", "--json"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.close()
        process.wait(timeout=120)
    assert process.returncode != 0
    json.loads((tmp_path / "report" / "conform.json").read_text())


def test_progress_on_a_terminal(tmp_path: Path) -> None:
    """One line that overwrites itself and is gone in the end."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, "conform", *GOOD], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=theirs
    ) as process:
        process.wait(timeout=120)
    os.close(theirs)
    told = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # The other end is closed and all is read.
            break
        told += piece
    os.close(ours)
    assert process.returncode == 0
    assert re.search(rb"conform \d+ %: running scenarios", told)
    assert told.endswith(b"\r\x1b[K")
    assert b"\n" not in told
