# SPDX-License-Identifier: Apache-2.0
"""Points: grids, lists and samples, and what is wrong with some of them."""

from __future__ import annotations

import json
from typing import Any

import holdfast
import pytest
from holdfast.sweeping import Point, as_points

SAMPLERS = (holdfast.random, holdfast.latin_hypercube, holdfast.sobol)


def values(points: list[Point], path: str) -> list[Any]:
    """Return the values that are set at a path."""
    return [json.loads(dict(point.sets)[path]) for point in points]


def test_the_last_axis_of_a_grid_changes_fastest() -> None:
    """Points come in the order in which nested loops over the axes would run."""
    points = holdfast.grid({"/a": [1, 2], "/b": ["x", "y", "z"]})
    told = [tuple(point.columns.values()) for point in points]
    assert told == [(1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z")]
    assert points[5].sets == (("/a", "2"), ("/b", '"z"'))


def test_a_labelled_axis_sets_several_things() -> None:
    """Its column has the label; what it sets is in the point."""
    [none, cqt] = holdfast.grid({"level": {"none": {"/a": 1}, "cqt": {"/a": 2, "/b": [3]}}})
    assert none.columns == {"level": "none"}
    assert cqt.columns == {"level": "cqt"}
    assert cqt.sets == (("/a", "2"), ("/b", "[3]"))


def test_zipped_crossed_and_lists() -> None:
    """Values go together, points multiply, and a list may label its points."""
    together = holdfast.zipped({"/a": [1, 2], "/b": [3, 4]})
    assert [point.columns for point in together] == [{"/a": 1, "/b": 3}, {"/a": 2, "/b": 4}]
    both = holdfast.crossed(together, {"/c": [5, 6]})
    assert [tuple(point.columns.values()) for point in both] == [
        (1, 3, 5), (1, 3, 6), (2, 4, 5), (2, 4, 6)
    ]  # fmt: skip
    [one] = as_points([{"/a": 1, "label": "first"}])
    assert one.columns == {"/a": 1, "label": "first"}
    assert one.sets == (("/a", "1"),)


def test_values_of_numpy_are_numbers() -> None:
    """An axis may come from NumPy."""
    import numpy as np

    assert values(holdfast.grid({"/a": np.linspace(0, 1, 3)}), "/a") == [0.0, 0.5, 1.0]
    assert values(holdfast.grid({"/a": np.arange(2)}), "/a") == [0, 1]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samples_stay_in_their_ranges(sampler: Any) -> None:
    """Quantities keep their unit and integers stay integers; the seed decides."""
    ranges = {"/t": ("1s", "15s"), "/w": ("2s", "4s", "whole"), "/n": (1, 3), "/x": (0.5, 1)}
    points = sampler(64, ranges, seed=5)
    assert len(points) == 64
    for text in values(points, "/t"):
        assert text.endswith("s")
        number = text[:-1]
        assert 1 <= float(number) <= 15
        assert len(number.partition(".")[2]) <= 9, "finer than a nanosecond"
    assert set(values(points, "/w")) == {"2s", "3s", "4s"}
    assert set(values(points, "/n")) == {1, 2, 3}
    assert all(isinstance(x, float) and 0.5 <= x <= 1 for x in values(points, "/x"))
    again = sampler(64, ranges, seed=5)
    assert [point.sets for point in again] == [point.sets for point in points]
    other = sampler(64, ranges, seed=6)
    assert [point.sets for point in other] != [point.sets for point in points]


@pytest.mark.parametrize("sampler", [holdfast.latin_hypercube, holdfast.sobol])
def test_even_samplers_fill_every_slice(sampler: Any) -> None:
    """Of 16 points, each sixteenth of each axis has one, on a logarithmic scale as well."""
    points = sampler(16, {"/x": (0.0, 16.0), "/y": (1.0, 2.0**16, "log")}, seed=3)
    assert sorted(int(x) for x in values(points, "/x")) == list(range(16))
    assert sorted(int(y).bit_length() - 1 for y in values(points, "/y")) == list(range(16))


def test_whole_values_are_equally_likely() -> None:
    """The ends of a range of integers get as many points as what is between them."""
    points = holdfast.latin_hypercube(400, {"/n": (1, 4)}, seed=1)
    counts = [values(points, "/n").count(n) for n in (1, 2, 3, 4)]
    assert counts == [100, 100, 100, 100]


BAD_RANGES: list[tuple[Any, str]] = [
    (("1s", "15ms"), "one unit"),
    (("15s", "1s"), "low end below"),
    (("1sec", "2sec"), "known unit"),
    ((0, 5, "log"), "above 0"),
    ((1, 2, "lag"), '"log"'),
    ((1,), "(low, high)"),
    ("1s", "(low, high)"),
    ((True, 3), "two numbers"),
    ((1.0, float("inf")), "two numbers"),
]


@pytest.mark.parametrize(("given", "said"), BAD_RANGES)
def test_a_bad_range_is_told(given: Any, said: str) -> None:
    """The error names the path and what was expected."""
    with pytest.raises(holdfast.UsageError) as error:
        holdfast.random(4, {"/a": given})
    assert "/a" in str(error.value)
    assert said in str(error.value)


BAD_POINTS: list[tuple[Any, str]] = [
    ({"/a": "5s"}, "a list of values"),
    ({"/a": []}, "no values"),
    ([], "found none"),
    ("/a", "expected {path: values}"),
    ([3], "expected a point"),
    ({"/a": [{1, 2}]}, "JSON cannot say"),
    ({"/a": [float("nan")]}, "JSON cannot say"),
    ({"level": {"none": 3}}, "{path: value}"),
]


@pytest.mark.parametrize(("given", "said"), BAD_POINTS)
def test_bad_points_are_told(given: Any, said: str) -> None:
    """The error says what was expected."""
    with pytest.raises(holdfast.UsageError) as error:
        as_points(given)
    assert said in str(error.value)


def test_unequal_lengths_and_axes_twice_are_told() -> None:
    """What cannot be combined is an error, and so is a Sobol sequence that would be uneven."""
    with pytest.raises(holdfast.UsageError, match="2 of /a, 1 of /b"):
        holdfast.zipped({"/a": [1, 2], "/b": [3]})
    with pytest.raises(holdfast.UsageError, match="/a twice"):
        holdfast.crossed({"/a": [1]}, {"/a": [2]})
    with pytest.raises(holdfast.UsageError, match="power of two"):
        holdfast.sobol(12, {"/a": (0.0, 1.0)})
