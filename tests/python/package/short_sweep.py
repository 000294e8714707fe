# SPDX-License-Identifier: Apache-2.0
"""What the tests of sweeps run: rw_test alone, half a millisecond a run."""

from __future__ import annotations

import holdfast

BASE = (
    holdfast.Scenario.load("rw_test_mainline")
    .set("/duration", "30s")
    .set("/workloads", [{"type": "rw_test", "host": "h1", "iterations": 1}])
    .set("/faults/0/at", {"uniform": ["20ms", "90ms"]})
    .set("/expect", {})
)
POLICY = "/hosts/0/policy"
