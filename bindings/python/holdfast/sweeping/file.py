# SPDX-License-Identifier: Apache-2.0
"""Sweeps as JSON files."""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from holdfast import _core
from holdfast._arguments import AnyPath, fits
from holdfast._words import did_you_mean
from holdfast.errors import UsageError
from holdfast.scenario import Scenario
from holdfast.sweeping.points import SEED_PATHS, Point, as_points, check_paths, crossed, zipped
from holdfast.sweeping.samplers import latin_hypercube, random, sobol

_T = TypeVar("_T")
#: The keys, and what stands there, in Python and in words.
_KEYS: Mapping[str, tuple[Any, str]] = {
    "name": (str, "a string"),
    "description": (str, "a string"),
    "base": (str | dict[str, Any], "a scenario or a file of one"),
    "set": (dict[str, Any], "an object {path: value}"),
    "points": (dict[str, Any] | list[Any], "an object {path: values} or a list of points"),
    "seeds": (int | list[int], "a number of seeds or a list of them"),
    "paired": (bool, "true or false"),
    "until": (dict[str, Any], "an object"),
    "out": (AnyPath, "a path"),
}
_SAMPLERS: Mapping[str, Callable[..., list[Point]]] = {
    "latin_hypercube": latin_hypercube,
    "random": random,
    "sobol": sobol,
}


def read_sweep(path: Path) -> dict[str, Any]:
    """Return the arguments of :func:`holdfast.sweep` that a file says.

    Raises:
        UsageError: the file is no sweep; says where.
        ScenarioError: it is no JSON, or its base is wrong.

    """
    where = str(path)
    text = _core.read_text(where)
    # This says better what is wrong, but sorts keys, and their order is that of the axes.
    _core.apply(text, where, [], where)
    document = json.loads(text)
    _check_keys(where, document, _KEYS)
    for key, value in document.items():
        hint, words = _KEYS[key]
        if not fits(hint, value):
            raise UsageError(f"{where}: at /{key}: found {_json(value)}, expected {words}")
    for key in ("base", "points"):
        if key not in document:
            raise UsageError(f'{where}: found no "{key}", expected one')
    base = _base(path, document["base"])
    sets = document.get("set", {})
    for place in sets:
        if place in SEED_PATHS and "seeds" in document:
            raise UsageError(f"{where}: set: found {place} beside seeds, expected one of them")
    before = [(place, json.dumps(value)) for place, value in sets.items()]
    changed = json.loads(_core.apply(base._text(), base.source, before, f"{where}: set"))
    points = _in_file(where, lambda: _points(where, document["points"]))
    check_paths(points, base._text(), base.source, f"{where}: points", before)
    base = Scenario(changed, source=base.source)
    out: dict[str, Any] = {"base": base, "points": points}
    for key in ("seeds", "paired", "until", "out"):
        if key in document:
            out[key] = document[key]
    if "until" in out:
        out["until"] = _rule(where, out["until"])
    return out


def _base(path: Path, given: Any) -> Scenario:
    """Return the base scenario: inline, a file (seen from the sweep's), or a bundled name."""
    if isinstance(given, Mapping):
        return Scenario(given, source=f"{path}/base")
    if not fits(AnyPath, given):
        raise UsageError(f"{path}: at /base: found {_json(given)}, expected a file's name")
    beside = path.parent / given
    return Scenario.load(beside if Path(given).suffix or beside.exists() else given)


def _points(where: str, given: Any) -> list[Point]:
    """Return points: a grid, a list, or ``{"sobol": {...}}`` and the like."""
    if isinstance(given, Mapping) and len(given) == 1:
        [(kind, inner)] = given.items()
        if kind in _SAMPLERS:
            keys = ("n", "seed", "ranges")
            _check_keys(f"{where}: {kind}", inner, keys)
            if not {"n", "ranges"} <= inner.keys():
                raise UsageError(f"{where}: {kind}: expected n and ranges")
            return _SAMPLERS[kind](**inner)
        if kind == "zipped":
            return zipped(_object(where, kind, inner))
        if kind == "crossed" and isinstance(inner, list):
            return crossed(*(_points(where, one) for one in inner))
    return as_points(given)


def _rule(where: str, given: Any) -> Any:
    kind = importlib.import_module("holdfast.statistics").Narrow
    _check_keys(f"{where}: until", given, [field.name for field in dataclasses.fields(kind)])
    for field in dataclasses.fields(kind):
        if field.default is dataclasses.MISSING and field.name not in given:
            raise UsageError(f'{where}: at /until: found no "{field.name}", expected one')
    return _in_file(f"{where}: at /until", lambda: kind(**given))


def _in_file(where: str, make: Callable[[], _T]) -> _T:
    """Make something; a mistake names the file."""
    try:
        return make()
    except UsageError as error:
        words = str(error)
        raise UsageError(words if words.startswith(where) else f"{where}: {words}") from None


def _json(value: Any) -> str:
    """Return a value as it stands in the file."""
    text = _core.printable(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    return text if len(text) <= 60 else text[:60] + "..."


def _object(where: str, key: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise UsageError(f"{where}: {key}: found {_json(given)}, expected an object")
    return given


def _check_keys(where: str, document: Any, keys: Collection[str]) -> None:
    if not isinstance(document, dict):
        raise UsageError(f"{where}: found {_json(document)}, expected an object")
    for key in document:
        if key not in keys:
            raise UsageError(
                f"{where}: found unknown key {_json(key)}, expected one of {', '.join(keys)}"
                + did_you_mean(key, keys)
            )
