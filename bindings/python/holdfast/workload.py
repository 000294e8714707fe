# SPDX-License-Identifier: Apache-2.0
"""Applications written in Python, as generators in the manner of SimPy.

A workload is a function that takes a :class:`Volume` and yields what it waits for:

>>> def writer(vol):
...     yield vol.write(0, "first")
...     yield sleep("5s")
...     assert (yield vol.read(0)) == "first"
>>> holdfast.run("quickstart", workloads={"h1": writer})

An I/O begins when it is called for, not when it is yielded, so several can be out at once::

    yield all_of([vol.write(lba, "x") for lba in range(8)])

An I/O that fails raises :class:`holdfast.IoError` at its ``yield``.
"""

from __future__ import annotations

import itertools
import operator
import weakref
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from holdfast._arguments import Whole, check_fields, checked, is_whole
from holdfast._words import shown
from holdfast.errors import HoldfastError, IoError, UsageError
from holdfast.units import Time, nanoseconds

if TYPE_CHECKING:
    from holdfast import _core


class Event:
    """Something to wait for with ``yield``; what it becomes is the value of that ``yield``."""

    def __init__(self) -> None:
        """Make an event that has not happened."""
        self.done = False
        self.value: Any = None
        self.error: HoldfastError | None = None
        self._then: list[Callable[[Event], None]] = []

    def _begin(self, job: _Job) -> None:
        """Start whatever starts only when it is waited for."""

    def _happen(self, value: Any = None, error: HoldfastError | None = None) -> None:
        if self.done:
            return
        self.done, self.value, self.error = True, value, error
        waiting, self._then = self._then, []
        for call in waiting:
            call(self)

    def _call(self, then: Callable[[Event], None]) -> None:
        if self.done:
            then(self)
        else:
            self._then.append(then)


class _Sleep(Event):
    def __init__(self, time_ns: int) -> None:
        super().__init__()
        self.time_ns = time_ns
        self._begun = False

    def _begin(self, job: _Job) -> None:
        if not self._begun:
            self._begun = True
            job.driver.wake_after(job.number, self.time_ns, self)


class _Several(Event):
    """All of some events, or the first of them."""

    def __init__(self, events: Sequence[Event], needed: int) -> None:
        super().__init__()
        self._events = events
        self._missing = needed
        self._begun = False

    def _begin(self, job: _Job) -> None:
        if self._begun:
            return
        self._begun = True
        if not self._events:
            self._happen([])
        for event in self._events:
            event._begin(job)
            event._call(self._one)

    def _one(self, event: Event) -> None:
        if event.error is not None:
            self._happen(error=event.error)
            return
        self._missing -= 1
        if self._missing == 0:
            self._happen([one.value for one in self._events])


#: What a workload function returns.
Process: TypeAlias = Generator[Event, Any, Any]


def sleep(time: Time) -> Event:
    """Wait for a span of simulated time, from the ``yield`` on (``"5s"``, or seconds)."""
    return _Sleep(nanoseconds(time, "sleep"))


@checked
def all_of(events: Iterable[Event]) -> Event:
    """Wait for all events; becomes the list of their values, or the first error."""
    listed = _listed(events, "all_of")
    return _Several(listed, len(listed))


@checked
def any_of(events: Iterable[Event]) -> Event:
    """Wait for the first of the events; becomes the list of values, None for the others."""
    return _Several(_listed(events, "any_of"), 1)


def _listed(events: Iterable[Event], where: str) -> list[Event]:
    listed = list(events)
    for event in listed:
        if not isinstance(event, Event):
            raise UsageError(f"{where}: found {shown(event)}, expected events such as vol.read(0)")
    return listed


@dataclass(frozen=True)
class Foreign:
    """What a read found that no workload in Python had written."""

    #: serial number of the write, as in an incident's story
    operation: int


