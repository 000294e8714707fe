# SPDX-License-Identifier: Apache-2.0
"""The rule on result documents: a number tells its unit in its key, or is a plain count."""

from __future__ import annotations

from collections.abc import Iterator

UNITS = ("s", "ms", "us", "ns", "bytes", "bits", "bps", "pps", "iops", "ratio", "percent", "hz")

# What a number under one of these keys measures is told by the key above it: lat_us.p99.
STATISTICS = frozenset(
    ("mean", "min", "max", "total", "sum", "stddev", "p1", "p5", "p25", "p50", "p75", "p90", "p95",
     "p99", "p999", "p9999", "value", "expected", "low", "high")
)  # fmt: skip

# Plain counts and names that happen to be numbers: no unit applies.
COUNTS = frozenset(
    ("schema_version", "seed", "events", "packets", "dropped", "retransmits", "writes", "reads",
     "stale_writes", "stale_reads", "lost_writes", "torn_writes", "incidents", "intervals",
     "duplicate_effects", "mutated_writes", "misplaced_writes", "reservation_breaches", "operation",
     "ccr_attempts", "attempts", "retries", "count", "errors", "iops", "controller", "cntlid",
     "nsid", "lba", "slba", "nlb", "block", "blocks", "qid", "queue", "tag", "version", "iteration",
     "iterations", "write", "read", "command", "passed", "failed", "id", "cancelled", "recoveries",
     "io_errors", "false_alarms",
     "deviations", "worlds", "probes", "ordinal", "losses", "delays",
     "packet_delays", "notices", "shrink_runs", "safe",
     "fault", "faults", "workloads", "expiries", "target_expiries", "reconnects", "probability",
     "chance",
     "importance", "gain", "factor", "level", "prolong", "repetitions",
     "risk_probability", "collision_probability")
)  # fmt: skip


def _has_unit(key: str) -> bool:
    return any(key == unit or key.endswith(f"_{unit}") for unit in UNITS)


def numbers_without_unit(
    document: object, path: str = "", key: str = "", above: str = ""
) -> Iterator[str]:
    """Yield the JSON pointer of each number whose key tells neither a unit nor a plain count."""
    if isinstance(document, dict):
        # An entry that names a quantity, {"name": "hold_s", "value": 15}, tells the unit there.
        named = document.get("name")
        above = named if isinstance(named, str) else key
        for name, value in document.items():
            yield from numbers_without_unit(value, f"{path}/{name}", str(name), above)
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from numbers_without_unit(value, f"{path}/{index}", key, above)
    elif isinstance(document, (int, float)) and not isinstance(document, bool):
        inherited = key in STATISTICS and (_has_unit(above) or above in COUNTS)
        counts = key in COUNTS or key.endswith("_count")
        if not (_has_unit(key) or counts or inherited):
            yield path
