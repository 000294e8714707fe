# SPDX-License-Identifier: Apache-2.0
"""Makes measured_more.json from later measurements, NVMe/RDMA and more of NVMe/TCP.

    python tests/reference/extract_more.py FOLDER

As extract.py does, whose clock and tick counter these runs share. Each run is given its own state:
instants, direction of the fault, KATO, whether the adapter counts its retries, and neighbours.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from extract import MARK_S, Json, Log, phase, us, write

#: What the think time of the load makes of its rate, by THINK in microseconds.
RATES = {"10000": 98, "20000": 48, "40000": 24}
DIRECTIONS = {"both": "both", "h2t": "forward", "t2h": "backward", "netem": "both"}
NAMES = {
    "keep_alive_sent_s": "ka_sent_s",
    "host_notices_s": "host_error_recovery_s",
    "failover_done_s": "failover_done_s",
    "target_expired_s": "target_ka_expired_s",
    "target_gone_s": "target_ctrl_stopped_s",
    "attempts_s": "reconnect_attempt_start_s",
    "attempts_failed_s": "reconnect_failed_s",
    "reconnected_s": "reconnected_s",
}


def marks_of(log: Log) -> tuple[float, float, float, float]:
    """Return when both connects, the load and the fault began."""
    marks = [log.mark(m) for m in ("connect path1", "connect path2", "iot-start", "blackhole-on")]
    zero, second, load, at = (mark for mark in marks if mark is not None)
    return zero, second, load, at


def state(r: Json, rate: int, marks: tuple[float, float, float, float]) -> Json:
    """Return what sets a run on its way."""
    given = r["parameters"]
    zero, second, load, at = marks
    # So that the write that gets stuck is submitted when it was; see extract.py.
    stuck = at + r["stuck_io_submit_s"][0]
    load = stuck - (2 * int((stuck - load) * rate / 2) - 1) / rate
    return phase(zero) | {
        "/hosts/0/connect/0/keep_alive_tmo": f"{given['KATO']}s",
        "/hosts/0/connect/1/keep_alive_tmo": f"{given['KATO']}s",
        "/hosts/0/connect/1/at": us(second - zero),
        "/workloads/0/rate_iops": rate,
        "/workloads/0/start": us(load - zero),
        "/faults/0/at": us(at + MARK_S - zero),
        "/faults/0/for": us(r["healed_s"] - MARK_S),
        "/faults/0/direction": DIRECTIONS[given["DIR"]],
    }


def run_of(r: Json, sets: Json, names: dict[str, str], mark_s: float) -> Json:
    """Return a run as it is written: what sets it on its way, and what was measured of it."""
    measured = {k: r[v] for k, v in names.items() if r.get(v) not in (None, [])}
    measured["mark_s"] = round(mark_s, 6)
    return {"run": r["id"], "set": sets, "measured": measured}


def blackhole(folder: Path, r: Json) -> Json:
    """Make one run of rb or rbx, in seconds after the mark of the fault."""
    given = r["parameters"]
    log = Log(folder / "logs" / f"{r['id']}.log")
    zero, second, load, at = marks_of(log)
    names = dict(NAMES)
    # netem at both ends swallows ARP too, a packet filter lets it pass.
    dynamic = given["DIR"] == "netem"
    if dynamic:
        # The host looks at the answer of an unknown neighbour when its timer fires, 3 s later: an
        # association begins there.
        zero, second = (
            next(t for t, text in log.lines if f"nvme{i}: address resolved" in text) for i in (0, 1)
        )
        del names["attempts_s"]  # attempts that find no neighbour leave no line
    sets = state(r, RATES[given["THINK"]], (zero, second, load, at))
    sets["/fabric/retries_for_ever"] = "RXEPATCH" not in given
    sets["/fabric/neighbours"] = "learned" if dynamic else "permanent"
    return run_of(r, sets, names, at - zero)


def over_tcp(folder: Path, r: Json) -> tuple[Json, float, float]:
    """Return what sets a run of NVMe/TCP on its way, its zero and the mark of its fault."""
    given = r["parameters"]
    marks = marks_of(Log(folder / "logs" / f"{r['id']}.log"))
    sets = state(r, RATES[given["THINK"]] * int(given["QD"]), marks)
    return sets, marks[0], marks[3]


def io_timeout(folder: Path, r: Json) -> Json:
    """Make one run of ce, in seconds after the mark of the fault."""
    sets, zero, at = over_tcp(folder, r)
    return run_of(r, sets, NAMES, at - zero)


def operator(folder: Path, r: Json) -> Json:
    """Make one run of ca, in seconds after the mark of the fault."""
    sets, zero, at = over_tcp(folder, r)
    what = r["parameters"]["WHAT"]
    sets["/faults/1/type"] = f"{what}_controller"
    sets["/faults/1/at"] = us(at + r["trigger_s"] - zero)
    names = {key: value for key, value in NAMES.items() if key != "host_notices_s"}
    if what == "reset":
        del names["attempts_failed_s"]  # the first failed attempt after a reset leaves no line
    if what == "delete":
        names["removed_s"] = "trigger_returned_s"
    return run_of(r, sets, names, at - zero)


#: From a write to the error that its data causes at the target.
FLIGHT_S = 0.00008


def digest(folder: Path, r: Json) -> Json:
    """Make one run of cf in which the target met bad digests, in seconds after the mark.

    Each error is a damaged write of its own; so that one of them goes over path 1 there are two.
    """
    log = Log(folder / "logs" / f"{r['id']}.log")
    zero, second, at = (log.mark(m) for m in ("connect path1", "connect path2", "corrupt-on"))
    assert zero is not None
    assert second is not None
    assert at is not None
    sets = phase(zero) | {"/hosts/0/connect/1/at": us(second - zero)}
    errors = r["digest_log_lines"]
    for i in range(4):
        time, line = errors[i] if i < len(errors) else (60.0, "data")
        if i >= len(errors):
            sets[f"/faults/{i}/nth"] = 1_000_000
        begins = at + time - FLIGHT_S - zero
        sets[f"/workloads/{i}/start"] = us(begins)
        sets[f"/faults/{i}/at"] = us(begins - 0.00001)
        sets[f"/faults/{i}/part"] = "header" if "header" in line else "data"
    names = {
        "recoveries_s": "error_recoveries_s",
        "target_gone_s": "target_ctrl_stopped_s",
        "attempts_s": "reconnect_attempt_start_s",
        "reconnects_s": "reconnects_s",
    }
    run = run_of(r, sets, names, at - zero)
    run["measured"]["io_errors"] = r["application_errors"]
    return run


#: By group of runs: the scenario, and what makes its runs.
GROUPS = {
    "rb": ("rdma/blackhole", blackhole),
    "rbx": ("rdma/blackhole", blackhole),
    "ca": ("tcp/operator", operator),
    "ce": ("tcp/io_timeout", io_timeout),
    "cf": ("tcp/digest", digest),
}


def main() -> None:
    """Write measured_more.json beside this file."""
    folder = Path(sys.argv[1])
    results = json.loads((folder / "results.json").read_text())
    groups: dict[str, list[Json]] = {}
    for e in results["experiments"]:
        for r in e["repetitions"]:
            group = r.get("group")
            # Without a recovery there is nothing to compare: a retry is a matter of microseconds.
            if group in GROUPS and (group != "cf" or r["error_recoveries_s"]):
                groups.setdefault(group, []).append(GROUPS[group][1](folder, r))
    experiments: list[Json] = [
        {
            "experiment": group,
            "scenario": scenario,
            "runs": sorted(groups[group], key=lambda run: str(run["run"])),
        }
        for group, (scenario, _) in GROUPS.items()
    ]
    write(
        "measured_more",
        "real Linux NVMe/RDMA on soft-RoCE and NVMe/TCP in QEMU",
        experiments,
    )


if __name__ == "__main__":
    main()
