#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws the pictures of docs/plots.md, into the folder of this file, from real runs.

Usage: python3 docs/pictures/plots.py

The same runs give the same files, byte for byte: no date, and names inside from a fixed salt.
"""

from __future__ import annotations

import io
from pathlib import Path

import holdfast
import matplotlib as mpl
import numpy as np
from holdfast import plot
from matplotlib.axes import Axes

HERE = Path(__file__).resolve().parent
POLICY = "/hosts/0/policy"
KATO = "/hosts/0/connect/*/keep_alive_tmo"
HOLD = "/hosts/0/policy/hold_multiplier"


def blackhole() -> holdfast.Scenario:
    """Return quickstart with a target that can do Cross-Controller Reset, and a random moment."""
    return (
        holdfast.Scenario.load("quickstart")
        .set("/subsystems/0/profile", "nvmet-tp8028")
        .set("/faults/0/at", {"uniform": ["10s", "15s"]})
    )


def slow_array() -> holdfast.Scenario:
    """Return an array in which a write sticks until 2 s (CQT) after the end of its controller."""
    return (
        holdfast.Scenario.load("cqt_under_reported")
        .set("/subsystems/0/attr_cqt", "2s")
        .set("/subsystems/0/quiesce_time", "2s")
        .set("/subsystems/0/traffic_based_keep_alive", True)
        .set("/faults/0/at", {"uniform": ["10.3s", "20.3s"]})
        .set("/faults/1/delay", "80s")
    )


def save(ax: Axes, name: str) -> None:
    """Write one picture, without the white space that matplotlib leaves at the ends of lines."""
    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        ax.figure.savefig(text, format="svg", metadata={"Date": None})
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    (HERE / f"{name}.svg").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Draw all of them."""
    mpl.use("Agg")
    holds = {KATO: ["5s", "10s"], HOLD: np.arange(1, 9) / 4}
    exposed = holdfast.sweep(slow_array(), holds, seeds=16)
    save(plot.exposure_against_hold(exposed, by=KATO), "exposure_against_hold")
    levels = {POLICY: ["linux-mainline", "cqt-only", "tp8028-v3"]}
    stalls = holdfast.sweep(blackhole(), levels | {KATO: ["2s", "5s", "10s", "15s"]}, seeds=5)
    save(plot.stall_against_kato(stalls), "stall_against_kato")
    many = holdfast.sweep(blackhole(), levels, seeds=40)
    save(plot.recovery_phases(many), "recovery_phases")
    save(plot.stall_ecdf(many), "stall_ecdf")
    save(holdfast.run("cqt_under_reported").plot_timeline(), "timeline")


if __name__ == "__main__":
    main()
