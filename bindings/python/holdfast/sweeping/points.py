# SPDX-License-Identifier: Apache-2.0
"""Points of a sweep: what is changed in the base scenario, and what the table calls it."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from holdfast import _core
from holdfast._arguments import Says, check, checked
from holdfast._words import plain, shown
from holdfast.errors import UsageError
from holdfast.seeds import Seed
from holdfast.units import nanoseconds

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
PointsLike: TypeAlias = Annotated[
    Mapping[str, Any]
    | Iterable[Annotated[Mapping[str, Any] | Point, Says("a point {path: value}")]],
    Says("{path: values}, a list of points {path: value}, or what a sampler returns"),
]


@checked
def grid(axes: Mapping[str, Any]) -> list[Point]:
    """Return every combination of the values of all axes; the last axis changes fastest.

    Args:
        axes: path -> list of values; or a name of your own -> ``{label: {path: value, ...}}``, an
            axis whose labelled values each change several things. Paths are those of
            :meth:`holdfast.Scenario.set`.

    Raises:
        UsageError: an axis has no values, or one value twice.

    """
    each = [_axis(name, values) for name, values in axes.items()]
    for name, axis in zip(axes, each, strict=True):
        _check_each_once(name, axis)
    check_runs(math.prod(len(axis) for axis in each), 1)
    return [_merged(combination) for combination in itertools.product(*each)]


@checked
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


@checked
def crossed(*points: PointsLike) -> list[Point]:
    """Return every combination of a point of each argument: a grid of policies x samples, say."""
    if not points:
        raise UsageError("crossed: found no points, expected at least one list of them")
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
    check("points", PointsLike, given)
    points = [one if isinstance(one, Point) else _point(one) for one in given]
    if not points:
        raise UsageError("points: found none, expected at least one")
    return points


def check_paths(
    points: Sequence[Point],
    text: str,
    source: str,
    said_by: str = "points",
    before: Sequence[tuple[str, str]] = (),
) -> None:
    """Check the paths of points, each shape of a point once.

    Args:
        points: what is checked.
        text: the base scenario, as JSON.
        source: what errors call it.
        said_by: where the user typed the points.
        before: what is set at all points.

    Raises:
        ScenarioError: a path that no scenario has, or two that lead to one value.
        UsageError: a path to the seed.

    """
    seen = set()
    for point in points:
        shape = tuple((path, _shape(value)) for path, value in point.sets)
        if shape in seen:
            continue
        seen.add(shape)
        if any(path in SEED_PATHS for path, _ in shape):
            raise UsageError("points: found the path /seed, expected seeds in seeds=")
        _core.apply(text, source, [*before, *point.sets], said_by)


#: What a table calls several values together.
Label: TypeAlias = str | int | float | bool
#: The spellings of the path to a scenario's seed.
SEED_PATHS = ("/seed", "seed")


def _shape(value: str) -> str:
    """Return what it depends on which values a value (as JSON) sets: its keys, or its kind."""
    return value if value[:1] in "{[" else value[:1]


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
    if isinstance(seeds, Iterable):
        given = list(itertools.islice(seeds, MOST_RUNS + 1))
        check_runs(1, len(given))
    else:
        check_runs(1, operator.index(seeds))
        given = list(range(1, operator.index(seeds) + 1))
    for seed in given:
        check("seed", Seed, seed)
    out = [operator.index(seed) for seed in given]
    if not out:
        raise UsageError(f"seeds: found {shown(seeds)}, expected at least one")
    if len(set(out)) < len(out):
        raise UsageError("seeds: found one twice, expected each once")
    return out


def _axis(name: str, values: Any) -> list[Point]:
    """Return one axis as points that set nothing else."""
    if not name:
        raise UsageError("points: found an axis without a name, expected a path or a name")
    if isinstance(values, Mapping):
        for label in values:
            check(f"points: {shown(name)}: label", Label, label)
        points = [Point({name: label}, _sets(name, some)) for label, some in values.items()]
    elif isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise UsageError(
            f"points: {name}: found {shown(values)}, expected a list of values, or "
            "{label: {path: value}}"
        )
    else:
        plain = [_plain(value) for value in values]
        points = [Point({name: value}, ((name, _dumps(name, value)),)) for value in plain]
    if not points:
        raise UsageError(f"points: {name}: found no values, expected at least one")
    return points


def _check_each_once(name: str, axis: Sequence[Point]) -> None:
    """Check that no point of an axis is there twice: all its runs would be, too."""
    seen = set()
    for point in axis:
        (value,) = point.columns.values()
        same: Any = (str(value), point.sets)
        # A label is whatever it is called; of a path "1s" and "1000ms" are one value.
        if isinstance(value, str) and [path for path, _ in point.sets] == [name]:
            with suppress(UsageError):
                same = nanoseconds(value)
        if same in seen:
            raise UsageError(
                f"points: {name}: found {shown(value)} twice, expected each value once"
            )
        seen.add(same)


def _point(given: Any) -> Point:
    """Return a point that was given as ``{path: value}``, with a ``"label"`` if there is one."""
    if not isinstance(given, Mapping):
        raise UsageError(f"points: found {shown(given)}, expected a point {{path: value}}")
    values = {name: _plain(value) for name, value in given.items()}
    check("points: label", Label, values.get("label", ""))
    sets = {path: value for path, value in values.items() if path != "label"}
    return Point(values, _sets("points", sets))


def _sets(where: str, values: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(values, Mapping):
        raise UsageError(f"points: {where}: found {shown(values)}, expected {{path: value}}")
    for path in values:
        if not isinstance(path, str) or plain(path) != path:
            raise UsageError(f"points: {where}: found {shown(path)}, expected a path")
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
    except (TypeError, ValueError, RecursionError) as error:
        why = "nesting without end" if isinstance(error, RecursionError) else shown(str(error))
        raise UsageError(f"points: {where}: found a value that JSON cannot say ({why})") from None
