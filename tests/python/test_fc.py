# SPDX-License-Identifier: Apache-2.0
"""Fibre Channel from the outside: the words of its driver, and the trace that it does not have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from program import holdfast, is_written

pytestmark = pytest.mark.skipif(not is_written(), reason="the tree has no bindings/cli yet")

MAINLINE = "scenarios/fc_rw_test_mainline.json"


def test_no_capture(tmp_path: Path) -> None:
    """A capture of frames does not exist: wrong usage, and nothing is written."""
    out = tmp_path / "out"
    done = holdfast("run", MAINLINE, "--out", str(out), "--trace", "kernel,pcap")
    assert done.returncode == 2
    assert "pcap exists for tcp" in done.stderr
    assert not out.exists()


def test_log_of_error_recovery(tmp_path: Path) -> None:
    """The words of nvme_fc_error_recovery, then an immediate reconnect."""
    done = holdfast("run", MAINLINE, "--out", str(tmp_path), "--trace", "kernel")
    assert done.returncode == 0, done.stderr
    log = (tmp_path / "fc_rw_test_mainline" / "kernel.log").read_text()
    found = re.findall(r"\[ +2\.[56]\d+\] nvme nvme0: (.+)", log)
    assert found == [
        "NVME-FC{0}: transport association event: transport detected io error",
        "NVME-FC{0}: resetting controller",
        "failed nvme_keep_alive_end_io error=4",
        "Successfully reconnected (attempt 1/300)",
    ]
    assert "socket" not in log


def test_log_of_a_timeout(tmp_path: Path) -> None:
    """A write that times out is told with its opcode and its first two dwords."""
    done = holdfast(
        "run", MAINLINE, "--set", "/faults/0/type=delay_command", "--set", "hosts.h1.io_timeout=1s",
        "--out", str(tmp_path), "--trace", "kernel",
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    log = (tmp_path / "fc_rw_test_mainline" / "kernel.log").read_text()
    words = r"NVME-FC\{0\.\d\}: io timeout: opcode 1 fctype 0 \(Write\) w10/11: x0{8}/x0{8}"
    assert re.search(words, log), log
