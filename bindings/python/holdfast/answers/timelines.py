# SPDX-License-Identifier: Apache-2.0
"""What the settings of a scenario imply, without a run."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pandas as pd

from holdfast import _core
from holdfast._arguments import Whole, checked
from holdfast.errors import UsageError
from holdfast.scenario import ScenarioLike, as_scenario


@checked
def timers(scenario: ScenarioLike, *, hz: Annotated[int, Whole(1, 1000)] = 250) -> pd.DataFrame:
    """Return the timeline that the settings imply if both directions of a path go silent.

    Nothing is run: each line is arithmetic over the settings, and holds for every phase of the
    fault, of the looks at the keep-alive and of the ticks. `hz` is the tick rate (CONFIG_HZ) of
    machines that have none in the scenario; a divisor of 10^9.

    >>> lines = timers("rw_test_cqt_only").set_index("name")
    >>> lines.loc["hold_ends", ["earliest_s", "latest_s", "latest_in_ticks_s"]].tolist()
    [15.001, 15.001, 15.26]

    Returns:
        One row a line; connections with the same settings share theirs. ``host``, ``controllers``,
        ``subsystem``, ``ports``; ``name``, ``says``, ``after`` (what the span counts from: the
        fault, another line, or words); the span with exact timers (``earliest_s``, ``latest_s``)
        and with ticks (``earliest_in_ticks_s``, ``latest_in_ticks_s``); the same since the fault
        (``since_fault_earliest_s``, ...; NaN for what does not follow from it); ``formula`` and
        ``source``. ``attrs["margin_s"]`` is how long the first release comes after the last stale
        effect, at its worst; negative if it may come before. ``attrs["without_keep_alive"]`` has
        the connections with KATO 0, of which there is no timeline: nobody looks.

    Raises:
        ScenarioError: the scenario is wrong.
        UsageError: an argument is.

    """
    if 10**9 % hz != 0:
        raise UsageError(f"hz: found {hz}, expected a divisor of 10^9")
    one = as_scenario(scenario)
    document = json.loads(_core.timers(one._text(), one.source, hz))
    rows = [_row(whose, line) for whose in document["timelines"] for line in whose["lines"]]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    worst = [t["margin"][kind]["earliest_s"] for t in document["timelines"] for kind in _KINDS]
    table.attrs["margin_s"] = min(worst, default=float("nan"))
    table.attrs["without_keep_alive"] = document["without_keep_alive"]
    return table


_KINDS = ("exact", "ticks")
_ENDS = [f"{end}{ticks}_s" for ticks in ("", "_in_ticks") for end in ("earliest", "latest")]
_COLUMNS = [
    *("host", "controllers", "subsystem", "ports", "name", "says", "after"),
    *_ENDS,
    *(f"since_fault_{end}" for end in _ENDS),
    *("formula", "source"),
]


def _row(whose: dict[str, Any], line: dict[str, Any]) -> list[Any]:
    return [
        whose["host"],
        ", ".join(whose["controllers"]),
        whose["subsystem"],
        ", ".join(whose["ports"]),
        *(line[key] for key in ("name", "says", "after")),
        *_ends(line["span"]),
        *_ends(line["since_fault"]),
        line["formula"],
        line["source"],
    ]


def _ends(span: dict[str, Any] | None) -> list[float]:
    """Return both ends with exact timers and with ticks."""
    if span is None:
        return [float("nan")] * 4
    return [span[kind][end] for kind in _KINDS for end in ("earliest_s", "latest_s")]