class _Spawned(Event):
    """A generator that runs; becomes what it returns."""

    def __init__(self, job: _Job, process: Process) -> None:
        super().__init__()
        self._job = job
        self._process = process

    def _resume(self, event: Event | None) -> None:
        while True:
            try:
                if event is not None and event.error is not None:
                    event = self._process.throw(event.error)
                else:
                    event = self._process.send(event.value if event is not None else None)
            except StopIteration as stop:
                self._happen(stop.value)
                return
            except IoError as error:
                if not self._then:  # Nobody is there to handle it.
                    raise
                self._happen(error=error)
                return
            if not isinstance(event, Event):
                name = getattr(self._process, "__name__", "workload")
                raise UsageError(
                    f"{name}: found {event!r} after yield, expected vol.read(...), sleep(...), ..."
                )
            event._begin(self._job)
            if not event.done:
                event._then.append(self._resume)
                return


class Volume:
    """A block device as a workload sees it. Blocks are counted from 0.

    Each method starts an I/O and returns the :class:`Event` of its end.
    """

    def __init__(self, job: _Job, name: str) -> None:
        """Made by the simulator."""
        self._job = job
        self.name = name

    @property
    def now_s(self) -> float:
        """Return the simulated time in seconds."""
        return self._job.driver.now_s

    def write(self, lba: int, value: Any, blocks: int = 1) -> Event:
        """Write `blocks` blocks; `value` is what a read of them finds, any Python object."""
        return self._io("write", lba, blocks, value)

    def read(self, lba: int, blocks: int = 1) -> Event:
        """Read `blocks` blocks; becomes the value of the first.

        None for a block that was never written, :class:`Foreign` for one that another application
        wrote.
        """
        return self._io("read", lba, blocks)

    def flush(self) -> Event:
        """Flush."""
        return self._io("flush", 0, 1)

    def write_zeroes(self, lba: int, blocks: int = 1) -> Event:
        """Write zeroes, which read as None."""
        return self._io("write_zeroes", lba, blocks)

    def deallocate(self, lba: int, blocks: int = 1) -> Event:
        """Deallocate (trim) blocks, which then read as None."""
        return self._io("deallocate", lba, blocks)

    def spawn(self, process: Process) -> Event:
        """Run a generator beside this one; the event becomes what it returns."""
        if not isinstance(process, Generator):
            raise UsageError(
                f"spawn: found {shown(process)}, expected a generator: call the function"
            )
        spawned = _Spawned(self._job, process)
        spawned._resume(None)
        return spawned

    def _io(self, kind: str, lba: int, blocks: int, value: Any = None) -> Event:
        first = _whole(kind, "lba", lba, 0, 2**63 - 1)
        count = _whole(kind, "blocks", blocks, 1, 65536)
        return self._job.driver.submit(self._job, kind, first, count, value)


def _whole(kind: str, what: str, value: object, low: int, high: int) -> int:
    """Return a whole number between two bounds, of Python or of numpy."""
    if not is_whole(value) or not low <= operator.index(value) <= high:  # type: ignore[arg-type]
        raise UsageError(
            f"{kind}: found {what} {shown(value)}, expected an integer from {low} to {high}"
        )
    return operator.index(value)  # type: ignore[arg-type]


#: What a workload is: it takes a :class:`Volume` and yields what it waits for.
WorkloadFunction: TypeAlias = Callable[[Volume], Process]


@dataclass(frozen=True)
class Workload:
    """A workload function and where it runs.

    Attributes:
        function: takes a :class:`Volume` and returns a generator.
        host: name of the host.
        subsystem: name of the subsystem; may be left out where the host knows only one.
        nsid: namespace, from 1.
        start: when it begins, simulated time from the start of the run.
        cpu: on which CPU of the host, which decides its I/O queue.
        name: in results; the function's by default.

    """

    function: WorkloadFunction
    host: str
    subsystem: str | None = None
    nsid: Annotated[int, Whole(1, 2**32 - 1)] = 1
    start: Time = 0.0
    cpu: Annotated[int, Whole(0, 2**16 - 1)] = 0
    name: str | None = None

    def __post_init__(self) -> None:
        """Check the arguments."""
        check_fields(self)


