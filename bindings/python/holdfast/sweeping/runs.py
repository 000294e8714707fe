# SPDX-License-Identifier: Apache-2.0
"""Running many points of one scenario."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeAlias, runtime_checkable

import pandas as pd
import pyarrow as pa
from tqdm import tqdm

from holdfast import _core
from holdfast._arguments import AnyPath, Says, checked, is_whole
from holdfast._crew import Crew, Jobs, cores, stream
from holdfast._signals import check, held_back, noticed
from holdfast._words import shown
from holdfast.errors import (
    HoldfastError,
    Interrupted,
    InvariantError,
    ScenarioError,
    UsageError,
    WriteError,
)
from holdfast.scenario import Scenario, ScenarioLike, as_scenario
from holdfast.seeds import MaxEvents, MaxMemory, Seed, bounds_of
from holdfast.sweeping.dataset import Store
from holdfast.sweeping.execution import crew
from holdfast.sweeping.points import (
    CorePoint,
    Point,
    PointsLike,
    as_points,
    check_paths,
    check_runs,
    seeds_of,
)
from holdfast.sweeping.table import Shape, Task, frame, results

#: None: a bar if stderr is a terminal. False: nothing. A function is told (done, total).
Progress: TypeAlias = Callable[[int, int], object] | Literal[False] | None


#: How many, 1 to n, or which.
Seeds: TypeAlias = Annotated[int | Iterable[Seed], Says("a number of seeds or a list of them")]


#: The error of a run that broke a promise of the simulator itself; the last one of its chunk. It is
#: no row but an InvariantError, because other rows may be wrong as well; what was finished is kept.
_BROKEN = "InvariantError"


@runtime_checkable
class Rule(Protocol):
    """Decides whether a sweep has enough seeds (:mod:`holdfast.statistics` has some)."""

    @property
    def at_least(self) -> int:
        """Return with how many seeds a point is run before the question is asked, from 1."""

    @property
    def at_most(self) -> int:
        """Return after how many seeds it is not asked any more."""

    def enough(self, table: pd.DataFrame) -> bool:
        """Tell whether the table of the runs so far is enough."""


@checked
def sweep(
    base: ScenarioLike,
    points: PointsLike,
    seeds: Seeds | None = None,
    executor: Executor | str | Any = None,
    out: AnyPath | None = None,
    *,
    paired: bool = True,
    until: Rule | None = None,
    jobs: Jobs | None = None,
    fail_fast: bool = False,
    progress: Progress = None,
    fresh: bool = False,
    max_events: MaxEvents | None = None,
    max_memory: MaxMemory | None = None,
) -> pd.DataFrame:
    """Run a scenario at many points, with many seeds each, and return one row a run.

    >>> points = {"/hosts/0/policy": ["linux-mainline", "cqt-only"]}
    >>> table = holdfast.sweep("rw_test_mainline", points, seeds=3)
    >>> table.groupby("/hosts/0/policy").exposure_max_s.max().round(3).to_dict()
    {'cqt-only': 0.0, 'linux-mainline': 2.0}

    Rows are in the order of points x seeds. Columns: one for each axis, ``seed``, those that
    :func:`holdfast.columns` describes, ``scenario_hash``, ``model_version``, ``error``, ``replay``.
    A failed run is a row that says why and how to repeat it. After Ctrl-C, `out` has what is done.

    Args:
        base: what :func:`holdfast.run` takes.
        points: ``{path: values}`` for a grid (:func:`grid` says more), a list of points
            ``{path: value, ..., "label": name}``, or what :func:`zipped`, :func:`crossed` and the
            samplers (:func:`random` ...) return.
        seeds: a number of seeds (1 to n), or the seeds; by default the scenario's own.
        executor: by default threads of this process, one a core. Any
            ``concurrent.futures.Executor`` (``mpi4py.futures.MPIPoolExecutor`` is one), a
            ``distributed.Client``, or the address of its scheduler, ``"tcp://HOST:PORT"``.
        out: where rows are kept as they finish: a folder (a Parquet dataset; it keeps rows of
            earlier sweeps that did not fail), or a file that ends in ``.parquet``, ``.csv`` or
            ``.jsonl`` (parts are beside it, in ``NAME.parts``, until it is complete).
            What is there for a scenario hash, seed and model version is not run again, unless it
            failed or is partial, so a killed sweep goes on where it was.
        paired: whether all points have the same seeds; else each its own, derived.
        until: when to stop adding seeds: first ``at_least``, then half as many again each time, at
            most ``at_most``. Instead of a number of seeds; `seeds` may list the ones to take.
        jobs: threads of this process, instead of one a core.
        fail_fast: raise on the first run that fails.
        progress: by default a bar if stderr is a terminal; ``False`` for none; or a function that
            is told (runs done, runs in all).
        fresh: run everything again; rows at `out` are replaced.
        max_events: of each run; the column ``partial`` says which came to it.
        max_memory: likewise.

    Raises:
        ScenarioError, UsageError: the base, a path or an argument is wrong; nothing was written.
        Interrupted, WriteError: Ctrl-C; `out` cannot be written; with the rows so far.
        HoldfastError: a run failed, with `fail_fast`; InvariantError even without.

    """
    scenario = as_scenario(base).validate()
    chosen = as_points(points)
    check_paths(chosen, scenario._text(), scenario.source)
    bounds = bounds_of(max_events, max_memory)
    rounds = _rounds(seeds, until, scenario.seed)
    shape = Shape(chosen)
    store = Store(out, shape.schema, fresh)
    with crew(executor, jobs, scenario._text(), scenario.source, bounds) as workers:
        work = _Work(scenario, shape, store, workers, fail_fast)
        tasks = (_tasks(chosen, some, paired) for some in rounds)
        return _run_rounds(work, store, tasks, until, progress)


def _run_rounds(
    work: _Work,
    store: Store,
    rounds: Iterable[list[Task]],
    until: Rule | None,
    progress: Progress,
) -> pd.DataFrame:
    try:
        with noticed(), store.writing(), _progress(progress) as work.tell:
            for tasks in rounds:
                table = work.run(tasks)
                if until is not None and until.enough(frame(table)):
                    break
            with held_back():
                store.finish(table)
            check()
    except KeyboardInterrupt:
        with held_back():
            raise Interrupted(table=frame(work.finished())) from None
    if store.lost is not None:
        raise WriteError(f"out: {store.lost}", table=frame(table))
    return frame(table)


def _tasks(points: Sequence[Point], seeds: Sequence[int], paired: bool) -> list[Task]:
    check_runs(len(points), len(seeds))
    return [
        Task(point, seed if paired else point.seed_from(seed)) for point in points for seed in seeds
    ]


class _Work:
    """What a sweep has run so far."""

    def __init__(
        self,
        base: Scenario,
        shape: Shape,
        store: Store,
        workers: Crew,
        fail_fast: bool,
    ) -> None:
        self._base = base
        self._shape = shape
        self._store = store
        self._crew = workers
        self.tell: Callable[[int, int], object] = lambda done, total: None
        self._fail_fast = fail_fast
        self._is_broken = False
        self._tables: list[pa.Table] = []
        self._row_of: dict[Task, int] = {}
        self._replay_base = ""

    def finished(self) -> pa.Table:
        """Return the rows of all runs so far, as they finished."""
        return pa.concat_tables([self._shape.schema.empty_table(), *self._tables])

    def run(self, tasks: list[Task]) -> pa.Table:
        """Return the rows of the tasks, of which some may have been run before."""
        missing = [task for task in tasks if task not in self._row_of]
        missing = self._reuse(missing)
        total = len(self._row_of) + len(missing)
        self.tell(len(self._row_of), total)

        def deliver(span: range, texts: list[str]) -> None:
            rows = [json.loads(text) for text in texts]
            broken = rows.pop() if rows and rows[-1].get("error_type") == _BROKEN else None
            done = missing[span.start : span.start + len(rows)]
            if rows:
                keep(done, rows)
            if broken is not None and not self._is_broken:
                self._is_broken = True  # What else is finished is only kept.
                replay = self._replay(missing[span.start + len(rows)])
                raise InvariantError(f"{broken['error']}; replay: {replay}")

        def keep(done: list[Task], rows: list[dict[str, Any]]) -> None:
            failed = [row for row in rows if "error" in row]
            if failed:
                for row, task in zip(rows, done, strict=True):
                    if "error" in row:
                        row["replay"] = self._replay(task)
            table = self._shape.rows(done, results(rows))
            self._keep(done, table)
            self._store.add(table)
            self.tell(len(self._row_of), total)
            if failed and self._fail_fast:
                self._fail_fast = False  # What else is finished is only kept.
                raise _error(failed[0])

        stream(self._crew, [_core_point(task) for task in missing], deliver)
        order = pa.array([self._row_of[task] for task in tasks], pa.int64())
        whole = pa.concat_tables(self._tables).combine_chunks()
        self._tables = [whole]
        return whole.take(order)

    def _keep(self, tasks: Sequence[Task], table: pa.Table) -> None:
        first = len(self._row_of)
        self._row_of.update((task, first + i) for i, task in enumerate(tasks))
        self._tables.append(table)

    def _reuse(self, tasks: list[Task]) -> list[Task]:
        """Take rows from the store; return the tasks for which there are none."""
        if len(self._store) == 0:
            return tasks
        there: dict[Task, int] = {}
        for task, digest in zip(tasks, self._hashes(tasks), strict=True):
            row = None if digest is None else self._store.row_of(digest, task.seed)
            if row is not None:
                there[task] = row
        known = self._store.results(list(there.values()))
        self._keep(list(there), self._shape.rows(list(there), known))
        return [task for task in tasks if task not in there]

    def _hashes(self, tasks: Sequence[Task]) -> list[str | None]:
        base = _core.Base(self._base._text(), self._base.source, bounds_of(None, None))
        slices = [
            [_core_point(task) for task in tasks[i : i + 256]] for i in range(0, len(tasks), 256)
        ]
        with ThreadPoolExecutor(cores()) as pool:
            return [digest for some in pool.map(base.hashes, slices) for digest in some]

    def _replay(self, task: Task) -> str:
        """Return the shell command that repeats a run."""
        if not self._replay_base:
            self._replay_base = _replay_base(self._base, self._store.folder)
        words = [program(), "run", self._replay_base or "base.json", "--seed", str(task.seed)]
        for path, value in task.point.sets:
            words += ["--set", f"{path}={value}"]
        command = shlex.join(words)
        return command if self._replay_base else f"{command}  # Scenario.save() made base.json"


def _core_point(task: Task) -> CorePoint:
    return list(task.point.sets), task.seed


def _error(row: Mapping[str, Any]) -> HoldfastError:
    kinds = {"ScenarioError": ScenarioError, "HoldfastError": HoldfastError}
    kind: type[HoldfastError] = kinds[row["error_type"]]
    return kind(f"{row['error']}; replay: {row['replay']}")


def program() -> str:
    """Return what starts the program here: as `holdfast sweep` was, on the PATH, or beside us."""
    if started_as := os.environ.get("HOLDFAST_PROGRAM"):
        return started_as
    beside = Path(sys.executable).with_name("holdfast")
    return str(beside) if shutil.which("holdfast") is None and beside.is_file() else "holdfast"


def _replay_base(base: Scenario, folder: Path | None) -> str:
    """Return a file with the base scenario; made if there is a folder for it, else nothing."""
    source = Path(base.source)
    try:
        if json.loads(_core.read(str(source))) == base.to_dict():
            return str(source)
    except ScenarioError:
        pass  # It is no file, or another document by now.
    if folder is None:
        return ""
    digest = hashlib.sha256(base._text().encode()).hexdigest()[:8]
    # Readers of Parquet datasets pass over names that begin so.
    path = folder / f"_base-{digest}.json"
    base.save(path)
    return str(path)


def _rounds(seeds: Seeds | None, until: Rule | None, own: int) -> Iterator[list[int]]:
    """Return the seeds of each round, each with those of the round before."""
    if until is None:
        return iter([seeds_of(seeds, own)])
    least, most = until.at_least, until.at_most
    if not is_whole(least) or not is_whole(most) or not 1 <= least <= most:
        raise UsageError(
            f"until: found at_least {shown(least)} and at_most {shown(most)}, expected 1 <= <="
        )
    if hasattr(seeds, "__index__"):
        raise UsageError("until: found with a number of seeds, expected one of them")
    pool = list(range(1, most + 1)) if seeds is None else seeds_of(seeds, own)
    if len(pool) < most:
        raise UsageError(f"seeds: found {len(pool)}, expected at_most of until, {most}")
    return _growing(pool, least, most)


def _growing(pool: list[int], least: int, most: int) -> Iterator[list[int]]:
    n = least
    while n < most:
        yield pool[:n]
        n += (n + 1) // 2
    yield pool[:most]


@contextmanager
def _progress(progress: Progress) -> Iterator[Callable[[int, int], object]]:
    if callable(progress):
        yield progress
        return
    # None leaves it to tqdm to see whether stderr is a terminal.
    with tqdm(unit="run", disable=None if progress is None else True, dynamic_ncols=True) as bar:

        def tell(done: int, total: int) -> None:
            if bar.total is None:
                bar.initial = bar.n = done  # Rows that were there say nothing about the rate.
            bar.total = total
            bar.update(done - bar.n)

        yield tell
