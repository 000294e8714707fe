# SPDX-License-Identifier: Apache-2.0
"""The pages on what operators met and on faster recoveries name what is there, and whence."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from house import ROOT
from program import PROGRAM, is_written

sys.path.insert(0, str(ROOT / "tools"))
from faster import LEVELS, SIGNS, TRANSPORTS, document, points, run

pytestmark = pytest.mark.skipif(not is_written(), reason="the tree has no bindings/cli yet")

OPERATORS = (ROOT / "docs" / "operators.md").read_text()
FASTER = (ROOT / "docs" / "faster.md").read_text()


def test_each_case_has_a_scenario_and_a_source() -> None:
    """At least fifteen cases are told, each with a scenario, an address and what helps."""
    cases = re.split(r"^\*\*\d+\. ", OPERATORS, flags=re.MULTILINE)[1:]
    assert len(cases) >= 15
    sourced = 0
    for case in cases:
        names = re.findall(r"`operators/(\w+)`", case)
        assert names, case
        for name in names:
            assert (ROOT / "scenarios" / "operators" / f"{name}.json").exists(), name
        assert "*Helps*" in case
        sourced += "](https://" in case
    assert sourced >= 15


@pytest.mark.parametrize("folder", ["operators", "faster"])
def test_each_scenario_is_told_of(folder: str) -> None:
    """A page names it, and its description has the number that it expects."""
    page = OPERATORS if folder == "operators" else FASTER
    for path in sorted((ROOT / "scenarios" / folder).glob("*.json")):
        scenario = json.loads(path.read_text())
        assert f"`{folder}/{path.stem}`" in page or f"`{folder}/{path.stem}`" in OPERATORS, path
        assert len(scenario["expect"]) >= 2, path


def test_the_sweep_has_valid_points(tmp_path: Path) -> None:
    """The first point of each transport, level and sign runs."""
    seen = set()
    for transport, level, sign, trouble in points():
        if (transport, level, sign) in seen or level != "reset":
            continue
        seen.add((transport, level, sign))
        file = tmp_path / "point.json"
        scenario = document(transport, level, sign, trouble)
        scenario["duration"] = "45s"
        file.write_text(json.dumps(scenario))
        result = run(PROGRAM, str(file), 1)
        assert {"suspicions_count", "false_count"} <= set(result["alarms"])
    assert len(seen) >= len(TRANSPORTS) * 8


def test_the_page_has_every_point() -> None:
    """The table is that of the tool: `python3 tools/faster.py --page` makes it anew."""
    if "### tcp" not in FASTER:
        pytest.skip("the page has no table yet")
    for transport in TRANSPORTS:
        table = FASTER.split(f"### {transport}\n")[1].split("\n### ")[0]
        for level in LEVELS:
            for sign in SIGNS:
                wanted = any(p[:3] == (transport, level, sign) for p in points())
                row = re.search(rf"^\| \**{level}\** \| \**{re.escape(sign)}\** \|", table, re.M)
                assert bool(row) == wanted, (transport, level, sign)
