# SPDX-License-Identifier: Apache-2.0
"""Runs and sweeps that end before their time: what is finished comes along, and says so."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import holdfast
import pytest
from holdfast import Scenario, running
from holdfast.sweeping import runs
from holdfast.sweeping.table import frame

POLICY = "/hosts/0/policy"


@pytest.fixture(name="endless", scope="module")
def _endless() -> Scenario:
    """Return a scenario that goes on for a day, with an expectation that it may still miss."""
    document = Scenario.load("quickstart").to_dict()
    document["duration"] = "24h"
    document["workloads"][0].pop("rate_iops", None)
    document["expect"] = {"integrity": "ok", "io_errors": 0}
    return Scenario(document)


def simgrid_cpu_s() -> float:
    """Return the CPU time of the process in which SimGrid runs for this one, in seconds.

    Others may still run that earlier tests have started: resource trackers, pools.
    """
    for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        with suppress(OSError):
            if b"holdfast._isolated" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return running._cpu_s(int(pid))
    return 0.0


def start_cpu_s() -> float:
    """Return the CPU time of such a process for hardly any run: what its imports cost here."""
    before = os.times()
    holdfast.run("quickstart", kernel="simgrid", max_events=10)
    after = os.times()
    return after[2] + after[3] - before[2] - before[3]


@contextmanager
def pressed(
    times: int = 1, after_s: float = 0.3, simgrid_s: float = 0.0, own_s: float = 0.0
) -> Iterator[None]:
    """Let somebody press Ctrl-C before long, and no more once what is inside has ended.

    Not before SimGrid's process has computed for `simgrid_s` and this one for `own_s`, however slow
    the machine is.
    """
    ended = threading.Event()
    own_s += time.process_time()

    def now() -> None:
        while simgrid_cpu_s() < simgrid_s or time.process_time() < own_s:
            if ended.wait(0.02):
                break
        for _ in range(times):
            if not ended.is_set():
                os.kill(os.getpid(), signal.SIGINT)
            ended.wait(0.02)

    timer = threading.Timer(after_s, now)
    timer.start()
    # The second one may come when the first is answered; it must not end the tests.
    with suppress(KeyboardInterrupt):
        yield
    with suppress(KeyboardInterrupt):
        ended.set()
        timer.join()


def check_partial(result: Any, reason: str) -> None:
    """Check that it says that it is partial, and judges nothing."""
    assert result.partial.reason == reason
    assert 0 < result.partial.until_s == result.sim.end_s < 86_400 == result.partial.of_s
    assert result.verdict == "not judged"
    assert set(result.expectations["verdict"]) == {"not judged"}
    assert not result.ok
    assert "partial, until" in repr(result)
    assert "partial, until" in result._repr_html_()
    assert result.row()["partial"] == reason


def test_ctrl_c_gives_the_result_so_far(endless: Scenario) -> None:
    """With an exception that is Python's own for it, too."""
    with pressed(), pytest.raises(holdfast.Interrupted) as caught:
        holdfast.run(endless)
    assert isinstance(caught.value, KeyboardInterrupt)
    check_partial(caught.value.result, "interrupted")


def test_ctrl_c_of_a_process(endless: Scenario) -> None:
    """What SimGrid has done in a process of its own comes along; pressed twice, too."""
    begun_s = 2 * start_cpu_s() + 0.5
    with pressed(2, simgrid_s=begun_s), pytest.raises(holdfast.Interrupted) as caught:
        holdfast.run(endless, kernel="simgrid")
    check_partial(caught.value.result, "interrupted")


def test_ctrl_c_of_a_world(endless: Scenario) -> None:
    """It has the result so far, and the world can go on."""
    world = holdfast.World(endless)
    with pressed(), pytest.raises(holdfast.Interrupted) as caught:
        world.run()
    check_partial(caught.value.result, "so_far")
    now_s = world.now_s
    check_partial(world.run_until(now_s + 0.1).result(), "so_far")
    assert world.run(max_events=10).partial == holdfast.World.result(world).partial
    check_partial(world.result(), "max_events")


