# SPDX-License-Identifier: Apache-2.0
"""Traces that other programs read: the kernel log, the timeline, the capture; and the picture."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from house import ROOT
from program import holdfast, is_written, result

pytestmark = pytest.mark.skipif(not is_written(), reason="the tree has no bindings/cli yet")

HOST_LINE = re.compile(r"\[ *(\d+\.\d{6})\] (nvme nvme\d+|nvmet|block nvme\d+n\d+): (.+)")


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run three scenarios with all traces on and return the folder."""
    out = tmp_path_factory.mktemp("traces")
    files = [f"scenarios/{name}.json" for name in ("rw_test_mainline", "rw_test_cqt_only")]
    kinds = "kernel,perfetto,pcap,jsonl"
    done = holdfast("run", *files, "--kernel", "both", "--out", str(out), "--trace", kinds)
    assert done.returncode == 0, done.stderr
    # Less than the whole run will do: the fault strikes at 10 s and is noticed at 16.25 s.
    done = holdfast("run", "scenarios/quickstart.json", "--set", "duration=30s", "--out", str(out),
                    "--trace", "kernel,pcap,perfetto")  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


def kernel_log(traces: Path, scenario: str) -> list[tuple[float, str, str]]:
    """Return the lines of a kernel log: time, prefix, message."""
    lines = (traces / scenario / "kernel.log").read_text().splitlines()
    found = [HOST_LINE.fullmatch(line) for line in lines]
    assert all(found), lines
    return [(float(m[1]), m[2], m[3]) for m in found if m]


def messages(log: list[tuple[float, str, str]], prefix: str, after_s: float) -> list[str]:
    """Return the messages with that prefix after that time."""
    return [text for t, who, text in log if who == prefix and t > after_s]


def test_log_of_a_hold(traces: Path) -> None:
    """Fencing, hold, its end, reconnect: in the order and the words of the kernel."""
    log = kernel_log(traces, "rw_test_cqt_only")
    # 3 x 5 s + 1 ms; the keep-alive that falls due meanwhile is turned away (BLK_STS_TRANSPORT).
    assert messages(log, "nvme nvme0", 0.05) == [
        "starting controller fencing",
        "holding inflight requests for 15001ms",
        "failed nvme_keep_alive_end_io error=4",
        "Time-based recovery finished",
        "Reconnecting in 10 seconds...",
        "creating 4 I/O queues.",
        "mapped 4/0/0 default/read/poll queues.",
        "Successfully reconnected (attempt 1/60)",
    ]
    at = {text: t for t, _, text in log}
    held_s = at["Time-based recovery finished"] - at["starting controller fencing"]
    assert held_s == pytest.approx(15.001, abs=2e-6)
    assert messages(log, "nvmet", 0.05)[:2] == ["ctrl 1 fatal error occurred!",
                                                "ctrl 1 stop keep-alive"]  # fmt: skip
    assert [t for t, _, _ in log] == sorted(t for t, _, _ in log)


def test_log_of_a_keep_alive_timeout(traces: Path) -> None:
    """A blackhole: the target expires, the host's Keep Alive times out, connecting fails."""
    log = kernel_log(traces, "quickstart")
    assert messages(log, "nvme nvme0", 5)[:6] == [
        "I/O tag 1 (2001) type 4 opcode 0x18 (Keep Alive) QID 0 timeout",
        "starting error recovery",
        "failed nvme_keep_alive_end_io error=10",
        "Reconnecting in 10 seconds...",
        "failed to connect socket: -110",
        "Failed reconnect attempt 1/60",
    ]
    target = messages(log, "nvmet", 14)
    assert target[:2] == ["ctrl 1 keep-alive timer (5 seconds) expired!",
                          "ctrl 1 fatal error occurred!"]  # fmt: skip
    assert messages(log, "nvme nvme1", 1) == []


