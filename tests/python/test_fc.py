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
        "failed nvme_keep_alive_end_io error=4",
        "NVME-FC{0}: transport association event: transport detected io error",
        "NVME-FC{0}: resetting controller",
        "NVME-FC{0}: create association : host wwpn 0x2000000000000001  "
        'rport wwpn 0x2000000000000003: NQN "mysubsystem"',
        "NVME-FC{0}: controller connect complete",
    ]
    assert "socket" not in log


def lines_of(tmp_path: Path, scenario: str, *sets: str) -> list[str]:
    """Return what the host logs of path 1 from 5.9 s on in a reference run."""
    options = [word for one in sets for word in ("--set", one)]
    done = holdfast("run", f"scenarios/reference/fc/{scenario}.json", *options,
                    "--out", str(tmp_path), "--trace", "kernel")  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    log = (tmp_path / scenario / "kernel.log").read_text()
    found = re.findall(r"\[ *(\d+\.\d+)\] nvme nvme0: (.+)", log)
    return [re.sub(" : host wwpn .*", "", text) for time, text in found if float(time) > 5.9]


def test_log_of_a_remote_port(tmp_path: Path) -> None:
    """Nothing is said of attempts while the port is away; then it comes back, or does not."""
    lost = "NVME-FC{0}: controller connectivity lost. Awaiting Reconnect"
    assert lines_of(tmp_path, "port") == [
        lost,
        "failed nvme_keep_alive_end_io error=4",
        "NVME-FC{0}: connectivity re-established. Attempting reconnect",
        "NVME-FC{0}: create association",
        "NVME-FC{0}: controller connect complete",
    ]
    assert lines_of(tmp_path, "port", "/faults/0/for=80s") == [
        lost,
        "failed nvme_keep_alive_end_io error=4",
        "NVME-FC{0}: dev_loss_tmo (60) expired while waiting for remoteport connectivity.",
        'Removing ctrl: NQN "ref"',
    ]
    early = lines_of(tmp_path, "port", "/faults/0/for=80s", "/hosts/0/connect/0/ctrl_loss_tmo=10s")
    assert early[-2].startswith("NVME-FC{0}: dev_loss_tmo (10) expired while waiting")


@pytest.mark.parametrize(("scenario", "error"), [("unlinked", -6), ("target_port", -111)])
def test_log_of_a_port_that_goes_silently(tmp_path: Path, scenario: str, error: int) -> None:
    """What fails is told by its number, and how long the next attempt is put off."""
    assert lines_of(tmp_path, scenario)[:8] == [
        "NVME-FC{0}: transport association event: transport detected io error",
        "NVME-FC{0}: resetting controller",
        "NVME-FC{0}: create association",
        f"NVME-FC{{0}}: reset: Reconnect attempt failed ({error})",
        "NVME-FC{0}: Reconnect attempt in 2 seconds",
        "NVME-FC{0}: create association",
        f"NVME-FC{{0}}: reset: Reconnect attempt failed ({error})",
        "NVME-FC{0}: Reconnect attempt in 2 seconds",
    ]


def test_a_reset_and_a_delete_say_little(tmp_path: Path) -> None:
    """Neither is announced as a recovery; a delete tells at its start what it removes."""
    assert lines_of(tmp_path, "reset") == [
        "NVME-FC{0}: create association",
        "NVME-FC{0}: controller connect complete",
    ]
    assert lines_of(tmp_path, "delete") == ['Removing ctrl: NQN "ref"']


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
