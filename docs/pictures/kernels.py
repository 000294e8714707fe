# SPDX-License-Identifier: Apache-2.0
"""Draw what releases of Linux do to stall, exposure and reconnect: kernels.py OUT.svg."""

from __future__ import annotations

import sys
from pathlib import Path

import holdfast
import matplotlib as mpl
import pandas as pd

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "holdfast"
mpl.rcParams["svg.fonttype"] = "none"

KERNEL = "/hosts/0/kernel"
KERNELS = ("6.1", "6.12", "7.2", "7.3")
SEEDS = range(1, 41)
COLOUR = "#0072B2"


def path_lost() -> holdfast.Scenario:
    """Return quickstart on machines with ticks, whose path dies at any phase of all timers."""
    return (
        holdfast.Scenario.load("quickstart")
        .set("/hosts/0/hz", "250")
        .set("/subsystems/0/hz", "250")
        .set("/hosts/0/tick_phase", {"uniform": ["0s", "1s"]})
        .set("/faults/0/at", {"uniform": ["10s", "15s"]})
    )


def rdma_reset() -> holdfast.Scenario:
    """Return a controller with eight I/O queues that is reset."""
    return (
        holdfast.Scenario.load("quickstart")
        .set("/fabric/transport", "rdma")
        .set("/hosts/0/cpus", 8)
        .set("/hosts/0/connect/*/io_queue_time", "26ms")
        .set(
            "/faults",
            [{"type": "reset_controller", "at": "10s", "host": "h1", "controller": "nvme0"}],
        )
    )


def measure() -> pd.DataFrame:
    """Run, and return median and range of the three by kernel: a row for each."""
    lost = holdfast.sweep(path_lost(), {KERNEL: KERNELS}, seeds=SEEDS, progress=False)
    reset = holdfast.sweep(rdma_reset(), {KERNEL: KERNELS}, progress=False)
    by_kernel = lost.groupby(KERNEL)
    out = pd.DataFrame(index=pd.Index(KERNELS, name="kernel"))
    for name, column, factor in (("stall_s", "stall_s", 1), ("exposure_ms", "exposure_max_s", 1e3)):
        for what in ("min", "median", "max"):
            out[f"{name}_{what}"] = by_kernel[column].agg(what) * factor
    out["reconnect_ms"] = reset.set_index(KERNEL)["reconnect_s"] * 1e3
    return out


def main(out: str) -> None:
    """Run and draw."""
    from matplotlib import pyplot as plt

    table = measure()
    print(table.round(3).to_string())
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(10, 3.4), layout="constrained", sharey=True
    )
    places = range(len(KERNELS))
    for ax, name in ((left, "stall_s"), (middle, "exposure_ms")):
        low, mid, high = (table[f"{name}_{what}"] for what in ("min", "median", "max"))
        ax.hlines(places, low, high, color=COLOUR, linewidth=6, alpha=0.35)
        ax.plot(mid, places, "o", color=COLOUR, markersize=8)
    right.barh(places, table["reconnect_ms"], color=COLOUR, height=0.5)
    titles = (
        "longest stall (s)\ntcp, a path dies",
        "exposure (ms)\ntcp, a path dies",
        "reconnect (ms)\nrdma, 8 I/O queues",
    )
    for ax, title in zip((left, middle, right), titles, strict=True):
        ax.set_title(title, loc="left", fontsize=10, fontweight="bold")
        ax.set_xlim(left=0)
        ax.margins(x=0.12)
        ax.grid(axis="x", alpha=0.25)
        ax.spines[["top", "right"]].set_visible(False)
    left.set_yticks(list(places), [f"Linux {kernel}" for kernel in KERNELS])
    left.invert_yaxis()
    figure.savefig(out, metadata={"Date": None})
    lines = Path(out).read_text().splitlines()
    Path(out).write_text("\n".join(line.rstrip() for line in lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