PUBLISHED = {
    "log_ccr": [
        "I/O tag 1 (b001) type 4 opcode 0x18 (Keep Alive) QID 0 timeout",
        "starting controller fencing",
        "attempting CCR, timeout 15000ms",
        "CCR succeeded using nvme3",
        "failed nvme_keep_alive_end_io error=10",
        "Reconnecting in 10 seconds...",
        "creating 1 I/O queues.",
        "mapped 1/0/0 default/read/poll queues.",
        "Successfully reconnected (attempt 1/60)",
    ],
    "log_cqt_only": [
        "I/O tag 1 (b001) type 4 opcode 0x18 (Keep Alive) QID 0 timeout",
        "starting controller fencing",
        "attempting CCR, timeout 15000ms",
        "CCR failed, switch to time-based recovery, timeout = 15000ms",
        "failed nvme_keep_alive_end_io error=5",
        "Time-based recovery finished",
        "Reconnecting in 10 seconds...",
        "creating 1 I/O queues.",
        "mapped 1/0/0 default/read/poll queues.",
        "Successfully reconnected (attempt 1/60)",
    ],
}


@pytest.mark.parametrize("scenario", PUBLISHED)
def test_published_log(scenario: str, tmp_path: Path) -> None:
    """LOG-1: the two published logs of a failed path, line by line (protocol.md 10.1)."""
    file = f"scenarios/{scenario}.json"
    done = holdfast("run", file, "--out", str(tmp_path), "--trace", "kernel")
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / scenario / "kernel.log").read_text().splitlines()
    found = [re.fullmatch(r"h1 \[ *(\d+\.\d+)\] nvme nvme4: (.+)", line) for line in lines]
    assert [m[2] for m in found if m and float(m[1]) > 1] == PUBLISHED[scenario]


def test_log_begins_with_the_set_up(traces: Path) -> None:
    """A new controller: created, queues counted, mapped and added, and then announced."""
    log = kernel_log(traces, "rw_test_cqt_only")
    first = [text for t, who, text in log if t < 0.05 and (who == "nvme nvme0" or "ctrl 1" in text
             or "controller 1" in text)]  # fmt: skip
    assert first == [
        "ctrl 1 start keep-alive timer for 5 secs",
        "Created nvm controller 1 for subsystem mysubsystem for NQN "
        "nqn.2014-08.org.nvmexpress:host:h1.",
        "creating 4 I/O queues.",
        "mapped 4/0/0 default/read/poll queues.",
        *[f"adding queue {i} to ctrl 1." for i in range(1, 5)],
        'new ctrl: NQN "mysubsystem", addr 10.0.0.3:4420, '
        "hostnqn: nqn.2014-08.org.nvmexpress:host:h1",
    ]


def events(traces: Path, scenario: str) -> list[dict[str, Any]]:
    """Return the events of a timeline."""
    document = json.loads((traces / scenario / "trace.perfetto.json").read_text())
    found: list[dict[str, Any]] = document["traceEvents"]
    return found


@pytest.mark.parametrize("scenario", ["rw_test_mainline", "rw_test_cqt_only", "quickstart"])
def test_timeline_is_well_formed(traces: Path, scenario: str) -> None:
    """Every event has a place and a time; spans on a line do not overlap; arrows have two ends."""
    found = events(traces, scenario)
    assert {e["ph"] for e in found} <= {"M", "X", "i", "s", "f"}
    named = {(e["pid"], e["tid"]) for e in found if e["name"] == "thread_name"}
    ends: Counter[int] = Counter()
    lines: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for e in found:
        if e["ph"] == "M":
            continue
        assert e["ts"] >= 0
        if e["ph"] == "X":
            begin, length = round(e["ts"] * 1000), round(e["dur"] * 1000)
            lines.setdefault((e["pid"], e["tid"]), []).append((begin, begin + length))
        if e["ph"] in "sf":
            ends[e["id"]] += 1 if e["ph"] == "s" else 10
    assert set(lines) <= named
    for spans in lines.values():
        spans.sort()
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    assert set(ends.values()) <= {11}
    for e in found:
        if e["ph"] in "sf":
            at = round(e["ts"] * 1000)
            assert any(b <= at < end for b, end in lines[e["pid"], e["tid"]]), e


