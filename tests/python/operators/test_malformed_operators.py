# SPDX-License-Identifier: Apache-2.0
"""Malformed scenarios with the knobs of suspicion and with the faults that operators met."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from malformed_cases import BASE
from malformed_operators import FILES, PATCHES, RDMA, TRACE, WITH_RDMA
from test_malformed import patched, pytestmark, refused

__all__ = ["pytestmark"]


@pytest.mark.parametrize("kernel", ["native", "simgrid"])
@pytest.mark.parametrize(
    ("pointer", "value", "where", "says"),
    [case[1:] for case in PATCHES],
    ids=[case[0] for case in PATCHES],
)
def test_malformed_knob(
    pointer: str, value: Any, where: str, says: str, kernel: str, tmp_path: Path
) -> None:
    """A wrong value, key or reference is told with its pointer."""
    words = refused(patched(pointer, value), tmp_path, kernel)
    assert where in words
    assert says in words


@pytest.mark.parametrize(("where", "change", "says"), WITH_RDMA)
def test_malformed_on_another_transport(
    where: str, change: dict[str, Any], says: str, tmp_path: Path
) -> None:
    """What is of tcp is refused elsewhere."""
    words = refused(json.dumps({**BASE, "fabric": RDMA, **change}), tmp_path, "native")
    assert where in words
    assert says in words


@pytest.mark.parametrize(("lines", "line", "says"), FILES)
def test_malformed_file_of_failures(lines: str, line: int, says: str, tmp_path: Path) -> None:
    """The file and the line are told."""
    (tmp_path / "night.csv").write_text(lines)
    fault = {**TRACE, "file": "night.csv"}
    words = refused(json.dumps({**BASE, "faults": [fault]}), tmp_path, "native")
    assert f"night.csv:{line}" in words
    assert says in words
