# SPDX-License-Identifier: Apache-2.0
"""Every bundled scenario is valid, runs, meets its expectations and is one on both kernels."""

from __future__ import annotations

import json
import re
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


def failed_expectation(tmp_path: Path, scenario: str, expect: dict[str, Any]) -> tuple[str, Any]:
    """Run a bundled scenario that expects something else; return the words and the document."""
    document = json.loads((ROOT / "scenarios" / f"{scenario}.json").read_text())
    document["expect"] = expect
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(document))
    done = holdfast("run", f"{path}")
    assert done.returncode == 1, done.stderr
    found = re.search(r"^expectation failed  (.*)$", done.stdout, re.M)
    assert found, done.stdout
    return found[1], json.loads(holdfast("run", f"{path}", "--json").stdout)


def value_of(document: Any) -> float:
    """Return the value of the only expectation."""
    result = document.get("results", [document])[0]
    (one,) = result["expect"]
    return float(one["value"])


@pytest.mark.parametrize(
    ("scenario", "name", "told"),
    [
        ("rw_test_ccr", "longest_stall_s", "2.00007"),
        ("rw_test_mainline", "longest_stall_s", "0.00009192"),
        ("target_expiry", "hold_s", "15.001"),
    ],
)
def test_a_failed_expectation_is_told_in_six_digits(
    tmp_path: Path, scenario: str, name: str, told: str
) -> None:
    """Without an exponent, and without what binary fractions leave at the end."""
    words, document = failed_expectation(tmp_path, scenario, {name: {"max": 0}})
    assert words.endswith(f"{name} is {told}, expected at most 0")
    assert value_of(document) == pytest.approx(float(told), rel=1e-5)


def test_rounding_does_not_make_the_bound_of_a_value(tmp_path: Path) -> None:
    """A value just beyond its bound has as many digits as show that."""
    words, document = failed_expectation(
        tmp_path, "rw_test_ccr", {"longest_stall_s": {"max": 2.00007}}
    )
    told = re.search(r"is ([0-9.]+), expected at most 2.00007$", words)
    assert told, words
    assert 2.00007 < float(told[1]) < 2.000071
    assert value_of(document) == pytest.approx(float(told[1]), abs=1e-7)
    assert value_of(document) != float(told[1])


def test_presets_say_what_they_set() -> None:
    """In `list`, on the schema page and in the schema; nothing is switched silently."""
    array = holdfast("list", "profile", "array").stdout
    assert "traffic_based_keep_alive  false (else true)" in array
    assert "ccrl                      4 (else 0)" in array
    cqt_only = holdfast("list", "policy", "cqt-only").stdout
    assert 'hold           "kato_plus_cqt" (else "none")' in cqt_only
    assert "delete_drains  false (else true)" in cqt_only
    assert "nothing otherwise" in holdfast("list", "policy", "linux-mainline").stdout
    assert "nothing otherwise" in holdfast("list", "profile", "nvmet-mainline").stdout
    page = holdfast("schema", "--format", "markdown").stdout
    assert "| `true`; spdk-like, array: false |" in page.replace(
        "array, spdk-like", "spdk-like, array"
    )
    assert "  - `fence_time`: " in page
    ccrl = result("schema")["$defs"]["subsystem"]["properties"]["ccrl"]
    assert "default of nvmet-tp8028, array: 4" in ccrl["description"]
    text = holdfast("list", "requirement", "HOLD-6").stdout
    assert "With CQT 0 the host adds" in text
    assert "TP4129, 9.6.2" in text
    done = holdfast("list", "policy", "cqt_only")
    assert (done.returncode, 'did you mean "cqt-only"?' in done.stderr) == (2, True)


def test_a_changed_preset_is_told_as_changed() -> None:
    """One knob, two, and none: the same value as the preset's is no change."""
    one = "hosts.h1.policy.hold_multiplier=2"
    for sets, says in (
        (["hosts.h1.policy=tp8028-v3"], "tp8028-v3"),
        ([one], "linux-mainline + 1 knob"),
        ([one, "hosts.h1.policy.closes_first=true"], "linux-mainline + 2 knobs"),
        (["hosts.h1.policy.closes_first=false"], "linux-mainline"),
    ):
        words = [word for one in sets for word in ("--set", one)]
        found = result("run", "rw_test_mainline", "--json", "--set", "expect={}", *words)
        (host,) = found["hosts"]
        assert (host["name"], host["kernel"], host["policy"]) == ("h1", "6.12", says)


def test_verify_tells_all_mistakes(tmp_path: Path) -> None:
    """Each where it is in the file, whatever was left out to find the next; nothing invented."""
    document = json.loads((ROOT / "scenarios/quickstart.json").read_text())
    document["duration"] = 5
    document["hosts"][0]["polcy"] = "x"
    document["faults"].insert(0, {"type": "blackhole", "at": "1s", "link": "h9"})
    document["faults"].insert(1, {"type": "blackhol", "at": "1s"})
    document["faults"].append({"type": "blackhole", "at": "1x", "link": "h1-s1"})
    (tmp_path / "bad.json").write_text(json.dumps(document))
    done = started(tmp_path, "verify", "bad.json", "--json")
    assert done.returncode == 2
    errors = json.loads(done.stdout)["scenarios"][0]["errors"]
    assert [one["pointer"] for one in errors] == [
        "/duration", "/hosts/0/polcy", "/faults/1/type", "/faults/3/at", "/faults/0/link"
    ]  # fmt: skip
    assert len(done.stderr.splitlines()) == len(errors)


def test_verify_warns_of_contradictions() -> None:
    """Each kind once, with what --set made; nothing about a scenario that is as it should be."""

    def warned(*words: str) -> list[str]:
        [found] = result("verify", *words, "--json")["scenarios"]
        return [one["pointer"] for one in found["warnings"]]

    assert warned("quickstart") == []
    assert warned("quickstart", "--set", "hosts.h1.policy=tp8028-v3") == ["/hosts/0/policy"]
    assert warned("quickstart", "--set", "workloads=[]") == ["/workloads"]
    assert warned("cqt_under_reported") == ["/subsystems/0/quiesce_time"]
    assert warned("array_many_hosts") == ["/hosts/0"]  # a template, of which all are
    # 24 hosts and 10 s: a handshake may take 416 ms.
    storm = ("scenarios/operators/tls_storm.json", "--set")
    assert warned(*storm, "subsystems.store.tls_time=417ms") == ["/subsystems/0/tls_time"]
    assert warned(*storm, "subsystems.store.tls_time=416ms") == []
    done = holdfast("verify", "quickstart", "--set", "duratoin=5s")
    assert (done.returncode, 'did you mean "duration"?' in done.stderr) == (2, True)


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
