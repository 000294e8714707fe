# SPDX-License-Identifier: Apache-2.0
"""What the program says about NVMe/RDMA, and on it as on TCP about what administrators do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
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


def log_of(tmp_path: Path, transport: str, action: str, duration: str) -> list[str]:
    """Return what is said of a controller over a dead path once an administrator has acted."""
    done = holdfast("run", f"scenarios/reference/{transport}/operator.json",
                    "--out", str(tmp_path / action), "--trace", "kernel",
                    "--set", f"/faults/1/type={action}", "--set", f"/duration={duration}",
                    "--set", "/faults/0/for=73s")  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    log = (tmp_path / action / "operator" / "kernel.log").read_text()
    lines = re.findall(r"\[ *(\d+\.\d+)\] nvme nvme0: (.+)", log)
    texts = [re.sub(r"tag \d+ \(.{4}\)", "tag", text) for time, text in lines if float(time) > 7]
    # nvme-tcp tells the type of the PDU as well; how long a round trip was differs.
    return [re.sub(r" type 4|(?<=RTT ).*", "", text) for text in texts]


@pytest.mark.parametrize("transport", ["tcp", "rdma"])
def test_log_of_administrators(tmp_path: Path, transport: str) -> None:
    """As measured of Linux 6.12, line by line but for the names of commands."""
    reset = log_of(tmp_path, transport, "reset_controller", "110s")
    assert reset[:2] == [
        "I/O tag opcode 0x7f (Property Set) QID 0 timeout",
        "Property Set error: 881, offset 0x14",
    ]
    # The attempt of the reset itself is not counted aloud: on RDMA it succeeds in the end.
    queues = ["creating 1 I/O queues.", "mapped 1/0/0 default/read/poll queues."]
    assert (
        reset[2:]
        == {
            "rdma": queues,
            "tcp": [
                "failed to connect socket: -110",
                "Reconnecting in 10 seconds...",
                *queues,
                "Successfully reconnected (attempt 2/60)",
            ],
        }[transport]
    )
    assert log_of(tmp_path, transport, "delete_controller", "60s") == [
        'Removing ctrl: NQN "ref"',
        "I/O tag opcode 0x18 (Keep Alive) QID 0 timeout",
        "long keepalive RTT ",
        "failed nvme_keep_alive_end_io error=10",
        *["I/O tag opcode 0x1 (Write) QID 1 timeout"] * 4,
        "Property Set error: 880, offset 0x14",
    ]
