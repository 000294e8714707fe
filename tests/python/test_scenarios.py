# SPDX-License-Identifier: Apache-2.0
"""Every bundled scenario is valid, runs, meets its expectations and is one on both kernels."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from house import ROOT
from program import PROGRAM, holdfast, is_written, result, scenarios
from units import numbers_without_unit

pytestmark = pytest.mark.skipif(not is_written(), reason="the tree has no bindings/cli yet")


def test_there_are_scenarios() -> None:
    """The three that the documentation names are among the bundled ones."""
    named = {f"scenarios/{n}.json" for n in ("rw_test_mainline", "rw_test_cqt_only", "quickstart")}
    assert named <= set(scenarios())


def test_bundled_scenarios_go_by_name(tmp_path: Path) -> None:
    """Wherever the program is, as in Python; a file of the same name comes first."""
    for name in ("quickstart", "reference/a_k5_io"):
        done = started(tmp_path, "verify", name)
        assert (done.returncode, done.stdout.split()[:2]) == (0, ["ok", name])
    listed = holdfast("list", "scenario").stdout
    assert all(f"  {path.removeprefix('scenarios/')[:-5]} " in listed for path in scenarios())
    done = started(tmp_path, "run", "quikstart")
    assert done.returncode == 2
    assert "no bundled scenario of this name" in done.stderr
    assert 'did you mean "quickstart"?' in done.stderr
    assert "found no such file" in started(tmp_path, "run", "quickstart.json").stderr
    (tmp_path / "quickstart").write_text("{}")
    assert 'found no "name"' in started(tmp_path, "run", "quickstart").stderr


def started(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program elsewhere."""
    return subprocess.run(
        [PROGRAM, *words], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def schema() -> Any:
    """Return the schema that the program prints, which is a valid one."""
    schema = result("schema")
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


@cache
def run_on_both(scenario: str) -> tuple[int, str, str]:
    """Run a scenario on both kernels, once for all tests: status, document and errors."""
    done = holdfast("run", scenario, "--kernel", "both", "--json")
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("scenario", scenarios())
def test_scenario_fits_the_schema(scenario: str, schema: Any) -> None:
    """The schema accepts what the program accepts."""
    jsonschema.Draft202012Validator(schema).validate(json.loads((ROOT / scenario).read_text()))
    assert holdfast("verify", scenario).returncode == 0


@pytest.mark.parametrize("scenario", scenarios())
def test_both_kernels_agree(scenario: str) -> None:
    """The native kernel and SimGrid's give the same trace, byte for byte."""
    status, _, errors = run_on_both(scenario)
    assert status == 0, errors


@pytest.mark.parametrize("scenario", scenarios())
def test_numbers_tell_their_units(scenario: str) -> None:
    """The result document is one JSON document whose numbers tell their units."""
    document = json.loads(run_on_both(scenario)[1])
    assert "schema_version" in json.dumps(document)
    assert list(numbers_without_unit(document)) == []
