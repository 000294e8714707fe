# SPDX-License-Identifier: Apache-2.0
"""Numbers for docs/lsfmm.md: its template names them, the table of the matrix has them.

In the template ``{{stall_s median | fault=blackhole, KATO=5 s}}`` is a number: a column, a
statistic over the runs, and which runs; ``{{table NAME}}`` is one of the tables below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pandas as pd
from holdfast.plot import style

#: faults after which a path is gone, and those that TCP repairs
LOST = ("blackhole", "one-way blackhole", "controller crash", "controller hang")
DROPS = ("packet drop 0.1 %", "packet drop 1 %", "packet drop 5 %")
KATOS = ("1 s", "5 s", "15 s")
#: what the plots show where an axis has no room for all
WORKLOAD, KEEP_ALIVE, KATO = "write", "traffic based", "5 s"
#: a number or a table of the template
FIELD = re.compile(r"\{\{([^{}]+)\}\}")
LEVELS = ("none", "CQT only", "CCR+CQT", "CCR+CQT v6", "CCR+CQT+filter")


def with_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Add the throughput during the fault as a share of that before it."""
    return table.assign(throughput_share=table["fault_iops"] / table["before_iops"])


def part(table: pd.DataFrame, **equal: str | Sequence[str]) -> pd.DataFrame:
    """Return the rows in which columns have these values; `keep_alive` is the axis "keep alive"."""
    for name, values in equal.items():
        allowed = [values] if isinstance(values, str) else list(values)
        table = table[table[name.replace("_", " ")].isin(allowed)]
    return table


def told(value: float, column: str) -> str:
    """Return a number as the page writes it: three digits, with its unit."""
    if pd.isna(value):
        return "-"
    if column.endswith("_us"):
        return style.time_text(value / 1e6)
    if column.endswith("_s"):
        return style.time_text(value)
    if column.endswith("_share"):
        percent = 100 * value
        return f"{percent:.1f} %" if percent > 90 else f"{percent:.0f} %"
    return f"{value:.0f}"


def number(table: pd.DataFrame, text: str) -> str:
    """Return what ``column statistic | axis=value, axis=value`` says of the table."""
    what, _, where = text.partition("|")
    column, statistic = what.split()
    for condition in filter(None, (one.strip() for one in where.split(","))):
        axis, _, values = condition.partition("=")
        table = table[table[axis].isin(values.split(";"))]
    if table.empty:
        raise ValueError(f"no run for {text!r}")
    if statistic == "corrupt":
        return f"{int((table['verdict'] == 'corrupt').sum())} of {len(table)}"
    if statistic == "runs":
        return str(len(table))
    return told(float(getattr(table[column], statistic)()), column)


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """Return a table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main_table(table: pd.DataFrame) -> str:
    """Return a row for each fault and level, at one workload, KATO and mode."""
    some = with_shares(part(table, workload=WORKLOAD, KATO=KATO, keep_alive=KEEP_ALIVE))
    rows = [
        row_of(group, fault, level)
        for fault in (*DROPS, *LOST)
        for level in LEVELS
        if len(group := part(some, fault=fault, level=level))
    ]
    head = ["fault", "level", "throughput", "stall", "p99", "detect", "fence", "retry",
            "path back after", "exposure", "corrupt"]  # fmt: skip
    return markdown(head, rows)


def median_of(runs: pd.DataFrame, column: str) -> float:
    """Return the median over the runs that have a value; NaN without any."""
    values = runs[column].dropna()
    return float(values.median()) if len(values) else float("nan")


def row_of(runs: pd.DataFrame, fault: str, level: str) -> list[str]:
    """Return one row: medians, the longest exposure, how many corrupt."""
    medians = ("throughput_share", "stall_s", "write_lat_p99_us", "detect_s", "fence_s", "retry_s")
    cells = [told(median_of(runs, column), column) for column in medians]
    back = runs.assign(back_s=runs["detect_s"] + runs["fence_s"] + runs["reconnect_s"])
    cells.append(told(median_of(back, "back_s"), "back_s"))
    cells.append(told(float(runs["exposure_max_s"].max()), "exposure_max_s"))
    return [fault, level, *cells, f"{int((runs['verdict'] == 'corrupt').sum())} of {len(runs)}"]


def stall_table(table: pd.DataFrame) -> str:
    """Return the stall by level, KATO and mode, after a blackhole under writes."""
    some = part(table, workload=WORKLOAD, fault="blackhole")
    columns = [(kato, mode) for mode in ("traffic based", "command based")
               for kato in ("1 s", "5 s", "15 s")]  # fmt: skip
    rows = [
        [level, *(told(float(part(some, level=level, KATO=kato, keep_alive=mode)
                             ["stall_s"].median()), "stall_s") for kato, mode in columns)]
        for level in LEVELS
    ]  # fmt: skip
    return markdown(["level", *(f"{kato}, {mode}" for kato, mode in columns)], rows)


TABLES: dict[str, Callable[[pd.DataFrame], str]] = {"main": main_table, "stall": stall_table}


def render(template: str, table: pd.DataFrame) -> str:
    """Return the page: the template with its numbers."""
    shares = with_shares(table)

    def field(found: re.Match[str]) -> str:
        kind, _, name = found[1].partition(" ")
        return TABLES[name](table) if kind == "table" else number(shares, found[1])

    return FIELD.sub(field, template)
