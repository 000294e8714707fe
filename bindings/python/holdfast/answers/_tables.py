# SPDX-License-Identifier: Apache-2.0
"""From a table to the page of many points."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from holdfast import _core
from holdfast._words import plain
from holdfast.pages import Report


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table by name."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False)]


def verdict_of_runs(table: pd.DataFrame) -> str:
    """Return how many of the runs of a sweep corrupted data, as a sentence."""
    corrupt = int((table["verdict"] == "corrupt").sum())
    return f"{corrupt} of {len(table)} runs corrupted data."


def page_of_table(
    table: pd.DataFrame,
    *,
    title: str,
    verdict: str,
    x: str = "",
    y: str = "",
    by: str = "",
    marked: Sequence[int] = (),
    commands: Sequence[str] = (),
) -> Report:
    """Return the page of a table; columns that are not named are chosen by the page."""
    names = [plain(name) for name in table.columns]
    place = {name: number for number, name in enumerate(names)}
    data = {
        "title": title,
        "verdict": verdict,
        "columns": names,
        "rows": [[_value(one) for one in row] for row in table.itertuples(index=False)],
        "marked": list(marked),
        "commands": [plain(one) for one in commands],
        **{key: place.get(name, -1) for key, name in (("x", x), ("y", y), ("by", by))},
    }
    return Report(_core.table_page(json.dumps(data)))


def _value(one: Any) -> Any:
    """Return a cell as JSON has it: a number, a text, or nothing."""
    if hasattr(one, "item"):
        one = one.item() if getattr(one, "ndim", 0) == 0 else str(one)
    if one is None or one is pd.NA or one is pd.NaT:
        return None
    if isinstance(one, bool):
        return "yes" if one else "no"
    if isinstance(one, (int, float)):
        # Beyond 2^53 a browser would round; such a number is a name, as a hash is.
        if isinstance(one, float) and not math.isfinite(one):
            return None
        return one if abs(one) <= 2**53 else str(one)
    return plain(one)
