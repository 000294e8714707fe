# SPDX-License-Identifier: Apache-2.0
"""Spans of simulated time."""

from __future__ import annotations

import math
from datetime import timedelta

from holdfast import _core
from holdfast.errors import UsageError

#: A span of time: a string with a unit ("250ms", "15s", "1h"), a number of seconds, a timedelta.
Time = str | float | timedelta


def nanoseconds(time: Time, where: str = "time") -> int:
    """Return a span of time in whole nanoseconds.

    Raises:
        UsageError: it is none, is negative or longer than 292 years.

    """
    if isinstance(time, str):
        return _core.duration_ns(time)
    seconds = time.total_seconds() if isinstance(time, timedelta) else time
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise UsageError(f'{where}: found {time!r}, expected seconds or a string such as "15s"')
    if not math.isfinite(seconds) or not 0 <= seconds < 9.2e9:
        raise UsageError(f"{where}: found {time!r}, expected from 0 to 9.2e9 seconds")
    return round(seconds * 1e9)
