#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers how fast a recovery could be: stall, false alarms and exposure for signs of suspicion.

Usage: python3 tools/faster.py [FOLDER] [--seeds N] [--jobs N] [--page] [--program PROGRAM]

FOLDER is build/faster unless another one is given. It gets runs.csv (a row a run), points.csv (a
row a combination of transport, level and sign) and the plots as SVG. With --page, the table of
docs/faster.md and its pictures are made anew from the same runs.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import copy
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build" / "holdfast"
BASE = ROOT / "scenarios" / "lsfmm.json"
PAGE = ROOT / "docs" / "faster.md"
PICTURES = ROOT / "docs" / "pictures"
BEGIN, END = "<!-- points: begin -->\n", "<!-- points: end -->\n"

Document = dict[str, Any]

#: Each level of recovery and its policy.
LEVELS = {"none": "linux-mainline", "hold": "cqt-only", "reset": "tp8028-v6"}
TRANSPORTS = ("tcp", "rdma", "fc")

#: What is taken for a sign of a lost path. Those of TCP are for tcp only.
SIGNS: dict[str, Document] = {
    "KATO only": {},
    "notice": {"lost_host_notice": True, "lost_host_ends_wait": True},
    "looks 1 s, late 1 s": {"look_every": "1s", "keep_alive_late": "1s"},
    "looks 500 ms, late 500 ms": {"look_every": "500ms", "keep_alive_late": "500ms"},
    "looks 250 ms, late 250 ms": {"look_every": "250ms", "keep_alive_late": "250ms"},
    "probe 500 ms, late 500 ms": {"probe_idle": "500ms", "keep_alive_late": "500ms"},
    "I/O 1 s": {"slow_io": "1s"},
    "I/O 4 s": {"slow_io": "4s"},
    "2 timeouts": {"tcp_timeouts": 2},
    "3 timeouts": {"tcp_timeouts": 3},
    "4 timeouts": {"tcp_timeouts": 4},
    "user timeout 1 s": {"tcp_user_timeout": "1s"},
    "user timeout 3 s": {"tcp_user_timeout": "3s"},
    "looks 500 ms, late 1 s, 4 timeouts": {
        "look_every": "500ms",
        "keep_alive_late": "1s",
        "tcp_timeouts": 4,
    },
}
OF_TCP = {name for name, knobs in SIGNS.items() if any(k.startswith("tcp_") for k in knobs)}

_DISTURBED = {"at": "20s", "for": "100s"}
_LINK = {**_DISTURBED, "link": "h1-s1"}
#: The path is lost, or what runs at its end; else it is well, and something disturbs it.
LOST: dict[str, Document] = {
    "path": {"type": "blackhole", "at": {"uniform": ["20s", "35s"]}, "for": "90s", "link": "h1-s1"},
    "node": {
        "type": "node",
        "at": {"uniform": ["20s", "35s"]},
        "for": "90s",
        "subsystem": "array",
        "node": "n1",
        "state": "hang",
    },
}
WELL: dict[str, Document | None] = {
    "slow media": None,  # the base has them: one write of 500 waits for 3 s on average
    "loss 1 %": {"type": "loss", **_LINK, "probability": "1%"},
    "loss 5 %": {"type": "loss", **_LINK, "probability": "5%"},
    "loss 20 %": {"type": "loss", **_LINK, "probability": "20%"},
    "jitter 200 ms": {"type": "impair", **_LINK, "delay": "200ms", "jitter": "200ms"},
    "admin stall 700 ms": {
        "type": "admin_stall",
        "at": "20s",
        "for": "700ms",
        "subsystem": "array",
        "controller": 1,
    },
}


def applies(transport: str, trouble: str) -> bool:
    """Tell whether a transport knows that trouble: a fabric of fc neither loses nor reorders."""
    return not (transport == "fc" and trouble.startswith(("loss", "jitter")))


def document(transport: str, level: str, sign: str, trouble: str) -> Document:
    """Return the scenario of one point."""
    s: Document = json.loads(BASE.read_text())
    s.pop("expect")
    s["fabric"]["transport"] = transport
    host = s["hosts"][0]
    host["policy"] = LEVELS[level]
    host["suspicion"] = copy.deepcopy(SIGNS[sign])
    fault = {**LOST, **WELL}[trouble]
    s["faults"] = [] if fault is None else [fault]
    return s


def points() -> Iterator[tuple[str, str, str, str]]:
    """Yield transport, level, sign and trouble of every point."""
    for transport, level, sign, trouble in itertools.product(
        TRANSPORTS, LEVELS, SIGNS, (*LOST, *WELL)
    ):
        if applies(transport, trouble) and (transport == "tcp" or sign not in OF_TCP):
            yield transport, level, sign, trouble


