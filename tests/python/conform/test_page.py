# SPDX-License-Identifier: Apache-2.0
"""The page of `holdfast conform`: what it works out, and what a browser makes of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import quickjs
from house import ROOT
from program import holdfast

FOLDER = ROOT / "analysis" / "conform" / "report"
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser")) if p), None)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Report on four implementations, one of which is known to fail."""
    out = tmp_path_factory.mktemp("report")
    done = holdfast(
        *("conform", "--policy", "linux-mainline,ccr+cqt+filter", "--swarm", "20"),
        *("--target", "nvmet-mainline,array", "--out", str(out)),
    )
    assert done.returncode == 1, done.stderr
    return out


class Model:
    """The part of the page that knows things, run without a page."""

    def __init__(self, page: str) -> None:
        """Load the data of a page."""
        match = DATA.search(page)
        assert match is not None
        self.context = quickjs.Context()
        self.context.eval((FOLDER / "model.js").read_text())
        self.context.eval(f"const model = unpack({match.group(1)});")

    def __call__(self, code: str) -> Any:
        """Evaluate an expression."""
        return json.loads(self.context.eval(f"JSON.stringify({code}) || 'null'"))


@pytest.fixture(scope="module")
def model(report: Path) -> Model:
    """Return the model of the report's page."""
    return Model((report / "conform.html").read_text())


@pytest.fixture(scope="module")
def matrix(report: Path) -> Any:
    """Return the matrix document."""
    return json.loads((report / "conform.json").read_text())


