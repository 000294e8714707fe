# SPDX-License-Identifier: Apache-2.0
"""A page of many points: what a sweep has found, to be filtered, sorted and looked at."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import pandas as pd

from holdfast._arguments import AnyPath, checked
from holdfast._words import did_you_mean, plain, shown
from holdfast.answers._tables import page_of_table, records, verdict_of_runs
from holdfast.errors import UsageError
from holdfast.pages import Report


@checked
def explore(
    table: pd.DataFrame,
    x: str | None = None,
    y: str | None = None,
    *,
    by: str | None = None,
    scenario: str | None = None,
    title: str = "Sweep",
    out: AnyPath | None = None,
) -> Report:
    """Return a page of a table, as :func:`holdfast.sweep` gives it: a plot, and rows that filter.

    The axes can be changed on the page. A click on a point or row shows all of it and, with
    `scenario`, the command that does its run. Of more than 5000 rows the later ones are left out,
    and the page says so.

    Args:
        table: the rows; numbers can be axes.
        x: the column across; by default the first one with numbers.
        y: the column up; by default the next one.
        by: the column that colours the points.
        scenario: the name or file of what was swept. The command changes in it what columns that
            begin with ``/`` say.
        title: of the page.
        out: a file for the page as well.

    Raises:
        UsageError: a column is not there, or the table has no rows.
        WriteError: the file cannot be written.

    """
    if table.empty:
        raise UsageError("table: found no rows, expected one at least")
    names = [plain(name) for name in table.columns]
    if len(set(names)) < len(names):
        raise UsageError("table: found a column several times, expected each once")
    for argument, name in (("x", x), ("y", y), ("by", by)):
        if name is not None and name not in names:
            raise UsageError(
                f"{argument}: found {shown(name)}, expected a column of the table"
                f"{did_you_mean(name, names)}"
            )
    words = verdict_of_runs(table) if "verdict" in names else f"{len(table)} points"
    page = page_of_table(
        table, title=plain(title), verdict=words, x=x or "", y=y or "", by=by or "",
        commands=[_command(plain(scenario), row) for row in records(table)] if scenario else [],
    )  # fmt: skip
    if out is not None:
        page.save(out)
    return page


def _command(scenario: str, row: Mapping[Any, Any]) -> str:
    """Return the command that does the run of a row again."""
    words = ["holdfast", "run", scenario]
    if isinstance(row.get("seed"), (int, float)) and row["seed"] == row["seed"]:
        words += ["--seed", str(int(row["seed"]))]
    for name, value in row.items():
        if str(name).startswith("/") and not (isinstance(value, float) and value != value):
            words += ["--set", f"{name}={value}"]
    return shlex.join(plain(word) for word in words)
