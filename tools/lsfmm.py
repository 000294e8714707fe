#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the measurement matrix for LSF/MM and draws its plots.

Usage: python3 tools/lsfmm.py [FOLDER] [--seeds N] [--page]

FOLDER is build/lsfmm unless another one is given. It gets table.parquet and table.csv (a row a
run), points.csv (a row a point), and each plot as SVG and PNG. Stopped and started again, it goes
on where it was. With --page, docs/lsfmm.md and its pictures are made anew from the same table.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import holdfast
import matplotlib as mpl
import pandas as pd
from holdfast import plot
from holdfast.plot import style
from holdfast.sweeping.file import read_sweep
from lsfmm_page import DROPS, KATO, KATOS, KEEP_ALIVE, LOST, WORKLOAD, part, render, with_shares
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

ROOT = Path(__file__).resolve().parent.parent
SWEEP = ROOT / "scenarios" / "sweeps" / "lsfmm_matrix.json"
TEMPLATE = ROOT / "docs" / "lsfmm.md.in"
PAGE = ROOT / "docs" / "lsfmm.md"
PICTURES = ROOT / "docs" / "pictures"


def run_matrix(out: Path, seeds: int | None = None) -> pd.DataFrame:
    """Run what is not in the table yet, and return all of it."""
    asked = read_sweep(SWEEP)
    if seeds is not None:
        asked["seeds"] = seeds
    out.mkdir(parents=True, exist_ok=True)
    return holdfast.sweep(**asked, out=out / "table.parquet")


