# SPDX-License-Identifier: Apache-2.0
"""What the README shows is what the program prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from house import ROOT, tree
from program import holdfast, is_written

pytestmark = pytest.mark.skipif(not is_written(), reason="the tree has no bindings/cli yet")

README = (ROOT / "README.md").read_text()


def indented(text: str) -> str:
    """Return lines as Markdown shows them as code."""
    return "\n".join(f"    {line}".rstrip() for line in text.rstrip().split("\n"))


def test_main_job() -> None:
    """The table and the timeline of `make run`."""
    levels = ("mainline", "cqt_only", "ccr", "ccr_filter")
    files = [f"scenarios/rw_test_{level}.json" for level in levels]
    done = holdfast("run", *files)
    assert done.returncode == 0, done.stderr
    assert indented(done.stdout) in README


def test_first_scenario(tmp_path: Path) -> None:
    """The scenario to begin with is valid and gives the two tables."""
    block = re.search(r"```json\n(.*?)```", README, re.DOTALL)
    assert block is not None
    path = tmp_path / "mine.json"
    path.write_text(block.group(1))
    assert holdfast("verify", str(path)).returncode == 0
    done = holdfast("run", str(path))
    assert done.returncode == 0, done.stderr
    assert indented(done.stdout) in README
    done = holdfast("run", str(path), "--set", "hosts.h1.policy=cqt-only")
    assert done.returncode == 1, done.stderr
    assert indented(done.stdout) in README


def test_conformance() -> None:
    """The example of a report."""
    command = re.search(r"^    build/holdfast (conform .*)$", README, re.MULTILINE)
    assert command is not None
    done = holdfast(*command.group(1).split())
    assert done.returncode == 1, done.stderr
    assert indented(done.stdout) in README


def test_links_lead_somewhere() -> None:
    """Every relative link of a page names a file of the tree."""
    for page in (ROOT / name for name in tree() if name.endswith(".md")):
        prose = re.sub(r"^(?:    [^\n]*|(?s:```.*?```))$", "", page.read_text(), flags=re.MULTILINE)
        for target in re.findall(r"\]\(([^)#]+)\)", prose):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_bundled_scenarios_are_described() -> None:
    """The guide names each scenario that comes with the program."""
    guide = (ROOT / "docs" / "scenarios.md").read_text()
    folder = ROOT / "scenarios"
    for path in (*folder.glob("*.json"), *folder.glob("reference/*.json")):
        assert f"`{path.stem}`" in guide, path.name
