# SPDX-License-Identifier: Apache-2.0
"""Rows that are kept: resumed, reused, and whole whatever happens."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import holdfast
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from holdfast import _core, _crew
from holdfast.sweeping import dataset
from short_sweep import BASE, POLICY

FACTOR = "/hosts/0/policy/hold_multiplier"
TWO = {POLICY: ["linux-mainline", "cqt-only"]}


class Counting(ThreadPoolExecutor):
    """Counts the runs that are asked of it."""

    runs = 0

    def submit(self, fn: Any, /, *args: Any, **more: Any) -> Future[Any]:
        """Count the points of a chunk."""
        self.runs += len(args[0])
        return super().submit(fn, *args, **more)


def counted(base: holdfast.Scenario, points: Any, **more: Any) -> tuple[pd.DataFrame, int]:
    """Return the table of a sweep, and how many runs it took."""
    with Counting(1) as pool:
        return holdfast.sweep(base, points, executor=pool, **more), pool.runs


def content(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_unchanged_points_are_not_run_again(tmp_path: Path) -> None:
    """Only new points and new seeds are; the table is the same as without rows to reuse."""
    out = tmp_path / "rows"
    first, runs = counted(BASE, TWO, seeds=3, out=out)
    assert runs == 6
    before = content(out)
    again, runs = counted(BASE, TWO, seeds=3, out=out)
    assert runs == 0
    pd.testing.assert_frame_equal(again, first)
    assert content(out) == before
    three = {POLICY: [*TWO[POLICY], "spec"]}
    wider, runs = counted(BASE, three, seeds=4, out=out)
    assert runs == 2 + 4
    pd.testing.assert_frame_equal(wider, holdfast.sweep(BASE, three, seeds=4))
    _, runs = counted(BASE.set("/duration", "31s"), TWO, seeds=3, out=out)
    assert runs == 6, "another base is another scenario"
    _, runs = counted(BASE, TWO, seeds=3, out=out, fresh=True)
    assert runs == 6


def test_another_model_version_runs_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of other models are kept, and not reused."""
    counted(BASE, TWO, seeds=2, out=tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(_core, "model_version", lambda: "0123456789abcdef")
        table, runs = counted(BASE, TWO, seeds=2, out=tmp_path)
        assert runs == 4
        assert set(table["model_version"]) == {"0123456789abcdef"}
    assert len(pq.read_table(tmp_path)) == 8
    assert counted(BASE, TWO, seeds=2, out=tmp_path)[1] == 0


def test_failed_runs_are_run_again(tmp_path: Path) -> None:
    """A row with an error is in the dataset, but no answer."""
    points = {"/faults/0/at": ["20ms", "nonsense"]}
    table, _ = counted(BASE, points, seeds=2, out=tmp_path)
    assert pq.read_table(tmp_path).column("error").null_count == 2
    again, runs = counted(BASE, points, seeds=2, out=tmp_path)
    assert runs == 2
    pd.testing.assert_frame_equal(again, table)
    assert len(pq.read_table(tmp_path)) == 4


def test_a_run_that_failed_is_no_answer(tmp_path: Path) -> None:
    """A row with an error is not reused, even if it has the key of a run, nor kept for long."""
    counted(BASE, TWO, seeds=2, out=tmp_path)
    file = tmp_path / "sweep.parquet"
    table = pq.read_table(file)
    errors = pa.array([None, "the machine was on fire", None, None], pa.string())
    at = table.column_names.index("error")
    pq.write_table(table.set_column(at, "error", errors), file)
    table, runs = counted(BASE, TWO, seeds=2, out=tmp_path)
    assert runs == 1
    assert table["error"].isna().all()
    holdfast.sweep(BASE, {"/faults/0/at": ["nonsense"]}, out=tmp_path)
    holdfast.sweep(BASE, TWO, seeds=2, out=tmp_path)
    assert pq.read_table(tmp_path).column("error").null_count == 4


def test_a_folder_keeps_earlier_sweeps(tmp_path: Path) -> None:
    """Their rows stand behind those of the last one, in the columns of all."""
    holdfast.sweep(BASE, {FACTOR: [1, 2]}, seeds=2, out=tmp_path)
    holdfast.sweep(BASE, TWO, seeds=2, out=tmp_path)
    holdfast.sweep(BASE, {FACTOR: ["auto", 3]}, seeds=1, out=tmp_path)
    table = pq.read_table(tmp_path)
    assert table.column_names[:3] == [FACTOR, POLICY, "seed"]
    told = table.column(FACTOR).to_pylist()
    # BASE is linux-mainline, which holds nothing: "auto" is seed 1 of linux-mainline again.
    assert told[:2] == ["auto", "3"]
    assert sorted(x or "" for x in told[2:]) == ["", "", "", "1", "1", "2", "2"]
    _, runs = counted(BASE, {FACTOR: [1, 2]}, seeds=2, out=tmp_path)
    assert runs == 0


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".jsonl"])
def test_one_file(ending: str, tmp_path: Path) -> None:
    """A file has the rows of the table, and nothing is left beside it."""
    out = tmp_path / f"rows{ending}"
    table = holdfast.sweep(BASE, {"/faults/0/at": ["20ms", 'a, "b"']}, seeds=2, out=out)
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".json"] == [out.name]
    if ending == ".parquet":
        read = pd.read_parquet(out, dtype_backend="pyarrow")
    elif ending == ".csv":
        read = pd.read_csv(out, dtype_backend="pyarrow", engine="pyarrow")
    else:
        read = pd.read_json(out, lines=True, dtype_backend="pyarrow", precise_float=True)
    assert list(read.columns) == list(table.columns)
    for name in table.columns:
        told = [None if pd.isna(x) else x for x in read[name].tolist()]
        assert told == [None if pd.isna(x) else x for x in table[name].tolist()], name
    before = out.read_bytes()
    holdfast.sweep(BASE, {"/faults/0/at": ["20ms", 'a, "b"']}, seeds=2, out=out)
    assert out.read_bytes() == before


