# SPDX-License-Identifier: Apache-2.0
"""Where the rows of a sweep are kept: a folder of Parquet files, or one file in the end.

Every file appears whole or not at all (:mod:`holdfast.files`). Rows are
first written in parts, as runs finish; when all are there, one file takes the place of the parts.
A row in both counts once. So a process can end at any moment and nothing is lost but what was not
yet written, and nothing is there twice.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from holdfast import _core
from holdfast._arguments import AnyPath, check
from holdfast._signals import held_back
from holdfast._words import did_you_mean
from holdfast.errors import UsageError, WriteError
from holdfast.files import make_folder, try_to_write, write_whole
from holdfast.sweeping.table import KEY, MARK, RESULT_COLUMNS, keys, united

try:
    import fcntl
except ImportError:  # Only POSIX has it.
    fcntl = None  # type: ignore[assignment]

_FILES = (".parquet", ".csv", ".jsonl")
_WHOLE = "sweep.parquet"
# Finished rows wait at most this long, and at most this share of the time so far, to be written.
_WAIT_S = (0.3, 60.0)
_WAIT_SHARE = 0.02


class Store:
    """The rows that are kept at `out`; none, if that is None."""

    def __init__(self, out: str | os.PathLike[str] | None, schema: pa.Schema, fresh: bool) -> None:
        """Look at what is there, and write nothing yet.

        Args:
            out: a folder, or a file whose name ends in .parquet, .csv or .jsonl.
            schema: the columns of this sweep.
            fresh: forget the rows that are there.

        Raises:
            UsageError: something else is there.

        """
        self._schema = schema
        self._file: Path | None = None
        self._folder: Path | None = None
        if out is not None:
            path = Path(out)
            try:
                str(path).encode()  # libraries that write tables want text
            except UnicodeEncodeError:
                raise UsageError(f"out: found {str(out)!r}, expected UTF-8") from None
            self._file = path if _is_file(path) else None
            self._folder = path.with_name(path.name + ".parts") if self._file else path
            check("out", AnyPath, self._folder)
        found = [] if self._folder is None else _parts(self._folder)
        sources = list(found)
        if self._file is not None and self._file.exists():
            sources += _own_file(self._file)
        tables = [_read(path) for path in sources]
        self._parts = found
        self._old = united([] if fresh else tables, schema)
        # What failed is tried again, and so is what did not come to its end.
        for column in ("error", "partial"):
            self._old = self._old.filter(self._old.column(column).is_null())
        self._row_of: dict[tuple[str, int, str], int] = {}
        for row, key in enumerate(keys(self._old)):
            self._row_of.setdefault(key, row)
        self._waiting: list[pa.Table] = []
        self._began_s = self._written_s = time.monotonic()
        self._count = 0
        self._lost: WriteError | None = None
        self._ended = False  # by a whole that could not be written

    @property
    def lost(self) -> WriteError | None:
        """Return why rows could not be written; they are still in the table."""
        return self._lost

    @property
    def folder(self) -> Path | None:
        """Return where something that belongs to the rows can be put."""
        return self._file.parent if self._file is not None else self._folder

    def __len__(self) -> int:
        """Return how many rows of earlier sweeps are there."""
        return len(self._row_of)

    def row_of(self, scenario_hash: str, seed: int) -> int | None:
        """Return the number of the row that is there already, for :meth:`results`."""
        return self._row_of.get((scenario_hash, seed, _core.model_version()))

    def results(self, rows: Sequence[int]) -> pa.Table:
        """Return what came of runs that are there already."""
        return self._old.select(RESULT_COLUMNS).take(pa.array(rows, pa.int64()))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep others from writing meanwhile; write what waits at the end, come what may."""
        if self._folder is None:
            yield
            return
        was_there = self._folder.exists()
        make_folder(self._folder)
        try:
            with _alone(self._folder):
                for path in self._folder.glob(".tmp-*"):
                    path.unlink()
                try_to_write(self._folder)
                try:
                    yield
                finally:
                    with held_back():
                        self.flush()
        finally:
            if not (was_there and self._file is None) and not any(self._folder.iterdir()):
                self._folder.rmdir()

    def add(self, table: pa.Table) -> None:
        """Keep finished rows; they are written before long."""
        if self._folder is None:
            return
        self._waiting.append(table)
        now_s = time.monotonic()
        least_s, most_s = _WAIT_S
        patience_s = min(max(least_s, _WAIT_SHARE * (now_s - self._began_s)), most_s)
        if now_s - self._written_s >= patience_s:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait."""
        if self._folder is None or not self._waiting:
            return
        table = pa.concat_tables(self._waiting).combine_chunks()
        while True:
            self._count += 1
            path = self._folder / f"part-{self._count:06}.parquet"
            if path not in self._parts:
                break
        # A run of hours does not end for a full disk: the rows are told in the end.
        self._written_s = time.monotonic()
        # It may be there although it was not written well: a disk that lost the name tells so late.
        self._parts.append(path)
        try:
            self._write(table, path)
        except WriteError as error:
            self._lost = error
            return
        # Parts keep the rows of a whole that could not be written, and do not stand for it.
        if not self._ended:
            self._lost = None
        self._waiting = []
        self._written_s = time.monotonic()

    def finish(self, table: pa.Table) -> None:
        """Write the whole sweep in the place of its parts.

        A folder keeps the rows of earlier sweeps, behind those of this one.
        """
        if self._folder is None:
            return
        if self._file is None:
            asked = set(keys(table))
            others = [key for key in self._row_of if key not in asked]
            others.sort(key=lambda key: key[::-1])
            rest = self._old.take(pa.array([self._row_of[key] for key in others], pa.int64()))
            table = united([table, rest], self._schema) if others else table
        whole = self._file or self._folder / _WHOLE
        try:
            self._write(table.combine_chunks(), whole)
        except WriteError as error:
            self._lost, self._ended = error, True
            return
        self._lost = None
        self._waiting = []
        for path in self._parts:
            if path != whole:
                path.unlink(missing_ok=True)

    def _write(self, table: pa.Table, path: Path) -> None:
        write_whole(
            path,
            lambda hidden: self._fill(hidden, table, path.suffix),
            by_way_of=self._folder,  # What a killed process left there is found and taken away.
        )

    @staticmethod
    def _fill(hidden: Path, table: pa.Table, suffix: str) -> None:
        if suffix == ".csv":
            pyarrow.csv.write_csv(
                table,
                hidden,
                pyarrow.csv.WriteOptions(quoting_style="needed", quoting_header="needed"),
            )
        elif suffix == ".jsonl":
            lines = [json.dumps(row) + "\n" for row in table.to_pylist()]
            hidden.write_text("".join(lines), encoding="utf-8")
        else:
            pq.write_table(table.replace_schema_metadata(MARK), hidden)


def _is_file(path: Path) -> bool:
    """Tell whether a file is meant, not a folder."""
    if path.is_dir() and path.suffix not in _FILES:
        return False
    if path.suffix in _FILES and not path.is_dir():
        return True
    if path.suffix or path.exists():
        raise UsageError(
            f"out: found {path}, expected a folder, or a file that ends in .parquet, .csv or .jsonl"
            + did_you_mean(path.suffix, _FILES)
        )
    return False


def _parts(folder: Path) -> list[Path]:
    """List the files of sweeps in a folder; anything else there is a mistake."""
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise UsageError(f"out: found a file at {folder}, expected a folder")
    out = []
    for path in sorted(folder.iterdir()):
        if path.name == _WHOLE or (path.name.startswith("part-") and path.suffix == ".parquet"):
            out.append(path)
        elif not path.name.startswith((".", "_")):
            raise UsageError(f"out: found {path}, expected a folder with results of sweeps only")
    return out


def _own_file(path: Path) -> list[Path]:
    """Check that a file may be replaced; return it if rows can be taken from it."""
    if path.suffix == ".parquet":
        return [path]
    with path.open(encoding="utf-8", errors="replace") as file:
        first = file.readline()
    if not all(name in first for name in (*KEY, "error", "replay")):
        raise UsageError(f"out: found {path}, which no sweep wrote; it would be overwritten")
    return []


def _read(path: Path) -> pa.Table:
    try:
        table = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"out: cannot read {path} ({str(error).splitlines()[0]})") from None
    if (table.schema.metadata or {}).get(b"holdfast") != MARK[b"holdfast"]:
        raise UsageError(f"out: found {path}, which no sweep wrote")
    return table


def _lock(file: IO[Any], folder: Path) -> None:
    """Keep other processes out; where there are no locks, nobody is kept out."""
    if fcntl is None:
        return
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        raise UsageError(f"out: another sweep is writing into {folder}") from None
    except OSError:
        pass  # A file system without locks.


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a lock that ends with the process, and that children do not inherit."""
    path = folder / ".lock"
    with path.open("w") as file:
        _lock(file, folder)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
