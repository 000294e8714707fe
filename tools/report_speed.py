# SPDX-License-Identifier: Apache-2.0
"""How large pages are, how soon they are there, and how smoothly they move.

Makes pages of a failover and of long runs with the program, opens each in headless Chromium, and
prints a table. Times are of this machine, so nothing here is a test; docs/reports.md says what was
measured where.

`python tools/report_speed.py [--seconds 3]` runs it.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "python" / "report"), str(ROOT / "tests" / "python")]

from browser import Page, browser  # noqa: E402

PROGRAM = ROOT / "build" / "holdfast"
#: So often is each run and each opening repeated; the median counts.
TIMES = 3
#: (name, scenario, changes): one failover; 100,000 marks (an attempt and a dot for each of 50,000
#: I/Os, none left out); 3 M records, thinned.
PAGES = [
    ("one failover", "rw_test_mainline", []),
    ("100,000 marks", "long", ["rate_iops=1000"]),
    ("3 M records", "long", ["rate_iops=3000"]),
]
#: What a page must keep.
MOST_BYTES = {"one failover": 200_000, "100,000 marks": 3_000_000, "3 M records": 3_000_000}


def long_run(iops: int) -> dict[str, Any]:
    """Return a host that writes and reads for 50 s over two links, of which one fails."""
    ends = {"left": ["h1", "a0"], "right": ["h1", "a1"]}
    return {
        "name": "long",
        "duration": "50s",
        "fabric": {
            "links": [
                {"name": name, "ends": both, "rate": "25Gbps", "delay": "5us"}
                for name, both in ends.items()
            ]
        },
        "subsystems": [
            {
                "name": "store",
                "ports": ["a0", "a1"],
                "attr_cqt": "500ms",
                "namespaces": [
                    {"nsid": 1, "size": "64MiB", "media": {"read": "80us", "write": "20us"}}
                ],
            }
        ],
        "hosts": [
            {
                "name": "h1",
                "policy": "linux-mainline",
                "iopolicy": "round-robin",
                "connect": [
                    {"subsystem": "store", "port": port, "keep_alive_tmo": "5s"}
                    for port in ("a0", "a1")
                ],
            }
        ],
        "workloads": [
            {
                "type": "fio",
                "host": "h1",
                "rw": "randrw",
                "bs": "4KiB",
                "iodepth": 32,
                "rate_iops": iops,
                "size": "32MiB",
            }
        ],
        "faults": [
            {"type": "blackhole", "at": "20s", "link": "left", "direction": "backward", "for": "9s"}
        ],
    }


def seconds_of(words: list[str]) -> float:
    """Return the processor time of the program's run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(PROGRAM), *words], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def records_of(scenario: str, folder: Path) -> int:
    """Return how many trace records the run has."""
    out = folder / "records"
    words = ["run", scenario, "--out", str(out), "--trace", "jsonl"]
    subprocess.run([str(PROGRAM), *words], check=True, stdout=subprocess.DEVNULL)
    return sum(file.read_bytes().count(b"\n") for file in out.rglob("*.jsonl"))


