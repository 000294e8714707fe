# SPDX-License-Identifier: Apache-2.0
"""Makes measured.json from the measurements of a real Linux host and target.

    python tests/reference/extract.py FOLDER

FOLDER has `results.json` and `logs/` (docs/validity.md says how they were taken). Only the numbers
that are compared are kept, and with each run the state from which its simulation starts:

- zero: the instant of the first `nvme connect` on the machine's clock;
- the tick counter. All runs agree on it: whatever expires from the wheel's third level does so at
  CLOCK_MONOTONIC = 0.16 s (mod 0.256 s), from the fourth at 1.184 s (mod 2.048 s). That is a
  counter that began at INITIAL_JIFFIES (five minutes before it wraps at 32 bits) when the clock
  was at 0.192 s, so that it is known beyond those levels too;
- load, fault and healing, from marks in the kernel log. Only the first repetitions have a log.
  For the others the fault's instant follows from the Keep Alive that was sent after it: the looks
  of the host are a chain of 1.28 s on the same ticks in all runs.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import sys
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).resolve().parents[2] / "scenarios" / "reference"
TICK_S = 0.004
#: jiffies at CLOCK_MONOTONIC = 0, less the multiples of 32768 that no timer here can tell apart.
JIFFIES = (2**32 - 300 * 250 - 48) % 32768
#: The zero of runs without a log, and a look of their host: the first one is 1.248 s after zero,
#: at the next edge of 32 ms, and the others follow every 1.28 s.
CHAINS = ((7.412, 15.072), (7.426, 15.104))
LOOKS_S = 1.28
#: Edges of the wheel's third level, where the target's timer of 5 s fires.
EDGE_S, EDGES_S = 0.16, 0.256
#: From the mark in the log to the fault itself: writes that were submitted up to 19.4 ms after the
#: mark went through, from 19.5 ms on they got stuck, in all runs of b.
MARK_S = 0.01945
#: From zero to the start of the load and on to the fault of the first phase.
LOAD_S, FAULT_S = 0.2, 6.006

Json = dict[str, Any]


def us(seconds: float) -> str:
    """Write a time as scenarios do."""
    return f"{round(seconds * 1e6)}us"


class Log:
    """The kernel log of a run, on CLOCK_MONOTONIC."""

    def __init__(self, path: Path) -> None:
        """Read it; `lines` are pairs of time and text."""
        found = re.findall(r"^\[\s*([\d.]+)\] (.*)$", path.read_text(), re.MULTILINE)
        mark = next((float(t), text) for t, text in found if "mono=" in text)
        # The clock of the log lags behind, by 0.8 ms and more.
        shift = self.mono(mark[1]) - mark[0]
        self.lines = [(float(t) + shift, text) for t, text in found]

    @staticmethod
    def mono(text: str) -> float:
        """Return the clock's reading in a mark."""
        found = re.search(r"mono=([\d.]+)", text)
        assert found is not None, text
        return float(found.group(1))

    def mark(self, what: str) -> float | None:
        """Return when a mark was made, None if there is none."""
        for _, text in self.lines:
            if text.startswith(f"MARK {what}"):
                return self.mono(text)
        return None


def phase(zero: float) -> Json:
    """Return what sets the tick counter of host and target, which are one machine."""
    value = us(JIFFIES * TICK_S + zero)
    return {"/hosts/0/tick_phase": value, "/subsystems/0/tick_phase": value}


def log_of(folder: Path, run: str) -> Log | None:
    """Return the log of a run if it was kept."""
    path = folder / "logs" / f"{run}.log"
    return Log(path) if path.is_file() else None


