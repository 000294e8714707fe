# SPDX-License-Identifier: Apache-2.0
"""The page of an answer: what it says, what it refuses, and what it does in a browser."""

from __future__ import annotations

import copy
import importlib.util
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import holdfast
import pytest
import quickjs
from answer_data import ALL, FOUND, LONGEST, RARE, SEARCH, SIZE, WORST, bitten
from browser import CHROMIUM, Page, browser
from house import ROOT
from page_data import data_of, page_of
from program import holdfast as program

PAGES = ROOT / "analysis" / "pages"
PARTS = ROOT / "analysis" / "report" / "answers" / "page"


def verdict_of(document: Any) -> str:
    """Return its verdict as text, with its bound."""
    found = re.search(r'<p class="verdict">(.*?)</p>', page_of(document), re.S)
    assert found
    return re.sub("<[^>]*>", "", found[1]).replace("&#39;", "'").replace("&gt;", ">")


def knows(code: str) -> Any:
    """Evaluate an expression with what the page knows apart from how it looks."""
    context = quickjs.Context()
    files = (PAGES / "table" / "model.js", PAGES / "chart.js", PARTS / "facts.js",
             PARTS / "search.js", PARTS / "rare.js")  # fmt: skip
    for file in files:
        context.eval(file.read_text())
    return json.loads(context.eval(f"JSON.stringify({code})"))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (SEARCH, "Nothing corrupts data within these bounds; all 12,345 executions were tried. "
                 "Bounds: 1 deviation."),
        ({**SEARCH, "exhausted": False, "ended": "budget"},
         "Nothing was found that corrupts data within these bounds; not everything was tried: the "
         "budget was done after 12,345 executions. Bounds: 1 deviation."),
        (FOUND, "Data is corrupted by 2 deviations from its own run; it ended with that, after "
                "12,345 executions. Bounds: 1 deviation."),
        ({**FOUND, "against": "spec"},
         "Data is corrupted by 2 deviations from its own run, and is safe under spec with the "
         "same; it ended with that, after 12,345 executions. Bounds: 1 deviation."),
        ({**LONGEST, "exhausted": True, "ended": "exhausted"},
         "The longest stall of an application is 14.5 s, and 2 s in the scenario's own run; all "
         "12,345 executions were tried. Bounds: 1 deviation."),
        ({**LONGEST, "for": "exposure", "ended": "interrupted"},
         "The longest time a stale write can land that was found is 14.5 s, and 2 s in the "
         "scenario's own run; not everything was tried: it was stopped after 12,345 executions. "
         "Bounds: 1 deviation."),
        (RARE, "An application stalls for longer than 20s in one of 100 failovers: probability "
               "0.01, 95 % interval 0.004 to 0.016."),
        ({**RARE, "of": "corruption", "probability": {"value": 0.0, "low": 0.0, "high": 2.5e-4}},
         "Data is corrupted at most in one of 4,000 failovers (95 %): a probability below 2.5e-4; "
         "nobody met it."),
        ({**RARE, "probability": {"value": 1.25e-7, "low": None, "high": None}},
         "An application stalls for longer than 20s in one of 8,000,000 failovers: probability "
         "1.25e-7, without an interval."),
        ({**RARE, "probability": None}, "Nothing was done, so nothing is known."),
        (SIZE, "KATO 5 s and CQT 0.5 s, keep alive by command: the risk is 2e-10 and the stall 18 "
               "s, within 1e-9 and 20 s."),
        ({**SIZE, "feasible": False, "recommended": None, "needs": {"stall_s": 25.5,
                                                                    "risk_probability": 3e-8}},
         "No setting keeps a risk of 1e-9 within a stall of 20 s; a stall of 25.5 s would do, or a "
         "risk of 3e-8."),
    ],
)  # fmt: skip
def test_verdict_comes_with_what_it_is_worth(document: Any, words: str) -> None:
    """One sentence each, and never without its bound."""
    assert verdict_of(document) == words


