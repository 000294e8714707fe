# SPDX-License-Identifier: Apache-2.0
"""Seeds of random streams, and bounds of runs."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from holdfast import _core
from holdfast._arguments import Whole

#: Of all random streams of a run.
Seed: TypeAlias = Annotated[int, Whole(0, 2**64 - 1)]
#: After how many events a run ends before its time.
MaxEvents: TypeAlias = Annotated[int, Whole(1, 2**64 - 1)]
#: With how many bytes: a number, or a size ("16GiB").
MaxMemory: TypeAlias = Annotated[int, Whole(1, 2**64 - 1)] | str
#: Both, as the compiled half takes them.
Bounds: TypeAlias = tuple[int, int]


def bounds_of(max_events: MaxEvents | None, max_memory: MaxMemory | None) -> Bounds:
    """Return the bounds of a run; None is the default of each.

    Raises:
        UsageError: the text is no size.

    """
    events = _core.default_max_events if max_events is None else int(max_events)
    if isinstance(max_memory, str):
        return events, _core.max_memory_from(max_memory)
    return events, _core.default_max_memory if max_memory is None else int(max_memory)
