# SPDX-License-Identifier: Apache-2.0
"""The table of a sweep in Arrow: its columns, and rows made into it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from holdfast import _core
from holdfast.errors import UsageError
from holdfast.sweeping.points import Point

#: What names a run: the same three, the same row.
KEY = ("scenario_hash", "seed", "model_version")
#: Marks the Parquet files that sweeps write.
MARK = {b"holdfast": b"sweep"}

_TYPES = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64()}
_RESULTS = [pa.field(name, _TYPES[kind]) for name, kind, _ in _core.columns()]
_LAST = [pa.field(name, pa.string()) for name in (*KEY[::2], "error", "replay")]
#: What a run gives, whatever the axes.
RESULT_COLUMNS = [field.name for field in [*_RESULTS, *_LAST]]


def columns() -> pd.DataFrame:
    """Return the columns that each run fills in the table of a sweep: name, type, meaning."""
    return pd.DataFrame(_core.columns(), columns=["name", "type", "meaning"])


@dataclass(frozen=True)
class Task:
    """One run of a sweep."""

    point: Point
    seed: int


class Shape:
    """The columns of one sweep, with their types."""

    def __init__(self, points: Sequence[Point]) -> None:
        """Choose a type for each axis column from the values that it will have."""
        names = list(dict.fromkeys(name for point in points for name in point.columns))
        taken = {"seed", *RESULT_COLUMNS}
        for name in names:
            if name in taken:
                raise UsageError(f"points: {name} is a column of results; name the axis otherwise")
        self.axes = [
            pa.field(name, _type_of([point.columns.get(name) for point in points]))
            for name in names
        ]
        fields = [*self.axes, pa.field("seed", pa.uint64()), *_RESULTS, *_LAST]
        self.schema = pa.schema(fields, metadata=MARK)

    def rows(self, tasks: Sequence[Task], results: pa.Table) -> pa.Table:
        """Put the columns that say what was run before those that say what came of it."""
        arrays = [
            pa.array([_cell(task.point.columns.get(field.name), field.type) for task in tasks],
                     field.type)
            for field in self.axes
        ]  # fmt: skip
        arrays.append(pa.array([task.seed for task in tasks], pa.uint64()))
        columns = [results.column(name) for name in RESULT_COLUMNS]
        return pa.Table.from_arrays([*arrays, *columns], schema=self.schema)


def results(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Make a table of the columns that each run fills."""
    version = _core.model_version()
    arrays = [
        pa.array([row.get(field.name) for row in rows], field.type) for field in [*_RESULTS, *_LAST]
    ]
    table = pa.Table.from_arrays(arrays, names=RESULT_COLUMNS)
    at = RESULT_COLUMNS.index("model_version")
    return table.set_column(at, "model_version", pa.array([version] * len(rows), pa.string()))


def united(tables: Sequence[pa.Table], first: pa.Schema) -> pa.Table:
    """Put tables of several sweeps under each other, in the columns of all of them.

    A column that is text here and numbers there becomes text.
    """
    types: dict[str, pa.DataType] = {}
    last = {*RESULT_COLUMNS, "seed"}
    schemas = [first, *(table.schema for table in tables)]
    for field in (field for schema in schemas for field in schema if field.name not in last):
        known = types.get(field.name, field.type)
        types[field.name] = known if known == field.type else _common(known, field.type)
    rest = [field for field in first if field.name in last]
    schema = pa.schema([*types.items(), *((f.name, f.type) for f in rest)], metadata=MARK)
    if not tables:
        return schema.empty_table()
    return pa.concat_tables([_fitted(table, schema) for table in tables]).combine_chunks()


def frame(table: pa.Table) -> pd.DataFrame:
    """Return the table as pandas, on Arrow's columns."""
    out: pd.DataFrame = table.replace_schema_metadata(None).to_pandas(types_mapper=pd.ArrowDtype)
    return out


def keys(table: pa.Table) -> list[tuple[str, int, str]]:
    """Return the key of each row."""
    return list(zip(*(table.column(name).to_pylist() for name in KEY), strict=True))


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    names = set(table.schema.names)
    arrays = [
        table.column(field.name).cast(field.type)
        if field.name in names
        else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _common(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    numbers = {pa.int64(), pa.float64()}
    return pa.float64() if {one, other} <= numbers else pa.string()


def _type_of(values: Sequence[Any]) -> pa.DataType:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):
        return pa.int64()
    return pa.float64() if kinds and kinds <= {int, float} else pa.string()


def _cell(value: Any, kind: pa.DataType) -> Any:
    """Return what stands in an axis column; what fits no column of Arrow stands there as JSON."""
    if value is None or isinstance(value, str):
        return value
    if kind == pa.string():
        return json.dumps(value)
    return float(value) if kind == pa.float64() else value
