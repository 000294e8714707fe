# SPDX-License-Identifier: Apache-2.0
"""`holdfast report` makes pages of answers: of what lies where, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import holdfast
import pytest
from answer_data import NASTY, SEARCH, SIZE
from page_data import data_of, page_of
from program import holdfast as program


def test_program_makes_pages(tmp_path: Path) -> None:
    """Of documents, of the folder that has one, of several; the package makes the same one."""
    out, page = tmp_path / "found", tmp_path / "page.html"
    words = ("search", "worst_case", "--for", "corruption", "--bounds", "deviations=1")
    assert program(*words, "--out", str(out)).returncode == 0
    done = program("report", str(out), "--out", str(page))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(f"holdfast: {page}: 1 answer, ")
    found = holdfast.search("worst_case", "corruption", bounds={"deviations": 1})
    assert found.report(tmp_path / "same.html").html == page.read_text()
    assert (tmp_path / "same.html").read_text() == page.read_text()
    sized = program("size", "rare_1e6", "--stall", "20s", "--json").stdout
    (tmp_path / "size.json").write_text(sized)
    done = program("report", str(out), str(tmp_path / "size.json"), "--out", str(page))
    assert done.returncode == 0, done.stderr
    assert [one["question"] for one in data_of(page.read_text())["answers"]] == ["search", "size"]
    assert holdfast.size("rare_1e6", stall="20s").report().html == page_of(json.loads(sized))


def test_sweeps_have_pages(tmp_path: Path) -> None:
    """Of the points that it prints and of the rows that it keeps."""
    points = {
        "question": "sweep",
        "points": [
            {"level": "none", "runs": 8, "corrupt": 5, "exposure_max_s": 2.0, "stall_max_s": 0.1},
            {"level": NASTY, "runs": 8, "corrupt": 0, "exposure_max_s": 0.0, "stall_max_s": 15.0},
        ],
    }
    rows = [
        {"level": "none", "seed": 2**63, "verdict": "corrupt", "stall_s": 0.1, "partial": None},
        {"level": "CQT", "seed": 2, "verdict": "ok", "stall_s": 15.0, "failed": False},
    ]
    (tmp_path / "points.json").write_text(json.dumps(points))
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, words in (("points.json", "5 of 16"), ("rows.jsonl", "1 of 2")):
        page = tmp_path / "page.html"
        done = program("report", str(tmp_path / name), "--out", str(page))
        assert done.returncode == 0, done.stderr
        assert f'<p class="verdict">{words} runs corrupted data.</p>' in page.read_text()
    table = data_of(page.read_text())
    assert table["columns"] == ["level", "seed", "verdict", "stall_s", "partial", "failed"]
    assert table["rows"] == [["none", str(2**63), "corrupt", 0.1, None, None],
                             ["CQT", 2, "ok", 15.0, None, "no"]]  # fmt: skip
    assert (table["y"], table["by"]) == (3, 0)


@pytest.mark.parametrize(
    ("files", "options", "words"),
    [
        ({"a.json": {**SEARCH, "levels": 3}}, [], "found 3 at /levels, expected a list"),
        ({"a.json": {**SIZE, "frontier": [{}]}}, [],
         "found no /frontier/0/keep_alive, expected a string"),
        ({"a.json": {"question": "sweep"}}, [], "found no list at /points"),
        ({"a.json": {"question": "sweep", "points": []}}, [], "found no rows"),
        ({"a.json": SEARCH, "b.json": {"name": "x"}}, [], "beside answers"),
        ({"a.json": SEARCH, "b.json": {"question": "sweep", "points": [{}]}}, [],
         "a sweep beside other answers"),
        ({"a.json": SEARCH}, ["--what-if"], "--set or --what-if with answers"),
        ({"a.json": SEARCH}, ["--out", "nowhere/page.html"], "--out: found"),
        ({f"{i}.json": SEARCH for i in range(9)}, [], "found 9 answers, expected at most 8"),
    ],
)  # fmt: skip
def test_bad_input(tmp_path: Path, files: dict[str, Any], options: list[str], words: str) -> None:
    """One line that names the place; status 2; no page."""
    for name, document in files.items():
        (tmp_path / name).write_text(json.dumps(document))
    page = tmp_path / "page.html"
    out = [] if "--out" in options else ["--out", str(page)]
    done = program("report", *(str(tmp_path / name) for name in files), *options, *out)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not page.exists()
