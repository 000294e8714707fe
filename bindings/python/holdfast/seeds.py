# SPDX-License-Identifier: Apache-2.0
"""Seeds of random streams, and bounds of runs."""

from __future__ import annotations

from holdfast import _core
from holdfast.errors import UsageError


def check_seed(seed: object) -> None:
    """Raise UsageError unless it is a seed or None."""
    if seed is None:
        return
    number = None if isinstance(seed, bool) or not hasattr(seed, "__index__") else seed.__index__()
    if number is None or not 0 <= number < 2**64:
        raise UsageError(f"seed: found {seed!r}, expected an integer from 0 to {2**64 - 1}")


def check_max_events(given: object) -> int:
    """Return the bound on the events of a run; None is the default.

    Raises:
        UsageError: it is none.

    """
    if given is None:
        return _core.default_max_events
    number = (
        None if isinstance(given, bool) or not hasattr(given, "__index__") else given.__index__()
    )
    if number is None or not 1 <= number < 2**64:
        raise UsageError(f"max_events: found {given!r}, expected an integer from 1 to {2**64 - 1}")
    return int(number)
