# SPDX-License-Identifier: Apache-2.0
"""Worlds: a run that can be stepped, looked at, copied and interfered with."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pandas as pd

from holdfast import _core
from holdfast._arguments import Whole, check, checked
from holdfast._signals import held_back
from holdfast._words import did_you_mean, shown
from holdfast.errors import HoldfastError, Interrupted, UsageError
from holdfast.policy import Adapter, Policy
from holdfast.result import Result
from holdfast.scenario import Scenario, ScenarioLike, as_scenario, dumps
from holdfast.seeds import Bounds, MaxEvents, MaxMemory, Seed, bounds_of
from holdfast.units import Time, nanoseconds
from holdfast.workload import Driver, WorkloadsLike, as_workloads

_UNBOUNDED: Bounds = (2**64 - 1, 2**64 - 1)


class World:
    """A simulated world, on the native kernel.

    A copy is a snapshot: both go on by themselves, and do the same as long as the same is done to
    them. So time travel is to copy before, and what-if is to copy, change one of the two and run
    both::

        world = World("rw_test_mainline")
        world.run_until("50ms")
        other = world.copy()
        other.set_policy("h1", "cqt-only")
        world.run_until("30s"), other.run_until("30s")

    A world is used by one thread at a time; several worlds run side by side. A call from a second
    thread while the first one is inside, which lets go of the GIL, raises :class:`UsageError`.
    After an exception in the middle of an event, every call says that the world cannot go on:
    :class:`InvariantError` if it was the simulator's, :class:`UsageError` if it came from a policy
    or a workload in Python. Ctrl-C comes between events, and does no harm.
    """

    @checked
    def __init__(
        self,
        scenario: ScenarioLike,
        seed: Seed | None = None,
        *,
        workloads: WorkloadsLike | None = None,
        policies: Mapping[str, Policy] | None = None,
        record: bool | str | Sequence[str] = False,
    ) -> None:
        """Build the world of a scenario, at time 0.

        Args:
            scenario: as in :func:`holdfast.run`.
            seed: of all random streams, instead of the scenario's own.
            workloads: applications in Python beside the scenario's: functions by host, or a list of
                :class:`holdfast.Workload`.
            policies: recovery policies in Python by host.
            record: kinds of records to keep for :meth:`records` (:func:`holdfast.record_kinds`
                lists them); True: all but those of single packets.

        Raises:
            ScenarioError: the scenario is wrong; says where.
            UsageError: an argument is.

        """
        one = as_scenario(scenario)
        for host, policy in (policies or {}).items():
            _check_host(one, host)
            if policy.base is not None:
                check(f"{type(policy).__name__}.base", str | Mapping[str, Any], policy.base)
                base = policy.base if isinstance(policy.base, str) else dict(policy.base)
                one = one.set(f"hosts.{host}.policy", base)
        self._core = _core.World(one._text(), one.source, seed, _kinds(record))
        self._policies = dict(policies or {})
        for host, policy in self._policies.items():
            self._core.attach_policy(host, Adapter(policy))
        self._driver = Driver(self._core, as_workloads(workloads)) if workloads else None

    @property
    def now_s(self) -> float:
        """Return the simulated time in seconds."""
        return self._core.now_ns() / 1e9

    @property
    def duration_s(self) -> float:
        """Return for how long the scenario runs; a world can go on after that."""
        return self._core.duration_ns() / 1e9

    @checked
    def step(self, events: Annotated[int, Whole(0, 2**63 - 1)] = 1) -> int:
        """Let that many events happen; return how many there were."""
        return self._core.step(events)

    @checked
    def run_until(self, time: Time) -> World:
        """Go on until that instant (``"15s"``, or seconds from the start); return the world."""
        self._core.run_until(nanoseconds(time, "run_until"), _UNBOUNDED)
        return self

    @checked
    def run(
        self, max_events: MaxEvents | None = None, max_memory: MaxMemory | None = None
    ) -> Result:
        """Go on to the end of the scenario and return the result.

        Args:
            max_events: after so many more the result is partial; by default 10^9.
            max_memory: likewise when the world takes so much, as for :func:`holdfast.run`.

        Raises:
            Interrupted: Ctrl-C; it has the result so far, and the world can go on.

        """
        bounds = bounds_of(max_events, max_memory)
        try:
            if self._core.now_ns() < self._core.duration_ns():
                self._core.run_until(self._core.duration_ns(), bounds)
        except KeyboardInterrupt:
            with held_back():
                raise self._interrupted() from None
        return self.result()

    def _interrupted(self) -> Interrupted:
        try:
            return Interrupted(result=self.result())
        except HoldfastError:
            return Interrupted()  # It came in the middle of an event, in Python.

    def inspect(self) -> dict[str, Any]:
        """Return what is going on: controllers and their states, what is in flight, counts."""
        document: dict[str, Any] = json.loads(self._core.inspect())
        return document

    def result(self) -> Result:
        """Return the result so far; before the end of the scenario it is partial.

        Its scenario hash is that of the scenario as it was built: what :meth:`inject` and
        :meth:`set_policy` did is not in it.
        """
        return Result(json.loads(self._core.result()))

    def copy(self) -> World:
        """Return an independent copy. Policies in Python are deep-copied.

        Raises:
            UsageError: the world has workloads in Python; Python cannot copy a generator.

        """
        if self._driver is not None:
            raise UsageError("World.copy: a workload in Python is a generator, which has no copy")
        twin = World.__new__(World)
        twin._core = self._core.copy()
        twin._driver = None
        twin._policies = copy.deepcopy(self._policies)
        for host, policy in twin._policies.items():
            twin._core.attach_policy(host, Adapter(policy))
        return twin

    __copy__ = copy

    def __deepcopy__(self, _: Any) -> World:
        """Return an independent copy."""
        return self.copy()

    @checked
    def inject(self, fault: Mapping[str, Any]) -> None:
        """Let something go wrong.

        Args:
            fault: as in a scenario's ``faults`` (:mod:`holdfast.parts` has constructors). Its
                ``at`` may be left out: now.

        Raises:
            ScenarioError: the fault does not fit this scenario.
            UsageError: its instant is over.

        """
        now_ns = self._core.now_ns()
        at = fault.get("at", f"{now_ns}ns")
        if not isinstance(at, str) or nanoseconds(at, "inject: at") < now_ns:
            raise UsageError(
                f"inject: found at={shown(at)}, expected an instant that is not over; it is "
                f"{now_ns / 1e9:.9f} s"
            )
        self._core.inject(dumps({**fault, "at": at}, "inject(...)"))

    @checked
    def set_policy(self, host: str, policy: str | Mapping[str, Any]) -> None:
        """Change the recovery policy of a host from now on.

        Args:
            host: its name.
            policy: a preset's name, or knobs as in a scenario.

        """
        chosen = policy if isinstance(policy, str) else dict(policy)
        self._core.set_policy(host, dumps(chosen, "set_policy(...)"))

    @checked
    def records(self, kind: str | None = None) -> pd.DataFrame:
        """Return what was recorded, in order (see ``record`` of the constructor).

        Args:
            kind: only these, with a column for each of their words; None: all, with the words as a
                dictionary in ``words``.

        """
        kept = self._core.records()
        if kind is None:
            rows = [{"time_s": t / 1e9, "kind": k, "words": w} for t, k, w in kept]
            return pd.DataFrame(rows, columns=["time_s", "kind", "words"])
        words = _words_of(kind)
        rows = [{"time_s": t / 1e9, **w} for t, k, w in kept if k == kind]
        return pd.DataFrame(rows, columns=["time_s", *words])

    def __repr__(self) -> str:
        """Tell the time, if it can be told."""
        try:
            now_s = self.now_s
        except HoldfastError as error:
            return f"<World: {error}>"
        return f"<World at {now_s:.6f} s of {self.duration_s:g} s>"


def record_kinds() -> pd.DataFrame:
    """Return the kinds of records: ``kind``, ``layer`` (full, protocol, outcome), ``words``."""
    return pd.DataFrame(_core.record_kinds(), columns=["kind", "layer", "words"])


def _kinds(record: bool | str | Sequence[str]) -> list[str]:
    if isinstance(record, bool):
        return [kind for kind, layer, _ in _core.record_kinds() if record and layer != "full"]
    chosen = [record] if isinstance(record, str) else list(record)
    for kind in chosen:
        _words_of(kind)
    return chosen


def _words_of(kind: str) -> list[str]:
    known = {name: words for name, _, words in _core.record_kinds()}
    if kind in known:
        return known[kind]
    hint = did_you_mean(kind, known)
    raise UsageError(
        f"record: found {shown(kind)}, expected a kind that record_kinds() lists{hint}"
    )


def _check_host(scenario: Scenario, host: str) -> None:
    names = [one["name"] for one in scenario.canonical()["hosts"]]
    if host in names:
        return
    hint = did_you_mean(host, names)
    raise UsageError(f"policies: found {shown(host)}, expected one of {', '.join(names)}{hint}")
