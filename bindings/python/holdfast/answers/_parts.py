# SPDX-License-Identifier: Apache-2.0
"""A search whose parts an executor does, one level after the other."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from holdfast import _core
from holdfast._crew import crew_for, stream
from holdfast._signals import noticed
from holdfast.errors import HoldfastError

#: A part, from which first deviation on nothing matters, and when to stop by the clock.
_Task: TypeAlias = tuple[str, int, float | None]


@dataclass(frozen=True)
class Asked:
    """What is asked, in words that were checked; goes to whoever does a part of it."""

    text: str
    source: str
    objective: str
    against: str
    strategy: str
    merge: bool
    reduce: bool


class _Parts(Sequence[_Task]):
    """Parts that can be done side by side; each is told what is known when it sets out."""

    def __init__(self, gather: _core.Gather, parts: list[str], deadline: float | None) -> None:
        self._gather = gather
        self._parts = parts
        self._deadline = deadline

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, which: Any) -> Any:
        before = self._gather.before()
        return [(part, before, self._deadline) for part in self._parts[which]]


def search_in_parts(
    asked: Asked, executor: Any, jobs: int | None, shares: int, worlds: int, seconds: float | None
) -> str:
    """Return the document of a search; of what is done if Ctrl-C ended it."""
    gather = _core.Gather(
        asked.text, asked.source, asked.objective, asked.against, asked.strategy, asked.merge,
        asked.reduce, worlds, seconds is not None, shares,
    )  # fmt: skip
    # By the clock of the day, which those have in common who do parts.
    deadline = None if seconds is None else time.time() + seconds

    def here(stop: _core.Stop) -> Any:
        return functools.partial(_do, asked, stop)

    def deliver(span: range, texts: list[str]) -> None:
        for place, text in zip(span, texts, strict=True):
            gather.take(place, text)

    try:
        with noticed(), crew_for(executor, jobs, here, functools.partial(_do, asked, None)) as crew:
            while parts := gather.next():
                stream(crew, _Parts(gather, parts, deadline), deliver)
    except HoldfastError:
        raise
    except KeyboardInterrupt:
        pass
    except Exception as error:
        words = " ".join(str(error).split())
        raise HoldfastError(
            f"executor: a part of the search ended without an answer "
            f"({type(error).__name__}: {words[:300]})"
        ) from error
    return gather.finish()


def _do(asked: Asked, stop: _core.Stop | None, tasks: Sequence[_Task]) -> tuple[list[str], float]:
    """Do some parts."""
    start = time.perf_counter()
    texts = []
    for part, before, deadline in tasks:
        left = None if deadline is None else max(0.0, deadline - time.time())
        texts.append(
            _core.search_part(
                asked.text, asked.source, asked.objective, asked.against, asked.merge,
                asked.reduce, part, before, left, stop,
            )
        )  # fmt: skip
    return texts, time.perf_counter() - start
