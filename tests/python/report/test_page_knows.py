# SPDX-License-Identifier: Apache-2.0
"""What the page of a run works out: time that is folded, columns, attempts, differences."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from page_data import Scripts, data_of
from program import holdfast, result


@pytest.fixture(scope="module")
def bare() -> Scripts:
    """Return the scripts without a run."""
    return Scripts()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a page that compares a run that corrupts with one that holds."""
    out = tmp_path_factory.mktemp("page") / "page.html"
    done = holdfast("report", "rw_test_mainline", "rw_test_cqt_only", "--out", str(out))
    assert done.returncode == 0, done.stderr
    return out.read_text()


@pytest.fixture(scope="module")
def told(page: str) -> Scripts:
    """Return the scripts with the runs of that page."""
    return Scripts(page)


def test_numbers_are_unpacked(bare: Scripts) -> None:
    """Seven bits a byte, the sign lowest: 1 is 2, -1 is 1, 64 is 128 and so 0x80 0x01."""
    columns = json.dumps([["a", 3, 0], ["b", 3, 1], ["c", 1, 0]])
    big = 2**53 - 1
    word, large = 2 * big, []
    while word >= 128:
        large.append(word % 128 + 128)
        word //= 128
    large.append(word)
    bytes_ = json.dumps([2, 1, 0x80, 1, 2, 2, 1, *large])
    read = bare(f"""Object.fromEntries(Object.entries(
        decodeColumns(Uint8Array.from({bytes_}), {columns})).map(([k, v]) => [k, [...v]]))""")
    assert read == {"a": [1, -1, 64], "b": [1, 2, 1], "c": [big]}


def test_silence_is_folded(bare: Scripts) -> None:
    """Two bursts of 4 x 10 with 10,000 between them.

    Gaps jump by 1,000 from 10 to 10,000, so what is longer than 10 is folded: 0.4 / 0.6 of the 80
    that is left would be 53 for the one gap, and one may have 0.06 of them, 4.8.
    """
    instants = [*range(0, 50, 10), *range(10_040, 10_090, 10)]
    scale = bare(f"makeScale({instants}, 0, 10080)")
    (fold,) = scale["folds"]
    assert (fold["from"], fold["to"], fold["at"]) == (40, 10_040, 40)
    assert fold["width"] == pytest.approx(4.8)
    assert scale["length"] == pytest.approx(84.8)
    bare(f"(globalThis.s = makeScale({instants}, 0, 10080), 0)")
    for at, place in ((0, 0), (40, 40), (5040, 42.4), (10_040, 44.8), (10_080, 84.8)):
        assert bare(f"toPlace(s, {at})") == pytest.approx(place)
        assert bare(f"toTime(s, {place})") == pytest.approx(at)


def test_what_is_busy_is_not_folded(bare: Scripts) -> None:
    """Equal gaps have no jump; a silence that is less than half of the picture stays."""
    assert bare(f"makeScale({[*range(0, 1000, 10)]}, 0, 990).folds") == []
    # 100 gaps of 10, and one of 900, which is 0.47 of all.
    instants = [*range(0, 1010, 10), 1900]
    assert bare(f"makeScale({instants}, 0, 1900).folds") == []
    assert len(bare(f"makeScale({[*instants[:-1], 2100]}, 0, 2100).folds")) == 1


def test_folds_open(bare: Scripts) -> None:
    """One that was opened has its true length, and all have it without folding."""
    instants = [*range(0, 50, 10), *range(10_040, 10_090, 10)]
    assert bare(f"makeScale({instants}, 0, 10080, true, new Set([0])).length") == 10_080
    assert bare(f"makeScale({instants}, 0, 10080, false).length") == 10_080


def test_views_stay_in_the_picture(bare: Scripts) -> None:
    """A hundredth of margin on each side, and never closer than the least."""
    assert bare("clampView({length: 1000}, {from: -500, to: 5000})") == {"from": -10, "to": 1010}
    assert bare("clampView({length: 1000}, {from: 990, to: 1190})") == {"from": 810, "to": 1010}
    assert bare("clampView({length: 1000}, {from: 500, to: 501})") == {"from": 400.5, "to": 600.5}
    view = bare("zoomView({length: 1000}, {from: 0, to: 1000}, 0.5, 250)")
    assert view == {"from": 125, "to": 625}


def test_times_are_told(bare: Scripts) -> None:
    """To the nanosecond where they are exact, with the digits that they have elsewhere."""
    thin = "\u202f"
    assert bare("exactWords(100030126)") == f"0.100{thin}030{thin}126 s"
    assert bare("sinceWords(-15000000001)") == f"\u221215.000{thin}000{thin}001 s"
    assert bare("[0, 999, 1500, 91.9e3, 2e6, 15001e6].map((ns) => spanWords(ns))") == [
        *("0 s", "999 ns", "1.5 µs", "91.9 µs", "2 ms", "15.001 s")
    ]


def test_ticks_are_apart(bare: Scripts) -> None:
    """Round distances to the fault, at least so many pixels apart, none within a fold."""
    instants = [*range(0, 50, 10), *range(10_040, 10_090, 10)]
    ticks = bare(f"""(() => {{
        const s = makeScale({instants}, 0, 10080);
        return ticksOf(s, wholeView(s), 600, 10, 60);
    }})()""")
    places = [one["place"] for one in ticks]
    pixel = 84.8 * 1.02 / 600
    assert all(b - a >= 60 * pixel for a, b in itertools.pairwise(places))
    assert any(one["main"] and one["at"] == 10_040 for one in ticks)
    assert not any(40 < one["at"] < 10_040 for one in ticks)