def points_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a point: medians over seeds, the worst exposure, how many corrupt."""
    axes = [str(name) for name in table.columns[: list(table.columns).index("seed")]]
    table = with_shares(table).assign(_corrupt=table["verdict"] == "corrupt")
    medians = ["before_iops", "fault_iops", "fault_mib_per_s", "throughput_share", "stall_s",
               "read_lat_p99_us", "read_lat_p999_us", "write_lat_p99_us", "write_lat_p999_us",
               "detect_s", "fence_s", "retry_s", "reconnect_s"]  # fmt: skip
    groups = table.groupby(axes, sort=False)
    out = groups.agg(
        runs=("seed", "size"),
        **{name: (name, "median") for name in medians},
        stall_max_s=("stall_s", "max"),
        exposure_max_s=("exposure_max_s", "max"),
        corrupt=("_corrupt", "sum"),
    )
    return out.reset_index()


def figure(rows: int, columns: int, height: float = 7.2) -> tuple[Figure, list[Axes]]:
    """Return a figure of several plots, 1280 wide."""
    layout = ConstrainedLayoutEngine(w_pad=0.2, h_pad=0.2)
    made, places = pyplot.subplots(
        rows, columns, figsize=(12.8, height), dpi=100, layout=layout, squeeze=False
    )
    return made, [ax for line in places for ax in line]


def headed(made: Figure, axes: Sequence[Axes], titles: Sequence[str], head: str) -> Figure:
    """Give each plot a short title, all of them one legend, and the figure a headline."""
    legends = [legend for ax in axes if (legend := ax.get_legend()) is not None]
    handles = [one for one in legends[0].legend_handles if one is not None] if legends else []
    words = [text.get_text() for text in legends[0].get_texts()] if legends else []
    for legend in legends:
        legend.remove()
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title, loc="left", fontsize=style.TEXT, fontweight="bold", color=style.INK)
        ax.tick_params(labelsize=style.SMALL)
        ax.xaxis.label.set_fontsize(style.SMALL)
    made.suptitle(head, x=0.012, ha="left", fontsize=style.TITLE, fontweight="bold",
                  color=style.INK)  # fmt: skip
    if words:
        made.legend(handles, words, loc="outside lower center", ncols=len(words), frameon=False,
                    fontsize=style.SMALL, handlelength=1.2)  # fmt: skip
    return made


def draw_stall(table: pd.DataFrame) -> Figure:
    """Draw the longest stall, a panel a KATO: faults as rows, levels as colours."""
    some = part(table, workload=WORKLOAD, keep_alive=KEEP_ALIVE)
    made, axes = figure(1, len(KATOS))
    for ax, kato in zip(axes, KATOS, strict=True):
        plot.measure_ranges(part(some, KATO=kato), "stall_s", "fault", "level", ax,
                            label="longest stall")  # fmt: skip
        ax.set_xscale("log")
        ax.set_xlim(0.03, 200)
        ax.set_xticks([0.1, 1, 10, 100], ["0.1 s", "1 s", "10 s", "100 s"])
        ax.minorticks_off()
        if ax is not axes[0]:
            ax.set_yticklabels([])
    held = part(some, KATO="15 s", level="CQT only", fault=LOST)["stall_s"].median()
    fenced = part(some, KATO="15 s", level="CCR+CQT", fault=LOST)["stall_s"].median()
    head = (f"KATO 15 s: the hold stalls writes for {style.time_text(held)}, "
            f"a reset for {style.time_text(fenced)}")  # fmt: skip
    return headed(made, axes, [f"KATO {kato}" for kato in KATOS], head)


def draw_corrupt(table: pd.DataFrame) -> Figure:
    """Draw corruption and exposure: faults as rows, levels as columns, all KATOs and modes."""
    made, axes = figure(1, 1, 8.2)
    plot.corrupt_share(part(table, workload=WORKLOAD), "fault", "level", axes[0])
    return made


def draw_throughput(table: pd.DataFrame) -> Figure:
    """Draw the throughput during packet drop as a share of that before."""
    some = with_shares(part(table, fault=DROPS, workload=WORKLOAD, keep_alive=KEEP_ALIVE))
    some = some.assign(row=some["fault"].str.replace("packet drop ", "") + ", KATO " + some["KATO"])
    made, axes = figure(1, 1)
    plot.measure_ranges(some, "throughput_share", "row", "level", axes[0],
                        label="throughput during packet drop, share of before")  # fmt: skip
    axes[0].set_xlim(0, 1.05)
    least = some[some["fault"] == DROPS[-1]]["throughput_share"].median()
    head = f"5 % packet drop on one of two paths leaves {100 * least:.0f} % of the throughput"
    style.words(axes[0], head, axes[0].get_xlabel(), "", pad=52)
    return made


def draw_phases(table: pd.DataFrame) -> Figure:
    """Draw where the time of a recovery goes, a panel a fault."""
    some = part(table, workload=WORKLOAD, keep_alive=KEEP_ALIVE, KATO=KATO)
    made, axes = figure(2, 2, 8.2)
    for number, (ax, fault) in enumerate(zip(axes, LOST, strict=True)):
        plot.recovery_phases(part(some, fault=fault), "level", ax)
        if number % 2:
            ax.set_yticklabels([])
        if number < 2:
            ax.set_xlabel("")
    right = max(ax.get_xlim()[1] for ax in axes)
    for ax in axes:
        ax.set_xlim(0, right)
    detect = part(some, fault=LOST)["detect_s"].mean()
    head = f"KATO {KATO}: {style.time_text(detect)} pass before any level can act"
    return headed(made, axes, LOST, head)


PLOTS: dict[str, Callable[[pd.DataFrame], Figure]] = {
    "stall": draw_stall,
    "corrupt": draw_corrupt,
    "throughput": draw_throughput,
    "phases": draw_phases,
}


def write_svg(made: Figure, path: Path) -> None:
    """Write an SVG that is the same for the same table: no date, names from a fixed salt."""
    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": path.stem}):
        made.savefig(text, format="svg", metadata={"Date": None})
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Run, write and draw all of it."""
    parser = argparse.ArgumentParser(description="The measurement matrix for LSF/MM.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "lsfmm")
    parser.add_argument("--seeds", type=int, help="seeds 1 to N at each point")
    parser.add_argument("--page", action="store_true", help="make docs/lsfmm.md anew, too")
    given = parser.parse_args(arguments)
    table = run_matrix(given.folder, given.seeds)
    table.to_csv(given.folder / "table.csv", index=False)
    points_of(table).to_csv(given.folder / "points.csv", index=False)
    mpl.use("Agg")
    for name, draw in PLOTS.items():
        made = draw(table)
        write_svg(made, given.folder / f"{name}.svg")
        made.savefig(given.folder / f"{name}.png")
        if given.page:
            write_svg(made, PICTURES / f"lsfmm_{name}.svg")
        pyplot.close(made)
    if given.page:
        PAGE.write_text(render(TEMPLATE.read_text(encoding="utf-8"), table), encoding="utf-8")
    failed = int(table["error"].notna().sum())
    print(f"{len(table)} runs, {failed} failed; table and plots in {given.folder}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