def put(path: Path, text: str = "mine\n") -> Path:
    """Write a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


FOREIGN: list[tuple[str, str, str]] = [
    ("rows/notes.txt", "rows", "notes.txt"),
    ("rows/other.parquet", "rows", "other.parquet"),
    ("rows/part-1.parquet", "rows", "cannot read"),
    ("rows.parquet", "rows.parquet", "cannot read"),
    ("rows.csv", "rows.csv", "no sweep wrote"),
    ("rows.jsonl", "rows.jsonl", "no sweep wrote"),
    ("rows.csv.parts/x", "rows.csv", "rows.csv.parts/x"),
    ("rows", "rows", "expected a folder"),
    ("other", "rows.parqet", 'did you mean ".parquet"'),
]


@pytest.mark.parametrize(("there", "out", "said"), FOREIGN)
def test_what_no_sweep_wrote_is_left_alone(there: str, out: str, said: str, tmp_path: Path) -> None:
    """A clear error, nothing is run, nothing written or removed."""
    put(tmp_path / there)
    with Counting(1) as pool, pytest.raises(holdfast.UsageError) as error:
        holdfast.sweep(BASE, TWO, executor=pool, out=tmp_path / out)
    assert said in str(error.value)
    assert pool.runs == 0
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [tmp_path / there]
    assert files[0].read_text() == "mine\n"


def test_a_parquet_file_of_others_is_left_alone(tmp_path: Path) -> None:
    """Parquet alone does not make it a file of a sweep."""
    out = tmp_path / "rows.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(out)
    with pytest.raises(holdfast.UsageError, match="no sweep wrote"):
        holdfast.sweep(BASE, TWO, out=out)
    assert pd.read_parquet(out)["a"].tolist() == [1]


class Crash(BaseException):
    """Ends the process, as far as the code can tell."""


def crash_at(step: int, patch: pytest.MonkeyPatch) -> None:
    """Let the step-th change of a folder, and all that would follow it, not happen."""
    left = step

    def guarded(change: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*args: Any, **more: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Crash
            return change(*args, **more)

        return instead

    for name in ("replace", "unlink", "rmdir"):
        patch.setattr(Path, name, guarded(getattr(Path, name)))
    patch.setattr(pq, "write_table", guarded(pq.write_table))


@pytest.mark.parametrize("name", ["rows", "rows.parquet", "rows.csv"])
def test_a_crash_between_any_two_steps(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each, the sweep goes on and ends with the same files."""
    monkeypatch.setattr(dataset, "_WAIT_S", (0.0, 0.0))
    monkeypatch.setattr(_crew, "MAX_CHUNK", 1)

    def run(out: Path) -> int:
        earlier = {FACTOR: [1]} if name == "rows" else TWO
        counted(BASE, earlier, seeds=1, out=out)
        return counted(BASE, TWO, seeds=3, out=out)[1]

    full = run(tmp_path / "whole" / name)
    expected = files_below(tmp_path / "whole")
    for step in range(100):
        folder = tmp_path / f"crashed-{step}"
        with monkeypatch.context() as patch:
            crash_at(step, patch)
            try:
                run(folder / name)
                crashed = False
            except Crash:
                crashed = True
        runs = run(folder / name)
        assert runs <= full, f"the crash after step {step} lost rows that were kept before"
        full = runs
        assert files_below(folder) == expected, f"after step {step}"
        if not crashed:
            break
    assert 8 < step < 99


