# SPDX-License-Identifier: Apache-2.0
"""What the README shows of `make run` is what the program prints; test_docs.py has the rest."""

from __future__ import annotations

import re

import pytest
from house import ROOT, tree
from program import BUNDLED, holdfast, is_written

pytestmark = pytest.mark.skipif(not is_written(), reason="the tree has no bindings/cli yet")

README = (ROOT / "README.md").read_text()


def test_main_job() -> None:
    """The table and the timeline of `make run`."""
    levels = ("mainline", "cqt_only", "ccr", "ccr_filter")
    files = [f"scenarios/rw_test_{level}.json" for level in levels]
    done = holdfast("run", *files)
    assert done.returncode == 0, done.stderr
    assert f"```text\n{done.stdout}```" in README


def test_links_lead_somewhere() -> None:
    """Every relative link of a page names a file of the tree."""
    for page in (ROOT / name for name in tree() if name.endswith(".md")):
        prose = re.sub(r"^(?s:```.*?```)$", "", page.read_text(), flags=re.MULTILINE)
        for target in re.findall(r"\]\(([^)#]+)\)", prose):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_bundled_scenarios_are_described() -> None:
    """The guide names each scenario that comes with the program."""
    guide = (ROOT / "docs" / "scenarios.md").read_text()
    folder = ROOT / "scenarios"
    for path in (path for kind in BUNDLED for path in folder.glob(f"{kind}*.json")):
        assert f"`{path.stem}`" in guide, path.name
