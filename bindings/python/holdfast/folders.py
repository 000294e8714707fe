# SPDX-License-Identifier: Apache-2.0
"""Folders for what is written."""

from __future__ import annotations

from pathlib import Path

from holdfast.errors import UsageError


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, unless it is there.

    Raises:
        UsageError: it cannot be made.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"out: cannot make {folder}: {error.strerror}") from None
