# SPDX-License-Identifier: Apache-2.0
"""Titles of plots claim what the plots show, and no more."""

from __future__ import annotations

import pandas as pd
import pytest
from holdfast import plot
from matplotlib.axes import Axes

pytestmark = pytest.mark.usefixtures("drawn_in_memory")
KATO = "/hosts/0/connect/*/keep_alive_tmo"
HOLD = "/hosts/0/policy/hold_multiplier"


def title(ax: Axes) -> str:
    """Return what a plot claims."""
    return str(ax.get_title("left"))


def test_phases_of_several_runs_are_means() -> None:
    """Of one run they are its own; of several the title says that they are averages."""
    table = pd.DataFrame(
        {
            "policy": ["held"] * 2,
            "detect_s": [5.0, 7.0],
            "fence_s": [15.0, 15.0],
            "retry_s": [0.0, 0.0],
            "reconnect_s": [1.0, 1.0],
        }
    )
    assert title(plot.recovery_phases(table)) == "held: on average 15.0 s of 21.0 s go to the fence"
    one = plot.recovery_phases(table.head(1))
    assert title(one) == "held: 15.0 s of 20.0 s go to the fence"
    without_groups = plot.recovery_phases(table.drop(columns="policy"))
    assert title(without_groups) == "On average 15.0 s of 21.0 s go to the fence"


def test_a_line_that_goes_up_between_levels_is_not_called_flat() -> None:
    """From end to end it costs nothing; in between it costs 5 s."""
    table = pd.DataFrame({KATO: ["5s", "10s", "15s"], "stall_s": [5.0, 10.0, 5.0]})
    assert "does not grow" not in title(plot.stall_against_kato(table))
    flat = table.assign(stall_s=[5.0, 5.0, 4.0])
    assert title(plot.stall_against_kato(flat)) == "The mean stall does not grow with KATO"
    # Another line grows by as much in the middle, and by nothing from end to end.
    other = pd.concat([flat.assign(policy="a"), table.assign(policy="b")])
    assert "does not grow" not in title(plot.stall_against_kato(other))


def test_the_exposure_of_a_line_is_told_at_its_own_longest_hold() -> None:
    """One line ends at factor 2, exposed; another goes on to 4, and is safe there."""
    table = pd.DataFrame(
        {
            HOLD: [1, 2, 2, 4],
            "who": ["short", "short", "long", "long"],
            "exposure_max_s": [3.0, 2.0, 1.0, 0.0],
        }
    )
    ax = plot.exposure_against_hold(table, by="who")
    assert title(ax) == "Exposed for up to 2.00 s even at the longest hold (short)"