def test_page_is_one_file(report: Path) -> None:
    """Nothing in it can be fetched, and nothing of it is missing."""
    page = (report / "conform.html").read_text()
    markup = DATA.sub("", page)
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:,)""", markup)
    assert "@import" not in page
    assert "{{" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert len(page) < 4_000_000


def test_cells_are_those_of_the_matrix(model: Model, matrix: Any) -> None:
    """Verdicts, numbers and failures are what the document says."""
    kinds = {r["id"]: r["kind"] for r in matrix["requirements"]}
    words = model("VERDICTS")
    for one in matrix["results"]:
        if kinds[one["requirement"]] == "canary":
            continue
        place = json.dumps([one["requirement"], one["policy"], one["target"]])
        cell = model(f"(({{r, i}}) => model.cells[r][i])(placeOf(model, ...{place}))")
        assert words[cell["verdict"]] == one["verdict"]
        assert cell.get("why") == one.get("why")
        assert cell.get("scenarios") == one.get("scenarios")
        assert cell.get("failed") == one.get("failed_scenarios")
        if "failure" in one:
            assert cell["incident"]["text"] == one["failure"]["text"]


def test_scenarios_are_those_of_the_files(model: Model, report: Path) -> None:
    """What is packed comes out again as the file beside the page has it."""
    files = {
        incident["file"]: incident
        for incident in model("model.data.incidents.map((i) => ({...i, d: documentOf(model, i)}))")
    }
    assert files
    for name, incident in files.items():
        assert incident["d"] == json.loads((report / name).read_text())


def test_timelines_are_told(model: Model, matrix: Any) -> None:
    """Each has its breach, lanes for all who take part after the fault, and no time runs back."""
    for line in model("model.data.incidents.map((i) => timelineOf(model, i))"):
        assert [m["breach"] for m in line["moments"]].count(True) == 1
        times = [m["at"] for m in line["moments"]]
        assert times == sorted(times)
        told = {m["who"] for m in line["moments"] if not m["early"] and not m["breach"]}
        assert set(line["lanes"]) == told
        assert line["from"] <= line["breach"] <= line["to"]


def test_filters(model: Model, matrix: Any) -> None:
    """Each filter lets through what it says, together and alone."""
    count = len(matrix["requirements"]) - 1
    view = model("select(model, {})")
    assert len(view["rows"]) == count
    assert len(view["columns"]) == 4
    hold = model('select(model, {family: "HOLD"}).rows.map((r) => model.requirements[r].id)')
    assert "HOLD-1" in hold
    assert all(name.startswith("HOLD-") for name in hold)
    assert model('select(model, {policy: "linux-mainline", target: "array"}).columns') == [1]
    failing = model('select(model, {policy: "linux-mainline", verdict: "1"}).rows')
    for row in range(count):
        verdicts = model(f"[model.cells[{row}][0].verdict, model.cells[{row}][1].verdict]")
        assert (1 in verdicts) == (row in failing)
    assert model('select(model, {text: "RETRIED fence"}).rows.length') >= 1
    assert model('select(model, {text: "no such words"}).rows') == []
    assert model('select(model, {verdict: "changed"}).rows') == []
    totals = model("count(model, select(model, {}).rows, select(model, {}).columns)")
    summary = matrix["summary"]
    words = ("pass", "fail", "not applicable", "not exercised")
    assert totals == [summary[word] for word in words]
    assert model('ordered(model, [0, 1, 2, 3], "target")') == [0, 2, 1, 3]
    assert model('ordered(model, [0, 1, 2, 3], "policy")') == [0, 1, 2, 3]


def test_addresses(model: Model) -> None:
    """A fragment names a requirement, an implementation or a cell, and leads back to it."""
    for hash_ in ("#HOLD-1", "#/ccr+cqt+filter/array", "#HOLD-1/ccr+cqt+filter/nvmet-mainline"):
        place = model(f"placeFrom(model, {json.dumps(hash_)})")
        assert place is not None
        assert model(f"fragment(model, {json.dumps(place)})") == hash_
    assert model('placeFrom(model, "#HOLD-1/ccr%2Bcqt%2Bfilter/array")') is not None
    for hash_ in ("", "#", "#HOLD-99", "#HOLD-1/x/y", "#HOLD-1/array", "#%", "#a/b/c/d"):
        assert model(f"placeFrom(model, {json.dumps(hash_)})") is None
    assert model("fragment(model, null)") == ""


def test_next_and_previous_failure(model: Model) -> None:
    """They go through all failing cells in reading order, and around the end."""
    seen = []
    place = None
    while True:
        place = model(f"neighbour(model, select(model, {{}}), {json.dumps(place)}, 1)")
        if place in seen:
            break
        seen.append(place)
    assert place == seen[0]
    assert len(seen) == model("count(model, select(model, {}).rows, [0, 1, 2, 3])[1]")
    assert seen == sorted(seen, key=lambda one: (one["r"], one["i"]))
    back = model(f"neighbour(model, select(model, {{}}), {json.dumps(seen[0])}, -1)")
    assert back == seen[-1]
    assert model('neighbour(model, select(model, {text: "no such words"}), null, 1)') is None


def test_words(model: Model) -> None:
    """Times of scenarios become times that can be read; faults become a line."""
    times = {"3803937us": "3.803937 s", "250ms": "250 ms", "8s": "8 s", "15us": "15 µs"}
    for typed, words in (times | {"all": "all", "1.5s": "1.5s"}).items():
        assert model(f"timeWords({json.dumps(typed)})") == words
    fault = {"type": "loss", "for": "8255ms", "link": "l0", "at": "1s", "count": 3}
    assert model(f"faultWords({json.dumps(fault)})") == "loss count 3 link l0 at 1 s for 8.255 s"


def dom(page: Path, fragment: str = "") -> str:
    """Return what a browser makes of a page."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *(f"--user-data-dir={page.parent / 'browser'}", "--virtual-time-budget=5000"),
            page.as_uri() + fragment,
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_in_a_browser(report: Path, matrix: Any) -> None:
    """The matrix is there, and a link opens the incident that it names."""
    page = report / "conform.html"
    shown = dom(page)
    assert shown.count('<th scope="row"') == len(matrix["requirements"]) - 1
    assert shown.count('role="grid"') == 1
    assert '<aside id="detail" aria-label="Details" hidden' in shown
    shown = dom(page, "#HOLD-1/linux-mainline/nvmet-mainline")
    assert "holdfast run failures/HOLD-1_linux-mainline_nvmet-mainline.json" in shown
    assert "✗ breach" in shown
    assert "<svg viewBox" in shown
