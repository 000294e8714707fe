# SPDX-License-Identifier: Apache-2.0
"""What statistics and plots need to know about the table of a sweep."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from holdfast._words import did_you_mean, shown
from holdfast.errors import UsageError
from holdfast.units import nanoseconds

#: The verdict on a partial run that was well so far.
NOT_JUDGED = "not judged"
_VERDICTS = ("ok", "corrupt", NOT_JUDGED)


def check_column(table: pd.DataFrame, column: str) -> None:
    """Raise UsageError unless the table has the column."""
    if column in table.columns:
        if not isinstance(table[column], pd.Series):
            raise UsageError(f"column: found {shown(column)} several times, expected it once")
        return
    names = [str(name) for name in table.columns]
    hint = did_you_mean(column, names)
    raise UsageError(
        f"column: found {shown(column)}, the table has none of this name; expected one of "
        f"{shown(names)}{hint}"
    )


def axis_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns that are axes of the sweep: those before ``seed``.

    Of a table without ``seed``, or with its columns in another order: those named by a path.
    """
    names = [str(name) for name in table.columns]
    before = names[: names.index("seed")] if "seed" in names else []
    return [name for name in names if name in before or "/" in name]


def is_yes_or_no(values: pd.Series[Any]) -> bool:
    """Tell whether a column holds verdicts or booleans, so that its mean is a proportion."""
    known = values.dropna()
    if len(known) == 0:
        return values.name == "verdict"
    return bool(known.map(lambda v: isinstance(v, (bool, np.bool_)) or v in _VERDICTS).all())


def numbers(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """Return a column as numbers; what is missing is NaN, and a verdict is 1 if corrupt.

    Raises:
        UsageError: the column holds something else.

    """
    if is_yes_or_no(values):
        known = values.map(_share)
        return known.to_numpy(dtype=np.float64, na_value=np.nan)
    try:
        return pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(
            f"column {shown(values.name)}: found {shown(_first_word(values))}, expected numbers, "
            "booleans or verdicts"
        ) from None


def _share(value: Any) -> Any:
    """Return 1 for what is corrupt or true, 0 for the opposite, NaN for what was not judged."""
    if pd.isna(value) or value == NOT_JUDGED:
        return np.nan
    return float(value == "corrupt" or value is True or value == 1)


def _first_word(values: pd.Series[Any]) -> object:
    return next((v for v in values if not isinstance(v, (int, float))), None)


def seconds(value: Any, where: str = "time") -> float:
    """Return a time of a scenario in seconds: a number of them, or text such as ``"250ms"``.

    Raises:
        UsageError: it is neither.

    """
    number = value.item() if isinstance(value, np.generic) else value
    return nanoseconds(number, where) / 1e9


def key_of(value: Any) -> Any:
    """Return a value of an axis in a form that can be compared and hashed.

    A policy that is an object may stand in a table as a dictionary or as JSON text.
    """
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, sort_keys=True)
    return value


def label_of(value: Any) -> str:
    """Return a value of an axis in words for a picture.

    >>> label_of({"preset": "cqt-only", "hold_multiplier": 1.5})
    'cqt-only, hold multiplier 1.5'
    """
    key = key_of(value)
    if isinstance(key, str) and key.startswith("{"):
        knobs = json.loads(key)
        head = [str(knobs.pop("preset"))] if "preset" in knobs else []
        return ", ".join([*head, *(f"{_words(k)} {v}" for k, v in knobs.items())])
    if isinstance(key, float) and key.is_integer():
        return str(int(key))
    return str(key)


def _words(name: str) -> str:
    return name.replace("_", " ")


def with_keys(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return a copy in which these columns can be grouped by.

    Raises:
        UsageError: the table has no such column.

    """
    for column in columns:
        check_column(table, column)
    return table.assign(**{column: table[column].map(key_of) for column in columns})