def test_tails_and_percentiles(bare: Scripts) -> None:
    """Of 1, 2, 3, 4: all took 1, half took 3; a weight of two counts twice."""
    four = "[[1, 1], [2, 1], [3, 1], [4, 1]]"
    assert bare(f"tailOf({four})") == [[1, 1], [2, 0.75], [3, 0.5], [4, 0.25]]
    assert bare(f"[0.25, 0.5, 0.51, 1].map((f) => percentile({four}, f))") == [1, 2, 3, 4]
    assert bare("percentile([[1, 2], [5, 1]], 0.5)") == 1


def test_differences_have_a_direction(bare: Scripts) -> None:
    """Less stall is better, more throughput too; a hundredth is no difference."""
    call = "difference({}, {}, {}, PLAIN)"
    assert bare(call.format(10, 20, "LESS"))["better"] == 1
    assert bare(call.format(20, 10, "LESS"))["better"] == -1
    assert bare(call.format(20, 10, "MORE"))["better"] == 1
    assert bare(call.format(100, 101, "LESS"))["changed"] is False
    assert bare(call.format(100, 102, "LESS"))["changed"] is True
    assert bare(call.format('"ok"', '"corrupt"', "NEUTRAL"))["better"] == 1
    assert bare(call.format('"corrupt"', '"ok"', "NEUTRAL"))["better"] == -1
    assert bare(call.format(20, 10, "NEUTRAL"))["better"] == 0


def test_attempts_are_those_of_the_trace(told: Scripts, tmp_path: Path) -> None:
    """Each sending of an I/O, when it was sent, and how it ended, to the nanosecond."""
    done = holdfast("run", "rw_test_mainline", "--out", str(tmp_path), "--trace", "jsonl")
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "rw_test_mainline" / "trace.jsonl").read_text().splitlines()
    sent, ended = {}, {}
    for line in lines:
        record = json.loads(line)
        if record["kind"] == "attempt_sent":
            sent[record["token"]] = record["t_ns"]
        elif record["kind"] in ("attempt_done", "attempt_abandoned"):
            ended[record["token"]] = (record["t_ns"], record["kind"] == "attempt_done")
    rows = told("""(() => { const run = runs[0], c = run.c, a = run.attempts;
        return Array.from({length: a.count}, (_, i) => [c.op_serial[c.try_op[i]] * 256 +
          c.try_number[i], a.sent[i], a.ended[i], c.try_end[i]]); })()""")
    assert {token: at for token, at, _, _ in rows} == sent
    assert {t: (at, how == 0) for t, _, at, how in rows if how != 2} == ended
    assert sum(how == 1 for *_, how in rows) == 3


def test_the_stale_landing_is_told(told: Scripts) -> None:
    """Write 6 was given up, retried and acknowledged, and landed 2 s after it had arrived."""
    run = "runs[0]"
    row = told(f"opRow({run}, 6)")
    first, end = told(f"[{run}.attempts.first[{row}], {run}.attempts.first[{row} + 1]]")
    assert end - first == 2
    assert told(f"[{run}.c.try_stale[{first}], {run}.c.try_stale[{first} + 1]]") == [1, 0]
    assert told(f"{run}.attempts.landed[{first}]") == 2_100_055_925
    assert told(f"opRow({run}, 10 ** 7)") == -1


def test_lanes_say_what_happened(told: Scripts) -> None:
    """Faults, exposure, states, holds, attempts and targets, and arrows between attempts."""
    for index, holds in ((0, False), (1, True)):
        layout = told(f"makeLanes(runs[{index}])")
        labels = [lane["label"] for lane in layout["lanes"]]
        for label in ("stale write possible", "longest stall", "nvme0", "I/O", "controller 1"):
            assert label in labels
        assert ("hold, CCR" in labels) is holds
        kinds = [arrow["type"] for arrow in layout["arrows"]]
        assert kinds.count("retry") == 3
        assert ("stale" in kinds) is not holds
        ys = [lane["y"] for lane in layout["lanes"]]
        assert ys == sorted(ys)
    (window,) = told("exposureSpans(runs[0])")
    assert window["to"] - window["from"] == pytest.approx(2e9, rel=1e-4)
    (hold,) = told("fenceSpans(runs[1]).get(0)")
    assert hold["to"] - hold["from"] == 15_001_000_000


def test_states_are_those_of_a_path(told: Scripts) -> None:
    """One after the other without a gap, each with its rule and where it stands."""
    spans = told("hostSpans(runs[1]).get(0)")
    states = [one["state"] for one in spans]
    assert states == [
        *("CONNECTING", "LIVE", "FENCING", "FENCED", "RESETTING", "CONNECTING", "LIVE")
    ]
    for one, other in itertools.pairwise(spans):
        assert one["to"] == other["from"]
    for state in states:
        rule, clause = told(f"ruleOf({json.dumps(state)})")
        assert len(rule) > 30
        assert "protocol.md" in clause


def test_what_differs_comes_first(told: Scripts) -> None:
    """And is measured against the first run."""
    rows = told("differencesOf(runs)")
    flags = [row["changed"] for row in rows]
    assert flags == sorted(flags, reverse=True)
    by = {row["name"]: row["cells"] for row in rows}
    assert by["verdict"][1]["better"] == 1
    assert by["stale writes"][1]["better"] == 1
    assert by["longest stall"][1]["better"] == -1
    assert by["longest stall"][1]["text"] == "15.001 s"
    paths = [path for path, _ in told("settingsOf(runs)")]
    assert any(path.startswith("/hosts/0/policy") for path in paths)


def test_the_document_is_inside(page: str) -> None:
    """The result of each run, as the program prints it, but for windows that are columns."""
    inside = data_of(page)["runs"][0]["document"]
    printed = result("run", "rw_test_mainline", "--kernel", "native", "--json")
    printed["exposure"].pop("windows")
    assert inside == printed