def test_story_is_text() -> None:
    """Choices, damage, aftermath and likelihood as sentences; the damage stands out."""
    page = page_of(FOUND)
    sentences = re.findall("<li>(.*?)</li>", page)
    assert sentences == [
        "the fault is late", "the write is slow", "at 6 s the damage is done", "none of 40 is safe",
        "of 100 executions with random choices within the bounds 0 corrupt data; from 4 s of this "
        "one on all do",
    ]  # fmt: skip
    assert '<tr class="harm"><td class="t">6.000000000</td><td>it lands</td>' in page
    assert re.findall("<li>(.*?)</li>", page_of(SIZE))[0] == (
        "the stall binds: the hold of the next KATO is too long by itself; slack: 2 s of stall, a "
        "factor of 5 of risk"
    )


def test_intervals_are_those_of_the_package() -> None:
    """Wilson's interval, as `Search.likelihood` has it."""
    for hits, n in ((0, 100), (1, 100), (60, 100), (100, 100)):
        expected = holdfast.statistics.wilson_interval(hits, n)
        assert knows(f"wilson({hits}, {n})") == pytest.approx([expected.low, expected.high])
    assert knows("wilson(0, 0)") == [0, 1]


def test_levels_multiply() -> None:
    """A tenth of these, a fifth of those, a half: 0.1, 0.02, 0.01."""
    rows = knows(f"levelRows({json.dumps(RARE['levels'])})")
    assert [row["probability"] for row in rows] == pytest.approx([0.1, 0.02, 0.01])
    assert [row["leads_to"] for row in rows] == ["level 2", "level 3", "the event"]


def test_axes_and_the_nearest_point() -> None:
    """Room at the edges but where they are given; the nearest within reach."""
    axis = knows("axisOf([1, 3])")
    assert (axis["low"], axis["high"]) == pytest.approx((0.92, 3.08))
    assert knows("axisOf([0.2], {low: 0, high: 1, log: false})") == {
        "low": 0, "high": 1, "log": False
    }  # fmt: skip
    log = knows("axisOf([0, 1e-4, 1e-2], {log: true, high: 1})")
    assert (log["low"], log["high"]) == pytest.approx((1e-4 * 1e4**-0.04, 1))
    points = "[{px: 0, py: 0}, {px: 10, py: 0}]"
    assert knows(f"nearestPoint({points}, 7, 1, 60)") == 1
    assert knows(f"nearestPoint({points}, 90, 1, 60)") == -1
    assert knows("ticksOf({low: 2e-5, high: 3e-4, log: true}, 6)") == [2e-5, 5e-5, 1e-4, 2e-4]


#: What stands where something else should.
CHANGES: tuple[Any, ...] = (None, "x", 3, [3], {"a": {}})


def test_what_is_missing_is_named() -> None:
    """Of each key that is left out the page has no need, or it says which one it is."""
    tried = 0
    for document in ALL.values():
        for place in places_of(document):
            for change in CHANGES:
                changed = copy.deepcopy(document)
                at(changed, place[:-1])[place[-1]] = change
                tried += 1
                try:
                    page_of(changed)
                except ValueError as error:
                    said = str(error)
                    assert said.startswith("found "), said
                    # What is asked for changes what is needed.
                    assert str(place[0]) in said or place[0] in ("question", "for"), (place, said)
    assert tried > 400


