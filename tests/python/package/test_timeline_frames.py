# SPDX-License-Identifier: Apache-2.0
"""`holdfast.timers`: the table of what settings imply."""

from __future__ import annotations

import holdfast
import pytest
from holdfast import Scenario, ScenarioError, UsageError


def test_lines_are_rows_with_their_sums() -> None:
    """3 x KATO + CQT; the first row since the fault is KATO and up to two looks."""
    table = holdfast.timers("rw_test_cqt_only")
    lines = table.set_index("name")
    assert lines.loc["hold_ends", "latest_s"] == 15.001
    assert lines.loc["hold_ends", "latest_in_ticks_s"] == 15.26
    assert lines.loc["host_detects", "since_fault_latest_s"] == 7.5
    (io_timeout,) = table[table["name"] == "io_timeout"].to_dict("records")
    assert io_timeout["since_fault_latest_s"] != io_timeout["latest_s"]
    assert set(table["controllers"]) == {"nvme0, nvme1"}
    assert table.attrs["margin_s"] > 9


def test_a_run_lies_within_its_lines() -> None:
    """The one of quickstart: noticed and released within the bounds."""
    lines = holdfast.timers("quickstart").set_index("name")
    recovery = holdfast.run("quickstart").recovery.iloc[0]
    for name, column in (("host_detects", "detected_s"), ("released", "released_s")):
        after = recovery[column] - recovery["fault_s"]
        low, high = lines.loc[name, ["since_fault_earliest_s", "since_fault_latest_s"]]
        assert low <= after <= high


def test_no_hold_leaves_no_margin() -> None:
    """Mainline releases before nvmet has expired; a rate of ticks is a divisor of 10^9."""
    assert holdfast.timers("rw_test_mainline").attrs["margin_s"] < 0
    coarse = holdfast.timers("rw_test_cqt_only", hz=100).set_index("name")
    assert coarse["latest_in_ticks_s"].astype(float)["hold_ends"] > 15.001
    with pytest.raises(UsageError, match="divisor"):
        holdfast.timers("quickstart", hz=999)
    with pytest.raises(UsageError):
        holdfast.timers("quickstart", hz=0)
    with pytest.raises(ScenarioError):
        holdfast.timers({**Scenario.load("quickstart").to_dict(), "hosts": []})
