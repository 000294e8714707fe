# SPDX-License-Identifier: Apache-2.0
"""What a run has earned is kept: Ctrl-C, a bound on events, a disk or a pipe that takes nothing."""

from __future__ import annotations

import copy
import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from house import ROOT
from program import PROGRAM

ENDLESS: dict[str, Any] = {
    "name": "endless",
    "duration": "1000000s",
    "fabric": {
        "links": [{"name": "left", "ends": ["h1", "a0"]}, {"name": "right", "ends": ["h1", "a1"]}]
    },
    "subsystems": [
        {"name": "store", "ports": ["a0", "a1"], "namespaces": [{"nsid": 1, "size": "64MiB"}]}
    ],
    "hosts": [
        {
            "name": "h1",
            "policy": "linux-mainline",
            "connect": [
                {"subsystem": "store", "port": "a0"},
                {"subsystem": "store", "port": "a1"},
            ],
        }
    ],
    "workloads": [{"type": "fio", "host": "h1", "rw": "randwrite", "iodepth": 64, "size": "16MiB"}],
    "faults": [{"type": "blackhole", "at": "5000s", "for": "60s", "link": "left"}],
    "expect": {
        "integrity": "ok",
        "recoveries": 0,
        "longest_stall_s": {"min": 1},
        "io_errors": 0,
        "detection_s": {"max": 5},
        "requirements": ["HOLD-1"],
    },
}
# A fault that strikes every other nanosecond: events without an end in sight.
BUSY = {"type": "blackhole", "at": "0s", "for": "1ns", "every": "2ns", "times": 10**9}
BRIEF = str(ROOT / "scenarios" / "rw_test_ccr.json")


@pytest.fixture(name="endless")
def _endless(tmp_path: Path) -> Path:
    path = tmp_path / "endless.json"
    path.write_text(json.dumps(ENDLESS))
    return path


