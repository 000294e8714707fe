# SPDX-License-Identifier: Apache-2.0
"""Points of a sweep as the work of a crew."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from holdfast import _core
from holdfast._crew import Crew, Done, Work, crew_for
from holdfast.seeds import Bounds
from holdfast.sweeping.points import CorePoint


@contextmanager
def crew(executor: Any, jobs: int | None, text: str, source: str, bounds: Bounds) -> Iterator[Crew]:
    """Give the crew for what :func:`sweep` takes as `executor`; end what was begun here."""

    def here(stop: _core.Stop) -> Work:
        return functools.partial(_timed, _core.Base(text, source, bounds), stop)

    elsewhere = functools.partial(_work, text, source, bounds)
    with crew_for(executor, jobs, here, elsewhere) as one:
        yield one


def _timed(base: _core.Base, stop: _core.Stop | None, points: Sequence[CorePoint]) -> Done:
    start = time.perf_counter()
    rows = base.run(points, stop)
    return rows, time.perf_counter() - start


def _work(text: str, source: str, bounds: Bounds, points: Sequence[CorePoint]) -> Done:
    """Run a chunk in a worker process, which parses the base scenario once."""
    return _timed(_base(text, source, bounds), None, points)


@functools.lru_cache(maxsize=8)
def _base(text: str, source: str, bounds: Bounds) -> _core.Base:
    return _core.Base(text, source, bounds)
