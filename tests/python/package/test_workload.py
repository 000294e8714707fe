# SPDX-License-Identifier: Apache-2.0
"""Applications in Python."""

from __future__ import annotations

from typing import Any

import holdfast
import pytest
from holdfast import IoError, Scenario, UsageError, Volume, Workload, all_of, any_of, sleep
from holdfast.workload import Foreign, Process

QUIET = Scenario.load("quickstart").set("/faults", []).set("/workloads", []).set("/expect", {})


def run(function: Any, scenario: Scenario = QUIET, **keys: Any) -> holdfast.Result:
    """Run one workload on h1."""
    return holdfast.run(scenario, workloads={"h1": function}, **keys)


def test_reads_find_what_was_written() -> None:
    """Values of any type; None for zeroes; overwritten, deallocated, several blocks."""
    found: list[Any] = []

    def app(vol: Volume) -> Process:
        assert (yield vol.read(0)) is None
        yield vol.write(0, {"any": "object"})
        yield vol.write(1, "two blocks", blocks=2)
        found.append((yield vol.read(0)))
        found.append((yield vol.read(2)))
        yield vol.write(0, "newer")
        yield vol.deallocate(1, blocks=2)
        yield vol.flush()
        found.extend((yield all_of([vol.read(0), vol.read(1)])))
        yield vol.write_zeroes(0)
        found.append((yield vol.read(0)))

    result = run(app)
    assert found == [{"any": "object"}, "two blocks", "newer", None, None]
    assert result.verdict == "ok"
    assert result.latency.loc["write", "count"] == 3


def test_sleep_takes_simulated_time() -> None:
    """Exactly, from the yield on; concurrent sleeps overlap; any_of takes the first."""
    times: list[float] = []

    def app(vol: Volume) -> Process:
        start = vol.now_s
        yield sleep("5s")
        times.append(vol.now_s - start)
        yield all_of([sleep(1), sleep("2s")])
        times.append(vol.now_s - start)
        yield any_of([sleep(3), sleep("1s")])
        times.append(vol.now_s - start)
        yield all_of([])
        times.append(vol.now_s - start)

    run(app)
    assert times == pytest.approx([5, 7, 8, 8], abs=1e-9)


def test_io_overlaps_when_it_is_called_before_it_is_awaited() -> None:
    """Four reads at once take the time of one, four in a row four times as long."""
    times: list[float] = []

    def app(vol: Volume) -> Process:
        for together in (True, False):
            start = vol.now_s
            if together:
                yield all_of([vol.read(lba) for lba in range(4)])
            else:
                for lba in range(4):
                    yield vol.read(lba)
            times.append(vol.now_s - start)

    run(app)
    assert times[1] > 3 * times[0]


def test_spawned_processes_run_beside_and_return() -> None:
    """SimPy's processes: values and errors come through the event."""

    def child(vol: Volume, lba: int) -> Process:
        yield vol.write(lba, lba)
        return (yield vol.read(lba))

    got: list[Any] = []

    def app(vol: Volume) -> Process:
        got.extend((yield all_of([vol.spawn(child(vol, lba)) for lba in range(3)])))

    run(app)
    assert got == [0, 1, 2]


def test_a_path_failure_is_survived_and_the_last_path_is_not() -> None:
    """With a path left the write only takes long; without any it raises IoError."""
    cut = [holdfast.parts.blackhole(at="2s", link=link) for link in ("h1-s1", "h1-s2")]
    told: list[Any] = []

    def app(vol: Volume) -> Process:
        yield sleep("2.5s")
        start = vol.now_s
        try:
            yield all_of([vol.write(0, "x"), vol.write(1, "y")])  # round-robin: one on each path
            told.append(vol.now_s - start)
        except IoError as error:
            told.append(error)

    run(app, QUIET.set("/faults", cut[:1]))
    # An idle controller with traffic-based keep alive: found dead 1 to 1.25 x KATO after the fault,
    # which was half a second before the write.
    assert 4.49 < told[0] < 5.76
    lost = QUIET.set("/faults", cut).set("/hosts/0/connect/*/ctrl_loss_tmo", "10s")
    run(app, lost.set("/duration", "120s"))
    assert isinstance(told[1], IoError)
    assert told[1].status == 0x370  # Host Path Error
    assert told[1].kind == "write"


def test_an_error_that_nobody_handles_comes_out() -> None:
    """Of the workload's own, and of an I/O."""

    def broken(_: Volume) -> Process:
        yield sleep("1s")
        raise ValueError("boom")

    def wrong(_: Volume) -> Process:
        yield 5  # type: ignore[misc]

    def beyond(vol: Volume) -> Process:
        yield vol.read(10**12)

    with pytest.raises(ValueError, match="boom"):
        run(broken)
    with pytest.raises(UsageError, match="wrong: found 5 after yield"):
        run(wrong)
    with pytest.raises(UsageError, match="the end of the device"):
        run(beyond)
    for lba, blocks in ((-1, 1), (1.5, 1), ("0", 1), (0, 0), (0, 65537)):

        def odd(vol: Volume, lba: Any = lba, blocks: Any = blocks) -> Process:
            yield vol.write(lba, "x", blocks=blocks)

        with pytest.raises(UsageError, match="write: found"):
            run(odd)


def test_other_peoples_writes_are_foreign() -> None:
    """A block that fio wrote has no Python value."""
    found: list[Any] = []
    job = holdfast.parts.fio(host="h1", rw="write", size="4KiB", rate_iops=10)

    def app(vol: Volume) -> Process:
        yield sleep("1s")
        found.append((yield vol.read(0)))

    run(app, QUIET.set("/workloads", [job]))
    assert isinstance(found[0], Foreign)


def test_python_and_cpp_see_the_same_corruption() -> None:
    """rw_test in Python on the published scenario: it reads the stale value, as the oracle says."""
    base = Scenario.load("rw_test_mainline").to_dict()
    base["workloads"] = [w for w in base["workloads"] if w["type"] != "rw_test"]
    base.pop("expect")
    read: list[Any] = []

    def rw_test(vol: Volume) -> Process:
        while vol.now_s < 0.06:  # until the fault is armed
            yield vol.write(0, "old")
            yield sleep("1ms")
        for value in ("stale", "new"):
            yield vol.write(0, value)
        read.append((yield vol.read(0)))
        yield sleep("5s")
        read.append((yield vol.read(0)))

    result = holdfast.run(base, workloads={"h1": rw_test})
    assert result.integrity.stale_writes == 1
    assert read[0] == "new"
    assert read[1] != "new"
    assert holdfast.run(base, workloads={"h1": rw_test}).trace_hash == result.trace_hash


def test_where_a_workload_runs() -> None:
    """Start time and name; a volume that does not exist."""
    begun: list[float] = []

    def app(vol: Volume) -> Process:
        begun.append(vol.now_s)
        yield vol.flush()

    world = holdfast.World(QUIET, workloads=[Workload(app, "h1", start="3s", name="mine")])
    world.run()
    assert begun == [3.0]
    assert world.inspect()["applications"][0]["name"] == "mine"
    with pytest.raises(UsageError, match="no volume fits; expected one of h1/"):
        holdfast.World(QUIET, workloads=[Workload(app, "h1", nsid=7)])
