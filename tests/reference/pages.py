# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/validity.md, made from the rows of the comparison."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable
from pathlib import Path

from compare import Row, shown

PAGE = Path(__file__).resolve().parents[2] / "docs" / "validity.md"
BEGIN, END = "<!-- compared: begin -->", "<!-- compared: end -->"

#: The experiments by the first letter of their name, in the order of the page.
TITLES = {
    "a": "Keep-alive cadence",
    "b": "A path swallows everything",
    "bsweep": "The same at twelve phases of the keep-alive timers",
    "b-tcp": "Retransmissions of what is stuck",
    "c": "Random loss in both directions",
    "d": "A stale write",
    "e": "A port of the target is removed for 30 s",
    "f": "Persistent discovery controller",
    "rb": "NVMe/RDMA: a path swallows everything, retries without limit",
    "ca": "NVMe/TCP: a dead path's controller is deleted or reset",
    "ce": "NVMe/TCP: the I/O timeout notices first",
    "cf": "NVMe/TCP: digest errors at the target",
    "rbx": "NVMe/RDMA: the same, retries counted",
    "ra": "NVMe/RDMA: keep-alive cadence",
    "rc": "NVMe/RDMA: random loss in both directions",
    "rd": "NVMe/RDMA: a stale write",
    "re": "NVMe/RDMA: a port of the target is removed for 30 s",
    "rs": "NVMe/RDMA: a controller is reset over a dead path, or deleted",
    "rf": "NVMe/RDMA: an adapter is removed",
    "fk": "NVMe/FC: keep-alive cadence",
    "fa": "NVMe/FC: ports come and go",
    "fb": "NVMe/FC: a write is lost",
    "fc": "NVMe/FC: a controller is reset or deleted",
}


def group_of(row: Row) -> str:
    """Return under which title a row belongs."""
    name = row.experiment
    return "b-tcp" if name.startswith("b-tcp") else re.split(r"[-_0-9]", name)[0]


def summary(rows: list[Row]) -> str:
    """Return one line a group: how many numbers, and how far off the worst of them is."""
    lines = ["| experiment | runs | numbers | largest error | out of bounds |", "| --- " * 5 + "|"]
    for group, title in TITLES.items():
        of_group = [row for row in rows if group_of(row) == group]
        if not of_group:
            continue
        numbers = sum(len(row.pairs) for row in of_group)
        failed = sum(not row.passes for row in of_group)
        runs = len({row.run for row in of_group})
        lines.append(f"| {title} | {runs} | {numbers} | {worst(of_group)} | {failed or 'none'} |")
    return "\n".join(lines)


def worst(rows: Iterable[Row]) -> str:
    """Return the largest error of times in milliseconds, of latencies as a factor."""
    rows = list(rows)
    latencies = [row for row in rows if math.isfinite(row.bound.ratio)]
    if latencies:
        factor = max(max(a, b) / min(a, b) for row in latencies for a, b in row.pairs)
        return f"{factor:.2f} times"
    errors = [row.error for row in rows if row.what.endswith("_s") and row.error is not None]
    return f"{max(errors, key=abs) * 1e3:+.1f} ms" if errors else "-"


def cell(row: Row | None) -> str:
    """Return measured and simulated, in bold what is out of bounds."""
    if row is None:
        return ""
    a, b = shown(row.measured), shown(row.simulated)
    if row.what.endswith("_us"):
        a, b = f"{row.measured / 1e3:.2f}", f"{row.simulated / 1e3:.2f}"
    text = f"{a} / {b}" if a != b else f"{a} / ="
    return text if row.passes else f"**{text}**"


def details(rows: list[Row]) -> str:
    """Return a table of the runs of one experiment: a line a run, a column a number."""
    whats = list(dict.fromkeys(row.what for row in rows))
    heads = [re.sub(r"_us$", ", ms", re.sub(r"_s$", ", s", w)).replace("_", " ") for w in whats]
    lines = [f"| run | {' | '.join(heads)} |", "| --- " * (len(whats) + 1) + "|"]
    for run, of_run in itertools.groupby(rows, key=lambda row: row.run):
        known = {row.what: row for row in of_run}
        lines.append(f"| {run} | {' | '.join(cell(known.get(what)) for what in whats)} |")
    return "\n".join(lines)


def markdown(rows: list[Row]) -> str:
    """Return all tables."""
    parts = [summary(rows)]
    for group, title in TITLES.items():
        of_group = [row for row in rows if group_of(row) == group]
        if not of_group:
            continue
        parts.append(f"### {title}")
        # One table for what has the same columns.
        shapes: dict[tuple[str, ...], list[Row]] = {}
        for _, of_experiment in itertools.groupby(of_group, key=lambda row: row.experiment):
            some = list(of_experiment)
            shape = tuple(dict.fromkeys(row.what for row in some))
            shapes.setdefault(shape, []).extend(some)
        parts += [details(some) for some in shapes.values()]
        excuses = {(row.what, row.excuse) for row in of_group if row.excuse is not None}
        for what, excuse in sorted(excuses):
            name = what.removesuffix("_s").replace("_", " ")
            parts.append(f"Out of bounds, **{name}**: {excuse}.")
    return "\n\n".join(parts)


def write(rows: list[Row]) -> None:
    """Put the tables into the page."""
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{markdown(rows)}\n\n{END}{after}")


def tables_on_page() -> str:
    """Return what the page shows now."""
    return PAGE.read_text().split(BEGIN)[1].split(END)[0].strip()