def test_timeline_tells_the_corruption(traces: Path) -> None:
    """The stale write is a mark, and arrows lead to it and to the retry."""
    found = events(traces, "rw_test_mainline")
    marks = [e["name"] for e in found if e["ph"] == "i"]
    # Which write it is depends on the second program beside rw_test.
    told = [re.fullmatch(r"STALE WRITE: (write \d+) overwrites write \d+", m) for m in marks]
    names = [m[1] for m in told if m]
    assert len(names) == 1
    assert any(re.fullmatch(r"STALE READ: read \d+", m) for m in marks)
    arrows = Counter(e["name"] for e in found if e["ph"] == "s")
    # The write, and the reads that were in flight on the same controller.
    assert arrows["stale"] == 1
    assert 1 <= arrows["retry"] <= 5
    stale = next(e for e in found if e["ph"] == "X" and e["name"] == names[0] and e["pid"] >= 10000)
    # 2 s held back by the fault and 20 us of the medium.
    assert stale["dur"] == pytest.approx(2_000_020.0)


def test_timeline_tells_states_and_faults(traces: Path) -> None:
    """The states of a controller follow each other without a gap, from connect to the end."""
    found = events(traces, "rw_test_cqt_only")
    track = next(e for e in found if e["name"] == "thread_name" and e["args"]["name"] == "nvme0")
    spans = [e for e in found if e["ph"] == "X" and e["tid"] == track["tid"]
             and e["pid"] == track["pid"]]  # fmt: skip
    spans.sort(key=lambda e: e["ts"])
    names = [e["name"] for e in spans]
    assert names == ["CONNECTING", "LIVE", "FENCING", "FENCED", "RESETTING", "CONNECTING", "LIVE"]
    assert spans[2]["dur"] == pytest.approx(15_001_000.0)
    assert spans[-1]["ts"] + spans[-1]["dur"] == pytest.approx(90e6)
    fault = [e for e in events(traces, "quickstart") if e["name"] == "blackhole h1-s1"]
    assert [(e["ts"], e["dur"]) for e in fault] == [(10e6, 20e6)]


