# SPDX-License-Identifier: Apache-2.0
"""Draw exposure against the hold under the worst case: hold_threshold.py OUT.svg."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import holdfast
import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "holdfast"
mpl.rcParams["svg.fonttype"] = "none"

HOLD = "/hosts/0/policy/hold_multiplier"
KATO_S = 15


def cases(traffic_based: bool) -> list[dict[str, Any]]:
    """Phases of the fault over a look at the keep-alive, times at which the path comes back."""
    out = []
    for phase in range(8):
        at = KATO_S * (1 + phase / 16) + 1
        for step in range(1, 44):
            back = KATO_S * step / 20
            out.append(
                {
                    "/subsystems/0/traffic_based_keep_alive": traffic_based,
                    "/faults/1/at": f"{at}s",
                    "/faults/2/at": f"{at}s",
                    "/faults/2/for": f"{back:.3f}s",
                    "/faults/3/at": f"{at + back + 1:.3f}s",
                }
            )
    return out


def main(out: str) -> None:
    """Run and draw."""
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
    modes = ((True, "traffic based", "#0072B2", 3), (False, "command based", "#D55E00", 2))
    for traffic_based, name, colour, rule in modes:
        some = cases(traffic_based)
        found = holdfast.threshold("least_safe_hold", HOLD, (0.02, 4.0), over=some, progress=False)
        factors = [step / 10 for step in range(1, 36)]
        axes = holdfast.crossed(some, {HOLD: factors})
        table = holdfast.sweep("least_safe_hold", axes, progress=False)
        worst = table.groupby(HOLD)["exposure_max_s"].max()
        ax.plot(worst.index, worst.to_numpy(), color=colour, linewidth=2.5)
        ax.plot(found.estimate, 0, "o", color=colour, markersize=8, clip_on=False, zorder=5)
        place = (1.55, 19) if traffic_based else (0.5, 2)
        ax.text(*place, f"{name}: safe from {found.estimate:.2f} on", color=colour, fontsize=12)
        ax.axvline(rule, color=colour, linewidth=1.2, linestyle=":")
        ax.text(rule + 0.03, 33, f"TP4129: {rule} x KATO", color=colour, va="top")
    ax.set_xlabel("hold in units of KATO (15 s), without CQT")
    ax.set_ylabel("exposure, worst case (s)")
    ax.set_xlim(0, 3.75)
    ax.set_ylim(0, 33)
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title("How long an idle Linux host has to hold", loc="left", fontweight="bold")
    figure.savefig(out, metadata={"Date": None})
    lines = Path(out).read_text().splitlines()
    Path(out).write_text("\n".join(line.rstrip() for line in lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
