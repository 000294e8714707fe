# SPDX-License-Identifier: Apache-2.0
"""The rows are the same, whoever runs them."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import holdfast
import pandas as pd
import pyarrow.parquet as pq
import pytest
from holdfast import _crew
from short_sweep import BASE

POINTS = {
    "/hosts/0/policy": ["linux-mainline", "cqt-only"],
    "/faults/0/at": [{"uniform": ["20ms", "90ms"]}, "2.5"],
}


def swept(executor: Any = None, **more: Any) -> pd.DataFrame:
    """Run the same sweep, of which half the points fail."""
    return holdfast.sweep(BASE, POINTS, seeds=6, executor=executor, **more)


@pytest.fixture(scope="module")
def plain() -> pd.DataFrame:
    """Return the table of one thread."""
    table = swept(jobs=1)
    assert table["error"].notna().sum() == 12
    assert table["trace_hash"].nunique() == 12
    return table


def test_threads(plain: pd.DataFrame) -> None:
    """Two threads give what one gives; so do those of a pool from outside, which goes on."""
    pd.testing.assert_frame_equal(swept(jobs=2), plain)
    with ThreadPoolExecutor(3) as pool:
        pd.testing.assert_frame_equal(swept(pool), plain)
        assert pool.submit(int, "3").result() == 3


def test_processes(plain: pd.DataFrame) -> None:
    """Worker processes give the same."""
    with ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as pool:
        pd.testing.assert_frame_equal(swept(pool), plain)


def test_dask_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, the error says what to install."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(holdfast.UsageError, match=r"pip install 'holdfast\[dask\]'"):
        swept("tcp://127.0.0.1:1")


class Backwards(Executor):
    """Runs what it holds only when it holds enough, the last first."""

    def __init__(self, hold: int) -> None:
        """Take how many it holds."""
        self._max_workers = hold
        self._held: list[tuple[Future[Any], Any, Any]] = []

    def submit(self, fn: Any, /, *args: Any, **_: Any) -> Future[Any]:
        """Hold it, or run all that is held."""
        future: Future[Any] = Future()
        self._held.append((future, fn, args))
        if len(self._held) == 2 * self._max_workers:
            threading.Thread(target=self._run).start()
        return future

    def _run(self) -> None:
        held, self._held = self._held, []
        for future, fn, args in reversed(held):
            future.set_result(fn(*args))


def test_the_order_of_finishing_does_not_matter(
    plain: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows stand in the order of points x seeds."""
    monkeypatch.setattr(_crew, "MAX_CHUNK", 1)
    pd.testing.assert_frame_equal(swept(Backwards(12)), plain)


class Breaking(Executor):
    """Runs what it is given at once, three times; then the cluster is gone."""

    _max_workers = 1
    left = 3

    def submit(self, fn: Any, /, *args: Any, **_: Any) -> Future[Any]:
        """Run it, or fail."""
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("the cluster is gone")
        future: Future[Any] = Future()
        future.set_result(fn(*args))
        return future


def test_an_executor_that_breaks_keeps_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its exception comes out; all that is done is in the dataset, looked at already or not."""
    monkeypatch.setattr(_crew, "MAX_CHUNK", 1)
    with pytest.raises(RuntimeError, match="gone"):
        holdfast.sweep(
            BASE, {"/hosts/0/policy": ["spec"]}, seeds=999, executor=Breaking(), out=tmp_path
        )
    assert rows_in(tmp_path) == 3


def test_ctrl_c_ends_a_run(tmp_path: Path) -> None:
    """A run of an hour does not go on to its end."""
    told: list[int] = []

    def press(done: int, _: int) -> None:
        told.append(done)
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(KeyboardInterrupt):
        holdfast.sweep("quickstart", [{"/duration": "1h"}], out=tmp_path, progress=press)
    assert told == [0]
    assert rows_in(tmp_path) == 0


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path) -> None:
    """KeyboardInterrupt comes out, threads end, and rows that are done are in the dataset."""
    pressed = threading.Event()

    def press(done: int, _: int) -> None:
        if done > 0 and not pressed.is_set():
            pressed.set()
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(KeyboardInterrupt):
        holdfast.sweep(
            BASE, {"/hosts/0/policy": ["spec"]}, seeds=40_000, out=tmp_path, progress=press
        )
    assert 1 <= rows_in(tmp_path) < 40_000
    assert not any(thread.name.startswith("holdfast") for thread in threading.enumerate())


def rows_in(folder: Path) -> int:
    """Count the rows of a dataset."""
    return sum(pq.ParquetFile(path).metadata.num_rows for path in folder.glob("*.parquet"))
