# SPDX-License-Identifier: Apache-2.0
"""TLS in a capture and in the kernel log, and what refuses a second seed."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from malformed_cases import BASE
from program import holdfast
from test_malformed import refused


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the scenario whose handshakes are not answered at first."""
    out = tmp_path_factory.mktemp("tls")
    done = holdfast("run", "scenarios/operators/tls_unanswered.json", "--kernel", "native",
                    "--set", "/workloads=[]", "--set", "/expect={}",
                    "--out", str(out), "--trace", "kernel,pcap")  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out / "tls_unanswered"


def test_a_capture_has_handshakes_and_records(traces: Path) -> None:
    """Wireshark sees TLS, hello by hello, and nothing in it that it could take for NVMe."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")

    def count(condition: str) -> int:
        words = ["tshark", "-r", str(traces / "trace.pcapng"), "-d", "tcp.port==4420,tls"]
        done = subprocess.run(
            [*words, "-Y", condition], capture_output=True, text=True, check=True, timeout=300
        )
        return len(done.stdout.splitlines())

    # Two queues of each path, two attempts that nobody answers, and two queues of the third.
    assert count("tls.handshake.type == 1") == 4 + 2 + 2
    assert count("tls.handshake.type == 2") == 4 + 2
    assert count("tls.record.content_type == 23") > 100
    assert count("nvme-tcp") == 0
    assert count("tcp.analysis.lost_segment") == 0


def test_the_log_has_the_words_of_linux(traces: Path) -> None:
    """nvme_tcp_start_tls tells of a failure, once an attempt; success is a debug message."""
    log = (traces / "kernel.log").read_text().splitlines()
    failed = [line for line in log if "TLS handshake" in line]
    # 10 s of reconnect_delay behind the fault at 10 s, 10 s of the handshake; and again.
    assert [line.split("] ")[1] for line in failed] == [
        "nvme nvme0: queue 0: TLS handshake failed, error -110"
    ] * 2
    assert [line[:15] for line in failed] == ["[   30.000008] ", "[   50.000016] "]
    assert any("Successfully reconnected (attempt 3/60)" in line for line in log)


def test_damage_is_refused_with_tls(tmp_path: Path) -> None:
    """A record that is damaged ends its connection before a digest is looked at."""
    scenario = copy.deepcopy(BASE)
    connect = {"subsystem": "sub", "port": "a0", "hdr_digest": True, "tls": {}}
    scenario["hosts"] = [{"name": "h1", "connect": [connect]}]
    scenario["faults"] = [
        {"type": "damage_pdu", "at": "1s", "host": "h1", "controller": "nvme0", "part": "header"}
    ]
    words = refused(json.dumps(scenario), tmp_path, "native")
    assert "/faults/0/controller" in words
    assert "TLS finds" in words


@pytest.mark.parametrize(
    "question", [("rare", "--of", "corruption"), ("search", "--for", "corruption")]
)
def test_a_second_seed_is_refused_where_copies_throw_dice(question: tuple[str, ...]) -> None:
    """Copies of a world would all throw the same ones from there on."""
    verb, *words = question
    done = holdfast(verb, "other_futures", *words)
    assert done.returncode == 2
    assert "/reseed: found a second seed" in done.stderr
