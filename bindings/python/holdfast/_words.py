# SPDX-License-Identifier: Apache-2.0
"""Words of error messages."""

from __future__ import annotations

from collections.abc import Iterable

from holdfast import _core

_LONGEST = 80


def did_you_mean(word: object, names: Iterable[str]) -> str:
    """Return the end of a message that names what was probably meant; empty if nothing is near."""
    near = nearest(word, names)
    return f'; did you mean "{near}"?' if near else ""


def nearest(word: object, names: Iterable[str]) -> str:
    """Return the nearest of some names, or an empty string."""
    return _core.nearest(plain(word), [plain(name) for name in names])


def plain(word: object) -> str:
    """Return a text that UTF-8 can say: what Python took for text may be none."""
    return str(word).encode("utf-8", "backslashreplace").decode()


def shown(value: object) -> str:
    """Return a value as an error message shows it: on one line, and not longer than that."""
    try:
        text = plain(repr(value))
    except Exception:  # Its own __repr__ may do anything.
        text = f"a {type(value).__name__}"
    text = _core.printable(text.encode())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
