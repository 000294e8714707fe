# SPDX-License-Identifier: Apache-2.0
"""Seeds of random streams, and bounds of runs."""

from __future__ import annotations

from typing import TypeAlias

from holdfast import _core
from holdfast.errors import UsageError


def check_seed(seed: object) -> None:
    """Raise UsageError unless it is a seed or None."""
    if seed is None:
        return
    number = None if isinstance(seed, bool) or not hasattr(seed, "__index__") else seed.__index__()
    if number is None or not 0 <= number < 2**64:
        raise UsageError(f"seed: found {seed!r}, expected an integer from 0 to {2**64 - 1}")


#: After how many events, and with how many bytes, a run ends before its time.
Bounds: TypeAlias = tuple[int, int]


def check_bounds(max_events: object, max_memory: object) -> Bounds:
    """Return the bounds of a run; None is the default of each.

    Raises:
        UsageError: one is none.

    """
    events, memory = _core.default_max_events, _core.default_max_memory
    if max_events is not None:
        events = _number("max_events", max_events, "")
    if isinstance(max_memory, str):
        memory = _core.max_memory_from(max_memory)
    elif max_memory is not None:
        memory = _number("max_memory", max_memory, ', or a size, e.g. "16GiB"')
    return events, memory


def _number(name: str, given: object, also: str) -> int:
    number = (
        None if isinstance(given, bool) or not hasattr(given, "__index__") else given.__index__()
    )
    if number is None or not 1 <= number < 2**64:
        raise UsageError(
            f"{name}: found {given!r}, expected an integer from 1 to {2**64 - 1}{also}"
        )
    return int(number)
