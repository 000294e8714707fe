# SPDX-License-Identifier: Apache-2.0
"""What tools/fuzz.py takes for a finding: an input that hangs, not one that waited for a core."""

from __future__ import annotations

from pathlib import Path

import fuzz
import pytest

BUSY = "i=0; while [ $i -lt 1500000 ]; do i=$((i + 1)); done"


@pytest.mark.parametrize(
    ("does", "artifact", "starved"),
    [
        ("sleep 2", "timeout-1", True),
        (BUSY, "timeout-1", False),
        ("exit 1", "timeout-1", False),
        ("true", "crash-1", False),
        ("true", None, False),
    ],
)
def test_who_waits_for_a_core_does_not_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, artifact: str | None, starved: bool
) -> None:
    """The input is tried by itself; only what needs no second of a processor then is forgotten."""
    monkeypatch.setattr(fuzz, "BUILD", tmp_path)
    program, found = fuzz.program("wire"), tmp_path / "wire" / "found"
    program.parent.mkdir(parents=True)
    found.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)
    if artifact is not None:
        (found / artifact).touch()
    assert fuzz.only_starved("wire") is starved
    assert any(found.iterdir()) is (artifact is not None and not starved)
