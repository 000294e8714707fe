# SPDX-License-Identifier: Apache-2.0
"""Spreading tasks over an executor, in chunks, as many at a time as keep it busy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from holdfast import _core
from holdfast._arguments import Whole
from holdfast._signals import check, held_back
from holdfast._words import shown
from holdfast.errors import UsageError

#: Rows as JSON text, and the seconds that they took. Fewer than points if the last one broke.
Done: TypeAlias = tuple[list[str], float]
#: Runs a chunk of tasks: points of a sweep, or what else a crew was made for.
Work: TypeAlias = Callable[[Sequence[Any]], Done]
#: Told which tasks are done (their range) and their rows.
Deliver: TypeAlias = Callable[[range, list[str]], object]

#: Threads of this process.
Jobs: TypeAlias = Annotated[int, Whole(1, 4096)]

#: Chunks are made this long, so that rows come often and handing out chunks costs little.
CHUNK_S = 0.3
MAX_CHUNK = 2000
#: How often somebody looks whether Ctrl-C was pressed.
LOOK_S = 0.1


@dataclass(frozen=True)
class Crew:
    """Who does the work."""

    executor: Executor
    #: how many runs it does side by side
    width: int
    #: runs a chunk; what is sent to the executor
    work: Work
    #: ends the runs of threads of this process
    stop: _core.Stop
    #: whether `stop` reaches its workers
    in_process: bool


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def crew_for(
    executor: Any, jobs: int | None, here: Callable[[_core.Stop], Work], elsewhere: Work
) -> Iterator[Crew]:
    """Give the crew for what `executor=` takes.

    `here` makes the work of threads, `elsewhere` is what others are sent.
    """
    if jobs is not None and executor is not None:
        raise UsageError("jobs: found with executor=, expected one of them")
    stop = _core.Stop()
    if executor is None:
        executor = ThreadPoolExecutor(jobs or cores(), thread_name_prefix="holdfast")
        try:
            yield Crew(executor, _width(executor), here(stop), stop, in_process=True)
        finally:
            with held_back():
                stop.set()
                executor.shutdown(wait=True, cancel_futures=True)
    elif isinstance(executor, ThreadPoolExecutor):
        yield Crew(executor, _width(executor), here(stop), stop, in_process=True)
    elif isinstance(executor, Executor):
        yield Crew(executor, _width(executor), elsewhere, stop, in_process=False)
    else:
        with _dask(executor) as client:
            width = max(1, sum(client.nthreads().values()))
            yield Crew(client.get_executor(pure=False), width, elsewhere, stop, in_process=False)


def stream(crew: Crew, tasks: Sequence[Any], deliver: Deliver) -> None:
    """Run all tasks; `deliver` gets rows as they finish, and what is finished on any exception."""
    pending: dict[Future[Done], range] = {}
    begun, chunk = 0, 1
    try:
        while begun < len(tasks) or pending:
            while begun < len(tasks) and len(pending) < 2 * crew.width:
                # The last chunks are small, so that all workers end at about the same time.
                fair = -(-(len(tasks) - begun) // (2 * crew.width))
                span = range(begun, begun + min(chunk, fair))
                pending[crew.executor.submit(crew.work, tasks[span.start : span.stop])] = span
                begun = span.stop
            check()
            for future in wait(pending, LOOK_S, FIRST_COMPLETED).done:
                span = pending[future]
                rows, took_s = future.result()
                del pending[future]
                deliver(span, rows)
                chunk = _next_chunk(chunk, took_s / len(span))
    except BaseException:
        crew.stop.set()
        with held_back():
            _salvage(crew, pending, deliver)
        raise


def _next_chunk(chunk: int, per_run_s: float) -> int:
    fitting = int(CHUNK_S / max(per_run_s, 1e-6))
    return max(1, min(fitting, 8 * chunk, MAX_CHUNK))


def _salvage(crew: Crew, pending: dict[Future[Done], range], deliver: Deliver) -> None:
    """Deliver what is finished of the chunks that were under way."""
    running = [future for future in pending if not future.cancel()]
    wait(running, timeout=None if crew.in_process else 0)
    for future in running:
        if future.done() and not future.cancelled() and future.exception() is None:
            rows, _ = future.result()
            if rows:
                deliver(pending[future][: len(rows)], rows)


def _width(executor: Executor) -> int:
    # Pools of concurrent.futures have the first name, those of mpi4py the second.
    for name in ("_max_workers", "num_workers"):
        width = getattr(executor, name, None)
        if isinstance(width, int) and width > 0:
            return width
    return cores()


@contextmanager
def _dask(given: Any) -> Iterator[Any]:
    """Give the Dask client that is meant: itself, or a new one for an address."""
    expected = (
        "executor: found {}, expected a concurrent.futures.Executor, a distributed.Client or the "
        "address of a Dask scheduler, tcp://HOST:PORT"
    )
    is_client = hasattr(given, "get_executor") and hasattr(given, "nthreads")
    if is_client:
        yield given
        return
    if not isinstance(given, str) or "://" not in given:
        raise UsageError(expected.format(shown(given)))
    try:
        from distributed import Client
    except ImportError:
        raise UsageError(
            f"executor: {given} is the address of a Dask scheduler, and the package distributed "
            "is missing: pip install 'holdfast[dask]'"
        ) from None
    try:
        untyped: Any = Client
        client = untyped(given, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(f"executor: cannot reach {given} ({error})") from None
    try:
        yield client
    finally:
        client.close()
