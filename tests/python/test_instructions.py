# SPDX-License-Identifier: Apache-2.0
"""A run takes as many instructions as the tree states, or somebody notices."""

from __future__ import annotations

import copy
import json
import warnings
from typing import Any

import instructions
import pytest
from instructions import BASELINE, RENEW, differences, other_build, rooms_of


def stated() -> dict[str, Any]:
    """Return what the tree states."""
    document: dict[str, Any] = json.loads(BASELINE.read_text())
    return document


def skip(why: str) -> None:
    """Skip, and be heard: pytest prints warnings even where it is quiet about skipped tests."""
    text = f"instructions are not compared: {why}"
    warnings.warn(text, stacklevel=2)
    pytest.skip(text)


def test_counts_are_as_stated() -> None:
    """Neither more nor fewer instructions than stated, within the tolerance."""
    try:
        counted = instructions.measure()
    except instructions.CannotCountError as error:
        skip(str(error))
    if why := other_build(stated(), counted):
        skip(why)
    lines = differences(stated(), counted)
    assert not lines, "\n".join([*lines, f"If that is meant: {RENEW}"])


@pytest.mark.parametrize(
    ("factor", "says"),
    [(1.019, None), (0.981, None), (1.021, "2.1 % more"), (0.979, "2.1 % fewer")],
)
def test_tolerance(factor: float, says: str | None) -> None:
    """2 % up or down are let through, more is not, and the line says which piece moved."""
    after = copy.deepcopy(stated())
    piece = after["counted"][2]
    piece["instructions"] = round(piece["instructions"] * factor)
    lines = differences(stated(), after)
    assert len(lines) == (says is not None)
    if says is not None:
        assert lines[0].startswith(f"{piece['name']}: {says} instructions")


def test_what_moved() -> None:
    """The namespaces that moved are named, and events that were not there before."""
    before = {
        "counted": [
            {"name": "a", "events": 10, "instructions": 10**8,
             "rooms": {"net": 6 * 10**7, "tcp": 3 * 10**7, "sim": 10**7}},
        ]
    }  # fmt: skip
    after = copy.deepcopy(before)
    after["counted"][0] |= {
        "events": 11,
        "instructions": 112_550_000,
        "rooms": {"net": 7 * 10**7, "tcp": 32_500_000, "sim": 10_050_000},
    }
    assert differences(before, after) == [
        "a: 12.5 % more instructions, 100,000,000 -> 112,550,000; events 10 -> 11 "
        "(net +10.00 M, tcp +2.50 M)"
    ]
    del after["counted"][0]
    assert "another one" in differences(before, after)[0]


def test_other_builds_are_not_compared() -> None:
    """Counts of another compiler, or of other flags, say nothing about a change."""
    assert other_build(stated(), stated()) is None
    other = copy.deepcopy(stated())
    other["build"]["flags"] = "-O1"
    assert other_build(stated(), other) == "another build: flags '-O1', stated '-O3'"


def test_rooms() -> None:
    """A function's own instructions are its namespace's; what it calls is counted there alone."""
    text = """\
fn=(1) void holdfast::sim::Calendar<holdfast::World>::fire()
0 100
cfn=(2) holdfast::net::send(holdfast::World&)
calls=3 0
0 5000
+2 10
fn=(3) malloc
* 7
cfn=(4) holdfast::World::~World()
calls=1 0
-1 3
fn=(2)
12 5000
fn=(4)
0 3
"""
    assert rooms_of(text.splitlines()) == {"sim": 110, "libraries": 7, "net": 5000, "world": 3}
