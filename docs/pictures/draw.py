#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws docs/pictures/rw_test.svg from two runs of rw_test.

Usage: python3 docs/pictures/draw.py [PROGRAM] > docs/pictures/rw_test.svg

PROGRAM is build/holdfast unless another one is given. The picture is a plain SVG of two timelines
with one axis; every number in it comes from the result documents of the runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
SCENARIOS = ("scenarios/rw_test_mainline.json", "scenarios/rw_test_cqt_only.json")

WIDTH, HEIGHT = 1080, 584
LEFT, RIGHT = 176, 1044
END_S = 17.0

# Colours that can be told apart without red and green, on light and on dark ground.
STYLE = """
  text { font-family: "Helvetica Neue", Helvetica, Arial, "DejaVu Sans", sans-serif; }
  .ground { fill: #ffffff; stroke: #d5dae1; }
  .title { font-size: 23px; font-weight: 600; fill: #16202c; }
  .lead { font-size: 15px; fill: #4b5766; }
  .head { font-size: 17px; font-weight: 600; fill: #16202c; }
  .label { font-size: 13.5px; fill: #4b5766; }
  .note { font-size: 13.5px; fill: #16202c; }
  .bad { fill: #b3261e; } .good { fill: #00695c; } .strong { font-weight: 600; }
  .note, .head { paint-order: stroke; stroke: #ffffff; stroke-width: 7px; stroke-linejoin: round; }
  .lane { stroke: #d5dae1; stroke-width: 1.5; }
  .grid { stroke: #e9edf2; stroke-width: 1; }
  .axis { stroke: #8e99a8; stroke-width: 1.2; }
  .stale { fill: #f3b4ae; } .stalebar { fill: #b3261e; }
  .hold { fill: #bcd4ee; } .marginbar { fill: #00897b; } .stallbar { fill: #2f6db5; }
  .dot { fill: #2f6db5; } .onbar { font-size: 13.5px; font-weight: 600; fill: #ffffff; }
  .inbar { font-size: 13.5px; fill: #16202c; }
  .cut { stroke: #b3261e; stroke-width: 3; } .tick { stroke: #2f6db5; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #131a22; stroke: #303a47; }
    .title, .head, .note, .inbar { fill: #eef2f7; }
    .lead, .label { fill: #a9b4c2; }
    .note, .head { stroke: #131a22; }
    .bad { fill: #ff8a80; } .good { fill: #5fd4c4; }
    .lane { stroke: #303a47; } .grid { stroke: #212a35; } .axis { stroke: #6c7888; }
    .stale { fill: #6e2b28; } .stalebar { fill: #d9534a; }
    .hold { fill: #27466b; } .marginbar { fill: #1f9e8f; } .stallbar { fill: #4d8bd3; }
    .dot { fill: #6da8ec; } .cut { stroke: #ff8a80; } .tick { stroke: #6da8ec; }
  }
"""


