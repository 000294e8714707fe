# SPDX-License-Identifier: Apache-2.0
"""m x KATO + CQT is tight: the executions that need all of it, to the nanosecond."""

from __future__ import annotations

import holdfast
import pytest
from holdfast import Scenario

CQT_NS = 1_000_000
HOLD = "/hosts/0/policy"


def exposure_ns(scenario: Scenario, multiplier: float) -> int:
    """Return the exposure under the specification's policy with another m."""
    policy = {"preset": "spec", "hold_multiplier": multiplier}
    one = scenario.set(HOLD, policy)
    return round(float(holdfast.run(one).row()["exposure_max_s"]) * 1e9)


@pytest.mark.parametrize(
    ("name", "katt_ns", "last_submission_ns", "expiry_ns", "m"),
    [
        # The look at 12.000004104 s and three KATO, the last submission right behind that look.
        ("tight_hold", 8 * 10**9, 12_000_030_000, 12_000_004_104 + 24 * 10**9, 3),
        # A Keep Alive of 12 s, fetched 59.49999 s later, and a KATT.
        ("tight_hold_command_based", 60 * 10**9, 12 * 10**9, 71_499_994_104 + 60 * 10**9, 2),
    ],
)
def test_the_hold_is_tight(
    name: str, katt_ns: int, last_submission_ns: int, expiry_ns: int, m: int
) -> None:
    """Nothing is exposed by the least hold that is safe; a nanosecond less, and for that long."""
    scenario = Scenario.load(name)
    least_ns = expiry_ns - last_submission_ns - CQT_NS
    assert 0.99 * m * katt_ns < least_ns < m * katt_ns
    assert exposure_ns(scenario, least_ns / katt_ns) == 0
    for less_ns in (1, 1000, katt_ns // 100):
        assert exposure_ns(scenario, (least_ns - less_ns) / katt_ns) == less_ns
    assert exposure_ns(scenario, m) == 0


def test_a_keep_alive_that_is_held_counts_twice() -> None:
    """Held for h, it keeps nvmet's controller for h + 2 x KATO; by the specification KATO less."""
    scenario = Scenario.load("held_keep_alive")
    sent_s, kato_s, path_s, release_s = 12.0, 8.0, 4.104e-6, 12.00001 + 24 + 0.001
    # The look of 16 s still sees the read before; from 8.0 to 12 s it outlives the next one.
    for held_s in (7.9, 8.0, 8.002, 8.5, 11.9999):
        held = scenario.set("/faults/2/delay", f"{held_s}s")
        held = held.set("/faults/3/for", f"{held_s - 0.4:.4f}s")
        held = held.set("/faults/4/at", f"{held_s + 12.5:.4f}s")
        expiry_s = sent_s + held_s + path_s + 2 * kato_s
        found = holdfast.run(held).row()["exposure_max_s"]
        assert found == pytest.approx(max(0.0, expiry_s - release_s), abs=2e-9)
    spec = scenario.set("/subsystems/0/keep_alive_starts_interval", True)
    assert holdfast.run(spec).row()["exposure_max_s"] == 0