def run(program: Path, file: str, seed: int) -> Document:
    """Run one scenario and return its result."""
    done = subprocess.run(
        [program, "run", file, "--json", "--kernel", "native", "--seed", f"{seed}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"{file}: {done.stderr}")
    answer: Document = json.loads(done.stdout)
    (result,) = answer.get("results", [answer])
    return dict(result)


def run_all(program: Path, seeds: int, jobs: int) -> pd.DataFrame:
    """Run every point with every seed; a row a run."""
    asked = [(point, seed) for point in points() for seed in range(1, seeds + 1)]
    with (
        tempfile.TemporaryDirectory() as folder,
        concurrent.futures.ThreadPoolExecutor(jobs) as pool,
    ):
        files = {}
        for number, point in enumerate(points()):
            file = Path(folder) / f"{number}.json"
            file.write_text(json.dumps(document(*point)))
            files[point] = str(file)
        results = pool.map(lambda one: run(program, files[one[0]], one[1]), asked)
        rows = [row_of(*point, seed, r) for (point, seed), r in zip(asked, results, strict=True)]
    return pd.DataFrame(rows)


def row_of(
    transport: str, level: str, sign: str, trouble: str, seed: int, result: Document
) -> Document:
    """Return what a run says of speed, alarms and safety."""
    return {
        "transport": transport,
        "level": level,
        "sign": sign,
        "trouble": trouble,
        "seed": seed,
        "stall_s": result["io"]["longest_stall_s"],
        "exposure_s": result["exposure"]["max_s"],
        "corrupt": result["integrity"]["verdict"] == "corrupt",
        "false_alarms": result["alarms"]["false_count"],
        "away_s": result["alarms"]["false_path_away_s"],
        "hours": result["sim"]["end_s"] / 3600,
        "recoveries": len(result["recovery"]),
    }


def points_of(runs: pd.DataFrame) -> pd.DataFrame:
    """Return one row a combination: what it saves when a path is lost, what it costs when not."""
    rows = []
    for key, some in runs.groupby(["transport", "level", "sign"], sort=False):
        lost = some[some["trouble"].isin(LOST)]
        well = some[some["trouble"].isin(WELL)]
        row = dict(zip(("transport", "level", "sign"), key, strict=True))
        row["stall_path_s"] = lost[lost["trouble"] == "path"]["stall_s"].median()
        row["stall_node_s"] = lost[lost["trouble"] == "node"]["stall_s"].median()
        for name in WELL:
            part = well[well["trouble"] == name]
            if len(part):
                row[f"{name} per hour"] = part["false_alarms"].sum() / part["hours"].sum()
        row["stall_well_s"] = well["stall_s"].max()
        row["exposure_s"] = some["exposure_s"].max()
        row["corrupt"] = int(some["corrupt"].sum())
        row["runs"] = len(some)
        rows.append(row)
    return pd.DataFrame(rows)


def is_safe(row: Any) -> bool:
    """Tell whether no run of a combination exposed data."""
    return bool(row["exposure_s"] == 0) and row["corrupt"] == 0


def fastest_safe(table: pd.DataFrame, transport: str) -> pd.Series[Any]:
    """Return the row with the shortest stall of a lost path among those that exposed nothing."""
    some = table[(table["transport"] == transport) & table.apply(is_safe, axis=1)]
    return some.sort_values(["stall_path_s", "stall_well_s"]).iloc[0]


def seconds(value: float) -> str:
    """Return a time for people."""
    if pd.isna(value):
        return "-"
    if value == 0:
        return "0"
    return f"{value:.1f} s" if value >= 1 else f"{1000 * value:.0f} ms"


def markdown(table: pd.DataFrame) -> str:
    """Return the tables of the page, one a transport."""
    out = []
    for transport in TRANSPORTS:
        some = table[table["transport"] == transport].dropna(axis=1, how="all")
        rates = [c for c in some.columns if c.endswith(" per hour")]
        best = fastest_safe(table, transport)
        out.append(f"### {transport}\n\n")
        heads = ["level", "sign", "stall, path lost", "stall, node hangs"]
        heads += [c.removesuffix(" per hour") for c in rates] + ["exposure", "corrupt"]
        out.append("| " + " | ".join(heads) + " |\n")
        out.append("| --- " * len(heads) + "|\n")
        for _, row in some.iterrows():
            cells = [row["level"], row["sign"], seconds(row["stall_path_s"])]
            cells += [seconds(row["stall_node_s"]), *(f"{row[c]:.0f}" for c in rates)]
            cells += [seconds(row["exposure_s"]), f"{row['corrupt']} of {row['runs']}"]
            strong = row["level"] == best["level"] and row["sign"] == best["sign"]
            line = " | ".join(f"**{c}**" if strong else c for c in cells)
            out.append(f"| {line} |\n")
        out.append("\n")
    return "".join(out)


COLOURS = {"none": "#b3261e", "hold": "#8a6d00", "reset": "#0b57d0"}


def draw_stall(table: pd.DataFrame, ax: Axes, signs: list[str]) -> None:
    """Draw the stall of a lost path, a line a sign, a mark a level."""
    for level, colour in COLOURS.items():
        some = table[table["level"] == level]
        safe = some.apply(is_safe, axis=1)
        for kind, marker in ((safe, "o"), (~safe, "x")):
            rows = [signs.index(name) for name in some["sign"][kind]]
            ax.scatter(some["stall_path_s"][kind], rows, c=colour, marker=marker, s=42, zorder=3)
    ax.set_xscale("log")
    ax.set_xlim(0.03, 60)
    ax.set_yticks(range(len(signs)), signs)
    ax.set_ylim(len(signs) - 0.5, -0.5)
    ax.grid(alpha=0.3)


def draw_alarms(table: pd.DataFrame, ax: Axes, signs: list[str]) -> None:
    """Draw false alarms per hour of each trouble of a path that is well, with a reset."""
    some = table[table["level"] == "reset"].set_index("sign")
    rates = [f"{name} per hour" for name in WELL if f"{name} per hour" in some.columns]
    left = pd.Series(0.0, index=signs)
    for name in rates:
        width = some[name].reindex(signs).fillna(0.0) / len(rates)
        trouble = name.removesuffix(" per hour")
        ax.barh(
            range(len(signs)),
            width,
            left=left,
            label=trouble,
            color=f"C{list(WELL).index(trouble)}",
        )
        left += width
    ax.set_yticks(range(len(signs)), [""] * len(signs))
    ax.set_ylim(len(signs) - 0.5, -0.5)
    ax.grid(alpha=0.3, axis="x")


def draw(table: pd.DataFrame, out: Path) -> None:
    """Draw a row a transport: what a sign saves, and how often it is wrong."""
    mpl.rcParams["svg.hashsalt"] = "holdfast"
    signs_of = {
        transport: list(dict.fromkeys(table[table["transport"] == transport]["sign"]))
        for transport in TRANSPORTS
    }
    figure, axes = pyplot.subplots(
        3, 2, figsize=(12, 13), layout="constrained",
        height_ratios=[len(signs) for signs in signs_of.values()],
    )  # fmt: skip
    for (stall, alarms), (transport, signs) in zip(axes, signs_of.items(), strict=True):
        some = table[table["transport"] == transport].dropna(axis=1, how="all")
        draw_stall(some, stall, signs)
        draw_alarms(some, alarms, signs)
        stall.set_title(transport, loc="left", fontweight="bold")
    axes[0][1].legend(loc="lower right", fontsize=8, title="of a path that is well, with")
    axes[2][0].set_xlabel("longest stall when a path is lost, median of the seeds (s)")
    axes[2][1].set_xlabel("false alarms per hour, mean over the troubles, level reset")
    handles = [
        Line2D([], [], color=c, marker="s", linestyle="", label=name) for name, c in COLOURS.items()
    ]
    handles += [
        Line2D([], [], color="black", marker="o", linestyle="", label="nothing exposed"),
        Line2D([], [], color="black", marker="x", linestyle="", label="data exposed"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=5, fontsize=9)
    figure.savefig(out, metadata={"Date": None})
    pyplot.close(figure)
    # matplotlib ends some lines with a blank.
    out.write_text("".join(f"{line.rstrip()}\n" for line in out.read_text().splitlines()))


def main() -> int:
    """Run, tabulate, draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "faster")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--program", type=Path, default=PROGRAM)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    runs = run_all(asked.program.resolve(), asked.seeds, asked.jobs)
    runs.to_csv(asked.folder / "runs.csv", index=False)
    table = points_of(runs)
    table.to_csv(asked.folder / "points.csv", index=False)
    draw(table, asked.folder / "faster.svg")
    if asked.page:
        draw(table, PICTURES / "faster.svg")
        front, rest = PAGE.read_text().split(BEGIN)
        PAGE.write_text(front + BEGIN + "\n" + markdown(table) + END + rest.split(END)[1])
    for transport in TRANSPORTS:
        best = fastest_safe(table, transport)
        print(f"{transport}: {best['level']}, {best['sign']}: {seconds(best['stall_path_s'])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
