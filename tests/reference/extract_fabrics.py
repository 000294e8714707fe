# SPDX-License-Identifier: Apache-2.0
"""Makes measured_fabrics.json: NVMe/RDMA under an administrator and losses, and NVMe/FC.

    python tests/reference/extract_fabrics.py FOLDER

As extract_more.py does. Where the medium is slow, it is dm-delay, whose timer goes through the
wheel of the machine: what was in flight at the fault follows from the I/O before it.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

from extract import LOSSY_S, MARK_S, Json, Log, us, write
from extract_more import NAMES, RATES, marks_of, run_of, state
from extract_state import (
    MEDIA_US,
    MEDIUM,
    STALL_US,
    THINK_S,
    WRITE_S,
    connects,
    first_abort,
    in_flight,
    slow_load,
)


def keep_alive(folder: Path, r: Json) -> Json:
    """Make one run of ra or fk: the looks of the host after the start of the load."""
    log = Log(folder / "logs" / f"{r['id']}.log")
    zero, sets = connects(log, r["parameters"]["KATO"])
    begin, load = log.mark("load-"), log.mark("iot-start")
    assert begin is not None
    kind = r["parameters"]["LOAD"]
    sets["/workloads/0/start"] = us(load - zero) if load is not None else us(61.0)
    sets["/workloads/0/thinktime"] = "50ms" if kind == "io" else "2s"
    measured = {
        "load_s": round(begin - zero, 6),
        "looks": r["ka_commands"] + r["host_skips_traffic_seen"],
        "keep_alives": r["ka_commands"],
        "tick_interval_s": r["host_tick_median_s"],
    }
    if r["ka_intervals"]:
        groups = [[len(list(g)), v] for v, g in itertools.groupby(r["ka_intervals"])]
        measured["keep_alive_intervals_s"] = groups
        measured["first_keep_alive_s"] = r["ka_first_after_load_start_s"]
    if r["target_traffic_reschedules"]:
        measured["target_window_s"] = r["target_window_median_s"]
    return {"run": r["id"], "set": sets, "measured": measured}


def lossy(_: Path, r: Json) -> Json:
    """Make one row of rc."""
    given = r["parameters"]
    percent, op = given["loss_pct_each_way"], given["op"]
    sets: Json = {
        "/fabric/links/0/loss": f"{percent:g}%",
        "/duration": f"{LOSSY_S[percent, 1]}s",
        "/workloads/0/rw": f"rand{op}",
        "/subsystems/0/namespaces/0/media/read": f"{MEDIA_US['read']}us",
        MEDIUM: f"{MEDIA_US['write']}us",
        "/hosts/0/connect/0/keep_alive_tmo": f"{given['kato_s']}s",
    }
    measured: Json = {"loss_percent": percent, "queue_depth": given["qd"]}
    for key in ("mean_us", "p50_us", "p99_us", "p999_us"):
        measured[key] = r[key]
        measured[f"{key}_range"] = [r[key], r[key]]
    if percent > 0:
        # Two standard errors: nearly all of the time goes into stalls, of which there were so many.
        error = 2 * r["mean_us"] / (r["n"] * r["mean_us"] / STALL_US) ** 0.5
        measured["mean_us_range"] = [round(r["mean_us"] - error, 1), round(r["mean_us"] + error, 1)]
    return {"run": f"{op} q{given['qd']} {percent:g}%", "set": sets, "measured": measured}


def late_write(folder: Path, r: Json) -> Json:
    """Make one run of rd, in seconds from the impairment."""
    given = r["parameters"]
    log = Log(folder / "logs" / f"{r['id']}.log")
    zero, sets = connects(log, given["KATO"])
    at, off = log.mark("netem-on"), log.mark("netem-off")
    assert at is not None
    assert off is not None
    late = r["slow_writes"][0]
    newest = r["newest_write_acked_s"][0]
    sets |= {
        # The one that gets stuck is the seventh, submitted when it was.
        "/workloads/0/start": us(at + late["submit"] - 6 * 0.20007 - zero),
        "/workloads/1/start": us(at + newest + 0.2004 - zero),
        "/faults/0/at": us(at + MARK_S - zero),
        "/faults/0/for": us(off - at - MARK_S),
        "/faults/0/delay": f"{given['DELAY']}ms",
        "/subsystems/0/inline_data_size": "0B" if given.get("INLINE") == "0" else "4KiB",
    }
    if r["trigger_s"] is not None:
        sets["/faults/1/at"] = us(at + r["trigger_s"] + WRITE_S - zero)
    measured: Json = {
        "corrupted": r["corrupted"],
        "late_version": late["ver"],
        "late_write_acked_s": late["done"],
        "newest_write_acked_s": newest,
        "mark_s": round(at - zero, 6),
    }
    names = {"host_notices_s": "host_error_recovery_s", "target_expired_s": "target_ka_expired_s"}
    names["target_gone_s"] = "target_ctrl_stopped_s"
    measured |= {name: r[key] for name, key in names.items() if r[key] is not None}
    if r["stale_visible"]:
        measured["stale_visible_s"] = r["stale_visible"][0]["t"]
        measured["stale_version"] = r["stale_visible"][0]["now"]
    return {"run": r["id"], "set": sets, "measured": measured}


def port_removed(folder: Path, r: Json) -> Json:
    """Make the run of re, in seconds from the removal."""
    given = r["parameters"]
    log = Log(folder / "logs" / f"{r['id']}.log")
    zero, sets = connects(log, given["KATO"])
    load, at = log.mark("iot-start"), log.mark("port1-unlink")
    assert load is not None
    assert at is not None
    # The command took until the target disconnected.
    sets |= {
        "/workloads/0/start": us(load - zero),
        "/faults/0/at": us(at + r["host_error_recovery_s"] - zero),
        "/faults/0/for": us(r["healed_s"] - r["host_error_recovery_s"]),
    }
    names = {k: NAMES[k] for k in ("attempts_s", "attempts_failed_s", "reconnected_s")}
    names["target_gone_s"] = NAMES["target_gone_s"]
    run = run_of(r, sets, names, at - zero)
    run["measured"]["io_errors"] = r["application_errors"]
    return run


def target_adapter(folder: Path, r: Json) -> Json:
    """Make the run of rf in which the target's adapter goes, in seconds from the removal."""
    log = Log(folder / "logs" / f"{r['id']}.log")
    zero, sets = connects(log, r["parameters"]["KATO"])
    load, at, back = log.mark("iot-start"), log.mark("remove "), log.mark("re-add")
    assert load is not None
    assert at is not None
    assert back is not None
    # It disconnects its queue pairs first, and is gone with the target's last word of it.
    gone = next(time for time, text in r["timeline"] if "device removal" in text)
    sets |= {
        "/workloads/0/start": us(load - zero),
        "/faults/0/at": us(at + r["host_error_recovery_s"] - zero),
        "/faults/1/at": us(at + gone - zero),
        "/faults/1/for": us(back - at - gone),
    }
    names = {k: NAMES[k] for k in ("attempts_failed_s", "target_gone_s")}
    run = run_of(r, sets, names, at - zero)
    # Where an attempt begins, the address is resolved at once.
    tried = [time - at for time, text in log.lines if "nvme0: address resolved" in text]
    run["measured"]["attempts_s"] = [round(time, 4) for time in tried if time > 0][:4]
    run["measured"]["io_errors"] = r["application_errors"]
    return run


