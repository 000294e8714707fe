# SPDX-License-Identifier: Apache-2.0
"""The tool that brings the expected matrix up to date."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from expected_matrix import covers, text_of, updated
from house import ROOT

POLICIES = ["p", "q", "r"]
TARGETS = ["s", "t"]


def matrix(failing: set[tuple[str, str]]) -> dict[str, Any]:
    """Return a matrix of one requirement that some fail, and the canary."""
    cells = [(p, t) for p in POLICIES for t in TARGETS]
    results = [
        {
            "policy": p,
            "target": t,
            "requirement": name,
            "verdict": "fail" if (p, t) in failing or name == "CANARY" else "not exercised",
        }
        for name in ("HOLD-1", "CANARY")
        for p, t in cells
    ]
    return {
        "complete": True,
        "seed": 1,
        "swarm": 60,
        "policies": POLICIES,
        "targets": TARGETS,
        "requirements": [{"id": "HOLD-1", "kind": "shall"}, {"id": "CANARY", "kind": "canary"}],
        "results": results,
    }


def reasons(failing: set[tuple[str, str]], old: list[dict[str, str]]) -> Any:
    """Return the reasons after an update of a file that had others."""
    known = {"requirements": {"HOLD-1": {"reasons": old}}}
    return updated(matrix(failing), known)["requirements"]["HOLD-1"].get("reasons", [])


@pytest.mark.parametrize(
    ("scope", "policy", "target", "expected"),
    [
        ("p", "p", "t", True),
        ("p", "q", "t", False),
        ("p, q", "q", "t", True),
        ("all", "q", "t", True),
        ("all but q", "q", "t", False),
        ("all but q, r", "p", "t", True),
        ("p on t", "p", "s", False),
        ("all on all but t", "p", "s", True),
        ("all on all but t", "p", "t", False),
    ],
)
def test_scopes(scope: str, policy: str, target: str, expected: bool) -> None:
    """NAMES, or NAMES on NAMES, as the program reads them."""
    assert covers(scope, policy, target) == expected


def test_new_failures_have_an_empty_reason() -> None:
    """They go together in few words."""
    assert reasons(set(), []) == []
    assert reasons({("p", "s"), ("p", "t")}, []) == [{"for": "p", "why": ""}]
    assert reasons({("p", "s"), ("q", "s")}, []) == [{"for": "all but r on s", "why": ""}]
    everything = {(p, t) for p in POLICIES for t in TARGETS}
    assert reasons(everything, []) == [{"for": "all", "why": ""}]
    assert reasons({("p", "s"), ("q", "t")}, []) == [
        {"for": "p on s", "why": ""},
        {"for": "q on t", "why": ""},
    ]


def test_reasons_are_kept_while_something_fails() -> None:
    """What is no reason for anything, or never was one, goes."""
    old = [{"for": "p", "why": "it is so"}, {"for": "q", "why": ""}, {"for": "r", "why": "gone"}]
    assert reasons({("p", "s"), ("q", "s")}, old) == [
        {"for": "p", "why": "it is so"},
        {"for": "q on s", "why": ""},
    ]


def test_text_is_json_with_a_line_for_each_verdict_and_reason() -> None:
    """Columns stand below each other, and what is written reads as what it was."""
    document = updated(matrix({("p", "s")}), {})
    text = text_of(document)
    assert json.loads(text) == document
    assert '        "p": "fail n/e",\n        "q": "n/e  n/e",\n' in text
    assert '        {"for": "p on s", "why": ""}\n' in text
    assert "CANARY" not in text


def run(folder: Path, document: Any) -> subprocess.CompletedProcess[str]:
    """Run the tool on a matrix."""
    (folder / "conform.json").write_text(json.dumps(document))
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "expected_matrix.py", "conform.json", "--expected", "e"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_command(tmp_path: Path) -> None:
    """0: all have reasons; 1: some have none; 2: the matrix is not whole, nothing is written."""
    document = matrix(set())
    document["complete"] = False
    assert run(tmp_path, document).returncode == 2
    document["complete"] = True
    document["results"].pop(0)
    assert run(tmp_path, document).returncode == 2
    assert not (tmp_path / "e").exists()
    assert run(tmp_path, matrix(set())).returncode == 0
    done = run(tmp_path, matrix({("p", "s")}))
    assert done.returncode == 1
    assert done.stderr == "expected_matrix: no reason yet for HOLD-1: p on s\n"
    text = (tmp_path / "e").read_text()
    (tmp_path / "e").write_text(text.replace('"why": ""', '"why": "it is so"'))
    assert run(tmp_path, matrix({("p", "s")})).returncode == 0
