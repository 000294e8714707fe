# SPDX-License-Identifier: Apache-2.0
"""``holdfast sweep --report``: a page of all rows, each with the command that does its run."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from holdfast import _core
from holdfast._words import plain, shown
from holdfast.answers._tables import page_of_table, verdict_of_runs
from holdfast.errors import UsageError, WriteError
from holdfast.sweeping.runs import program


def check_page(page: Path, out: Any) -> None:
    """Check before any run that a page can be written there, and that nothing else would be lost.

    Raises:
        UsageError: something else is there, the rows go there, or there is no such folder.
        WriteError: the folder takes no file.

    """
    found = f"--report: found {shown(os.fspath(page))}"
    if other := _core.in_the_way_of_page(os.fspath(page)):
        raise UsageError(f"{found}, {other}")
    if not page.parent.is_dir():
        raise UsageError(f"{found}, expected a file in a folder that is there")
    if out is not None and Path(out).absolute() == page.absolute():
        raise UsageError(f"{found}, where the rows go, expected another file")
    try:
        with tempfile.TemporaryFile(dir=page.parent):
            pass
    except OSError as error:
        raise WriteError(f"--report: cannot write {page}: {error.strerror}") from None


def write_page(page: Path, sweep_file: Path, asked: dict[str, Any], table: pd.DataFrame) -> str:
    """Write the page; return what is to be said of it.

    A command changes a file. A base that stands in the sweep file itself is none.
    """
    commands = _commands(sweep_file, asked, table)
    points = asked["points"]
    swept = next(iter(points[0].columns), "") if points else ""
    report = page_of_table(
        table,
        title=plain(sweep_file.stem),
        verdict=verdict_of_runs(table),
        x="exposure_max_s",
        y="stall_s",
        by=swept,
        commands=commands,
    )
    report.save(page)
    kilobytes = -(-len(report.html.encode()) // 1000)
    words = f"{page}: {len(table)} run{'' if len(table) == 1 else 's'}, {kilobytes} KB"
    return (
        words if commands else f"{words}; without commands, for the base is in no file of its own"
    )


def _commands(sweep_file: Path, asked: dict[str, Any], table: pd.DataFrame) -> list[str]:
    document = json.loads(_core.read_text(str(sweep_file)))
    if not isinstance(document["base"], str):
        return []
    first = [program(), "run", asked["base"].source]
    for path, value in document.get("set", {}).items():
        first += ["--set", f"{path}={json.dumps(value)}"]
    # Rows are in the order of points x seeds.
    seeds = len(table) // max(1, len(asked["points"]))
    out = []
    for place, seed in enumerate(table["seed"]):
        words = [*first, "--seed", str(seed)]
        for path, value in asked["points"][place // seeds].sets:
            words += ["--set", f"{path}={value}"]
        out.append(shlex.join(words))
    return out
