# SPDX-License-Identifier: Apache-2.0
"""Words of error messages."""

from __future__ import annotations

from collections.abc import Iterable

from holdfast import _core


def did_you_mean(word: object, names: Iterable[str]) -> str:
    """Return the end of a message that names what was probably meant; empty if nothing is near."""
    near = _core.nearest(str(word), list(names))
    return f'; did you mean "{near}"?' if near else ""