def network(folder: Path, r: Json) -> Json:
    """Make the run of rf in which the network device goes, in seconds from the removal.

    The command itself waits longer than the driver, for the last user of the device, which it asks
    for four times a second (netdev_wait_allrefs).
    """
    log = Log(folder / "logs" / f"{r['id']}.log")
    zero, sets = connects(log, r["parameters"]["KATO"])
    load, at = log.mark("iot-start"), log.mark("remove ")
    assert load is not None
    assert at is not None
    time = {text: time for time, text in reversed(r["timeline"])}
    sets |= {
        "/workloads/0/start": us(load - zero),
        "/faults/0/at": us(at + time["infiniband rxe_h1: set down"] - zero),
        "/faults/1/at": us(at + r["removed_s"] - zero),
        "/faults/2/at": us(at + time["nvmet_rdma: Removing queue 0"] - zero),
    }
    run = run_of(r, sets, {"target_gone_s": NAMES["target_gone_s"]}, at - zero)
    run["measured"]["removed_s"] = time["nvme nvme0: failed nvme_keep_alive_end_io error=4"]
    run["measured"]["io_errors"] = r["application_errors"]
    return run


def reset(folder: Path, r: Json) -> Json:
    """Make one run of rs over a dead path, in seconds after the mark of the blackhole."""
    given = r["parameters"]
    marks = marks_of(Log(folder / "logs" / f"{r['id']}.log"))
    sets = state(r, RATES[given["THINK"]] * int(given["QD"]), marks)
    sets["/faults/1/at"] = us(marks[3] + r["trigger_s"] + WRITE_S - marks[0])
    names = {k: v for k, v in NAMES.items() if k not in ("host_notices_s", "attempts_failed_s")}
    return run_of(r, sets, names, marks[3] - marks[0])