def keep_alive(folder: Path, experiment: Json) -> list[Json]:
    """Make the runs of a: what happens at the looks after the start of the load."""
    runs = []
    for r in experiment["repetitions"]:
        looks = r["ka_commands_on_wire"] + r["host_skips_traffic_seen"]
        measured = {
            "looks": looks,
            "keep_alives": r["ka_commands_on_wire"],
            "tick_interval_s": r["host_tick_interval_s"]["median"],
        }
        if r["ka_intervals"]:
            # In runs of equal ones: how often, how long.
            groups = [[len(list(g)), v] for v, g in itertools.groupby(r["ka_intervals"])]
            measured["keep_alive_intervals_s"] = groups
        if r["target_reschedule_interval_s"]["n"]:
            measured["target_window_s"] = r["target_reschedule_interval_s"]["median"]
        sets: Json = {}
        log = log_of(folder, r["id"])
        if log is not None:
            zero = log.mark("connect path1")
            assert zero is not None
            sets = phase(zero)
            load = log.mark("iot-start")
            begin = log.mark("load-")
            if load is not None:
                sets["/workloads/0/start"] = us(load - zero)
            if begin is not None:
                measured["load_s"] = round(begin - zero, 6)
                if r["ka_first_after_load_start_s"] is not None:
                    measured["first_keep_alive_s"] = r["ka_first_after_load_start_s"]
        runs.append({"run": r["id"], "set": sets, "measured": measured})
    return runs


def begins(folder: Path, r: Json) -> tuple[float, float, float]:
    """Return zero, the start of the load and the fault of a run of b."""
    log = log_of(folder, r["id"])
    if log is not None:
        zero, load = log.mark("connect path1"), log.mark("iot-start")
        at = log.mark("blackhole-on")
        if zero is None or load is None or at is None:
            raise ValueError(r["id"])
        return zero, load, at
    for zero, look in CHAINS:
        guess = zero + LOAD_S + FAULT_S + r["phase_s"] + r["ka_sent_s"]
        at = look + round((guess - look) / LOOKS_S) * LOOKS_S - r["ka_sent_s"]
        edges = (at + r["target_ka_expired_s"] - EDGE_S) / EDGES_S
        if abs(edges - round(edges)) * EDGES_S < 0.001:
            return zero, zero + LOAD_S, at
    raise ValueError(r["id"])


def blackhole(folder: Path, experiment: Json) -> list[Json]:
    """Make the runs of b, in seconds after the fault."""
    runs = []
    for r in experiment["repetitions"]:
        zero, load, at = begins(folder, r)
        sets = phase(zero)
        if len(r["stuck_io_submit_rel_s"]) == 1:
            # So that the write that gets stuck is submitted when it was. Every other one takes path
            # 1, the second one first.
            period = 1 / 49 if r["sweep"] else 1 / 98
            stuck = at + r["stuck_io_submit_rel_s"][0]
            load = stuck - period * (2 * int((stuck - load) / period / 2) - 1)
        sets["/workloads/0/start"] = us(load - zero)
        sets["/faults/0/at"] = us(at + MARK_S - zero)
        # Its end has its own mark.
        sets["/faults/0/for"] = us(r["healed_s"] - MARK_S)
        names = {
            "keep_alive_sent_s": "ka_sent_s",
            "host_notices_s": "host_error_recovery_s",
            "failover_done_s": "failover_done_s",
            "target_expired_s": "target_ka_expired_s",
            "target_gone_s": "target_ctrl_stopped_s",
            "attempts_s": "reconnect_attempt_start_s",
            "attempts_failed_s": "reconnect_failed_s",
            "reconnected_s": "reconnected_s",
            "margin_s": "target_expiry_minus_failover_s",
        }
        measured = {k: r[v] for k, v in names.items() if r.get(v) not in (None, [])}
        measured["mark_s"] = round(at - zero, 6)
        measured["healed_s"] = r["healed_s"]
        runs.append({"run": r["id"], "set": sets, "measured": measured})
    return runs


def retransmissions(folder: Path, experiment: Json) -> list[Json]:
    """Make the run of the packet capture: what TCP repeats on the path that swallows it."""
    r = experiment["repetitions"][0]
    run = {"id": experiment["parameters"]["run"], "phase_s": 0.0}
    zero, load, at = begins(folder, run)
    found = {flow["length"]: flow for flow in r["retransmissions"].values()}
    capsule, keep_alive = found[4168], found[72]
    # As the same run in b; see there.
    stuck = at + capsule["first_sent_s"]
    load = stuck - (2 * int((stuck - load) * 98 / 2) - 1) / 98
    sets = phase(zero)
    sets["/workloads/0/start"] = us(load - zero)
    sets["/faults/0/at"] = us(at + MARK_S - zero)
    healed = 60.148
    measured = {
        "capsule_repeated_after_s": capsule["retransmit_offsets_s"],
        "keep_alive_repeated_after_s": keep_alive["retransmit_offsets_s"],
        "syns_s": [time for time in r["syn_times_s"] if time < healed],
        "mark_s": round(at - zero, 6),
    }
    return [{"run": run["id"], "set": sets, "measured": measured}]


