# SPDX-License-Identifier: Apache-2.0
"""Folders and files for what is written. A file is there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Callable
from pathlib import Path

from holdfast.errors import UsageError, WriteError

_count = itertools.count()


def check_folder(folder: Path) -> None:
    """Look whether a folder could be there.

    Raises:
        UsageError: something else is in the way.

    """
    for part in (folder, *folder.parents):
        if part.exists() and not part.is_dir():
            raise UsageError(f"out: cannot make {folder}: {part} is not a folder")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, unless it is there.

    Raises:
        UsageError: something else is in the way.
        WriteError: it cannot be made.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        words = f"out: cannot make {folder}: {error.strerror}"
        if error.errno in (errno.ENOTDIR, errno.EEXIST):
            raise UsageError(words) from None
        raise WriteError(words) from None


def write_whole(
    path: Path, write: Callable[[Path], object], *, by_way_of: Path | None = None
) -> None:
    """Let `write` fill a file under another name; bring it to the medium, then rename it.

    Whatever happens meanwhile, the name stands for the old content or for the new one. A symbolic
    link stays one, and leads to the new content.

    Args:
        path: the file.
        write: is told the other name.
        by_way_of: a folder on the same disk for the other name; by default that of the file.

    Raises:
        UsageError: what is there is no file, and would be one: a device, a pipe, a folder.
        WriteError: it could not be written; the earlier file is as it was.

    """
    said = path
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        raise UsageError(f"cannot write {said}: it is there and no regular file")
    hidden = (by_way_of or path.parent) / f".tmp-{os.getpid()}-{next(_count)}"
    try:
        write(hidden)
        _sync(hidden)
        hidden.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise WriteError(f"cannot write {said}: {error.strerror or error}") from None
    finally:
        _remove(hidden)


def try_to_write(folder: Path) -> None:
    """Find out before a run whether a file can be written: no permission, a full disk.

    Raises:
        WriteError: it cannot.

    """
    probe = folder / f".tmp-{os.getpid()}-{next(_count)}"
    try:
        probe.write_bytes(bytes(4096))
        _sync(probe)
    except OSError as error:
        raise WriteError(f"out: cannot write into {folder}: {error.strerror or error}") from None
    finally:
        _remove(probe)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # What could not be made is not there, or it stays.
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Bring a file or a folder to the medium, where the file system can."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno in (errno.EIO, errno.ENOSPC, errno.EDQUOT):
            raise
    finally:
        os.close(handle)
