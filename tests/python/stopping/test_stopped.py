# SPDX-License-Identifier: Apache-2.0
"""Runs that end before their time: in good order, and their results say so."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from endless import BRIEF, BUSY, ENDLESS, check_partial, interrupted, run
from program import PROGRAM


@pytest.fixture(name="endless")
def _endless(tmp_path: Path) -> Path:
    path = tmp_path / "endless.json"
    path.write_text(json.dumps(ENDLESS))
    return path


@pytest.mark.parametrize("kernel", ["native", "simgrid", "both"])
def test_ctrl_c_ends_a_run_and_its_result_is_partial(endless: Path, kernel: str) -> None:
    """Within a second, on each kernel; a second Ctrl-C loses nothing."""
    twice = [signal.SIGINT, signal.SIGINT]
    args = ("run", endless, "--kernel", kernel, "--json")
    status, data, words = interrupted(*args, sent=twice)
    assert status == 130
    assert "stopped by Ctrl-C; 1 of 1 scenarios begun" in words
    check_partial(json.loads(data), "interrupted")


def test_other_signals_and_what_was_finished_before(tmp_path: Path, endless: Path) -> None:
    """SIGTERM and SIGHUP do the same; a scenario that was finished is whole."""
    out = tmp_path / "out"
    args = ("run", BRIEF, endless, "--kernel", "native", "--out", out, "--trace", "jsonl")
    finished = out / "rw_test_ccr" / "result.json"
    status, data, words = interrupted(*args, after=finished, sent=[signal.SIGTERM])
    assert status == 128 + signal.SIGTERM
    assert "stopped by SIGTERM; 2 of 2 scenarios begun" in words
    assert "partial  endless: stopped at" in data
    assert "partial" not in json.loads(finished.read_text())
    check_partial(json.loads((out / "endless" / "result.json").read_text()), "interrupted")
    last = (out / "endless" / "trace.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["t_ns"] > 0
    assert sorted(path.name for path in (out / "endless").iterdir()) == [
        "result.json",
        "scenario.json",
        "trace.jsonl",
    ]
    assert interrupted("run", endless, sent=[signal.SIGHUP])[0] == 128 + signal.SIGHUP
    # Who was started by nohup stays when the terminal goes.
    both = [signal.SIGHUP, signal.SIGINT]
    assert interrupted("run", endless, sent=both, hangup=signal.SIG_IGN)[0] == 130


def test_a_pipe_that_nobody_reads(tmp_path: Path) -> None:
    """Ctrl-C ends a program that waits for the reader of its results."""
    command: list[str | Path] = [PROGRAM, "schema"]
    read, write = os.pipe()
    os.set_blocking(write, False)
    try:
        while os.write(write, bytes(4096)):
            pass
    except BlockingIOError:
        os.set_blocking(write, True)
    with subprocess.Popen(command, stdout=write, stderr=subprocess.PIPE) as running:
        time.sleep(0.5)
        assert running.poll() is None
        running.send_signal(signal.SIGINT)
        try:
            running.communicate(timeout=3)
        finally:
            running.kill()
        assert running.returncode == 130
    os.close(read)
    os.close(write)
    closed = subprocess.run(
        ["sh", "-c", f"trap '' PIPE; '{PROGRAM}' schema | true"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert closed.stderr == ""


@pytest.mark.parametrize("kernel", ["native", "simgrid", "both"])
def test_max_events(tmp_path: Path, kernel: str) -> None:
    """A run without an end in sight ends after so many events, the same on each kernel."""
    busy = {**copy.deepcopy(ENDLESS), "faults": [{**BUSY, "link": "left"}]}
    del busy["expect"]["requirements"]
    path = tmp_path / "busy.json"
    path.write_text(json.dumps(busy))
    args = (path, "--kernel", kernel, "--max-events", "20000")
    done = run("run", *args, "--json")
    assert done.returncode == 5, done.stderr
    result = json.loads(done.stdout)
    assert result["partial"]["reason"] == "max_events"
    assert result["sim"]["events"] == 20_000
    assert result["partial"]["until_s"] == pytest.approx(2e-5, rel=0.5)
    table = run("run", *args)
    assert "partial  endless: ended by --max-events after 20000 events" in table.stdout
    assert "(integrity, longest_stall_s" in table.stdout


def test_a_bound_that_is_just_enough() -> None:
    """A run of as many events as are allowed is whole."""
    events = json.loads(run("run", BRIEF, "--json").stdout)["sim"]["events"]
    for kernel in ("native", "simgrid"):
        args = ("run", BRIEF, "--json", "--kernel", kernel, "--max-events")
        whole = run(*args, str(events))
        assert whole.returncode == 0
        assert "partial" not in json.loads(whole.stdout)
        assert run(*args, str(events - 1)).returncode == 5
    for wrong in ("0", "-1", "many", "1e9", ""):
        done = run("run", BRIEF, "--max-events", wrong)
        assert done.returncode == 2


def test_what_has_failed_already_is_told(tmp_path: Path, endless: Path) -> None:
    """A partial run passes nothing, and fails what no further event can mend."""
    args = ("run", endless, "--kernel", "native", "--max-events", "100000", "--json")
    done = run(*args, "--set", 'expect.longest_stall_s={"max": 0}')
    assert done.returncode == 1
    verdicts = {one["name"]: one["verdict"] for one in json.loads(done.stdout)["expect"]}
    assert verdicts["longest_stall_s"] == "fail"
    assert verdicts["integrity"] == verdicts["requirement HOLD-1"] == "not judged"


def test_progress_in_a_pipe(endless: Path) -> None:
    """A line after some seconds."""
    with subprocess.Popen(
        [PROGRAM, "run", endless, "--kernel", "native"], stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        limit = threading.Timer(60, running.kill)
        limit.start()
        told = next((line for line in running.stderr if " of 1000000 s, 0 %, " in line), "")
        limit.cancel()
        running.send_signal(signal.SIGINT)
        running.stderr.read()
    assert running.returncode == 130
    assert told.startswith("holdfast: endless: ")
    assert told.endswith(" left\n")


def test_what_a_run_leaves_open(tmp_path: Path) -> None:
    """Said beside the verdict: I/O that never came back counts as the slowest."""
    cut = copy.deepcopy(ENDLESS)
    cut.update(duration="15s", expect={})
    cut["hosts"][0]["policy"] = "cqt-only"
    cut["faults"] = [{"type": "blackhole", "at": "8s", "for": "60s", "link": "left"}]
    cut["workloads"][0].update(rw="randrw", iodepth=4, rate_iops=100)
    path = tmp_path / "cut.json"
    path.write_text(json.dumps(cut))
    result = json.loads(run("run", path, "--json").stdout)
    assert result["unfinished"]["io"]["count"] == 4
    assert result["unfinished"]["io"]["oldest_s"] == pytest.approx(7, abs=0.1)
    assert (result["unfinished"]["recoveries"], result["unfinished"]["faults"]) == (1, 1)
    for kind in ("read", "write"):
        assert result["io"][kind]["slowest_s"] == pytest.approx(7, abs=0.1)
        assert result["io"][kind]["lat_us"]["max"] < 1000
    table = run("run", path).stdout
    assert "unfinished  endless: at the end 4 I/Os are out, the oldest for 7.000 s, " in table
    assert table.endswith("1 path is given up and not back, 1 fault has not ended\n")
    # A load that goes on until the end has some I/O out, and that is not worth a word.
    cut["faults"] = []
    path.write_text(json.dumps(cut))
    assert "unfinished" not in run("run", path).stdout
    # Repetitions that come after the end, and a fault that has no end to wait for.
    cut["faults"] = [
        {"type": "link_down", "at": "8s", "for": "1ms", "every": "4s", "times": 3, "link": "left"},
        {"type": "link_down", "at": "9s", "link": "right"},
    ]
    path.write_text(json.dumps(cut))
    assert json.loads(run("run", path, "--json").stdout)["unfinished"]["faults"] == 1


def test_what_never_began(tmp_path: Path) -> None:
    """A target that refuses each connection leaves nothing to be corrupted: ok, but not quite."""
    refused = copy.deepcopy(ENDLESS)
    refused.update(duration="15s", expect={}, faults=[])
    refused["subsystems"][0]["kato_max"] = "10s"
    refused["workloads"][0].update(iodepth=1, rate_iops=100)
    path = tmp_path / "refused.json"
    path.write_text(json.dumps(refused))
    assert "unfinished" not in run("run", path).stdout
    for connection in refused["hosts"][0]["connect"]:
        connection["keep_alive_tmo"] = "11s"
    path.write_text(json.dumps(refused))
    assert json.loads(run("run", path, "--json").stdout)["unfinished"]["workloads"] == 1
    says = "unfinished  endless: at the end 1 workload has not begun, for want of a path or of time"
    assert says in run("run", path).stdout


def test_ctrl_c_ends_a_sweep_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At any time: while Python starts, while it runs; the second one adds nothing."""
    monkeypatch.setenv("HOLDFAST_PYTHON", sys.executable)
    sweep = tmp_path / "sweep.json"
    points = {"/hosts/0/policy": ["spec", "linux-mainline"]}
    sweep.write_text(json.dumps({"base": "rw_test_ccr", "points": points, "seeds": 40_000}))
    for after_s in (0.2, 0.6, 3.0):
        twice = [signal.SIGINT, signal.SIGINT]
        status, _, words = interrupted("sweep", sweep, after_s=after_s, sent=twice)
        assert status in (130, -signal.SIGINT)  # The latter before main() is reached.
        assert "Traceback" not in words
        assert words == "" or words.startswith("holdfast: stopped ")