def files_below(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def sweep_in_a_process(out: Path, begun: Any) -> None:
    """Run the sweep that is killed; write parts often."""
    dataset._WAIT_S = (0.0, 0.0)
    _crew.MAX_CHUNK = 8
    holdfast.sweep(BASE, TWO, seeds=SEEDS, out=out, progress=lambda *_: begun.set())


SEEDS = 200


def test_killed_at_ten_random_moments(tmp_path: Path) -> None:
    """A sweep that was killed and resumed leaves the same bytes as one that was not."""
    holdfast.sweep(BASE, TWO, seeds=SEEDS, out=tmp_path / "whole")
    expected = content(tmp_path / "whole")
    assert list(expected) == ["sweep.parquet"]
    moments = random.Random(4)
    context = get_context("forkserver")
    context.set_forkserver_preload(["holdfast"])
    resumed = 0
    for moment in range(10):
        out = tmp_path / f"killed-{moment}"
        begun = context.Event()
        process = context.Process(target=sweep_in_a_process, args=(out, begun))
        process.start()
        assert begun.wait(60)
        time.sleep(moments.uniform(0, 0.3))
        process.kill()
        process.join()
        _, runs = counted(BASE, TWO, seeds=SEEDS, out=out)
        resumed += 0 < runs < 2 * SEEDS
        assert content(out) == expected, f"killed at moment {moment}"
    assert resumed > 0, "each was killed before its first or after its last row"


def test_two_at_once_are_kept_apart(tmp_path: Path) -> None:
    """While one process writes into a folder, another one may not."""
    context = get_context("forkserver")
    begun = context.Event()
    process = context.Process(target=sweep_for_long, args=(tmp_path, begun))
    process.start()
    try:
        assert begun.wait(60)
        with pytest.raises(holdfast.UsageError, match="another sweep is writing"):
            holdfast.sweep(BASE, TWO, out=tmp_path)
    finally:
        process.kill()
        process.join()
    assert len(holdfast.sweep(BASE, TWO, out=tmp_path)) == 2


def test_a_system_without_fcntl_keeps_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be locked, a sweep runs all the same."""
    monkeypatch.setattr(dataset, "fcntl", None)
    with dataset._alone(tmp_path):
        assert len(holdfast.sweep(BASE, TWO, seeds=1, out=tmp_path)) == 2
    assert (tmp_path / "sweep.parquet").exists()


def sweep_for_long(out: Path, begun: Any) -> None:
    """Run a sweep that is still at it when it is killed."""
    holdfast.sweep(BASE, TWO, seeds=40_000, out=out, progress=lambda *_: begun.set())
