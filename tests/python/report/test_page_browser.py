# SPDX-License-Identifier: Apache-2.0
"""The page of runs in a browser: it asks for nothing and complains of nothing, and all works."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import CHROMIUM, Page, browser
from page_data import DATA, data_of
from program import holdfast

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the pages of one run, of three that are compared, and of one with names that bite."""
    folder = tmp_path_factory.mktemp("pages")
    made = {"one": ["rw_test_mainline", "--what-if"],
            "three": ["rw_test_mainline", "rw_test_cqt_only", "rw_test_ccr"]}  # fmt: skip
    for name, words in made.items():
        done = holdfast("report", *words, "--out", str(folder / f"{name}.html"))
        assert done.returncode == 0, done.stderr
    page = (folder / "one.html").read_text()
    (folder / "nasty.html").write_text(DATA.sub(lambda _: bitten(data_of(page)), page))
    return {name: folder / f"{name}.html" for name in (*made, "nasty")}


def bitten(data: Any) -> str:
    """Return the data of a page with names that no scenario may have."""
    (run,) = data["runs"]
    run["controllers"][0]["name"] = run["jobs"][0] = run["faults"][0]["name"] = NASTY
    run["document"]["name"] = run["hosts"][0] = run["subsystems"][0] = NASTY
    run["what_if"][0]["policy"] = NASTY
    text = json.dumps(data).replace("<", "\\u003c")
    return f'<script type="application/json" id="data">{text}</script>'


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    """Start a browser."""
    with browser() as page:
        yield page


def shown(tab: Page, file: Path, width: int = 1280, height: int = 900) -> Page:
    """Open a page and wait for its picture; nothing may be asked for or complained about."""
    tab.messages.clear()
    tab.requests.clear()
    tab.open(file, width, height)
    tab.wait("document.documentElement.dataset.ready")
    tab.frame()
    assert tab.messages == []
    assert tab.requests == []
    return tab


def lane(tab: Page, label: str, at_ns: int) -> tuple[float, float]:
    """Return where on the screen an instant of a lane of the first run is."""
    tab.value("document.querySelector('canvas.lanes').scrollIntoView({block: 'center'})")
    tab.frame()
    x, y = tab.value(f"""(() => {{
        const {{ shown, panels }} = state, {{ layout, canvas, run }} = panels[0];
        const lane = layout.lanes.find((one) => one.label === {json.dumps(label)});
        const box = canvas.getBoundingClientRect();
        const x = mapperOf(shown.view, gutterOf(shown.width), shown.width);
        return [box.left + x(toPlace(shown.scale, {at_ns} + run.shift)),
                box.top + lane.y + Math.min(lane.height, 20) / 2];
    }})()""")
    return float(x), float(y)


def view(tab: Page) -> tuple[float, float]:
    """Return what is in view, in places."""
    start, end = tab.value("[state.shown.view.from, state.shown.view.to]")
    return float(start), float(end)


def test_verdict_and_picture_are_there(tab: Page, files: dict[str, Path]) -> None:
    """The verdict is text, the lanes are painted, and the other policies are listed."""
    shown(tab, files["one"])
    assert tab.value("document.querySelector('.verdict').textContent").startswith("Data was corrup")
    painted = """(() => { const c = document.querySelector('canvas.lanes');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        const seen = new Set(); for (let i = 0; i < d.length; i += 4)
          if (d[i + 3]) seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]); return seen.size; })()"""
    assert tab.value(painted) > 20
    rows = tab.value("document.querySelectorAll('#prevented tbody tr').length")
    assert rows >= 9
    assert tab.value("document.querySelectorAll('#prevented tr.own').length") == 1


def test_zoom_by_drag_wheel_and_keys(tab: Page, files: dict[str, Path]) -> None:
    """Each makes the view smaller, and 0 brings everything back."""
    shown(tab, files["one"])
    all_ = view(tab)
    x, y = lane(tab, "nvme1", 100_030_000)
    tab.mouse("mousePressed", x, y, button="left", clickCount=1)
    tab.mouse("mouseMoved", x + 60, y, button="left", buttons=1)
    tab.mouse("mouseMoved", x + 120, y, button="left", buttons=1)
    tab.mouse("mouseReleased", x + 120, y, button="left", clickCount=1)
    tab.frame()
    dragged = view(tab)
    assert dragged[1] - dragged[0] == pytest.approx((all_[1] - all_[0]) * 120 / 1044, rel=0.02)
    tab.key("0")
    assert view(tab) == pytest.approx(all_)
    tab.mouse("mouseWheel", x, y, deltaX=0, deltaY=-300, modifiers=2)
    tab.frame()
    wheeled = view(tab)
    assert wheeled[1] - wheeled[0] < (all_[1] - all_[0]) * 0.5
    tab.key("0")
    for key, factor in (("w", 0.6), ("s", 1.0), ("+", 0.6), ("-", 1.0)):
        tab.key(key)
        now = view(tab)
        assert (now[1] - now[0]) / (all_[1] - all_[0]) == pytest.approx(factor, rel=0.01)
    tab.key("w")
    before = view(tab)
    tab.key("d")
    assert view(tab)[0] > before[0]
    tab.key("a")
    assert view(tab)[0] == pytest.approx(before[0])


