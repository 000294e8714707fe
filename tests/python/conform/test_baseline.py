# SPDX-License-Identifier: Apache-2.0
"""A patch held against what it changes, and requirements of one party alone."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from program import PROGRAM

FEW = ("--swarm", "1", "--requirement", "HOLD-1,HOLD-4,CCRH-1,KAT-1,INT-1")


def conform(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run the verb in a folder that has a policy and a target of one's own."""
    (folder / "patch.json").write_text(json.dumps({"preset": "cqt-only", "hold": "none"}))
    (folder / "target.json").write_text(json.dumps({"profile": "array", "attr_cqt": "1s"}))
    return subprocess.run(
        [PROGRAM, "conform", *args],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def document(folder: Path, *args: str) -> Any:
    """Return the matrix document of a run."""
    done = conform(folder, *args, "--json")
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def test_a_patch_is_compared_with_its_preset(tmp_path: Path) -> None:
    """The preset is run beside the patch, and what got worse comes first; exit status 1."""
    args = ("--baseline", "cqt-only", "--policy", "patch.json", "--target", "array", *FEW)
    done = conform(tmp_path, *args, "--out", "report")
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"Against cqt-only: [1-9] worse, \d other differences?", lines[0])
    assert lines[1].split() == [
        "worse", "HOLD-1", "patch", "on", "array", "was", "pass,", "is", "fail",
    ]  # fmt: skip
    matrix = json.loads((tmp_path / "report" / "conform.json").read_text())
    assert matrix["policies"] == ["cqt-only", "patch"]
    assert matrix["baseline"] == {"policy": "cqt-only"}
    assert matrix["against_baseline"][0]["worse"] is True
    assert "## Against cqt-only\n" in (tmp_path / "report" / "conform.md").read_text()


def test_nothing_worse_than_the_baseline_is_done(tmp_path: Path) -> None:
    """Exit status 0 although both fail something: the baseline may be a file, or a target."""
    same = document(tmp_path, "--baseline", "linux-mainline", "--policy", "linux-mainline,spec",
                    "--target", "nvmet-mainline", *FEW)  # fmt: skip
    assert same["policies"] == ["linux-mainline", "spec"]
    assert not [d for d in same["against_baseline"] if d["worse"]]
    for base, other, key in (
        ("patch.json", ("--policy", "spec", "--target", "array"), "policy"),
        ("target.json", ("--policy", "spec", "--target", "array"), "target"),
        ("array", ("--policy", "spec", "--target", "target.json"), "target"),
    ):
        done = conform(tmp_path, "--baseline", base, *other, *FEW, "--json")
        assert done.returncode == 0, done.stderr + done.stdout[:500]
        matrix = json.loads(done.stdout)
        assert matrix["baseline"] == {key: base.removesuffix(".json")}
        assert len(matrix["policies"]) * len(matrix["targets"]) == 2


def test_requirements_of_one_party(tmp_path: Path) -> None:
    """Only those are checked, beside the canary, which always is."""
    for parties in (["host"], ["target"], ["host", "system"]):
        matrix = document(
            tmp_path, "--party", ",".join(parties),
            "--policy", "spec", "--target", "array", "--swarm", "0",
        )  # fmt: skip
        kept = [r["party"] for r in matrix["requirements"] if r["kind"] != "canary"]
        assert set(kept) == set(parties)
        assert [r["id"] for r in matrix["requirements"] if r["kind"] == "canary"]
    one = document(tmp_path, "--party", "target", "--policy", "spec", "--target", "array", *FEW)
    assert [r["id"] for r in one["requirements"] if r["kind"] != "canary"] == ["KAT-1"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--baseline", "cqt-onli"), 'did you mean "cqt-only"?'),
        (("--baseline", "arrai"), 'did you mean "array"?'),
        (("--baseline", ""), "--baseline"),
        (("--baseline", "none.json"), "none.json: found no such file"),
        (("--baseline", "spec", "--policy", "spec"), "nothing to compare"),
        (("--baseline", "target.json", "--target", "target.json"), "nothing to compare"),
        (("--baseline", "x/patch.json", "--policy", "patch.json"), "another one of --policy"),
        (("--party", "hosts"), "--party"),
        (("--party", ""), "--party"),
        (("--party", "target", "--requirement", "HOLD-1"), "is to be kept by target"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, args: tuple[str, ...], words: str) -> None:
    """One line that says what is wrong, and exit status 2."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "patch.json").write_text('{"preset": "spec"}')
    done = conform(tmp_path, *args)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


def test_no_sentence_of_a_reset_says_without_a_reset(tmp_path: Path) -> None:
    """What an administrator's reset broke is told in words that do not deny the reset."""
    matrix = document(tmp_path, "--policy", "linux-mainline", "--target", "array",
                      "--requirement", "HOLD-1,GAP-1,GAP-2", "--swarm", "1")  # fmt: skip
    texts = {r["requirement"]: r["failure"]["text"] for r in matrix["results"] if "failure" in r}
    assert "after the reset of" in texts["GAP-1"]
    assert "after the delete of" in texts["GAP-2"]
    for text in texts.values():
        assert "without a reset" not in text
    assert "before a fence or the end of a hold of 6 s" in texts["HOLD-1"]
