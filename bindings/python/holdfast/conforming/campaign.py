# SPDX-License-Identifier: Apache-2.0
"""Putting implementations through the requirements: one task each, on threads or clusters."""

from __future__ import annotations

import functools
import itertools
import json
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Annotated, Any, Literal, TypeAlias

from tqdm import tqdm

from holdfast import _core
from holdfast._arguments import Says, Whole, checked
from holdfast._crew import Jobs, crew_for, stream
from holdfast._signals import noticed
from holdfast._words import did_you_mean, shown
from holdfast.conforming.matrix import Conformance, merged
from holdfast.errors import Interrupted, UsageError

#: Names, or own knobs by the name that they go under.
Named: TypeAlias = Annotated[
    str | Sequence[str] | Mapping[str, Any], Says("a name, a list of names, or knobs by name")
]
#: What one worker is told: names and knobs as JSON text, requirements, seed, swarm.
_Task: TypeAlias = tuple[str, str, str, str, tuple[str, ...], int, int]


@checked
def conform(
    policies: Named = "all",
    targets: Named = "all",
    *,
    requirements: str | Sequence[str] | None = None,
    seed: Annotated[int, Whole(0, 1_000_000_000)] = 1,
    swarm: Annotated[int, Whole(0, 100_000)] = 60,
    executor: Executor | Any = None,
    jobs: Jobs | None = None,
    progress: Literal[False] | None = None,
) -> Conformance:
    """Say which requirements implementations break, as ``holdfast conform`` does.

    An implementation is a policy on a target. Each is put through all probes and `swarm` drawn
    scenarios, and each run is checked against every requirement. One implementation is one task, so
    a campaign of many spreads over what sweeps spread over, and its result is the same everywhere.

    >>> found = conform("linux-mainline", "array", requirements="HOLD-1", swarm=0)
    >>> found.table["verdict"].tolist()
    ['fail']

    Args:
        policies: a policy's name, several, ``"all"``, or ``{name: knobs}`` for one's own; knobs are
            those of ``/hosts/0/policy``.
        targets: likewise profiles of targets; knobs are those of ``/subsystems/0``.
        requirements: ids; all of them without.
        seed: of the drawn scenarios.
        swarm: how many are drawn for each implementation.
        executor: None for threads of this process, a ``concurrent.futures.Executor``, a
            ``distributed.Client`` or the address of a Dask scheduler.
        jobs: threads of this process; as many as there are cores without.
        progress: None for a bar if stderr is a terminal, False for nothing.

    Raises:
        ScenarioError: knobs make no valid scenario.
        UsageError: an argument is wrong.
        Interrupted: Ctrl-C; its `result` is the Conformance of what was finished.

    """
    tasks = [
        (*policy, *target, _ids(requirements), seed, swarm)
        for policy, target in itertools.product(
            _named("policies", policies, "policy", lambda name: json.dumps(name)),
            _named("targets", targets, "profile", lambda name: json.dumps({"profile": name})),
        )
    ]
    for task in tasks:
        _core.check_implementation(*task[:4])
    done: dict[int, str] = {}
    shows = progress is None and sys.stderr.isatty()
    with noticed(), tqdm(total=len(tasks), disable=not shows, unit="implementation") as bar:

        def deliver(span: range, documents: list[str]) -> None:
            done.update(zip(span, documents, strict=False))
            bar.update(len(documents))

        def here(stop: _core.Stop) -> Any:
            return functools.partial(_judge, stop)

        try:
            with crew_for(executor, jobs, here, functools.partial(_judge, None)) as one:
                stream(one, tasks, deliver)
        except KeyboardInterrupt:
            partial = merged([done[i] for i in sorted(done)], complete=False)
            words = f"stopped by Ctrl-C: {len(done)} of {len(tasks)} implementations are finished"
            raise Interrupted(words, result=partial) from None
    return merged([done[i] for i in sorted(done)], complete=True)


def _judge(stop: _core.Stop | None, tasks: Sequence[_Task]) -> tuple[list[str], float]:
    """Do some implementations; fewer documents than tasks if it was stopped."""
    start = time.perf_counter()
    out = []
    for task in tasks:
        document = _core.conform_one(*task, stop)
        if stop is not None and stop.is_set():
            break
        out.append(document)
    return out, time.perf_counter() - start


def _named(argument: str, given: Any, kind: str, of_preset: Any) -> list[tuple[str, str]]:
    """Return names, and what a scenario would say for them as JSON text."""
    known = [name for one, name, _ in _core.catalogue() if one == kind]
    if isinstance(given, Mapping):
        return [_own(argument, name, knobs) for name, knobs in given.items()] or _none(argument)
    names: list[str] = []
    for name in [given] if isinstance(given, str) else given:
        if name not in known and name != "all":
            raise UsageError(
                f"{argument}: found {shown(name)}, expected all, or one of "
                f"{', '.join(known)}{did_you_mean(name, known)}"
            )
        names += known if name == "all" else [name]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{argument}: found {shown(twice)} twice, expected each once")
    return [(name, of_preset(name)) for name in names] or _none(argument)


def _none(argument: str) -> Any:
    raise UsageError(f"{argument}: found none, expected one at least")


def _own(argument: str, name: Any, knobs: Any) -> tuple[str, str]:
    if not isinstance(name, str) or not name or not name.isprintable():
        raise UsageError(
            f"{argument}: found the name {shown(name)}, expected one that is printable"
        )
    try:
        text = json.dumps(knobs, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        raise UsageError(
            f"{argument}: found {shown(knobs)} for {shown(name)}, expected a preset's name or its "
            "knobs as JSON has them"
        ) from None
    return name, text


def _ids(given: str | Sequence[str] | None) -> tuple[str, ...]:
    if given is None:
        return ()
    ids = [name for one, name, _ in _core.catalogue() if one == "requirement"]
    asked = [given] if isinstance(given, str) else list(given)
    for one in asked:
        if one not in ids:
            raise UsageError(
                f"requirements: found {shown(one)}, expected an id of a requirement"
                f"{did_you_mean(one, ids)}; holdfast list requirement has them all"
            )
    if not asked:
        raise UsageError("requirements: found none, expected one at least, or None for all")
    return tuple(asked)
