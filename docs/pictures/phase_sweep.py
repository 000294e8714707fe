# SPDX-License-Identifier: Apache-2.0
"""Draw when host and target notice a lost path, over the phase: phase_sweep.py.

Lines are simulated, points are measured (docs/validity.md).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import holdfast
import matplotlib as mpl
from plots import save

ROOT = Path(__file__).resolve().parents[2]
#: From the start of the sweep, which is a window of the target and a bit, in steps of 20 ms.
FIRST_US, STEP_US, STEPS = 6_200_000, 20_000, 255


def simulated(scenario: holdfast.Scenario, fault_us: int) -> tuple[float, float]:
    """Return after how many seconds the host and the target notice."""
    kinds = ["recovery_started", "keep_alive_expired"]
    world = holdfast.World(scenario.set("/faults/0/at", f"{fault_us}us"), record=kinds)
    world.run_until("25s")
    host, target = (world.records(kind)["time_s"].iloc[0] for kind in kinds)
    return host - fault_us / 1e6, target - fault_us / 1e6


def measured() -> list[dict[str, Any]]:
    """Return the runs of the sweep on the real machine."""
    path = ROOT / "tests" / "reference" / "measured.json"
    experiments = json.loads(path.read_text())["experiments"]
    return list(next(e["runs"] for e in experiments if e["scenario"] == "b_sweep"))


def main() -> None:
    """Run and draw."""
    mpl.use("Agg")
    mpl.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot as plt

    scenario = holdfast.Scenario.load(ROOT / "scenarios" / "reference" / "b_sweep.json")
    faults = [FIRST_US + STEP_US * i for i in range(STEPS)]
    host, target = zip(*(simulated(scenario, fault) for fault in faults), strict=True)
    x = [fault / 1e6 for fault in faults]
    _, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
    ax.fill_between(x, host, target, where=[h < t for h, t in zip(host, target, strict=True)],
                    color="#D55E00", alpha=0.12, linewidth=0)  # fmt: skip
    runs = measured()
    for values, what, name, colour in (
        (host, "host_notices_s", "host notices", "#0072B2"),
        (target, "target_expired_s", "target expires", "#D55E00"),
    ):
        ax.plot(x, values, color=colour, linewidth=1.5, label=f"{name}, simulated")
        marks = [float(run["set"]["/faults/0/at"][:-2]) / 1e6 for run in runs]
        late = [m - run["measured"]["mark_s"] for m, run in zip(marks, runs, strict=True)]
        points = [run["measured"][what] - d for d, run in zip(late, runs, strict=True)]
        ax.plot(marks, points, "o", color=colour, markersize=6, label=f"{name}, measured")
    ax.set_xlabel("path lost, in seconds after connect")
    ax.set_ylabel("noticed after (s)")
    ax.set_ylim(0, 11)
    ax.legend(loc="lower left", ncols=2)
    ax.text(0.02, 0.19, "shaded: the host retries before the target has stopped",
            transform=ax.transAxes, color="#D55E00")  # fmt: skip
    save(ax, "phase_sweep")


if __name__ == "__main__":
    main()