def drains(folder: Path, r: Json) -> Json:
    """Make one run that removes a controller with I/O in flight, in seconds after the command."""
    given = r["parameters"]
    log = Log(folder / "logs" / f"{r['id']}.log")
    zero, sets = connects(log, given["KATO"])
    dead, load = log.mark("blackhole-on"), log.mark("iot-start")
    at = log.mark("remove ") or log.mark("sysfs delete")
    assert at is not None
    assert load is not None
    removal = 1 if "DEV" in given else 0
    began = r["removed_s"]  # "Removing ctrl", the driver's first line
    sets[f"/faults/{removal}/at"] = us(at + began - zero)
    if dead is not None:
        # The fourth write that gets stuck came last; its timeout ends the wait.
        stuck = at + r["stuck_io_submit_s"][-1] - zero
        rate = 4 * RATES[given["THINK"]]
        sets |= {
            "/faults/0/at": us(dead + MARK_S - zero),
            "/faults/0/for": us(40.0),
            "/workloads/0/rate_iops": rate,
            "/workloads/0/numjobs": 1,
            "/workloads/0/iodepth": 4,
            "/workloads/0/thinktime": "0s",
            "/workloads/0/start": us(stuck - (2 * int((stuck - 0.8) * rate / 2) - 1) / rate),
        }
    elif "DELAYBE" in given:
        sets |= slow_load(r, zero, at)
    else:
        sets["/workloads/0/thinktime"] = us(THINK_S[given["THINK"]])
        sets["/workloads/0/start"] = us(load - zero)
    names = {"target_expired_s": "target_ka_expired_s", "target_gone_s": "target_ctrl_stopped_s"}
    if dead is not None:
        names["failover_done_s"] = "failover_done_s"
    if r.get("trigger_returned_s") is not None:
        names["removed_s"] = "trigger_returned_s"
    run = run_of(r, sets, names, at - zero)
    run["measured"]["io_errors"] = r["application_errors"]
    return run


def port(folder: Path, r: Json) -> Json:
    """Make one run of fa, in seconds after the command."""
    given = r["parameters"]
    log = Log(folder / "logs" / f"{r['id']}.log")
    zero, sets = connects(log, given["KATO"])
    at, back, load = log.mark("del "), log.mark("re-add"), log.mark("iot-start")
    assert at is not None
    assert load is not None
    sets |= slow_load(r, zero, at)
    # What came before it spared Keep Alives, and so decides where the target's timer stands.
    sets["/workloads/1/start"] = us(load - zero)
    sets["/workloads/1/runtime"] = us(in_flight(r, at)[0] - load - 0.05)
    # A remote port is gone with the host's first line, the others when their command has reached
    # the target, which the next tick cannot tell apart from at once.
    begins = r["host_first_notice_s"] if given["WHAT"] == "rport" else 0.001
    sets["/faults/0/at"] = us(at + begins - zero)
    sets["/faults/0/for"] = us((back - at if back is not None else 80.0) - begins)
    if "OPTS" in given:
        sets["/hosts/0/connect/0/ctrl_loss_tmo"] = given["OPTS"].split("=")[1] + "s"
    names = {k: v for k, v in NAMES.items() if k not in ("keep_alive_sent_s", "failover_done_s")}
    names["removed_s"] = "removed_s"
    if given["WHAT"] == "rport":
        del names["host_notices_s"]
    run = run_of(r, sets, names, at - zero)
    measured = run["measured"]
    measured["aborted_s"] = first_abort(r)
    measured["io_errors"] = r["application_errors"]
    if back is not None:
        measured["back_s"] = round(back - at, 6)
    return run


