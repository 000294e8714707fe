# SPDX-License-Identifier: Apache-2.0
"""The threshold finder, against sums done by hand."""

from __future__ import annotations

from typing import Any

import holdfast
import pytest
from holdfast import HoldfastError, UsageError

HOLD = "/hosts/0/policy/hold_multiplier"


def cases(kato_s: int, traffic_based: bool) -> list[dict[str, Any]]:
    """Phases of the fault over a look at the keep-alive, times at which the path comes back."""
    out = []
    for phase in range(4):
        at = kato_s * (1 + phase / 8) + 1
        for step in range(1, 44):
            back = kato_s * step / 20
            out.append(
                {
                    "/hosts/0/connect/*/keep_alive_tmo": f"{kato_s}s",
                    "/subsystems/0/traffic_based_keep_alive": traffic_based,
                    "/faults/1/at": f"{at}s",
                    "/faults/2/at": f"{at}s",
                    "/faults/2/for": f"{back:.3f}s",
                    "/faults/3/at": f"{at + back + 1:.3f}s",
                }
            )
    return out


def by_hand(kato_s: float, traffic_based: bool) -> float:
    """Return the least safe multiplier for an idle host.

    Last Keep Alive fetched at 0; the next one, a look later, is lost, and the host gives up one
    KATO after it. TCP repeats it 0.2 (a probe), 0.4, 0.8 ... s after the loss; the last copy that
    comes before the controller expires restarts its timer. Traffic based, the Keep Alive is good
    for two windows of the timer, command based for one (protocol.md 1.7, 1.8, 8).
    """
    windows = 2 if traffic_based else 1
    look = kato_s / (4 if traffic_based else 2)
    copies = [look + 0.2 * 2**n for n in range(11)]
    fetched = max([t for t in copies if t < windows * kato_s], default=0.0)
    return (fetched + windows * kato_s - (look + kato_s)) / kato_s


@pytest.mark.parametrize(
    ("kato_s", "traffic_based", "worked_out"),
    # (1.25 + 6.4 + 10 - 6.25) / 5, (3.75 + 25.6 + 30 - 18.75) / 15, (2.5 + 1.6 + 5 - 7.5) / 5,
    # (7.5 + 6.4 + 15 - 22.5) / 15
    [(5, True, 2.28), (15, True, 40.6 / 15), (5, False, 0.32), (15, False, 6.4 / 15)],
)
def test_the_least_safe_hold_is_found_within_one_percent(
    kato_s: int, traffic_based: bool, worked_out: float
) -> None:
    """Both modes, the worst of all phases and of all times at which the path comes back."""
    assert by_hand(kato_s, traffic_based) == pytest.approx(worked_out, abs=1e-9)
    found = holdfast.threshold(
        "least_safe_hold", HOLD, (0.02, 4.0), over=cases(kato_s, traffic_based), progress=False
    )
    assert found.estimate == pytest.approx(worked_out, rel=0.01)
    assert found.low < found.high <= found.low * 1.0102
    assert (found.worst["exposure_max_s"] > 0).all()
    above = found.table[found.table[HOLD] >= found.high]
    assert (above["exposure_max_s"] == 0).all()
    # TP4129's multiplier is on the safe side as long as the Keep Alive is what notices.
    assert found.high < (3 if traffic_based else 2)


def test_only_cases_that_still_matter_are_run_again() -> None:
    """Halving 4 to 1 % takes 1 + 1 + 9 rounds; pruned, far fewer runs than rounds x cases."""
    some = cases(15, True)
    found = holdfast.threshold("least_safe_hold", HOLD, (0.02, 4.0), over=some, progress=False)
    assert found.table[HOLD].nunique() <= 11
    assert len(found.table) < 0.8 * found.table[HOLD].nunique() * len(some)


def test_quantities_and_other_conditions() -> None:
    """How long a write must be stuck to make I/O stall for 3 s."""
    base = holdfast.Scenario.load("delayed_write").set("/expect", {})
    found = holdfast.threshold(
        base,
        "/faults/0/delay",
        ("1s", "6s"),
        fails=lambda table: table["stall_s"] < 3,
        progress=False,
    )
    # The stall of a write is its delay but for the microseconds on the way.
    assert found.estimate == pytest.approx(3.0, rel=0.01)
    assert isinstance(found.high, str)


def test_the_largest_value_with_which_nothing_fails() -> None:
    """The longest KATO with at most 12 s of stall: 3 x KATO + CQT (1 ms) and some 40 us."""
    found = holdfast.threshold(
        "rw_test_cqt_only",
        "/hosts/0/connect/*/keep_alive_tmo",
        ("1s", "60s", "whole"),
        fails=lambda table: table["stall_s"] > 12,
        progress=False,
    )
    assert (found.low, found.high) == ("3s", "4s")
    assert (found.safe, found.failing) == ("3s", "4s")
    assert 3 < found.estimate < 4
    assert (found.worst["stall_s"] > 12).all()
    safe = found.table[found.table["/hosts/0/connect/*/keep_alive_tmo"] == found.safe]
    assert (safe["stall_s"] <= 12).all()
    assert f"no case fails up to {found.safe}>" in repr(found)
    # The other way round the safe end is the upper one.
    hold = holdfast.threshold("rw_test_ccr_failed", HOLD, (0.01, 1.0), progress=False)
    assert (hold.safe, hold.failing) == (hold.high, hold.low)
    assert f"no case fails from {hold.safe}>" in repr(hold)


def test_ends_that_are_none_are_told() -> None:
    """Both ends are tried first."""
    with pytest.raises(UsageError, match="a case fails at 1 and at 2; widen"):
        holdfast.threshold("rw_test_mainline", "/hosts/0/cpus", (1, 2), progress=False)
    with pytest.raises(UsageError, match="no case fails at 1 or at 2; widen"):
        holdfast.threshold("rw_test_cqt_only", "/hosts/0/cpus", (1, 2), progress=False)
    with pytest.raises(UsageError, match="tolerance"):
        holdfast.threshold("rw_test_ccr", "/hosts/0/cpus", (1, 2), tolerance=0.0)
    with pytest.raises(HoldfastError, match="number above 0"):
        holdfast.threshold("least_safe_hold", HOLD, (0.0, 101.0), progress=False)