def places_of(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of everything in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield (*above, key)
        if isinstance(one, (dict, list)):
            yield from places_of(one, (*above, key))


def at(value: Any, place: tuple[Any, ...]) -> Any:
    """Return what is at a place."""
    for key in place:
        value = value[key]
    return value


def test_rare_has_a_page(tmp_path: Path) -> None:
    """With the worlds that failed, as scenarios that can be run."""
    found = holdfast.rare("rare_1e4", "corruption", repetitions=4, effort=100)
    (answer,) = data_of(found.report(tmp_path / "page.html").html)["answers"]
    first = answer["examples"][0]
    assert first["choices_count"] == len(first["scenario"]["choices"])
    again = holdfast.run(holdfast.Scenario(first["scenario"]))
    assert (again.verdict, again.trace_hash) == ("corrupt", first["trace_hash"])


def test_large_worlds_are_left_out() -> None:
    """Beyond 2 MB of scenarios the page has their hashes only, and says of how many."""
    large = {"scenario": {"name": "x", "choices": ["y" * 900_000]}, "trace_hash": "ab"}
    (answer,) = data_of(page_of({**RARE, "examples": [large] * 3}))["answers"]
    assert [bool(one["scenario"]) for one in answer["examples"]] == [True, True, False]
    assert answer["examples_left_out_count"] == 1
    assert answer["seed"] == str(2**63)


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    """Start a browser."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    with browser() as page:
        yield page


def shown(tab: Page, folder: Path, *documents: Any, width: int = 1280) -> Page:
    """Open a page; nothing may be asked for or complained about."""
    file = folder / "page.html"
    file.write_text(page_of(*documents))
    tab.messages.clear()
    tab.requests.clear()
    tab.open(file, width)
    tab.wait("document.documentElement.dataset.ready")
    tab.frame()
    assert tab.messages == []
    assert tab.requests == []
    assert tab.value("document.documentElement.scrollWidth <= innerWidth")
    return tab


def spot(tab: Page, selector: str, place: int = 0) -> tuple[float, float]:
    """Return the middle of an element, in view."""
    return tuple(
        tab.value(f"""(() => {{
        const one = document.querySelectorAll({json.dumps(selector)})[{place}];
        one.scrollIntoView({{block: 'center'}});
        const box = one.getBoundingClientRect();
        return [box.left + box.width / 2, box.top + box.height / 2]; }})()""")
    )


@pytest.mark.parametrize("question", ALL)
def test_charts_are_hovered_and_walked(tab: Page, tmp_path: Path, question: str) -> None:
    """The pointer tells the nearest point; arrows go from point to point and say it."""
    shown(tab, tmp_path, ALL[question])
    places = {"search": 1, "rare": 4, "size": 2}
    said = {
        "search": ["at 2.000000001 s", "60 of 100 corrupt", "95 %: 0.502003 to 0.690599"],
        "rare": ["probability of coming so far", "level 2, leads to level 3", "importance 0.7",
                 "10 of 50 came on: 0.2", "probability so far 0.02"],
        "size": ["frontier", "KATO 5 s, CQT 0.5 s", "keep alive by command", "risk 2e-10",
                 "stall 18 s"],
    }  # fmt: skip
    tab.mouse("mouseMoved", *spot(tab, ".plot .point", places[question]))
    tab.frame()
    tip = tab.value("document.querySelector('.plot .tip').innerText").split("\n")
    if question == "size":  # The recommended point lies on the frontier; it is the same setting.
        tip[0] = tip[0].replace("recommended", "frontier")
    assert tip == said[question]
    tab.mouse("mouseMoved", 2, 2)
    tab.frame()
    assert tab.value("document.querySelector('.plot .tip').hidden")
    tab.value("document.querySelector('.plot').focus()")
    for _ in range(places[question] + 1):
        tab.key("ArrowRight")
    assert tab.value("document.querySelector('.chart [aria-live]').textContent") == ", ".join(
        said[question]
    )


def test_settings_have_their_run(tab: Page, tmp_path: Path) -> None:
    """The command of the chosen settings makes the page of a run with just these."""
    sized = json.loads(program("size", "rare_1e6", "--stall", "20s", "--json").stdout)
    shown(tab, tmp_path, sized)
    last = sized["frontier"][-1]
    tab.value("""(() => { const box = document.querySelector('.part select');
        box.value = box.options.length - 1;
        box.dispatchEvent(new Event('change')); })()""")
    words = shlex.split(tab.value("document.querySelector('.replay code').textContent"))
    assert words[:3] == ["holdfast", "report", "rare_1e6"]
    file = tmp_path / "run.html"
    done = program(*words[1:-1], str(file))
    assert done.returncode == 0, done.stderr
    changes = [words[i + 1].partition("=") for i, word in enumerate(words) if word == "--set"]
    scenario = holdfast.Scenario.load("rare_1e6")
    for path, _, value in changes:
        scenario = scenario.set(path, value == "true" if value in ("true", "false") else value)
    whole = scenario.canonical()
    assert whole["hosts"][0]["connect"][0]["keep_alive_tmo"] == f"{last['kato_s']:g}s"
    assert whole["subsystems"][0]["traffic_based_keep_alive"] == (last["keep_alive"] == "traffic")
    assert holdfast.report(scenario).html == file.read_text()


def test_tables_filter_and_sort(tab: Page, tmp_path: Path) -> None:
    """Typing leaves rows; a head sorts, again the other way round."""
    shown(tab, tmp_path, SIZE)
    column = "[...document.querySelectorAll('.rows tbody tr')].map((r) => r.cells[2].innerText)"
    assert tab.value(column) == ["5", "1", "1", "3", "5", "7"]
    tab.value("document.querySelector('.filter input').focus()")
    tab("Input.insertText", text="frontier kato_s>2")
    tab.frame()
    assert tab.value(column) == ["3", "5", "7"]
    assert tab.value("document.querySelector('.filter [role=status]').textContent") == "3 of 6"
    for expected in (["3", "5", "7"], ["7", "5", "3"]):
        tab.value("document.querySelectorAll('.rows th button')[2].click()")
        assert tab.value(column) == expected
    assert tab.value("document.activeElement.textContent") == "kato_s ▼"


def test_worlds_that_failed_are_shown(tab: Page, tmp_path: Path) -> None:
    """With the command that runs one, and by keyboard alone."""
    shown(tab, tmp_path, RARE)
    tab.value("[...document.querySelectorAll('.rows button')].find((b) => b.textContent === 'Show')"
              ".focus()")  # fmt: skip
    tab.key("Enter")
    assert tab.value("document.querySelector('.replay code').textContent") == (
        "holdfast report small-rare-0.json --out page.html"
    )


def test_critical_choice_is_named(tab: Page, tmp_path: Path) -> None:
    """It is the last one that was made; what is not critical has no such part."""
    shown(tab, tmp_path, FOUND)
    titles = "[...document.querySelectorAll('h3')].map((one) => one.textContent)"
    assert tab.value(titles) == [
        "What was chosen otherwise", "The critical choice", "When it became inevitable",
        "What was tried", "Do it again",
    ]  # fmt: skip
    assert tab.value("document.querySelector('.part b').textContent") == "the write is slow"
    mild = {**FOUND, "worst": {**WORST, "aftermath": {"says": "10 are safe", "critical": False}}}
    shown(tab, tmp_path, mild)
    assert "The critical choice" not in tab.value(titles)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_answer_page_is_accessible(tab: Page, tmp_path: Path, theme: str, width: int) -> None:
    """Axe finds nothing, whatever the answers are called, and nothing of a name is run."""
    spec = importlib.util.find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        pytest.skip("axe-core is not installed")
    shown(tab, tmp_path, *ALL.values(), SEARCH, *map(bitten, ALL.values()), width=width)
    assert tab.value("document.querySelectorAll('img').length") == 0
    tab.value(f"document.documentElement.dataset.theme = {theme!r}")
    tab.value("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    tab("Runtime.evaluate", expression=(Path(spec.origin).parent / "axe.min.js").read_text())
    found = tab.value("axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes.map((n) => "
                      "n.target.join(' ') + ' ' + n.failureSummary)]))")  # fmt: skip
    assert found == []