#: How long losses are simulated, by loss in percent and queue depth: longer than was measured, so
#: that the draws of the simulation add little to the spread of the measurement.
LOSSY_S = {(0.0, 1): 4, (0.1, 1): 200, (1.0, 1): 400, (5.0, 1): 1500}
#: What a lost packet costs at queue depth 1.
STALL_US = 206_000
LOSSY_S |= {(0.0, 8): 2, (0.1, 8): 10, (1.0, 8): 20, (5.0, 8): 150}


def lossy(folder: Path, experiment: Json) -> list[Json]:
    """Make the run of one loss, operation and queue depth of c.

    Its mean is that of all I/O of all repetitions: where losses are rare a repetition has few, and
    the median of three says little. Percentiles are medians of the repetitions.
    """
    given = experiment["parameters"]
    percent, depth = given["loss_pct_each_way"], given["qd"]
    sets: Json = {
        "/fabric/links/0/loss": f"{percent:g}%",
        "/duration": f"{LOSSY_S[percent, depth]}s",
    }
    measured: Json = {"loss_percent": percent, "queue_depth": depth}
    for key in ("mean_us", "p50_us", "p99_us", "p999_us"):
        found = experiment["median"][key]
        measured[key] = found["median"]
        measured[f"{key}_range"] = [found["min"], found["max"]]
    repetitions = experiment["repetitions"]
    total = sum(r["n"] * r["mean_us"] for r in repetitions)
    mean = total / sum(r["n"] for r in repetitions)
    measured["mean_us"] = round(mean, 1)
    if depth == 1 and percent > 0:
        # Two standard errors: nearly all of the time goes into stalls, of which there were so many.
        error = 2 * mean / math.sqrt(total / STALL_US)
        measured["mean_us_range"] = [round(mean - error, 1), round(mean + error, 1)]
    return [{"run": f"{given['op']} q{depth} {percent:g}%", "set": sets, "measured": measured}]


def late_write(folder: Path, experiment: Json) -> list[Json]:
    """Make the run of an experiment of d; its scenario begins where this run did."""
    r = experiment["repetitions"][0]
    names = {
        "host_notices_s": ("host_error_recovery_s",),
        "newest_write_acked_s": ("newest_write_acked_s",),
        "target_expired_s": ("target_ka_expired_s", "target1_ka_expired_s"),
        "target_gone_s": ("target_ctrl_stopped_s", "target1_ctrl_stopped_s"),
    }
    measured: Json = {
        "corrupted": r["validation_failed"],
        "late_version": r["slow_writes"][0]["ver"],
        "late_write_acked_s": r["slow_writes"][0]["done"],
    }
    for name, keys in names.items():
        found = [r[key] for key in keys if r.get(key) is not None]
        if found:
            measured[name] = found[0]
    if r["stale_visible"]:
        measured["stale_visible_s"] = r["stale_visible"][0]["t"]
        measured["stale_version"] = r["stale_visible"][0]["now"]
    return [{"run": r["id"], "set": {}, "measured": measured}]


def port_removed(folder: Path, experiment: Json) -> list[Json]:
    """Make the runs of e, in seconds from the removal."""
    runs = []
    for r in experiment["repetitions"]:
        log = log_of(folder, r["id"])
        zero, load = CHAINS[0][0], 7.55
        if log is not None:
            known, begins = log.mark("connect path1"), log.mark("iot-start")
            zero, load = known or zero, begins or load
        at = float(re.search(r"mono=([\d.]+)", r["events"][0][1])[1])  # type: ignore[index]
        sets = phase(zero)
        sets["/workloads/0/start"] = us(load - zero)
        sets["/faults/0/at"] = us(at - zero)
        sets["/faults/0/for"] = us(r["port_relinked_s"])
        measured = {
            "host_notices_s": r["host_error_recovery_s"],
            "attempts_s": r["reconnect_attempts_s"],
            "reconnected_s": r["reconnected_s"],
            "io_errors": r["io_errors"],
        }
        runs.append({"run": r["id"], "set": sets, "measured": measured})
    return runs


