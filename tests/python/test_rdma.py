# SPDX-License-Identifier: Apache-2.0
"""What the program says about NVMe/RDMA: the kernel's words, and a trace that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

from program import holdfast

SCENARIO = "scenarios/rdma_rw_test_mainline.json"


def test_there_is_no_capture(tmp_path: Path) -> None:
    """A capture of RDMA is refused before anything is written."""
    done = holdfast("run", SCENARIO, "--out", str(tmp_path / "o"), "--trace", "pcap")
    assert done.returncode == 2
    assert "pcap exists for tcp" in done.stderr
    assert SCENARIO in done.stderr
    assert not (tmp_path / "o").exists()


def test_kernel_log(tmp_path: Path) -> None:
    """H37 tells a request timeout without a PDU type; the set-up reads as with TCP."""
    done = holdfast("run", SCENARIO, "--set", "hosts.h1.io_timeout=1s",
                    "--set", "hosts.h1.policy=linux-mainline",
                    "--set", 'faults.0={"type": "delay_command", "at": "50ms", "delay": "3s", '
                             '"subsystem": "mysubsystem", "opcode": "write"}',
                    "--out", str(tmp_path), "--trace", "kernel")  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    log = (tmp_path / "rdma_rw_test_mainline" / "kernel.log").read_text()
    found = re.findall(r"nvme nvme0: I/O tag \d+ \([0-9a-f]{4}\) opcode 0x1 \(Write\) "
                       r"QID \d+ timeout", log)  # fmt: skip
    assert len(found) == 1
    assert " type " not in log
    lines = [line.split("] ", 1)[1] for line in log.splitlines()]
    own = [line for line in lines if line.startswith("nvme nvme0:")]
    assert own[:2] == ["nvme nvme0: creating 4 I/O queues.",
                       "nvme nvme0: mapped 4/0/0 default/read/poll queues."]  # fmt: skip
    assert "nvmet: adding queue 4 to ctrl 1." in lines
