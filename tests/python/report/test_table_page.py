# SPDX-License-Identifier: Apache-2.0
"""The page of many points: what it knows, and what it does in a browser."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import holdfast
import pandas as pd
import pytest
import quickjs
from browser import CHROMIUM, Page, browser
from house import ROOT

NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
#: Stalls of 15 s and 2 s, one of them without a number; risks that span eight decades.
TABLE = pd.DataFrame(
    {
        "/hosts/0/policy": ["cqt-only", "spec", "cqt-only", NASTY],
        "stall_s": [15.0, 2.0, 4.0, None],
        "risk_probability": [1e-9, 1e-3, 1e-1, 1e-2],
        "seed": [1, 1, 2, 2],
    }
)


def knows(code: str) -> Any:
    """Evaluate an expression with the page's model."""
    context = quickjs.Context()
    context.eval((ROOT / "analysis" / "pages" / "table" / "model.js").read_text())
    return json.loads(context.eval(f"JSON.stringify({code})"))


def test_filters() -> None:
    """Words anywhere in a row, bounds of columns, and what names no column is told."""
    rows = [["a", 5], ["b", 15], ["ab", None]]
    for text, expected in (("", [0, 1, 2]), ("a", [0, 2]), ("s<10", [0]), ("s>=5", [0, 1]),
                           ("a s=5", [0]), ("p=b", [1]), ("p!=b", [0, 2])):  # fmt: skip
        call = f"readFilter(['p', 's'], {text!r}).tests"
        assert knows(f"ordered({json.dumps(rows)}, {call}, -1, false)") == expected, text
    assert knows("readFilter(['p'], 'q<5').wrong") == ["q"]


def test_order() -> None:
    """Numbers as numbers; what is missing comes last either way."""
    rows = "[[10], [9], [null], [100]]"
    assert knows(f"ordered({rows}, [], 0, false)") == [1, 0, 3, 2]
    assert knows(f"ordered({rows}, [], 0, true)") == [3, 0, 1, 2]


def test_axes() -> None:
    """Two decades and more are shown as a logarithm; ticks are round."""
    assert knows("rangeOf([[1], [99]], 0).log") is False
    assert knows("rangeOf([[1], [100], [null]], 0)") == {"low": 1, "high": 100, "log": True}
    assert knows("partOf({low: 1e-4, high: 1, log: true}, 1e-2)") == pytest.approx(0.5)
    assert knows("ticksOf({low: 0.3, high: 2.2, log: false}, 4)") == [0.5, 1, 1.5, 2]
    assert knows("ticksOf({low: 1e-4, high: 1, log: true}, 6)") == [1e-4, 1e-3, 1e-2, 0.1, 1]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of the table."""
    path = tmp_path_factory.mktemp("table") / "page.html"
    holdfast.explore(TABLE, "stall_s", "risk_probability", by="/hosts/0/policy",
                     scenario="rw_test_mainline", title=NASTY, out=path)  # fmt: skip
    return path


@pytest.fixture(scope="module")
def tab(file: Path) -> Iterator[Page]:
    """Open it; nothing is asked for, nothing is complained about."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    with browser() as page:
        page.open(file)
        page.wait("document.documentElement.dataset.ready")
        yield page
        assert page.messages == []
        assert page.requests == []


def test_points_are_hovered_and_chosen(tab: Page) -> None:
    """A dot for each row with both numbers; hovering tells it, a click gives its command."""
    assert tab.value("document.querySelectorAll('circle').length") == 3
    assert tab.value("document.querySelectorAll('img').length") == 0
    x, y = tab.value("""(() => { const b = document.querySelectorAll('circle')[1]
        .getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; })()""")
    tab.mouse("mouseMoved", x, y)
    tab.frame()
    assert "stall_s: 2" in tab.value("document.getElementById('tip').innerText")
    tab.click(x, y)
    assert tab.value("document.querySelector('.replay code').textContent") == (
        "holdfast run rw_test_mainline --seed 1 --set /hosts/0/policy=spec"
    )
    assert tab.value("document.querySelector('tr.chosen').dataset.place") == "1"


def test_table_filters_and_sorts(tab: Page) -> None:
    """Typing filters rows and dots; a head sorts, again the other way round."""
    tab.value("document.getElementById('words').focus()")
    tab("Input.insertText", text="cqt-only stall_s<5")
    tab.frame()
    assert tab.value("document.getElementById('count').textContent") == "1 of 4"
    assert tab.value("document.querySelectorAll('circle').length") == 1
    tab.value("document.getElementById('words').value = ''; refresh()")
    for expected in (["2", "4", "15", "-"], ["15", "4", "2", "-"]):
        tab.value("document.querySelectorAll('#rows th button')[1].click()")
        column = "[...document.querySelectorAll('#rows tbody tr')].map((r) => r.cells[1].innerText)"
        assert tab.value(column) == expected


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_table_page_is_accessible(tab: Page, theme: str) -> None:
    """Axe finds nothing."""
    spec = importlib.util.find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        pytest.skip("axe-core is not installed")
    tab.value(f"document.documentElement.dataset.theme = {theme!r}")
    tab("Runtime.evaluate", expression=(Path(spec.origin).parent / "axe.min.js").read_text())
    found = tab.value("axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes.map((n) => "
                      "n.target.join(' ') + ' ' + n.failureSummary)]))")  # fmt: skip
    assert found == []