def run(program: str) -> list[Any]:
    """Run both scenarios and return their result documents."""
    done = subprocess.run(
        [program, "run", *SCENARIOS, "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    documents: list[Any] = json.loads(done.stdout)
    return documents


def facts(documents: list[Any]) -> dict[str, float]:
    """Take what the picture shows from the result documents; times in seconds of the run."""
    mainline, hold = documents
    first = mainline["integrity"]["incidents"][0]
    at = {moment["event"]: moment["t_s"] for moment in first["timeline"]}
    stale = next(m for m in first["timeline"] if m["event"] == "stale write")
    overwritten = int(stale["text"].rsplit(" ", 1)[1])
    one, two = mainline["recovery"][0], hold["recovery"][0]
    return {
        "sent_s": first["timeline"][1]["t_s"],
        "fault_s": one["fault_s"],
        "released_s": one["released_s"],
        "retried_ms": (one["first_retry_done_s"] - at["sent"]) * 1e3,
        "stale_s": at["stale write"],
        "write": first["write"],
        "overwritten": overwritten,
        "exposure_s": mainline["exposure"]["max_s"],
        "hold_from_s": two["fence_started_s"],
        "hold_to_s": two["released_s"],
        "hold_s": two["released_s"] - two["fence_started_s"],
        "harmless_s": two["released_s"] - hold["margin"]["max_s"],
        "margin_s": hold["margin"]["max_s"],
        "stall_s": hold["io"]["longest_stall_s"],
    }


def x_of(t_s: float) -> float:
    """Place a time on the axis."""
    return LEFT + (RIGHT - LEFT) * t_s / END_S


class Svg:
    """The elements of the picture."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.parts: list[str] = []

    def text(self, x: float, y: float, content: str, style: str, anchor: str = "start") -> None:
        """Write a line of text."""
        where = f' text-anchor="{anchor}"' if anchor != "start" else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{style}"{where}>{content}</text>')

    def bar(self, t0_s: float, t1_s: float, y: float, height: float, style: str) -> None:
        """Draw a bar between two times."""
        x0, x1 = x_of(t0_s), x_of(t1_s)
        self.parts.append(
            f'<rect x="{x0:.1f}" y="{y:.1f}" width="{x1 - x0:.1f}" height="{height:.1f}" '
            f'rx="3" class="{style}"/>'
        )

    def line(self, x0: float, y0: float, x1: float, y1: float, style: str) -> None:
        """Draw a line."""
        self.parts.append(
            f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" class="{style}"/>'
        )

    def dot(self, t_s: float, y: float, style: str = "dot", radius: float = 5.5) -> None:
        """Mark a moment on a lane."""
        self.parts.append(
            f'<circle cx="{x_of(t_s):.1f}" cy="{y:.1f}" r="{radius}" class="{style}"/>'
        )

    def cross(self, t_s: float, y: float) -> None:
        """Mark the moment at which a path is lost."""
        x = x_of(t_s)
        self.line(x - 6, y - 6, x + 6, y + 6, "cut")
        self.line(x - 6, y + 6, x + 6, y - 6, "cut")


def lanes(svg: Svg, top: float) -> tuple[float, float]:
    """Draw the two paths of one panel and return their heights."""
    one, two = top + 62, top + 112
    for y, name, what in ((one, "path 1", "fails"), (two, "path 2", "healthy")):
        svg.text(LEFT - 22, y - 2, name, "note strong", "end")
        svg.text(LEFT - 22, y + 14, what, "label", "end")
        svg.line(LEFT, y, RIGHT, y, "lane")
    return one, two


def draw_mainline(svg: Svg, f: dict[str, float], top: float) -> None:
    """Draw what mainline Linux does."""
    svg.text(36, top + 20, "Mainline Linux: retry at once", "head")
    svg.text(RIGHT, top + 20, "data corrupt", "head bad", "end")
    one, two = lanes(svg, top)
    svg.bar(f["sent_s"], f["stale_s"], one - 12, 24, "stale")
    middle = (x_of(f["sent_s"]) + x_of(f["stale_s"])) / 2
    svg.text(middle, one + 5, f"write {f['write']:.0f}", "inbar", "middle")
    svg.cross(f["fault_s"], one)
    svg.dot(f["stale_s"], one, "stalebar", 7.5)
    where = x_of(f["stale_s"]) + 16
    svg.text(where, one - 4, f"the stale write {f['write']:.0f} lands at {f['stale_s']:.3f} s and",
             "note")  # fmt: skip
    svg.text(where, one + 14, f"overwrites the newer write {f['overwritten']:.0f}", "note")
    svg.dot(f["released_s"], two)
    svg.text(x_of(f["released_s"]) + 16, two + 5,
             f"retry done after {f['retried_ms']:.2f} ms; newer writes follow in the same "
             "millisecond", "note")  # fmt: skip
    y = two + 26
    svg.bar(f["released_s"], f["stale_s"], y, 22, "stalebar")
    svg.text(where, y + 16, f"exposed for {f['exposure_s']:.3f} s", "note bad strong")
    svg.text(LEFT - 22, y + 16, "result", "label", "end")


def draw_hold(svg: Svg, f: dict[str, float], top: float) -> None:
    """Draw what the time-based hold does."""
    svg.text(36, top + 20, "Hold for 3 &#215; KATO + CQT: retry when it is safe", "head")
    svg.text(RIGHT, top + 20, "data ok", "head good", "end")
    one, two = lanes(svg, top)
    svg.bar(f["sent_s"], f["harmless_s"], one - 12, 24, "stale")
    middle = (x_of(f["sent_s"]) + x_of(f["harmless_s"])) / 2
    svg.text(middle, one + 5, f"write {f['write']:.0f}", "inbar", "middle")
    svg.cross(f["fault_s"], one)
    svg.dot(f["harmless_s"], one, "marginbar", 7.5)
    svg.text(x_of(f["harmless_s"]) + 16, one + 5,
             f"the original lands at {f['harmless_s']:.3f} s: harmless, nothing newer is there yet",
             "note")  # fmt: skip
    svg.bar(f["hold_from_s"], f["hold_to_s"], two - 12, 24, "hold")
    svg.text((x_of(f["hold_from_s"]) + x_of(f["hold_to_s"])) / 2, two + 5,
             f"host holds the write back for {f['hold_s']:.3f} s", "inbar", "middle")  # fmt: skip
    svg.dot(f["hold_to_s"], two)
    svg.text(x_of(f["hold_to_s"]) + 14, two + 5, "retry, done", "note")
    y = two + 26
    svg.bar(f["harmless_s"], f["hold_to_s"], y, 22, "marginbar")
    svg.text((x_of(f["harmless_s"]) + x_of(f["hold_to_s"])) / 2, y + 16,
             f"safety margin {f['margin_s']:.3f} s", "onbar", "middle")  # fmt: skip
    svg.bar(f["sent_s"], f["hold_to_s"], y + 28, 22, "stallbar")
    svg.text((x_of(f["sent_s"]) + x_of(f["hold_to_s"])) / 2, y + 44,
             f"the price: I/O stalls for {f['stall_s']:.3f} s", "onbar", "middle")  # fmt: skip
    svg.text(LEFT - 22, y + 16, "result", "label", "end")


def draw_axis(svg: Svg, top: float, bottom: float) -> None:
    """Draw the time axis and its grid."""
    for t in range(0, int(END_S) + 1, 2):
        x = x_of(t)
        svg.line(x, top, x, bottom, "grid")
        svg.text(x, bottom + 20, f"{t} s", "label", "middle")
    svg.line(LEFT, bottom, RIGHT, bottom, "axis")
    svg.text(36, bottom + 20, "time in the run", "label")


def picture(f: dict[str, float]) -> str:
    """Return the whole picture."""
    svg = Svg()
    svg.text(36, 46, "A write in flight on a path that fails", "title")
    svg.text(36, 71, "rw_test on two paths, KATO 5 s, CQT 1 ms; the target executes write "
             f"{f['write']:.0f} two seconds late", "lead")  # fmt: skip
    bottom = HEIGHT - 44
    draw_axis(svg, 126, bottom)
    draw_mainline(svg, f, 94)
    svg.line(36, 286, RIGHT, 286, "lane")
    draw_hold(svg, f, 304)
    alt = (
        f"Two timelines. Mainline Linux retries at once, is exposed for {f['exposure_s']:.3f} s: "
        f"the stale write lands and corrupts data. With a hold of {f['hold_s']:.3f} s the stale "
        f"write is harmless by a margin of {f['margin_s']:.3f} s and I/O stalls for "
        f"{f['stall_s']:.3f} s."
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{alt}">\n'
        f"<title>{alt}</title>\n<style>{STYLE}</style>\n"
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="10" '
        'class="ground"/>\n'
    )
    return head + "\n".join(svg.parts) + "\n</svg>\n"


def main() -> None:
    """Run, draw, print."""
    program = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build" / "holdfast")
    sys.stdout.write(picture(facts(run(program))))


if __name__ == "__main__":
    main()
