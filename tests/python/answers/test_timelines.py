# SPDX-License-Identifier: Apache-2.0
"""`holdfast timers`: a table, a document, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from program import holdfast, result, scenarios
from units import numbers_without_unit


def lines_of(*words: str) -> dict[str, Any]:
    """Return the lines of the only timeline by name."""
    [timeline] = result("timers", *words, "--json")["timelines"]
    return {line["name"]: line for line in timeline["lines"]}


def test_the_document_has_the_sums_of_the_settings() -> None:
    """KATO 5 s, traffic based, CQT 1 ms, 10 s between attempts of three SYNs, by hand."""
    lines = lines_of("rw_test_cqt_only")
    assert lines["host_looks"]["span"]["exact"] == {"earliest_s": 1.25, "latest_s": 1.25}
    assert lines["host_looks"]["span"]["ticks"] == {"earliest_s": 1.28, "latest_s": 1.28}
    assert lines["hold_ends"]["span"]["exact"]["latest_s"] == 15.001
    # 5 s, two looks on a busy path, 15.001 s and 10 s.
    assert lines["attempt_1"]["since_fault"]["exact"]["latest_s"] == pytest.approx(32.501)
    assert lines["attempt_1_fails"]["span"]["exact"]["latest_s"] == 3
    # ceil(600 s / 10 s) attempts, each 3 s, and 10 s before each.
    removed = lines["controller_removed"]["since_fault"]["exact"]["latest_s"]
    assert removed == pytest.approx(22.501 + 60 * 13)
    assert lines["io_timeout"]["since_fault"] is None


def test_settings_move_the_lines() -> None:
    """A longer KATO, another policy, another rate of ticks."""
    assert "hold_ends" not in lines_of("rw_test_mainline")
    held = lines_of("rw_test_cqt_only", "--set", "/hosts/0/connect/*/keep_alive_tmo=10s")
    assert held["hold_ends"]["span"]["exact"]["latest_s"] == 30.001
    [slow] = result("timers", "rw_test_cqt_only", "--hz", "100", "--json")["timelines"]
    assert slow["host_tick_rate_hz"] == slow["target_tick_rate_hz"] == 100


def test_a_path_without_keep_alive_is_told_of() -> None:
    """With KATO 0 there is no timeline, and that is said."""
    off = ("rw_test_cqt_only", "--set", "/hosts/0/connect/0/keep_alive_tmo=0s")
    document = result("timers", *off, "--json")
    [bare] = document["without_keep_alive"]
    assert bare["io_timeout_s"] == 30
    assert [t["controllers"] for t in document["timelines"]] == [["nvme1"]]
    told = holdfast("timers", *off).stdout
    assert f"{bare['host']} to {bare['subsystem']} {bare['port']}: KATO 0, so nobody looks" in told
    assert "an\n  I/O times out (30 s after its submission)" in told


def test_each_bundled_scenario_has_its_timelines() -> None:
    """Numbers have units, spans are not upside down, and what comes later comes later."""
    document = result("timers", *scenarios(), "--json")
    assert len(document["scenarios"]) == len(scenarios())
    assert list(numbers_without_unit(document)) == []
    for timeline in (t for one in document["scenarios"] for t in one["timelines"]):
        for line in timeline["lines"]:
            for times in (line["span"], line["since_fault"] or {}):
                for ends in times.values():
                    assert ends["earliest_s"] <= ends["latest_s"], line
            assert all(line[words] for words in ("formula", "source", "says")), line


def test_the_table_is_for_reading() -> None:
    """Each line stands in the table and in the words below it; so does the margin."""
    done = holdfast("timers", "rw_test_cqt_only", "rw_test_mainline")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.count("\n  host_detects ") == 4
    assert "15.001" in done.stdout
    assert done.stdout.count("a retry may come first") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing.json"], "missing.json"),
        (["quickstart", "--hz", "0"], "--hz: found"),
        (["quickstart", "--hz", "999"], "expected a divisor of 10^9"),
        (["quickstart", "--set", "hosts.h1.policy=none"], "/hosts/0/policy"),
        ([], "found no SCENARIO"),
    ],
)
def test_what_is_wrong_is_told(words: list[str], said: str) -> None:
    """Status 2, one line, nothing on stdout."""
    done = holdfast("timers", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
