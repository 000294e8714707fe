# SPDX-License-Identifier: Apache-2.0
"""Spans of simulated time."""

from __future__ import annotations

import numbers
from datetime import timedelta

from holdfast import _core
from holdfast._words import plain, shown
from holdfast.errors import UsageError

#: A span of time: a string with a unit ("250ms", "15s", "1h"), a number of seconds, a timedelta.
Time = str | float | timedelta


def nanoseconds(time: Time, where: str = "time") -> int:
    """Return a span of time in whole nanoseconds.

    Raises:
        UsageError: it is none, is negative or longer than 292 years.

    """
    if isinstance(time, str):
        try:
            return _core.duration_ns(plain(time))
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None
    seconds = time.total_seconds() if isinstance(time, timedelta) else time
    if isinstance(seconds, bool) or not isinstance(seconds, numbers.Real):
        raise UsageError(f'{where}: found {shown(time)}, expected seconds or text such as "15s"')
    if not 0 <= seconds < 9.2e9:  # neither is NaN
        raise UsageError(f"{where}: found {shown(time)}, expected from 0 to 9.2e9 seconds")
    return round(float(seconds) * 1e9)
