# SPDX-License-Identifier: Apache-2.0
"""Draw what `make bench-peers KEEP=1` measured: peers.py OUT.svg [PEERS.json]."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "holdfast"
mpl.rcParams["svg.fonttype"] = "none"

PEERS = Path(__file__).resolve().parents[2] / "tests" / "bench" / "peers" / "measured.json"
COLOURS = ("#0072B2", "#56B4E9", "#E69F00", "#D55E00")
MARKERS = "os^D"


def growth(ax: Any, fabric: dict[str, Any], key: str, title: str) -> None:
    """Draw a number of each program against the number of hosts."""
    sizes = sorted(int(one) for one in fabric)
    names = list(fabric[str(sizes[0])])
    for name, colour, marker in zip(names, COLOURS, MARKERS, strict=False):
        at = [size for size in sizes if name in fabric[str(size)]]
        values = [fabric[str(size)][name][key] for size in at]
        ax.loglog(at, values, marker=marker, color=colour, label=name)
    ax.set_xlabel("hosts, with four paths each")
    ax.set_title(title, loc="left", fontsize=10, fontweight="bold")
    ax.grid(alpha=0.25, which="both")


def main(out: str, peers: Path = PEERS) -> None:
    """Draw."""
    from matplotlib import pyplot as plt

    document = json.loads(peers.read_text())
    figure, (bars, time, memory) = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
    rows = document["requests"]["4 KiB reads"]
    rates = [row["answers_per_s"] for row in rows.values()]
    bars.barh(range(len(rates)), rates, color=COLOURS[0], height=0.6)
    bars.set_yticks(range(len(rates)), list(rows), fontsize=9)
    bars.set_xscale("log")
    bars.invert_yaxis()
    bars.set_title(
        "4 KiB reads: answers per CPU second", loc="left", fontsize=10, fontweight="bold"
    )
    bars.grid(axis="x", alpha=0.25)
    growth(time, document["fabric"], "cpu_s", "fabric: seconds of processor")
    growth(memory, document["fabric"], "size_mb", "fabric: MB")
    figure.legend(*time.get_legend_handles_labels(), loc="outside lower right", ncols=4, fontsize=8)
    for ax in (bars, time, memory):
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(out, metadata={"Date": None})
    lines = Path(out).read_text().splitlines()
    Path(out).write_text("\n".join(line.rstrip() for line in lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], *(Path(one) for one in sys.argv[2:]))
