# SPDX-License-Identifier: Apache-2.0
"""Bundled scenarios go as they went, record by record, unless somebody says that they do not."""

from __future__ import annotations

import json
from pathlib import Path

import hashes
import pytest
from hashes import RENEW, measure, moved, stated_document

ONE = {"a.json": {"full": "1", "protocol": "2", "outcome": "3"}}


def test_hashes_are_as_stated() -> None:
    """No bundled scenario moved in any layer, and each has its place in the file."""
    changes = moved(stated_document()["scenarios"], measure())
    lines = [f"{name}: {what}" for name, what in changes.items()]
    assert not lines, "\n".join([*lines, f"If that is meant: {RENEW} (tests/golden/README.md)"])


@pytest.mark.parametrize(
    ("change", "layer"),
    [
        ({}, None),
        ({"full": "9"}, "full"),
        ({"full": "9", "protocol": "9"}, "protocol"),
        ({"full": "9", "protocol": "9", "outcome": "9"}, "outcome"),
    ],
)
def test_the_layer_that_moved_is_named(change: dict[str, str], layer: str | None) -> None:
    """A change is judged by the highest layer that it moved."""
    expected = {} if layer is None else {"a.json": layer}
    assert moved(ONE, {"a.json": ONE["a.json"] | change}) == expected


def test_scenarios_come_and_go() -> None:
    """A scenario without hashes is told, and hashes without a scenario."""
    assert moved(ONE, {"b.json": ONE["a.json"]}) == {"a.json": "gone", "b.json": "new"}


def test_an_outcome_moves_with_a_reason_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other layers are renewed as they are; for an outcome somebody has to say why."""
    file = tmp_path / "hashes.json"
    monkeypatch.setattr(hashes, "STATED", file)
    monkeypatch.setattr(hashes, "measure", lambda _: ONE)
    assert hashes.main(["--write"]) == 0  # nothing was stated before
    full = {"a.json": ONE["a.json"] | {"full": "8"}}
    monkeypatch.setattr(hashes, "measure", lambda _: full)
    assert hashes.main([]) == 1
    assert hashes.main(["--write"]) == 0

    outcome = {"a.json": full["a.json"] | {"outcome": "9"}}
    monkeypatch.setattr(hashes, "measure", lambda _: outcome)
    assert hashes.main(["--write"]) == 1
    assert "not written" in capsys.readouterr().out
    assert json.loads(file.read_text())["scenarios"] == full
    assert hashes.main(["--write", "--outcome", "the queue was too short"]) == 0
    stated = json.loads(file.read_text())
    assert stated == {"outcome_moved": "the queue was too short", "scenarios": outcome}