#: Functions by host, or workloads one by one.
WorkloadsLike: TypeAlias = (
    Mapping[str, WorkloadFunction | Sequence[WorkloadFunction]] | Sequence[Workload]
)


def as_workloads(given: WorkloadsLike) -> list[Workload]:
    """Return the workloads that are meant: a list of them, or functions by host."""
    if not isinstance(given, Mapping):
        return list(given)
    out = []
    for host, functions in given.items():
        listed = [functions] if callable(functions) else list(functions)
        out += [Workload(function, host) for function in listed]
    return out


@dataclass
class _Job:
    driver: Driver
    number: int
    workload: Workload


class Driver:
    """Drives all workloads in Python of one world; the engine calls it."""

    def __init__(self, core: _core.World, workloads: Sequence[Workload]) -> None:
        """Add the workloads to the world."""
        self._core = core
        self._cookies = itertools.count(1)
        self._pending: dict[int, tuple[Event, str, int]] = {}
        self._values: dict[int, Any] = {}
        self._jobs: dict[int, _Job] = {}
        # Weak: Python cannot collect a cycle that goes through the engine.
        core.attach_workloads(weakref.proxy(self))
        for one in workloads:
            host, subsystem, nsid = self._volume_of(one)
            name = one.name or str(getattr(one.function, "__name__", "workload"))
            start = nanoseconds(one.start, "start")
            if start < core.now_ns():
                raise UsageError(f"workload {name}: its start, {one.start!r}, is over")
            number = core.add_workload(name, host, subsystem, nsid, one.cpu, start)
            self._jobs[number] = _Job(self, number, one)

    @property
    def now_s(self) -> float:
        """Return the simulated time in seconds."""
        return self._core.now_ns() / 1e9

    def submit(self, job: _Job, kind: str, lba: int, blocks: int, value: Any) -> Event:
        """Start an I/O."""
        event = Event()
        cookie = next(self._cookies)
        self._pending[cookie] = (event, kind, lba)
        serial = self._core.submit(job.number, kind, lba, blocks, cookie)
        if kind not in ("read", "flush"):
            self._values[serial] = value
        return event

    def wake_after(self, job: int, time_ns: int, event: Event) -> None:
        """Let an event happen later."""
        cookie = next(self._cookies)
        self._pending[cookie] = (event, "sleep", 0)
        self._core.wake_after(job, time_ns, cookie)

    def started(self, number: int) -> None:
        """Begin a workload: its device is there."""
        job = self._jobs[number]
        name = "{}/{}/{}".format(*self._volume_of(job.workload))
        process = job.workload.function(Volume(job, name))
        if not isinstance(process, Generator):
            raise UsageError(
                f"workload {job.workload.function!r}: found no yield in it, expected a generator"
            )
        _Spawned(job, process)._resume(None)

    def io_done(self, _: int, cookie: int, status: int, serial: int) -> None:
        """Tell the end of an I/O to who waits for it."""
        event, kind, lba = self._pending.pop(cookie)
        if status != 0:
            message = f"{kind} of block {lba} failed at {self.now_s:.6f} s with status {status:#x}"
            event._happen(error=IoError(message, status=status, kind=kind, lba=lba))
        elif kind == "read":
            found = None if serial == 0 else self._values.get(serial, Foreign(serial))
            event._happen(found)
        else:
            event._happen()

    def woken(self, _: int, cookie: int) -> None:
        """Tell that a sleep is over."""
        self._pending.pop(cookie)[0]._happen()

    def _volume_of(self, one: Workload) -> tuple[str, str, int]:
        known = self._core.volumes()
        fits = [
            v
            for v in known
            if v[0] == one.host and v[2] == one.nsid and one.subsystem in (None, v[1])
        ]
        if len(fits) == 1:
            return fits[0]
        listed = ", ".join(f"{h}/{s}/{n}" for h, s, n in known)
        found = f"{one.host}/{one.subsystem or '*'}/{one.nsid}"
        many = "more than one volume fits" if fits else "no volume fits"
        raise UsageError(f"workload: found {found}, {many}; expected one of {listed}")