def interrupted(
    *args: str | Path,
    after_s: float = 0.7,
    after: Path | None = None,
    sent: Sequence[signal.Signals] = (signal.SIGINT,),
) -> tuple[int, str, str]:
    """Run the program, send it signals when a file is there, and return status, data and words."""
    with subprocess.Popen(
        [PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        while after is not None and not after.exists():
            time.sleep(0.02)
        time.sleep(after_s)
        began = time.monotonic()
        for one in sent:
            running.send_signal(one)
            time.sleep(0.01)
        data, words = running.communicate(timeout=60)
        # A second, and what a busy machine adds to it.
        assert time.monotonic() - began < 3
        return running.returncode, data, words


def check_partial(result: Any, reason: str) -> None:
    """Check that a document says that it is partial, and judges nothing."""
    assert result["partial"]["reason"] == reason
    assert 0 <= result["partial"]["until_s"] == result["sim"]["end_s"] < 1_000_000
    assert result["partial"]["of_s"] == 1_000_000
    assert result["integrity"]["verdict"] == "not judged"
    assert {one["verdict"] for one in result["expect"]} == {"not judged"}
    assert len(result["expect"]) == len(ENDLESS["expect"])
    assert "left_out" in result["partial"] or result["io"]["write"]["count"] > 0


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
        running.communicate(timeout=3)
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


def run(*args: str | Path, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    how = {"stdout": subprocess.PIPE, **how}
    return subprocess.run(
        [PROGRAM, *args], stderr=subprocess.PIPE, text=True, check=False, timeout=60, **how
    )


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
        assert done.returncode == (0 if wrong == "" else 2)


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
    status, _, words = interrupted("run", endless, "--kernel", "native", after_s=6)
    assert status == 130
    first = words.splitlines()[0]
    assert first.startswith("holdfast: endless: ")
    assert "of 1000000 s, 0 %, " in first
    assert first.endswith(" left")


def test_output_that_takes_nothing(tmp_path: Path) -> None:
    """Closed or full: said before the run in words of its own; files are written all the same."""
    with Path("/dev/full").open("w") as full:
        done = run("run", BRIEF, stdout=full)
        assert (done.returncode, done.stderr) == (
            4,
            "holdfast: cannot write to standard output: No space left on device\n",
        )
        for verb in (("list",), ("schema",), ("verify", BRIEF), ("--help",)):
            done = run(*verb, stdout=full)
            assert done.returncode == 4, verb
            assert done.stderr.count("\n") == 1
        kept = run("run", BRIEF, "--out", tmp_path, stdout=full)
    assert kept.returncode == 4
    assert (
        json.loads((tmp_path / "rw_test_ccr" / "result.json").read_text())["name"] == "rw_test_ccr"
    )
    closed = subprocess.run(
        ["sh", "-c", f"'{PROGRAM}' run '{BRIEF}' >&-"], capture_output=True, text=True, check=False
    )
    assert closed.returncode == 4
    assert closed.stderr == "holdfast: cannot write to standard output: Bad file descriptor\n"


def limited(size: int) -> Any:
    """Return what lets a process write files of this size only: a disk that is soon full."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """Before the run if it shows there; else the result is on stdout, and the old one stays."""
    early = run("run", BRIEF, "--out", tmp_path / "new", preexec_fn=limited(100))
    assert early.returncode == 4
    assert early.stdout == ""
    assert "--out: cannot write" in early.stderr
    assert not (tmp_path / "new").exists()

    args = ("run", BRIEF, "--out", tmp_path, "--trace", "jsonl", "--json")
    whole = run(*args)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    late = run(*args, "--seed", "3", preexec_fn=limited(4096))
    assert late.returncode == 4
    assert "trace.jsonl: File too large; the result follows on standard output" in late.stderr
    assert json.loads(late.stdout)["seed"] == 3
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for path, content in before.items():
        if after[path] != content:
            assert json.loads(after[path])["seed"] == 3  # whole
    assert after.keys() == before.keys()
    assert json.loads(whole.stdout)["seed"] != 3


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("/proc/x", "cannot make the folder"),
        ("/dev/null/x", "is not a directory"),
        ("x" * 300, "File name too long"),
    ],
)
def test_a_folder_that_cannot_be(tmp_path: Path, out: str, words: str) -> None:
    """It is told before anything runs, and nothing is left behind."""
    for verb in (("run", BRIEF), ("conform", "--policy", "spec", "--swarm", "1")):
        done = run(*verb, "--out", f"new/{out}" if out[0] == "x" else out, cwd=tmp_path)
        assert done.returncode in (2, 4)
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
        assert list(tmp_path.iterdir()) == []


def test_an_earlier_result_and_what_lies_beside_it(tmp_path: Path, endless: Path) -> None:
    """Traces of an earlier run do not outlive its result; a partial result takes no whole one's."""
    folder = tmp_path / "endless"
    brief = tmp_path / "brief.json"
    brief.write_text(json.dumps({**ENDLESS, "duration": "101ms", "faults": [], "expect": {}}))
    short = (brief, "--out", tmp_path, "--trace")
    assert run("run", *short, "jsonl,kernel").returncode == 0
    assert (folder / "kernel.log").exists()
    assert run("run", *short, "jsonl").returncode == 0
    assert not (folder / "kernel.log").exists()
    whole = (folder / "result.json").read_text()
    (folder / ".tmp-1-1").write_text("of a run that was killed")

    partial = run("run", endless, "--out", tmp_path, "--max-events", "20000")
    assert partial.returncode == 5
    assert "of a run that came to its end, and stays" in partial.stderr
    assert (folder / "result.json").read_text() == whole
    assert "partial" in json.loads((folder / "result.partial.json").read_text())
    assert not (folder / ".tmp-1-1").exists()
    assert run("run", *short, "jsonl").returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "result.json",
        "scenario.json",
        "trace.jsonl",
    ]


def test_two_writers_and_a_killed_one(tmp_path: Path, endless: Path) -> None:
    """The second is refused; a killed one leaves nothing under a final name, and no lock."""
    args: list[str | Path] = [PROGRAM, "run", endless, "--out", tmp_path, "--trace", "jsonl"]
    with subprocess.Popen(args, stdout=subprocess.PIPE) as first:
        while not list(tmp_path.glob("endless/.tmp-*")):
            time.sleep(0.02)
        second = run("run", endless, "--out", tmp_path)
        assert second.returncode == 4
        assert "another run is writing into" in second.stderr
        first.kill()
    assert not [path for path in (tmp_path / "endless").iterdir() if path.name[0] != "."]
    assert run("run", endless, "--out", tmp_path, "--max-events", "2000").returncode == 5
    assert not list((tmp_path / "endless").glob(".*"))


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
