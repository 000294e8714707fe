# SPDX-License-Identifier: Apache-2.0
"""Documents of answers, small enough to be worked out by hand."""

from __future__ import annotations

from typing import Any

NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
LEVEL = {"deviations": 1, "worlds": 490, "probes": 5, "exhausted": True}
SEARCH = {
    "question": "search", "name": "small", "for": "corruption", "exhausted": True,
    "ended": "exhausted", "bounds": {"says": "1 deviation"}, "strategy": "exhaustive",
    "walks": {"worlds": 0, "outside_count": 0},
    "merging": {"on": False, "distinct_count": 0, "again_count": 0, "collision_probability": 0.0},
    "worlds": 12345, "probes": 5, "levels": [LEVEL],
    "worst": None,
}  # fmt: skip
WORST = {
    "deviations": [
        {"says": "the fault is late", "kind": "fault_at", "point": "fault/at", "ordinal": 0,
         "made_s": 0.0, "time_s": 1.5, "instead_of_s": 1.0},
        {"says": "the write is slow", "kind": "delay", "point": "write latency", "ordinal": 3,
         "made_s": 2.000000001, "time_s": 3.5, "instead_of_s": 0.00002},
    ],
    "scenario": {"name": "small-finding"}, "trace_hash": "0123456789abcdef", "seen_s": 6.0,
    "aftermath": {"says": "none of 40 is safe", "critical": True},
    "likelihood": [{"at_s": 0.0, "worlds": 100, "corrupt_count": 0},
                   {"at_s": 2.000000001, "worlds": 100, "corrupt_count": 60},
                   {"at_s": 4.0, "worlds": 100, "corrupt_count": 100}],
    "inevitable_s": 4.0,
    "story": {"kind": "stale_write", "host": "h1", "namespace": "sub/1", "lba": 7,
              "timeline": [{"t_s": 2.0, "event": "sent", "text": "write 1 is sent"},
                           {"t_s": 6.0, "event": "stale write", "text": "it lands"}]},
}  # fmt: skip
FOUND = {**SEARCH, "exhausted": False, "ended": "found", "worst": WORST}
#: A tenth, a fifth and a half come on: 1 in 100 meets the event.
RARE = {
    "question": "rare", "name": "small", "of": "stall>20s", "method": "restart", "seed": 2**63,
    "ended": "complete", "repetition_count": 2, "effort_count": 50, "ancestor_count": 12,
    "zero_count": 0, "gain": 40.0, "warnings": ["not converged"],
    "probability": {"value": 0.01, "low": 0.004, "high": 0.016}, "repetitions": [0.008, 0.012],
    "levels": [
        {"level": 0, "importance": 0.5, "tried_count": 100, "reached_count": 10, "chance": 0.1},
        {"level": 1, "importance": 0.7, "tried_count": 50, "reached_count": 10, "chance": 0.2},
        {"level": 2, "importance": None, "tried_count": 50, "reached_count": 25, "chance": 0.5},
    ],
    "work": {"event_count": 1000, "copy_count": 70, "root_count": 100},
    "pilot_work": {"event_count": 200, "copy_count": 10, "root_count": 20},
    "crude": {"run_count": 300, "hit_count": 3,
              "probability": {"value": 0.01, "low": 0.002, "high": 0.03}},
    "examples": [{"scenario": {"name": "small-rare-0", "choices": [1, 2, 3]}, "trace_hash": "ab"}],
}  # fmt: skip
POINT = {"keep_alive": "command", "kato_s": 5.0, "cqt_s": 0.5, "risk_probability": 2e-10,
         "stall_s": 18.0}  # fmt: skip
SIZE = {
    "question": "size", "name": "small", "feasible": True, "binds": "stall",
    "goal": {"risk_probability": 1e-9, "stall_s": 20.0}, "evaluation_count": 11,
    "recommended": {**POINT, "cqt_most_s": 2.5, "io_timeout_s": 9.0, "reconnect_delay_s": 3.0,
                    "ccr": False},
    "rule_of_thumb": {**POINT, "kato_s": 1.0, "risk_probability": 1e-6, "stall_s": 5.0},
    "frontier": [{**POINT, "kato_s": kato, "stall_s": 3.6 * kato} for kato in (1.0, 3.0, 5.0, 7.0)],
    "slack": {"risk_ratio": 5.0, "stall_s": 2.0},
}  # fmt: skip
ALL = {"search": FOUND, "rare": RARE, "size": SIZE}
LONGEST = {**FOUND, "for": "stall", "own_value_s": 2.0, "worst": {**WORST, "value_s": 14.5}}


def bitten(value: Any) -> Any:
    """Return a document whose texts are names that no scenario may have."""
    keep = {"question", "for", "of", "binds", "ended", "kind", "event"}
    if isinstance(value, dict):
        return {key: one if key in keep else bitten(one) for key, one in value.items()}
    if isinstance(value, list):
        return [bitten(one) for one in value]
    return NASTY if isinstance(value, str) else value
