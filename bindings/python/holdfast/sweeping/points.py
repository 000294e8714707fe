# SPDX-License-Identifier: Apache-2.0
"""Points of a sweep: what is changed in the base scenario, and what the table calls it."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from holdfast import _core
from holdfast.errors import UsageError
from holdfast.seeds import check_seed

#: A point as the compiled half takes it: (path, JSON text) pairs, and a seed.
CorePoint: TypeAlias = tuple[list[tuple[str, str]], int | None]


@dataclass(frozen=True, eq=False)
class Point:
    """One point: the entries of its axis columns, and the values that it sets."""

    #: axis column -> value in the table
    columns: Mapping[str, Any]
    #: (path, JSON text of the value), applied in this order
    sets: tuple[tuple[str, str], ...]

    def seed_from(self, seed: int) -> int:
        """Return a seed of this point's own, 0 to 2**64 - 1, drawn from `seed`."""
        digest = hashlib.sha256(json.dumps([self.sets, seed]).encode()).digest()
        return int.from_bytes(digest[:8], "little")


#: What :func:`sweep` takes as points.
PointsLike: TypeAlias = Mapping[str, Any] | Iterable[Mapping[str, Any] | Point]


def grid(axes: Mapping[str, Any]) -> list[Point]:
    """Return every combination of the values of all axes; the last axis changes fastest.

    Args:
        axes: path -> list of values; or a name of your own -> ``{label: {path: value, ...}}``, an
            axis whose labelled values each change several things. Paths are those of
            :meth:`holdfast.Scenario.set`.

    Raises:
        UsageError: an axis has no values.

    """
    each = [_axis(name, values) for name, values in axes.items()]
    check_runs(math.prod(len(axis) for axis in each), 1)
    return [_merged(combination) for combination in itertools.product(*each)]


def zipped(axes: Mapping[str, Any]) -> list[Point]:
    """Return the first values of all axes, then the second ones, and so on.

    Args:
        axes: as of :func:`grid`; all of one length.

    Raises:
        UsageError: an axis has no values, or another number of them.

    """
    each = {name: _axis(name, values) for name, values in axes.items()}
    if len({len(points) for points in each.values()}) > 1:
        found = ", ".join(f"{len(points)} of {name}" for name, points in each.items())
        raise UsageError(f"zipped: found {found}; expected as many values of each")
    return [_merged(together) for together in zip(*each.values(), strict=True)]


def crossed(*points: PointsLike) -> list[Point]:
    """Return every combination of a point of each argument: a grid of policies x samples, say."""
    axes = [as_points(one) for one in points]
    check_runs(math.prod(len(axis) for axis in axes), 1)
    return [_merged(some) for some in itertools.product(*axes)]


def as_points(given: PointsLike) -> list[Point]:
    """Return the points that are meant: a grid, a list of points, what a sampler returned.

    Raises:
        UsageError: there are none, or they make no sense.

    """
    if isinstance(given, Mapping):
        if not given:
            raise UsageError(
                "points: found no axis, expected at least one; [{}] is the base as it is"
            )
        return grid(given)
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise UsageError(
            f"points: found {type(given).__name__}, expected {{path: values}}, a list of points "
            "{path: value}, or what a sampler returns"
        )
    points = [one if isinstance(one, Point) else _point(one) for one in given]
    if not points:
        raise UsageError("points: found none, expected at least one")
    return points


def check_paths(points: Sequence[Point], text: str, source: str, said_by: str = "points") -> None:
    """Raise ScenarioError for the first path that no scenario has, and UsageError for seeds.

    `said_by` is where the user typed the points.
    """
    seen = set()
    for point in points:
        paths = tuple(path for path, _ in point.sets)
        if paths in seen:
            continue
        seen.add(paths)
        if any(path in ("/seed", "seed") for path in paths):
            raise UsageError("points: found the path /seed, expected seeds in seeds=")
        _core.apply(text, source, point.sets, said_by)


MOST_RUNS = 10_000_000  # A row takes about a kilobyte, so ten gigabytes.


def check_runs(points: int, seeds: int) -> None:
    """Raise UsageError if points x seeds are more runs than a sweep takes, before it lists them."""
    if points * seeds > MOST_RUNS:
        raise UsageError(
            f"found {points} points x {seeds} seeds = {points * seeds} runs, expected at most "
            f"{MOST_RUNS}; make several sweeps of it"
        )


def seeds_of(seeds: int | Iterable[int] | None, own: int) -> list[int]:
    """Return the seeds: 1 to n, the ones given, or the scenario's own.

    Raises:
        UsageError: there are none, one is there twice, or one is no seed.

    """
    if seeds is None:
        return [own]
    if isinstance(seeds, (bool, str, bytes)):
        raise UsageError(f"seeds: found {seeds!r}, expected a number of seeds or a list of them")
    if hasattr(seeds, "__index__"):
        check_runs(1, seeds.__index__())
        out = list(range(1, seeds.__index__() + 1))
    elif isinstance(seeds, Iterable):
        out = list(seeds)
    else:
        raise UsageError(f"seeds: found {seeds!r}, expected a number of seeds or a list of them")
    for seed in out:
        check_seed(seed)
        if seed is None:
            raise UsageError(f"seed: found None, expected an integer from 0 to {2**64 - 1}")
    out = [seed.__index__() for seed in out]
    if not out:
        raise UsageError(f"seeds: found {seeds!r}, expected at least one")
    if len(set(out)) < len(out):
        raise UsageError("seeds: found one twice, expected each once")
    return out


def _axis(name: str, values: Any) -> list[Point]:
    """Return one axis as points that set nothing else."""
    if isinstance(values, Mapping):
        points = [Point({name: label}, _sets(name, some)) for label, some in values.items()]
    elif isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise UsageError(
            f"points: {name}: found {values!r}, expected a list of values, or "
            "{label: {path: value}}"
        )
    else:
        plain = [_plain(value) for value in values]
        points = [Point({name: value}, ((name, _dumps(name, value)),)) for value in plain]
    if not points:
        raise UsageError(f"points: {name}: found no values, expected at least one")
    return points


def _point(given: Any) -> Point:
    """Return a point that was given as ``{path: value}``, with a ``"label"`` if there is one."""
    if not isinstance(given, Mapping):
        raise UsageError(f"points: found {given!r}, expected a point {{path: value}}")
    values = {name: _plain(value) for name, value in given.items()}
    sets = {path: value for path, value in values.items() if path != "label"}
    return Point(values, _sets("points", sets))


def _sets(where: str, values: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(values, Mapping):
        raise UsageError(f"points: {where}: found {values!r}, expected {{path: value}}")
    for path in values:
        if not isinstance(path, str):
            raise UsageError(f"points: {where}: found {path!r}, expected a path")
    return tuple((path, _dumps(path, _plain(value))) for path, value in values.items())


def _merged(points: Iterable[Point]) -> Point:
    columns: dict[str, Any] = {}
    sets: list[tuple[str, str]] = []
    for point in points:
        twice = columns.keys() & point.columns.keys()
        if twice:
            raise UsageError(f"points: found {min(twice)} twice, expected each axis once")
        columns.update(point.columns)
        sets.extend(point.sets)
    return Point(columns, tuple(sets))


def _plain(value: Any) -> Any:
    """Return what JSON can say for a scalar of NumPy or pandas; anything else as it is."""
    item = getattr(value, "item", None)
    return item() if callable(item) and getattr(value, "shape", None) == () else value


def _dumps(where: str, value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(f"points: {where}: found a value that JSON cannot say ({error})") from None
