# SPDX-License-Identifier: Apache-2.0
"""Every room has a page, and the examples on the pages hold.

Examples in C++ are compiled into the C++ tests (tools/examples.cmake, tag `[example]`); the others
are run by test_docs.py, like every block of every page.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from house import ROOT, tree
from program import holdfast, is_written

HOUSE = ("sim/", "models/", "analysis/", "bindings/")
# A package's folders are told by the page of the binding: pages inside would be installed with it.
INSIDE = ("bindings/python/holdfast", "bindings/python/module")
ROOMS = sorted(
    {
        Path(path).parent.as_posix()
        for path in tree()
        if path.startswith(HOUSE) and path.endswith((".cpp", ".hpp", ".py"))
    }
)


@pytest.mark.parametrize("room", [room for room in ROOMS if not room.startswith(INSIDE)])
def test_every_room_has_a_page(room: str) -> None:
    """It says what the room is for, what may enter, and shows an example."""
    page = ROOT / room / "README.md"
    assert page.exists(), f"{room} has no README.md"
    text = page.read_text()
    assert text.startswith(f"# `{room}/`: "), page
    assert "**May include**: " in text, page
    assert re.search(r"^```(?:cpp|python|sh)$|^The example is that of \[", text, re.M), page


def test_pages_name_files_that_exist() -> None:
    """A file in the first column of a page's table is in the room."""
    for room in ROOMS:
        page = ROOT / room / "README.md"
        if not page.exists():
            continue
        for row in re.findall(r"^\| (`.*?) \|", page.read_text(), re.M):
            for name in re.findall(r"`([^`]+)`", row):
                at = ROOT / room / name
                made = name == "holdfast/parts.py"
                assert made or list(at.parent.glob(at.name.rstrip("/"))), f"{page}: {name}"


def test_the_map_leads_to_every_room() -> None:
    """docs/architecture.md links to each page."""
    text = (ROOT / "docs/architecture.md").read_text()
    for room in ROOMS:
        if (ROOT / room / "README.md").exists():
            assert f"](../{room}/README.md)" in text, room


@pytest.mark.skipif(not is_written(), reason="the tree has no bindings/cli yet")
def test_the_walk_of_a_write(tmp_path: Path) -> None:
    """Each step of it is in the trace, at its time and in this order."""
    text = (ROOT / "docs/architecture.md").read_text()
    steps = re.findall(r"^\| \d+ \| `(\w+)` \| ([\d.]+) \|", text, re.M)
    assert len(steps) == 12
    scenario = "scenarios/rw_test_cqt_only.json"
    done = holdfast(
        "run", scenario, "--kernel", "native", "--trace", "jsonl", "--out", f"{tmp_path}"
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "rw_test_cqt_only" / "trace.jsonl").open() as trace:
        for kind, seconds in steps:
            start = f'{{"t_ns":{round(float(seconds) * 1e9)},"kind":"{kind}",'
            assert any(line.startswith(start) for line in trace), (kind, seconds)