def test_max_events(endless: Scenario) -> None:
    """A partial result; with as many as the run needs, a whole one."""
    check_partial(holdfast.run(endless, max_events=50_000), "max_events")
    whole = holdfast.run("rw_test_ccr")
    assert whole.partial is None
    assert holdfast.run("rw_test_ccr", max_events=whole.sim.events).to_dict() == whole.to_dict()
    for wrong in (0, -1, 1.5, True, "many", 2**64):
        with pytest.raises(holdfast.UsageError, match="max_events: found"):
            holdfast.run("rw_test_ccr", max_events=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("kernel", ["native", "simgrid"])
def test_max_memory(endless: Scenario, kernel: Any) -> None:
    """A partial result, at the same event however the bound is written and whatever runs it."""
    result = holdfast.run(endless, kernel=kernel, max_memory="4MiB")
    check_partial(result, "max_memory")
    # The world is weighed every 131,072 events.
    assert result.sim.events % 131_072 == 0
    world = holdfast.World(endless)
    check_partial(world.run(max_memory=4 << 20), "max_memory")
    assert world.result().sim.events == result.sim.events
    # With more of it, the world goes on.
    world.run(max_events=131_072 * 2, max_memory="8GiB")
    assert world.result().sim.events == result.sim.events + 131_072 * 2
    check_partial(world.result(), "max_events")


def test_what_is_no_bound_on_memory() -> None:
    """The words are those of the program."""
    for wrong, words in (
        ("4", 'max_memory: found "4"'),
        ("", 'max_memory: found ""'),
        ("0B", 'found "0B", expected a size, e.g. "16GiB"'),
        ("much", 'expected a size, e.g. "16GiB"'),
        (0, "max_memory: found 0, expected an integer"),
        (1.5, "max_memory: found 1.5"),
        (True, "max_memory: found True"),
    ):
        with pytest.raises(holdfast.UsageError) as caught:
            holdfast.run("rw_test_ccr", max_memory=wrong)  # type: ignore[arg-type]
        assert words in str(caught.value)
        sweep: Callable[..., Any] = holdfast.sweep
        with pytest.raises(holdfast.UsageError):
            sweep("rw_test_ccr", {POLICY: ["spec"]}, max_memory=wrong)


def test_max_memory_of_a_sweep(endless: Scenario, tmp_path: Path) -> None:
    """Each run has it; a process of another executor too."""
    points = {POLICY: ["linux-mainline", "cqt-only"]}
    bounds: dict[str, Any] = {"max_memory": "4MiB", "progress": False}
    table = holdfast.sweep(endless, points, out=tmp_path, **bounds)
    assert set(table["partial"]) == {"max_memory"}
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        again = holdfast.sweep(endless, points, executor=executor, **bounds)
    assert set(again["partial"]) == {"max_memory"}


def test_ctrl_c_of_a_sweep_gives_its_rows() -> None:
    """Those that are finished, without out= as well."""
    sweep: Callable[..., Any] = holdfast.sweep
    with pressed(2, own_s=4.0), pytest.raises(holdfast.Interrupted) as caught:
        sweep("rw_test_ccr", {POLICY: ["spec"]}, seeds=40_000, progress=False)
    assert 1 <= len(caught.value.table) < 40_000
    assert caught.value.table["verdict"].notna().all()


def test_a_second_ctrl_c_loses_no_rows(endless: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes while the first one makes a table, or a result, of what is finished."""

    def pressed_in(make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*args: Any) -> Any:
            os.kill(os.getpid(), signal.SIGINT)
            return make(*args)

        return made

    sweep: Callable[..., Any] = holdfast.sweep
    monkeypatch.setattr(runs, "frame", pressed_in(frame))
    with pressed(1, own_s=4.0), pytest.raises(holdfast.Interrupted) as caught:
        sweep("rw_test_ccr", {POLICY: ["spec"]}, seeds=40_000, progress=False)
    assert 1 <= len(caught.value.table) < 40_000
    world = holdfast.World(endless)
    monkeypatch.setattr(holdfast.World, "result", pressed_in(holdfast.World.result))
    with pressed(), pytest.raises(holdfast.Interrupted) as caught:
        world.run()
    assert caught.value.result is not None


def test_partial_rows(tmp_path: Path) -> None:
    """They are marked, no verdict is taken from them, and a later sweep runs them again."""
    points = {POLICY: ["linux-mainline", "cqt-only"]}
    sweep: Callable[..., Any] = holdfast.sweep
    table = sweep("rw_test_mainline", points, out=tmp_path, max_events=1000, progress=False)
    assert set(table["partial"]) == {"max_events"}
    assert set(table["verdict"]) <= {"corrupt", "not judged"}
    shares = holdfast.statistics.summarize(table, "verdict", by=POLICY)
    assert shares.set_index(POLICY).loc["cqt-only", "n"] == 0
    again = sweep("rw_test_mainline", points, out=tmp_path, progress=False)
    assert again["partial"].isna().all()
    assert set(again["verdict"]) == {"corrupt", "ok"}


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """The rows and the result come along with the error; an earlier file stays as it was."""
    scenario = Scenario.load("rw_test_ccr")
    saved = tmp_path / "saved.json"
    scenario.save(saved)
    text = saved.read_text()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(holdfast.WriteError, match="File too large") as lost:
            holdfast.run(scenario, trace="jsonl", out=tmp_path / "traces")
        with pytest.raises(holdfast.WriteError, match="out: cannot write") as rows:
            holdfast.sweep(scenario, {POLICY: ["spec"]}, out=tmp_path / "rows", progress=False)
        long = scenario.set("/description", "x" * 5000)
        with pytest.raises(holdfast.WriteError, match=r"saved\.json"):
            long.save(saved)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert lost.value.result.verdict == "ok"
    assert len(rows.value.table) == 1
    assert saved.read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ["saved.json"]


def test_only_files_are_written_over(tmp_path: Path) -> None:
    """A pipe or a device stays what it is, and a link leads to the new text."""
    scenario = holdfast.Scenario.load("quickstart")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(holdfast.UsageError, match="no regular file"):
        scenario.save(pipe)
    assert pipe.is_fifo()
    link, file = tmp_path / "link", tmp_path / "file"
    file.write_text("old")
    link.symlink_to("file")
    scenario.save(link)
    assert link.is_symlink()
    assert file.read_text() == link.read_text() != "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "pipe"]


def test_ctrl_c_while_thousands_of_hosts_are_read() -> None:
    """A signal is seen in the middle of it, and what its handler raises ends it."""
    document = Scenario.load("fleet").to_dict()
    for place, count in ((("hosts",), 3000), (("fabric", "links"), 6000), (("workloads",), 3000)):
        part: Any = document
        for key in place:
            part = part[key]
        part[0]["count"] = count
    began = time.monotonic()
    Scenario(document).validate()
    whole_s = time.monotonic() - began

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    try:
        began = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, whole_s / 20)
        with pytest.raises(KeyboardInterrupt):
            Scenario(document).validate()
        assert time.monotonic() - began < whole_s / 2
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_ctrl_c_while_a_finished_sweep_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is lost any more, and the words say so."""
    from holdfast.sweeping import __main__ as program

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    sweep = tmp_path / "sweep.json"
    sweep.write_text('{"base": "rw_test_ccr", "points": [{}], "set": {"/duration": "1s"}}')
    monkeypatch.setattr(program, "_show", interrupted)
    assert program._tell([str(sweep)], [signal.SIGINT]) == 130
    assert "stopped by Ctrl-C; all 1 runs were done" in capsys.readouterr().err