#: Each frame changes the view and the cursor; what counts is how many were painted.
MOVE = """new Promise((done) => {
  const { scale } = state.shown, all = scale.length, gaps = [];
  const begin = performance.now();
  let frames = 0, before = begin, work = 0;
  const step = (now) => {
    gaps.push(now - before);
    before = now;
    if (now - begin > %d) {
      state.shown.cursor = null;
      moveTo(wholeView(scale));
      gaps.shift();
      gaps.sort((a, b) => a - b);
      done({ frames, rate: frames * 1000 / (now - begin), work: work / frames,
             slow: gaps[Math.floor(gaps.length * 0.95)] });
      return;
    }
    const part = 0.5 + 0.5 * Math.cos(frames / 20);
    const from = all * 0.2 * (1 - part);
    state.shown.view = clampView(scale, { from, to: from + all * (0.3 + 0.7 * part) });
    state.shown.cursor = from + all * 0.15;
    const start = performance.now();
    paint();
    work += performance.now() - start;
    ++frames;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""
PAINTED = """performance.getEntriesByType('paint')
    .find((one) => one.name === 'first-contentful-paint')?.startTime"""
MARKS = """state.runs.reduce((sum, run) => sum + run.attempts.count + run.c.op_serial.length, 0)"""


def busy_s(tab: Page) -> float:
    """Return the processor time of the page's main thread so far; other processes do not count."""
    metrics = tab("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


def traced(tab: Page, file: Path) -> list[dict[str, Any]]:
    """Open a page and return what the browser did until it was all there."""
    before = tab.traces
    tab.traced.clear()
    tab("Tracing.start", traceConfig={"includedCategories": ["toplevel", "loading"]})
    tab.open(file)
    tab.wait("document.documentElement.dataset.ready")
    tab.wait(PAINTED)
    tab("Tracing.end")
    while tab.traces == before:
        tab.value("0")  # Each answer brings what has been traced meanwhile.
    return tab.traced


def work_until_paint_ms(events: list[dict[str, Any]]) -> float:
    """Return the processor time of the page's main thread until something of it was painted.

    From when the page took the place of the one before, so that the parsing of the file is in it.
    """
    painted = next(one for one in events if one["name"] == "firstContentfulPaint")
    page = (painted["pid"], painted["tid"])
    begun = max(
        one["ts"]
        for one in events
        if one["name"] == "DocumentLoader::CommitNavigation" and one["ts"] <= painted["ts"]
    )
    return sum(
        float(one.get("tdur", 0)) / 1000
        for one in events
        if one["name"] == "ThreadControllerImpl::RunTask"
        and (one["pid"], one["tid"]) == page
        and begun <= one["ts"] < painted["ts"]
    )


def opened(tab: Page, file: Path, seconds: float) -> dict[str, float]:
    """Open a page a few times and return what it took."""
    firsts, readies, works, alls = [], [], [], []
    tab("Performance.enable", timeDomain="threadTicks")
    for _ in range(TIMES):
        tab("Page.navigate", url="about:blank")
        works.append(work_until_paint_ms(traced(tab, file)))
        tab("Page.navigate", url="about:blank")
        before = busy_s(tab)
        tab.open(file)
        tab.wait("document.documentElement.dataset.ready")
        alls.append(1000 * (busy_s(tab) - before))
        readies.append(float(tab.value("performance.now()")))
        tab.wait(PAINTED)
        firsts.append(float(tab.value(PAINTED)))
    before = busy_s(tab)
    moved = tab.value(MOVE % int(seconds * 1000))
    moved["busy"] = 1000 * (busy_s(tab) - before) / moved["frames"]
    assert not tab.messages, tab.messages
    return {
        "first": median(firsts),
        "first_work": median(works),
        "ready": median(readies),
        "ready_work": median(alls),
        "marks": tab.value(MARKS),
        **{key: float(moved[key]) for key in ("rate", "slow", "work", "busy")},
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="how long each page is moved")
    seconds = parser.parse_args().seconds
    print("| page | records | marks | KB | run s | run and page s | first paint ms "
          "| processor until then ms | all there ms | processor until then ms | frames/s "
          "| slow frame ms | script a frame ms | processor a frame ms |")  # fmt: skip
    print("| --- |" + " ---: |" * 13)
    with tempfile.TemporaryDirectory() as name, browser() as tab:
        folder = Path(name)
        for page, scenario, changes in PAGES:
            if changes:
                file = folder / f"{page}.json"
                file.write_text(json.dumps(long_run(int(changes[0].split("=")[1]))))
                scenario = str(file)
            html = folder / "page.html"
            alone = median(seconds_of(["run", scenario]) for _ in range(TIMES))
            both = ["run", scenario, "--report", str(html)]
            with_page = median(seconds_of(both) for _ in range(TIMES))
            size = html.stat().st_size
            told = opened(tab, html, seconds)
            print(f"| {page} | {records_of(scenario, folder):,} | {told['marks']:,} | "
                  f"{size / 1000:.0f} | {alone:.3f} | {with_page:.3f} | {told['first']:.0f} | "
                  f"{told['first_work']:.0f} | {told['ready']:.0f} | {told['ready_work']:.0f} | "
                  f"{told['rate']:.0f} | {told['slow']:.1f} | "
                  f"{told['work']:.1f} | {told['busy']:.1f} |", flush=True)  # fmt: skip
            if size > MOST_BYTES[page]:
                sys.exit(f"{page}: {size} bytes, at most {MOST_BYTES[page]}")


if __name__ == "__main__":
    main()