def test_fingers_pinch(tab: Page, files: dict[str, Path]) -> None:
    """Two fingers that part to twice their distance halve what is in view."""
    shown(tab, files["one"], 390, 844)
    before = view(tab)
    x, y = lane(tab, "nvme1", 120_000_000)
    tab("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
    for kind, apart in (("touchStart", 30), ("touchMove", 45), ("touchMove", 60)):
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        tab("Input.dispatchTouchEvent", type=kind, touchPoints=points)
    tab("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    tab("Emulation.setTouchEmulationEnabled", enabled=False)
    tab.frame()
    after = view(tab)
    assert (after[1] - after[0]) / (before[1] - before[0]) == pytest.approx(0.5, abs=0.06)


def test_hover_says_when(tab: Page, files: dict[str, Path]) -> None:
    """To the nanosecond, and how far from the fault, and what is there."""
    shown(tab, files["one"])
    tab.value("moveTo({from: toPlace(state.shown.scale, 100e6), to: "
              "toPlace(state.shown.scale, 100.2e6)})")  # fmt: skip
    tab.frame()
    x, y = lane(tab, "stale write possible", 100_100_000)
    tab.mouse("mouseMoved", x, y)
    tab.frame()
    text = tab.value("document.getElementById('tip').innerText").replace("\u202f", " ")
    assert text.startswith("0.100 1")
    assert "from the fault" in text
    assert "exposed" in text
    assert tab.value("state.shown.cursor") == pytest.approx(
        tab.value("toPlace(state.shown.scale, 100.1e6)"), abs=200
    )


def test_click_opens_io_and_state(tab: Page, files: dict[str, Path]) -> None:
    """An I/O with all attempts; a state with its rule and clause; Escape closes."""
    shown(tab, files["one"])
    tab.click(*lane(tab, "nvme0", 1_500_000_000))
    text = tab.value("document.getElementById('detail').innerText")
    assert "CONNECTING" in text
    assert "protocol.md 5.1" in text
    tab.key("Escape")
    assert tab.value("document.getElementById('detail').hidden") is True
    tab.click(*lane(tab, "controller 1", 2_100_055_925))
    text = tab.value("document.getElementById('detail').innerText")
    assert "write 6 of rw_test" in text
    assert tab.value("document.querySelectorAll('#detail tbody tr').length") == 2
    assert "landed stale" in text
    assert tab.value("getComputedStyle(document.querySelector('.attempts .bad td')).color") != (
        tab.value("getComputedStyle(document.body).color")
    )


def test_idle_time_folds_and_unfolds(tab: Page, files: dict[str, Path]) -> None:
    """A click on a fold opens it; the key shows true lengths everywhere."""
    shown(tab, files["one"])
    folded = tab.value("state.shown.scale.length")
    assert folded < 9e9
    fold = tab.value("state.shown.scale.folds.length - 1")
    x, y = tab.value(f"""(() => {{ const {{ shown }} = state, f = shown.scale.folds[{fold}];
        document.getElementById('axis').scrollIntoView({{block: 'center'}});
        const b = document.getElementById('axis').getBoundingClientRect();
        const x = mapperOf(shown.view, gutterOf(shown.width), shown.width);
        return [b.left + x(f.at + f.width / 2), b.top + 8]; }})()""")
    tab.click(x, y)
    assert tab.value("state.shown.scale.length") > 60e9
    tab.key("c")
    assert tab.value("state.shown.scale.length") == 90e9
    assert tab.value("document.getElementById('fold').getAttribute('aria-pressed')") == "false"
    tab.key("c")
    assert tab.value("state.shown.scale.length") == pytest.approx(folded)


def test_keyboard_alone(tab: Page, files: dict[str, Path]) -> None:
    """Tab reaches the picture, arrows move in it and are announced, Enter opens, Escape returns."""
    shown(tab, files["one"])
    for _ in range(40):
        tab.key("Tab")
        if tab.value("document.activeElement.className") == "lanes":
            break
    assert tab.value("document.activeElement.className") == "lanes"
    said = []
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight"):
        tab.key(key)
        said.append(tab.value("document.getElementById('live').textContent"))
    assert len(set(said)) >= 4
    assert said[0].startswith("fopcode")
    tab.key("Enter")
    assert tab.value("document.activeElement.id") == "detail-title"
    tab.key("Escape")
    assert tab.value("document.activeElement.className") == "lanes"


def test_attempts_are_walked(tab: Page, files: dict[str, Path]) -> None:
    """Arrows go from I/O to I/O, too; Enter opens the one that was reached."""
    shown(tab, files["one"])
    tab.value("document.querySelector('canvas.lanes').focus()")
    lanes = tab.value("state.panels[0].layout.lanes.findIndex((one) => one.type === 'attempts')")
    for _ in range(lanes + 1):
        tab.key("ArrowDown")
    tab.key("ArrowRight")
    tab.key("Enter")
    assert "submitted" in tab.value("document.getElementById('detail').innerText")
    assert tab.value("document.querySelectorAll('#detail .attempts tbody tr').length") >= 1
    tab.key("Escape")


def test_verdict_is_painted_before_all_is_there(tab: Page, files: dict[str, Path]) -> None:
    """So that how soon something can be read does not hang on how long the run was."""
    shown(tab, files["three"])
    painted = "performance.getEntriesByName('first-contentful-paint')[0]"
    tab.wait(painted)
    ready = "performance.getEntriesByName('ready')[0]"
    assert tab.value(f"{painted}.startTime < {ready}.startTime")


def test_dots_are_where_their_latencies_are(tab: Page, files: dict[str, Path]) -> None:
    """A dot of the colour of its kind at the place of an I/O; what failed or is out is a square."""
    shown(tab, files["one"])
    found = tab.value("""(() => {
        const { run, chart } = state.panels[0], { shown } = state;
        const x = mapperOf(shown.view, gutterOf(shown.width), shown.width);
        const { low, high } = shown.range, { opPlaces: places, c } = run;
        const context = chart.getContext("2d"), style = getComputedStyle(document.documentElement);
        const colours = ["io", "read"].map((one) => style.getPropertyValue(`--${one}`).trim());
        let right = 0, seen = 0;
        for (let i = 0; i < places.length; i += 97) {
            const log = Math.log10(c.op_took[i]);
            const y = CHART.gap + CHART.latency * (1 - (log - low) / (high - low));
            const [r, g, b] = context.getImageData(x(places[i]), y, 1, 1).data;
            const hex = "#" + [r, g, b].map((v) => v.toString(16).padStart(2, "0")).join("");
            ++seen;
            if (colours.includes(hex)) ++right;
        }
        return [right, seen]; })()""")
    assert found[0] >= 0.9 * found[1] > 30


def test_runs_are_compared(tab: Page, files: dict[str, Path]) -> None:
    """Differences first, with their direction; lanes under each other, aligned at the fault."""
    shown(tab, files["three"])
    head = tab.value("[...document.querySelectorAll('#differences thead th')].map((e) => "
                     "e.innerText.split('\\n')[0].trim())")  # fmt: skip
    assert head[1:4] == ["A rw_test_mainline", "B rw_test_cqt_only", "C rw_test_ccr"]
    rows = tab.value("[...document.querySelectorAll('#differences .deltas tbody:first-of-type "
                     "tr')].map((r) => [r.cells[0].innerText, r.cells[1].className, "
                     "r.cells[2].className])")  # fmt: skip
    by = {name: (first, second) for name, first, second in rows}
    assert by["stale writes"] == ("", "better")
    assert by["longest stall"] == ("", "worse")
    assert tab.value("document.getElementById('same').hidden") is True
    tab.value("document.querySelector('#differences > button').click()")
    assert tab.value("document.getElementById('same').hidden") is False
    assert tab.value("document.querySelectorAll('canvas.lanes').length") == 3
    faults = tab.value("state.runs.map((run) => run.fault + run.shift)")
    assert len(set(faults)) == 1


def test_names_do_nothing(tab: Page, files: dict[str, Path]) -> None:
    """A name that would be a script is a name."""
    shown(tab, files["nasty"])
    assert tab.value("document.querySelectorAll('img').length") == 0
    assert tab.value(f"document.body.innerText.includes({json.dumps(NASTY)})") is True


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["one", "three"])
def test_accessible(tab: Page, files: dict[str, Path], name: str, theme: str) -> None:
    """Axe finds nothing, with everything opened, in both themes."""
    spec = importlib.util.find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        pytest.skip("axe-core is not installed")
    axe = (Path(spec.origin).parent / "axe.min.js").read_text()
    shown(tab, files[name])
    tab.value(f"document.documentElement.dataset.theme = {theme!r}")
    tab.value("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    tab.value("findOp('6')")
    tab("Runtime.evaluate", expression=axe)
    found = tab.value("axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes.map((n) => "
                      "n.target.join(' ') + ' ' + n.failureSummary)]))")  # fmt: skip
    assert found == []


def test_fits_a_phone(tab: Page, files: dict[str, Path]) -> None:
    """Nothing reaches beyond the side of the screen."""
    for name in files:
        shown(tab, files[name], 390, 844)
        assert tab.value("document.documentElement.scrollWidth") <= 390