def tshark(capture: Path, *args: str) -> list[str]:
    """Run tshark on a capture and return the lines that it prints."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    # Checksums are made by us, so they are checked; whoever captures on a real host cannot.
    checks = ("ip.check_checksum:TRUE", "tcp.check_checksum:TRUE")
    options = [word for check in checks for word in ("-o", check)]
    done = subprocess.run(["tshark", "-r", str(capture), *options, *args], capture_output=True,
                          text=True, check=False, timeout=300)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("scenario", ["rw_test_mainline", "rw_test_cqt_only", "quickstart"])
def test_capture_is_clean(traces: Path, scenario: str) -> None:
    """Nothing is malformed, no checksum is wrong, no byte is missing."""
    capture = traces / scenario / "trace.pcapng"
    bad = ("_ws.malformed or ip.checksum.status == 0 or tcp.checksum.status == 0 "
           "or tcp.analysis.lost_segment or tcp.analysis.ack_lost_segment")  # fmt: skip
    assert tshark(capture, "-Y", bad) == []
    assert len(tshark(capture, "-Y", "nvme-tcp", "-c", "1000")) > 100


def test_capture_decodes(traces: Path) -> None:
    """Connect, Identify and completions say to Wireshark what the scenario says."""
    capture = traces / "rw_test_cqt_only" / "trace.pcapng"

    def fields(condition: str, *names: str) -> list[list[str]]:
        wanted = [word for name in names for word in ("-e", name)]
        return [
            line.split("\t") for line in tshark(capture, "-Y", condition, "-T", "fields", *wanted)
        ]

    # Two admin queues, and one of them again after the reconnect; I/O queues say 0.
    kato = fields("nvme.fabrics.cmd.connect.kato", "nvme.fabrics.cmd.connect.kato")
    assert Counter(k[0] for k in kato) == {"5000": 3, "0": 12}
    names = fields("nvme.fabrics.cmd.connect.data.subnqn", "nvme.fabrics.cmd.connect.data.subnqn")
    assert {n[0] for n in names} == {"mysubsystem"}
    identify = fields(
        "nvme.cmd.identify.ctrl.cntlid",
        "nvme.cmd.identify.ctrl.cntlid",
        "nvme.cmd.identify.ctrl.ctratt.tbkas",
        "nvme.cmd.identify.ctrl.subnqn",
    )
    assert identify == [["0x0001", "1", "mysubsystem"], ["0x0002", "1", "mysubsystem"],
                        ["0x0001", "1", "mysubsystem"]]  # fmt: skip
    # 30 writes of one block each; the one that was given up was sent twice. The field is a 0's
    # based count, which Wireshark shows as the count itself.
    writes = fields("nvme.cmd.opc == 0x01 && nvme.cmd.slba", "nvme.cmd.slba", "nvme.cmd.nlb")
    assert len(writes) == 31
    assert {tuple(int(word, 0) for word in write) for write in writes} == {(0, 1)}
    bad = fields("nvme.cqe.status.sc != 0 or nvme.cqe.status.sct != 0", "frame.number")
    assert bad == []
    assert fields("tcp.flags.syn == 1", "tcp.options.mss_val")[0] == ["1460"]


def test_capture_has_the_links_of_hosts(traces: Path) -> None:
    """An interface per link at which the host sits, named after it."""
    found = tshark(traces / "quickstart" / "trace.pcapng", "-T", "fields", "-e",
                   "frame.interface_name")  # fmt: skip
    assert set(found) == {"h1-s1", "h1-s2"}


def test_picture_is_of_a_fresh_run() -> None:
    """The picture in the README is what drawing it again gives, so its numbers are today's."""
    path = ROOT / "docs" / "pictures" / "draw.py"
    spec = importlib.util.spec_from_file_location("draw", path)
    assert spec is not None
    assert spec.loader is not None
    draw = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(draw)
    facts = draw.facts(result("run", *draw.SCENARIOS, "--json"))
    assert draw.picture(facts) == (ROOT / "docs" / "pictures" / "rw_test.svg").read_text()


def test_capture_has_true_digests(tmp_path: Path) -> None:
    """Header and data digests are where Wireshark looks for them, and nothing is malformed."""
    options = [f"/hosts/0/connect/{i}/{key}=true" for i in (0, 1)
               for key in ("hdr_digest", "data_digest", "disable_sqflow")]  # fmt: skip
    sets = [word for option in ["duration=300ms", "/faults=[]", "/expect={}", *options]
            for word in ("--set", option)]  # fmt: skip
    done = holdfast("run", "scenarios/quickstart.json", *sets, "--out", str(tmp_path),
                    "--trace", "pcap")  # fmt: skip
    assert done.returncode == 0, done.stderr
    capture = tmp_path / "quickstart" / "trace.pcapng"
    assert tshark(capture, "-Y", "_ws.malformed") == []
    shown = "\n".join(tshark(capture, "-Y", "nvme-tcp", "-V"))
    assert "PDU Header Digest" in shown or "Header Digest" in shown
    assert "Data Digest" in shown


