# SPDX-License-Identifier: Apache-2.0
"""Runs a scenario and reads off what was measured on the real machines, under the same names."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import holdfast

#: Keys of a measurement that are no results but say what to look at.
GIVEN = {
    "looks",
    "load_s",
    "late_version",
    "mark_s",
    "healed_s",
    "back_s",
    "loss_percent",
    "queue_depth",
}
#: When the load began in runs of a whose log was not kept.
USUAL_LOAD_S = 0.082

#: The flag of a segment (models/transport/tcp/internal.hpp).
SYN = 1

Json = dict[str, Any]
Records = dict[str, list[Json]]

KINDS = [
    "app_complete",
    "app_submit",
    "attempt_abandoned",
    "connect_attempt",
    "connect_failed",
    "connected",
    "controller_freed",
    "controller_removed",
    "keep_alive_expired",
    "keep_alive_sent",
    "keep_alive_skipped",
    "keep_alive_window",
    "recovery_started",
]


def run(path: Path, sets: Mapping[str, Any], measured: Json) -> Json:
    """Simulate a scenario from the given state and observe it.

    Args:
        path: the scenario.
        sets: what differs in this run, as JSON pointers.
        measured: what was measured; its keys say what is looked for.

    """
    scenario = holdfast.Scenario.load(path)
    for pointer, value in sets.items():
        scenario = scenario.set(pointer, value)
    # Those in folders of their own are looked at as others are, most of them as the ones of b.
    letter = path.stem.split("_", maxsplit=1)[0]
    if path.parent.name != "reference":
        letter = LIKE.get(f"{path.parent.name}/{path.stem}", "b")
    if letter == "c":
        return lossy(scenario)
    packets = "capsule_repeated_after_s" in measured
    kinds = [*KINDS, "packet_dropped"] if packets else KINDS
    world = holdfast.World(scenario, record=kinds)
    world.run()
    records: Records = {kind: [] for kind in kinds}
    for time_s, kind, words in world.records().itertuples(index=False, name=None):
        records[kind].append({"time_s": time_s, **words})
    if packets:
        return retransmissions(scenario, records, measured)
    return OBSERVERS[letter](scenario, records, measured)


def keep_alive(_: holdfast.Scenario, records: Records, measured: Json) -> Json:
    """Observe a: the looks of the host after the start of the load."""
    begin = measured.get("load_s", USUAL_LOAD_S)
    looks = [(r["time_s"], True) for r in records["keep_alive_sent"]]
    looks += [(r["time_s"], False) for r in records["keep_alive_skipped"]]
    looks = sorted(look for look in looks if look[0] > begin)[: measured["looks"]]
    sent = [time for time, sends in looks if sends]
    windows = [r["time_s"] for r in records["keep_alive_window"]]
    out = {
        "keep_alives": len(sent),
        "tick_interval_s": steps([time for time, _ in looks])[0],
        "keep_alive_intervals_s": [
            [len(list(group)), step] for step, group in itertools.groupby(steps(sent))
        ],
    }
    if sent:
        out["first_keep_alive_s"] = sent[0] - begin
    if len(windows) > 2:
        out["target_window_s"] = windows[-1] - windows[-2]
    return out


def blackhole(_: holdfast.Scenario, records: Records, measured: Json) -> Json:
    """Observe b, in seconds from the mark of the fault; path 1 is controller 0, CNTLID 1."""
    fault = measured["mark_s"]

    recovery = times(records, "recovery_started", fault, controller=0)[0]
    submitted = {r["op"]: r["time_s"] - fault for r in records["app_submit"]}
    stuck = [
        r["time_s"] - fault
        for r in records["app_complete"]
        if submitted[r["op"]] < recovery <= r["time_s"] - fault
    ]
    expired = first(records, "keep_alive_expired", fault, cntlid=1)
    done = max(stuck, default=None)
    return {
        "keep_alive_sent_s": first(records, "keep_alive_sent", fault, controller=0),
        "host_notices_s": recovery,
        "failover_done_s": done,
        "target_expired_s": expired,
        "margin_s": expired - done if expired is not None and done is not None else None,
        "target_gone_s": first(records, "controller_freed", fault, cntlid=1),
        "attempts_s": times(records, "connect_attempt", fault, controller=0),
        "attempts_failed_s": times(records, "connect_failed", fault, controller=0),
        "reconnected_s": first(records, "connected", fault, controller=0),
        "removed_s": first(records, "controller_removed", fault, controller=0),
    }


def retransmissions(_: holdfast.Scenario, records: Records, measured: Json) -> Json:
    """Observe the packets that the path swallows: the first segment of a capsule, and SYNs."""
    fault = measured["mark_s"]
    flows: dict[int, list[tuple[float, int]]] = {}
    syns = []
    for r in records["packet_dropped"]:
        head = r["head"]
        connection, side, flags, length = (
            head & 0xFFFFFFFF,
            head >> 32 & 0xFF,
            head >> 40 & 0xFF,
            head >> 48,
        )
        if side == 0 and flags & SYN:
            syns.append(r["time_s"] - fault)
        elif side == 0 and length:
            flows.setdefault(connection, []).append((r["time_s"], r["seq"]))

    def repeated(flow: list[tuple[float, int]]) -> list[float]:
        start, seq = flow[0]
        return [time - start for time, other in flow if other == seq][1:]

    # The write is stuck first, on the I/O queue; then the Keep Alive, on the admin queue.
    write, keep_alive = sorted(flows.values())[:2]
    return {
        "capsule_repeated_after_s": repeated(write),
        "keep_alive_repeated_after_s": repeated(keep_alive),
        "syns_s": syns,
    }


def lossy(scenario: holdfast.Scenario) -> Json:
    """Observe c: the latencies of all I/O."""
    latency = holdfast.run(scenario).latency
    row = latency[latency["count"] > 0].iloc[0]
    return {name: float(row[name]) for name in ("mean_us", "p50_us", "p99_us", "p999_us")}


def late_write(scenario: holdfast.Scenario, records: Records, measured: Json) -> Json:
    """Observe d: a write of path 1 that arrives late, in seconds from the impairment.

    As on the real machine a second reader looks every 10 ms at what the block holds; a version is
    256 x operation + attempt; they are numbered as the writes are.
    """
    faults = {fault["type"]: fault for fault in scenario["faults"]}
    t0 = seconds((faults.get("impair") or faults["blackhole"])["at"])
    t0 = measured.get("mark_s", t0)
    late = measured["late_version"]
    writes = [r["op"] for r in records["app_submit"] if r["job"] == 0]
    version = {op: number for number, op in enumerate(writes, 1)}
    done = [(r["time_s"] - t0, r["op"], r["version"] >> 8) for r in records["app_complete"]]
    acked = {version[op]: time for time, op, _ in done if op in version}
    # What reads before the first write finds is of no interest.
    seen = [(time, version[found]) for time, op, found in done if op not in version and found]
    newest = len(writes)
    stale = [time for time, op in seen if op < newest]
    recoveries = [r["time_s"] - t0 for r in records["recovery_started"]]
    out = {
        "corrupted": seen[-1][1] != 10,
        "late_write_acked_s": acked[late],
        "newest_write_acked_s": acked[10],
        "target_expired_s": first(records, "keep_alive_expired", t0, cntlid=1),
        "target_gone_s": first(records, "controller_freed", t0, cntlid=1),
    }
    if recoveries:
        out["host_notices_s"] = recoveries[0]
    if stale:
        out["stale_visible_s"] = stale[0]
        out["stale_version"] = seen[-1][1]
    return out


def moved_on(scenario: holdfast.Scenario, records: Records, measured: Json) -> Json:
    """Observe what becomes of path 1 and of what was in flight on it, from the mark on."""
    mark = measured["mark_s"]
    submitted = {r["op"]: r["time_s"] for r in records["app_submit"]}
    slowest = max(records["app_complete"], key=lambda r: r["time_s"] - submitted[r["op"]])
    attempts = times(records, "connect_attempt", mark, controller=0)
    # While a remote port is away an attempt is made, and left, without a word.
    silent = any(
        fault["type"] == "remote_port_lost" and abs(seconds(fault["at"]) - mark) < 1.0
        for fault in scenario["faults"]
    )
    if silent:
        attempts = [time for time in attempts if time >= measured.get("back_s", math.inf)]
    return {
        "host_notices_s": first(records, "recovery_started", mark, controller=0),
        "aborted_s": first(records, "attempt_abandoned", mark, controller=0),
        "failover_done_s": slowest["time_s"] - mark,
        "attempts_s": attempts,
        "attempts_failed_s": times(records, "connect_failed", mark, controller=0),
        "reconnected_s": first(records, "connected", mark, controller=0),
        "recoveries_s": times(records, "recovery_started", mark, controller=0),
        "reconnects_s": times(records, "connected", mark, controller=0),
        "removed_s": first(records, "controller_removed", mark, controller=0),
        "target_expired_s": first(records, "keep_alive_expired", mark, cntlid=1),
        "target_gone_s": first(records, "controller_freed", mark, cntlid=1),
        "io_errors": sum(r["status"] != 0 for r in records["app_complete"]),
    }


def port_removed(scenario: holdfast.Scenario, records: Records, _: Json) -> Json:
    """Observe e, in seconds from the removal of the port."""
    t0 = seconds(scenario["faults"][0]["at"])
    submitted = {r["op"]: r["time_s"] for r in records["app_submit"]}
    return {
        "host_notices_s": first(records, "recovery_started", t0),
        "attempts_s": times(records, "connect_attempt", t0),
        "reconnected_s": first(records, "connected", t0),
        "longest_io_s": max(r["time_s"] - submitted[r["op"]] for r in records["app_complete"]),
        "io_errors": sum(r["status"] != 0 for r in records["app_complete"]),
    }


def discovery(_: holdfast.Scenario, records: Records, __: Json) -> Json:
    """Observe f, in seconds from the connect command."""
    sent = times(records, "keep_alive_sent", 0.0)
    windows = times(records, "keep_alive_window", 0.0)
    out = {
        "target_window_s": windows[0] if windows else None,
        "target_expired_s": first(records, "keep_alive_expired", 0.0),
        "host_notices_s": first(records, "recovery_started", 0.0),
        "target_gone_s": first(records, "controller_freed", 0.0),
        "attempt_s": first(records, "connect_attempt", 0.0),
        "expiries": len(records["keep_alive_expired"]),
    }
    if len(sent) > 4:
        out["keep_alive_interval_s"] = steps(sent[:5])[-1]
        out["keep_alives"] = len(sent)
    return out


def times(records: Records, kind: str, since: float, **words: Any) -> list[float]:
    """Return when such records were made after `since`, in seconds from then."""
    return [
        r["time_s"] - since
        for r in records[kind]
        if r["time_s"] > since and all(r[k] == v for k, v in words.items())
    ]


def first(records: Records, kind: str, since: float, **words: Any) -> float | None:
    """Return the first of :func:`times`."""
    return next(iter(times(records, kind, since, **words)), None)


def steps(times: list[float]) -> list[float]:
    """Return the distances of neighbours, in whole milliseconds so that equal ones are equal."""
    return [round(b - a, 3) for a, b in itertools.pairwise(times)]


def seconds(text: str) -> float:
    """Read a time of a scenario in microseconds, as extract.py writes them."""
    assert text.endswith("us"), text
    return int(text[:-2]) / 1e6


#: Scenarios in folders of their own, and which observer looks at them.
LIKE = {
    "rdma/keep_alive": "a",
    "rdma/loss": "c",
    "rdma/late_write": "d",
    "rdma/late_write_reset": "d",
    "rdma/port_removed": "moved",
    "tcp/digest": "moved",
    "rdma/delete": "moved",
    "rdma/adapter_removed": "moved",
    "rdma/network_removed": "moved",
    "rdma/target_adapter_removed": "moved",
    "fc/keep_alive": "a",
    **{
        f"fc/{name}": "moved"
        for name in ("port", "target_port", "unlinked", "drop", "drop_reset", "reset", "delete")
    },
}
OBSERVERS: dict[str, Callable[[holdfast.Scenario, Records, Json], Json]] = {
    "a": keep_alive,
    "b": blackhole,
    "d": late_write,
    "d2": late_write,
    "e": port_removed,
    "f": discovery,
    "moved": moved_on,
}
