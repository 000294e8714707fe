# SPDX-License-Identifier: Apache-2.0
"""What a run has earned is kept: files, and disks and pipes that take nothing."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from endless import BRIEF, ENDLESS, interrupted, run
from program import PROGRAM


@pytest.fixture(name="endless")
def _endless(tmp_path: Path) -> Path:
    path = tmp_path / "endless.json"
    path.write_text(json.dumps(ENDLESS))
    return path


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
        end = time.monotonic() + 10
        while not list(tmp_path.glob("endless/.tmp-*")) and time.monotonic() < end:
            time.sleep(0.02)
        second = run("run", endless, "--out", tmp_path)
        assert second.returncode == 4
        assert "another run is writing into" in second.stderr
        first.kill()
    assert not [path for path in (tmp_path / "endless").iterdir() if path.name[0] != "."]
    assert run("run", endless, "--out", tmp_path, "--max-events", "2000").returncode == 5
    assert not list((tmp_path / "endless").glob(".*"))


def test_reports_that_were_stopped(tmp_path: Path) -> None:
    """They do not take the place of whole ones; a long name of a policy is shortened."""
    out = tmp_path / "out"
    few = ("conform", "--policy", "spec", "--target", "array", "--requirement", "HOLD-1")
    assert run(*few, "--swarm", "1", "--out", out).returncode == 0
    before = (out / "conform.json").read_bytes()
    (out / "failures" / ".tmp-1-1").write_text("of a run that was killed")
    twice = [signal.SIGINT, signal.SIGINT]
    status, data, words = interrupted("conform", "--out", out, after_s=1, sent=twice)
    assert status == 130
    assert "Stopped before the end" in data
    assert "conform.json is of a run that came to its end, and stays" in words
    assert (out / "conform.json").read_bytes() == before
    assert json.loads((out / "partial" / "conform.json").read_text())["complete"] is False
    assert run(*few, "--swarm", "1", "--out", out, "--format", "json").returncode == 0
    left = {
        path.name for path in out.rglob("*") if path.is_file() and path.parent.name != "partial"
    }
    assert left == {"conform.json"}

    # The policy's name is part of the names of files, and fits.
    long = tmp_path / f"{'x' * 245}.json"
    long.write_text(json.dumps({"preset": "linux-mainline"}))
    new = tmp_path / "new"
    asked = (*few[3:], "--swarm", "1", "--out", new)
    done = run("conform", "--policy", long, *asked)
    assert done.returncode == 1, done.stderr
    assert len([path for path in (new / "failures").iterdir() if path.suffix == ".json"]) == 1


FOREIGN = [
    ("result.json", "my results"),
    ("result.json", '{"mine": 1}'),
    ("result.partial.json", "[]"),
    ("scenario.json", '{"name": "rw_test_ccr"}'),
    ("kernel.log", "[    0.000000] Linux version 6.1"),
    ("trace.jsonl", '{"time": 0}'),
    ("trace.perfetto.json", "{}"),
    ("trace.pcapng", "\n\r\r\nwireshark"),
]


@pytest.mark.parametrize(("name", "text"), FOREIGN)
def test_files_of_others_are_not_overwritten(name: str, text: str, tmp_path: Path) -> None:
    """A folder that holds what no run wrote is told before anything runs, and stays as it is."""
    folder = tmp_path / "rw_test_ccr"
    folder.mkdir()
    (folder / name).write_bytes(text.encode())
    done = run("run", BRIEF, "--out", tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert f'--out: found "{name}" in ' in done.stderr
    assert "which no run wrote" in done.stderr
    assert done.stderr.count("\n") == 1
    assert [(one.name, one.read_bytes()) for one in folder.iterdir()] == [(name, text.encode())]


def test_files_of_runs_are_overwritten(tmp_path: Path) -> None:
    """Also by a run with other traces, and where only traces were kept."""
    for traces in ("jsonl,kernel", "perfetto,pcap"):
        done = run("run", BRIEF, "--out", tmp_path, "--trace", traces)
        assert done.returncode == 0, done.stderr
    folder = tmp_path / "rw_test_ccr"
    names = {one.name for one in folder.iterdir()}
    assert names == {"result.json", "scenario.json", "trace.perfetto.json", "trace.pcapng"}
    for name in ("result.json", "scenario.json"):
        (folder / name).unlink()
    assert run("run", BRIEF, "--out", tmp_path, "--trace", "jsonl,kernel").returncode == 0
    for name in ("result.json", "scenario.json"):
        (folder / name).unlink()
    assert run("run", BRIEF, "--out", tmp_path).returncode == 0
    assert {one.name for one in folder.iterdir()} == {"result.json", "scenario.json"}


@pytest.mark.parametrize(
    "name", ["conform.json", "conform.html", "conform.md", "conform.junit.xml"]
)
def test_reports_of_others_are_not_overwritten(name: str, tmp_path: Path) -> None:
    """The same for conform; its own reports are."""
    brief: list[str | Path] = ["conform", "--policy", "spec", "--target", "array", "--swarm", "0",
             "--requirement", "HOLD-6", "--out", tmp_path]  # fmt: skip
    (tmp_path / name).write_text("<p>mine</p>")
    done = run(*brief)
    assert done.returncode == 2
    assert f'--out: found "{name}" in ' in done.stderr
    assert (tmp_path / name).read_text() == "<p>mine</p>"
    (tmp_path / name).unlink()
    kind = {"xml": "junit"}.get(name.rpartition(".")[2], name.rpartition(".")[2])
    for _ in range(2):
        assert run(*brief, "--format", kind).returncode == 0
