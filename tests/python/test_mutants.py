# SPDX-License-Identifier: Apache-2.0
"""The list of model mutants fits the tree: places, tests, and the ids of the checklist."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from typing import Any

import pytest
from house import ROOT

SPEC = importlib.util.spec_from_file_location("mutants", ROOT / "tests" / "mutants" / "run.py")
assert SPEC is not None
assert SPEC.loader is not None
mutants: Any = importlib.util.module_from_spec(SPEC)
sys.modules["mutants"] = mutants
SPEC.loader.exec_module(mutants)

ALL = mutants.load()

# protocol.md 12; LOG-1 is in test_traces.py.
IDS = (
    *(f"KA-{i}" for i in range(1, 10)),
    *(f"CQT-{i}" for i in range(1, 6)),
    *(f"CCR-{i}" for i in range(1, 11)),
    *(f"SM-{i}" for i in range(1, 6)),
    *("MP-1", "MP-2", "TM-1"),
    *(f"ABA-{i}" for i in range(1, 5)),
    *(f"TR-{i}" for i in range(1, 5)),
)


def ids_by_name() -> dict[str, str]:
    """Return the tags of each C++ test case."""
    found = {}
    for path in (ROOT / "tests").rglob("*.cpp"):
        text = path.read_text()
        for name, tags in re.findall(r'TEST_CASE(?:_SIG)?\(\s*"([^"]+)",\s*"([^"]*)"', text):
            found[name] = tags + " " + name
    return found


TESTS = ids_by_name()


@pytest.mark.parametrize("mutant", ALL, ids=lambda m: m.name)
def test_mutant_fits_the_tree(mutant: Any) -> None:
    """Its place occurs once, the change is one, and its test exists."""
    text = (ROOT / mutant.file).read_text()
    assert mutant.applied_to(text) != text
    # A case that is a template runs in batches, which have numbers.
    assert {mutant.test, re.sub(r" - \d+$", "", mutant.test)} & TESTS.keys()
    assert mutant.why
    unit = mutant.unit or mutant.file
    assert unit.endswith(".cpp"), "only its unit is compiled anew"
    assert unit == mutant.file or f'#include "{mutant.file}"' in (ROOT / unit).read_text()


def test_names_are_unique() -> None:
    """A mutant can be asked for by name."""
    assert len({m.name for m in ALL}) == len(ALL) >= 40


@pytest.mark.parametrize("check", IDS)
def test_each_id_is_a_test(check: str) -> None:
    """Every id of the checklist is the name or a tag of a test."""
    assert any(re.search(rf"\b{check}\b", words) for words in TESTS.values())


@pytest.mark.parametrize("check", IDS)
def test_each_id_goes_red_under_a_mutant(check: str) -> None:
    """Every id of the checklist has a test that a mutant kills."""
    assert any(re.search(rf"\b{check}\b", TESTS[m.test]) for m in ALL if m.test in TESTS)


def test_those_that_a_search_finds_are_mutants() -> None:
    """worst.toml names mutants of the list, each once."""
    rows = tomllib.loads((ROOT / "tests" / "mutants" / "worst.toml").read_text())["mutant"]
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names)
    assert set(names) <= {m.name for m in ALL}


def test_sample_depends_on_the_seed() -> None:
    """Another seed gives another sample, the same seed the same one."""
    assert mutants.sample(ALL, 4, "a") == mutants.sample(ALL, 4, "a")
    assert mutants.sample(ALL, 4, "a") != mutants.sample(ALL, 4, "b")