WINDOW = ("--from", "99ms", "--to", "101ms")


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run a scenario again with the traces of 2 ms, around the fault."""
    out = tmp_path_factory.mktemp("window")
    done = holdfast("run", "scenarios/rw_test_mainline.json", "--kernel", "native", *WINDOW,
                    "--snaplen", "96", "--out", str(out),
                    "--trace", "kernel,perfetto,pcap,jsonl")  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out / "rw_test_mainline"


def test_a_window_has_that_part_of_the_whole(traces: Path, window: Path) -> None:
    """What lies in it, both ends included, is there as in the whole trace; nothing else is."""
    whole = traces / "rw_test_mainline"
    records = [
        line for line in (whole / "trace.jsonl").read_text().splitlines()
        if 99_000_000 <= json.loads(line)["t_ns"] <= 101_000_000
    ]  # fmt: skip
    assert (window / "trace.jsonl").read_text().splitlines() == records
    assert len(records) > 50
    log = [
        line for line in (whole / "kernel.log").read_text().splitlines()
        if 0.099 <= float(line[1:13]) <= 0.101
    ]  # fmt: skip
    assert (window / "kernel.log").read_text().splitlines() == log
    assert any("error recovery" in line for line in log)
    result_of = json.loads((window / "result.json").read_text())
    assert result_of["trace_window"] == {"from_s": 0.099, "to_s": 0.101, "snaplen_bytes": 96}
    assert "trace_window" not in json.loads((whole / "result.json").read_text())


def test_a_capture_of_a_window_is_one(traces: Path, window: Path) -> None:
    """The same packets, cut; their lengths on the wire, and what they are about, are told."""
    fields = ("-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.cap_len")
    whole = tshark(traces / "rw_test_mainline" / "trace.pcapng", *fields)
    cut = tshark(window / "trace.pcapng", *fields)
    wanted = [line.split("\t") for line in whole if 0.099 <= float(line.split("\t")[0]) <= 0.101]
    assert [line.split("\t") for line in cut] == [
        [time, length, str(min(96, int(length)))] for time, length, _ in wanted
    ]
    assert any(int(length) > 96 for _, length, _ in wanted)
    comment = b"packets from 0.099 s to 0.101 s; at most 96 bytes of each packet"
    assert comment in (window / "trace.pcapng").read_bytes()[:200]


def test_a_timeline_of_a_window_is_one(window: Path) -> None:
    """States that began before it are there from its begin on, and arrows have both ends."""
    document = json.loads((window / "trace.perfetto.json").read_text())
    assert document["otherData"]["window"].startswith("from 0.099 s to 0.101 s")
    timed = [e for e in document["traceEvents"] if "ts" in e]
    assert all(99_000 <= e["ts"] <= e["ts"] + e.get("dur", 0) <= 101_000.001 for e in timed)
    assert any(e["name"] == "LIVE" and e["ts"] == 99_000 for e in timed)
    begun = [e["id"] for e in timed if e["ph"] == "s"]
    assert begun == [e["id"] for e in timed if e["ph"] == "f"] != []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--from", "soon"), '--from: found "soon"'),
        (("--from", ""), "--from"),
        (("--from", "-1s"), "--from"),
        (("--to", "5"), '--to: found "5"'),
        (("--from", "2s", "--to", "2s"), '--to: found "2s", expected an instant after "2s"'),
        (("--to", "0s"), "--to"),
        (("--from", "90s"), '--from: found "90s", expected an instant before the end of the run'),
        (("--snaplen", "0"), "--snaplen"),
        (("--snaplen", "65536"), "--snaplen"),
        (("--snaplen", "64B"), "--snaplen"),
        (("--snaplen", "64", "--trace", "jsonl"), "--snaplen: found without pcap"),
        (("--from", "1s", "--no-trace"), "--from: found without --trace"),
    ],
)
def test_windows_that_make_no_sense(tmp_path: Path, args: tuple[str, ...], words: str) -> None:
    """They are told before anything is run or written."""
    out = tmp_path / "out"
    kinds = () if "--trace" in args or "--no-trace" in args else ("--trace", "pcap")
    given = [word for word in args if word != "--no-trace"]
    done = holdfast("run", "scenarios/rw_test_mainline.json", *given, *kinds, "--out", str(out))
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not out.exists()