def discovery(folder: Path, experiment: Json) -> list[Json]:
    """Make the run of an experiment of f, in seconds from the connect command."""
    r = experiment["repetitions"][0]
    log = log_of(folder, experiment["id"])
    assert log is not None
    connects = next(time for time, text in log.lines if "connecting queue 0" in text)
    marks = [time for time, text in log.lines if text.startswith("MARK") and "boot" not in text]
    zero = marks[0]

    def event(text: str, nth: int = 0) -> float | None:
        found = [time for time, line in r["events"] if text in line]
        return round(found[nth] - (connects - zero), 4) if len(found) > nth else None

    sets = phase(connects)
    measured = {
        "target_window_s": event("reschedule traffic based"),
        "target_expired_s": event("expired!"),
        "host_notices_s": event("starting error recovery"),
        "target_gone_s": event("ctrl 1 stop keep-alive"),
        "attempt_s": event("connecting queue 0", 1),
    }
    measured = {name: value for name, value in measured.items() if value is not None}
    measured["expiries"] = sum("expired!" in line for _, line in r["events"])
    wire = r.get("ka_on_wire")
    if wire:
        measured["keep_alives"] = r["n_target_ka_updates"]
        measured["keep_alive_interval_s"] = round(wire[1] - wire[0], 3)
    return [{"run": experiment["id"], "set": sets, "measured": measured}]


SCENARIOS = {
    "a-6.12.95-kato5-idle": ("a_k5_idle", keep_alive),
    "a-6.12.95-kato5-io": ("a_k5_io", keep_alive),
    "a-6.12.95-kato5-sparse": ("a_k5_sparse", keep_alive),
    "a-6.12.95-kato10-idle": ("a_k10_idle", keep_alive),
    "a-6.12.95-kato10-io": ("a_k10_io", keep_alive),
    "a-6.12.95-kato10-sparse": ("a_k10_sparse", keep_alive),
    "b-6.12.95-kato5-both-qd1": ("b_k5_both_q1", blackhole),
    "b-6.12.95-kato5-both-qd8": ("b_k5_both_q8", blackhole),
    "b-6.12.95-kato5-h2t-qd1": ("b_k5_h2t_q1", blackhole),
    "b-6.12.95-kato120-both-qd1": ("b_k120_both_q1", blackhole),
    "bsweep-6.12.95-kato5-both-qd1": ("b_sweep", blackhole),
    "b-tcp-retransmissions": ("b_k5_both_q1", retransmissions),
    **{
        f"c-6.12.95-kato120-loss{loss}-{op}-qd{depth}": (f"c_{op}_q{depth}", lossy)
        for op in ("read", "write")
        for depth in (1, 8)
        for loss in (0.0, 0.1, 1.0, 5.0)
    },
    "d2_bh": ("d2_bh", late_write),
    "d_nat0": ("d_nat0", late_write),
    "d_nat7": ("d_nat7", late_write),
    "d_rst_r1": ("d_rst_r1", late_write),
    "d_same": ("d_same", late_write),
    "d_sk_r0": ("d_sk_r0", late_write),
    "d_sk_r2": ("d_sk_r2", late_write),
    "e-6.12.95-qd1": ("e_q1", port_removed),
    "f3": ("f_kato0", discovery),
    "f_612_clik0": ("f_kato30", discovery),
}


def write(name: str, source: str, experiments: list[Json]) -> None:
    """Write a file of measurements beside this one, lists of numbers in one line."""
    text = json.dumps({"source": source, "experiments": experiments}, indent=1)
    text = re.sub(r"\[\s+([^][{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
    (Path(__file__).parent / f"{name}.json").write_text(text + "\n")


def main() -> None:
    """Write measured.json beside this file."""
    folder = Path(sys.argv[1])
    results = json.loads((folder / "results.json").read_text())
    experiments = []
    for e in results["experiments"]:
        name = e.get("id") or e.get("name")
        if name in SCENARIOS and (REFERENCE / f"{SCENARIOS[name][0]}.json").is_file():
            scenario, make = SCENARIOS[name]
            runs = make(folder, e)
            experiments.append({"experiment": name, "scenario": scenario, "runs": runs})
    experiments.sort(key=lambda e: list(SCENARIOS).index(e["experiment"]))
    write("measured", results["meta"]["source"], experiments)


if __name__ == "__main__":
    main()
