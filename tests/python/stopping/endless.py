# SPDX-License-Identifier: Apache-2.0
"""Runs without an end in sight, and how the tests stop them."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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


def interrupted(
    *args: str | Path,
    after_s: float = 0.7,
    after: Path | None = None,
    sent: Sequence[signal.Signals] = (signal.SIGINT,),
    hangup: signal.Handlers = signal.SIG_DFL,
) -> tuple[int, str, str]:
    """Run the program, send it signals when a file is there, and return status, data and words.

    The tests may have been started by nohup; `hangup` is what the program finds for SIGHUP.
    """
    with subprocess.Popen(
        [PROGRAM, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, hangup),
    ) as running:
        while after is not None and not after.exists():
            time.sleep(0.02)
        time.sleep(after_s)
        began = time.monotonic()
        for one in sent:
            running.send_signal(one)
            time.sleep(0.01)
        try:
            data, words = running.communicate(timeout=10)
        finally:
            running.kill()
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


def run(*args: str | Path, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    how = {"stdout": subprocess.PIPE, **how}
    return subprocess.run(
        [PROGRAM, *args], stderr=subprocess.PIPE, text=True, check=False, timeout=60, **how
    )