def drop(folder: Path, r: Json) -> Json:
    """Make one run of fb, in seconds after the command."""
    given = r["parameters"]
    log = Log(folder / "logs" / f"{r['id']}.log")
    zero, sets = connects(log, given["KATO"])
    at, load, resets = log.mark("drop"), log.mark("iot-start"), log.mark("sysfs reset")
    assert at is not None
    assert load is not None
    rate = RATES[given["THINK"]] * int(given["QD"])
    stuck = at + r["stuck_io_submit_s"][0]
    sets |= {
        "/workloads/0/rate_iops": rate,
        "/workloads/0/start": us(stuck - (2 * int((stuck - load) * rate / 2) - 1) / rate - zero),
        "/faults/0/at": us(stuck - 0.001 - zero),
    }
    if resets is not None:
        sets["/faults/1/at"] = us(resets + WRITE_S - zero)
    names = {"host_notices_s": "host_error_recovery_s"} if resets is None else {}
    names |= {k: NAMES[k] for k in ("failover_done_s", "attempts_s", "reconnected_s")}
    names["target_gone_s"] = NAMES["target_gone_s"]
    run = run_of(r, sets, names, at - zero)
    run["measured"]["aborted_s"] = first_abort(r)
    run["measured"]["io_errors"] = r["application_errors"]
    return run


def operator(folder: Path, r: Json) -> Json:
    """Make one run of fc, in seconds after the command."""
    given = r["parameters"]
    log = Log(folder / "logs" / f"{r['id']}.log")
    zero, sets = connects(log, given["KATO"])
    at = log.mark("sysfs")
    assert at is not None
    sets |= slow_load(r, zero, at)
    deletes = given["WHAT"] == "delete"
    sets["/faults/0/at"] = us(at + WRITE_S - zero)
    names = {"target_gone_s": NAMES["target_gone_s"]}
    if deletes:
        names["removed_s"] = "trigger_returned_s"
    else:
        names |= {k: NAMES[k] for k in ("attempts_s", "reconnected_s")}
    run = run_of(r, sets, names, at - zero)
    if not deletes:
        run["measured"]["aborted_s"] = first_abort(r)
    run["measured"]["io_errors"] = r["application_errors"]
    return run


#: Experiments: the scenario, what makes their runs, and which runs are theirs.
EXPERIMENTS = {
    "ra": ("rdma/keep_alive", keep_alive, ("ra_",)),
    "rc": ("rdma/loss", lossy, ("rc_",)),
    "rd": ("rdma/late_write", late_write, ("rd_nat",)),
    "rd-reset": ("rdma/late_write_reset", late_write, ("rd_rst",)),
    "re": ("rdma/port_removed", port_removed, ("re_",)),
    "rs": ("rdma/operator", reset, ("rs_reset_both",)),
    "rs-delete": ("rdma/delete", drains, ("rs_delete_healthy",)),
    "rf": ("rdma/adapter_removed", drains, ("rf_rxeh",)),
    "rf-network": ("rdma/network_removed", network, ("rf_netdev",)),
    "rf-target": ("rdma/target_adapter_removed", target_adapter, ("rf_rxet",)),
    "fk": ("fc/keep_alive", keep_alive, ("fk_",)),
    "fa": ("fc/port", port, ("fa_rport",)),
    "fa-tport": ("fc/target_port", port, ("fa_tport",)),
    "fa-link": ("fc/unlinked", port, ("fa_link",)),
    "fb": ("fc/drop", drop, ("fb_drop_w",)),
    "fb-reset": ("fc/drop_reset", drop, ("fb_drop_w_reset",)),
    "fc": ("fc/reset", operator, ("fc_reset",)),
    "fc-delete": ("fc/delete", operator, ("fc_delete",)),
}


def main() -> None:
    """Write measured_fabrics.json beside this file."""
    folder = Path(sys.argv[1])
    results = json.loads((folder / "results.json").read_text())
    found = [r for e in results["experiments"] for r in e["repetitions"]]
    experiments: list[Json] = []
    for name, (scenario, make, starts) in EXPERIMENTS.items():
        mine = [r for r in found if r["id"].startswith(starts)]
        if name == "fb":
            mine = [r for r in mine if "ACT" not in r["parameters"]]
        runs = [make(folder, r) for r in mine]
        runs.sort(key=lambda run: str(run["run"]))
        experiments.append({"experiment": name, "scenario": scenario, "runs": runs})
    write(
        "measured_fabrics",
        "real Linux NVMe/RDMA on soft-RoCE and NVMe/FC on fcloop in QEMU",
        experiments,
    )


if __name__ == "__main__":
    main()
