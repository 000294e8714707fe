# SPDX-License-Identifier: Apache-2.0
"""The state in which a run over other fabrics was when its fault came; for extract_fabrics.py."""

from __future__ import annotations

from extract import JIFFIES, TICK_S, Json, Log, phase, us

#: What the slow processor makes of the medium at one I/O at a time: the loss-free rows.
MEDIA_US = {"read": 290, "write": 271}
#: What one loss costs where no later packet of its message shows the gap.
STALL_US = 555_000
#: From the mark of a reset to the driver: 0.2 to 1.2 ms, by the ticks at which its grace periods
#: end.
WRITE_S = 0.0005
THINK_S = {"5000": 0.005, "10000": 0.01, "20000": 0.02, "40000": 0.04, "100000": 0.1}
MEDIUM = "/subsystems/0/namespaces/0/media/write"


def connects(log: Log, kato: str) -> tuple[float, Json]:
    """Return the zero of a run, and what its connections are given."""
    zero, second = log.mark("connect path1"), log.mark("connect path2")
    assert zero is not None
    sets = phase(zero) | {"/hosts/0/connect/0/keep_alive_tmo": f"{kato}s"}
    if second is not None:
        sets["/hosts/0/connect/1/keep_alive_tmo"] = f"{kato}s"
        sets["/hosts/0/connect/1/at"] = us(second - zero)
    return zero, sets


def delayed(at: float, seconds: float) -> float:
    """Return when dm-delay lets something go that came at an instant of the machine's clock."""
    now = int(at / TICK_S) + JIFFIES
    expires = now + round(seconds / TICK_S)
    granularity = 1
    while expires - now >= 63 * granularity:
        granularity *= 8
    return ((expires // granularity + 1) * granularity - JIFFIES) * TICK_S


def in_flight(r: Json, mark: float) -> tuple[float, float]:
    """Return when the I/O was submitted that is in flight at a mark, and what it takes."""
    given = r["parameters"]
    backend, think = float(given["DELAYBE"]) / 1e3, THINK_S[given["THINK"]]
    last = max((io for io in r["io"]["slow"] if io["submit_s"] < 0), key=lambda io: io["submit_s"])
    submitted, done = mark + last["submit_s"], mark + last["done_s"]
    if done > mark:
        return submitted, delayed(submitted, backend) - submitted
    while done < mark:
        submitted = done + think + 0.0003
        done = delayed(submitted, backend)
    return submitted, done - submitted


def slow_load(r: Json, zero: float, mark: float) -> Json:
    """Return the load that has in flight at a mark what the run had."""
    submitted, takes = in_flight(r, mark)
    return {
        "/workloads/0/start": us(submitted - zero),
        "/workloads/0/numjobs": int(r["parameters"]["QD"]),
        "/workloads/0/thinktime": us(THINK_S[r["parameters"]["THINK"]]),
        MEDIUM: us(takes),
    }


def first_abort(r: Json) -> float | None:
    """Return when the first I/O ended with an error."""
    found = [time for time, text in r["error_completions_trace"] if "qid=1" in text]
    return found[0] if found else None
