# SPDX-License-Identifier: Apache-2.0
"""Recovery policies written in Python: a class with the hooks that the engine calls.

>>> class HoldTwiceCqt(Policy):
...     base = "cqt-only"
...
...     def hold(self, recovery):
...         return 2 * recovery.cqt_s
>>> holdfast.run("rw_test_cqt_only", policies={"h1": HoldTwiceCqt()})

A hook that returns None leaves the decision to the knobs of :attr:`Policy.base`. Hooks are called
when a path fails, not per packet. They see the recovery and must decide from that alone, so that a
run stays the same for the same seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from holdfast.errors import UsageError
from holdfast.units import Time, nanoseconds

Cause = Literal[
    "request_timeout",
    "transport",
    "keep_alive_tag",
    "operator_request",
    "device_lost",
    "ana_transition",
    "suspicion",
]


@dataclass(frozen=True)
class Recovery:
    """What a policy may know when it decides."""

    #: name of the host
    host: str
    #: the impacted controller, as the host calls it ("nvme0")
    controller: str
    #: its state (protocol.md 4.2), as /sys shows it
    state: str
    #: simulated time in seconds
    now_s: float
    #: keep-alive timeout in seconds
    kato_s: float
    #: command quiesce time that the controller reports, in seconds; 0: none
    cqt_s: float
    #: whether any command keeps the controller alive (CTRATT.TBKAS)
    traffic_based: bool
    #: whether the controller can be reset through another one
    ccr_supported: bool
    #: Cross-Controller Resets tried in this recovery
    ccr_attempts: int
    #: I/O commands in flight on the controller
    in_flight: int


@dataclass(frozen=True)
class Io:
    """An I/O that was in flight when its path failed."""

    #: "read", "write", "flush", "compare", "zone append", ...
    kind: str
    #: first block
    lba: int
    blocks: int
    #: how often it was sent so far
    attempts: int


class Policy:
    """A recovery policy. Override the hooks that you care about.

    Attributes:
        base: the knobs for everything that no hook decides: the name of a preset
            (``holdfast list policy``) or a dictionary as in a scenario. None: the scenario's own.

    """

    base: str | Mapping[str, Any] | None = None

    def fences(self, recovery: Recovery, cause: Cause) -> bool | None:
        """Decide, as error recovery begins: fence first (True), or cancel and retry at once."""
        return None

    def hold(self, recovery: Recovery) -> Time | None:
        """Decide how long the time-based hold lasts from now on; seconds, or e.g. ``"15s"``."""
        return None

    def source(self, recovery: Recovery, candidates: Sequence[str]) -> str | Literal[False] | None:
        """Choose the source controller of the next Cross-Controller Reset.

        Args:
            recovery: of the impacted controller.
            candidates: LIVE controllers of the same subsystem with a free slot, in list order; at
                least one. Controllers that were tried are no candidates any more.

        Returns:
            One of `candidates`; False: no more attempts; None: the first, as Linux does.

        """
        return None

    def waits(self, recovery: Recovery, io: Io) -> bool | None:
        """Decide whether an I/O in flight waits for the fence, or is retried at once (False)."""
        return None

    def repeats(self, recovery: Recovery, io: Io) -> bool | None:
        """Decide whether an I/O that was given up is sent again elsewhere, or fails (False)."""
        return None


class Adapter:
    """Between the engine and a policy: dictionaries in, plain values out."""

    def __init__(self, policy: Policy) -> None:
        """Wrap a policy."""
        self.policy = policy

    def fences(self, told: dict[str, Any], cause: Cause) -> bool | None:
        """Ask the hook of that name."""
        return self._yes_or_no("fences", self.policy.fences(_recovery(told), cause))

    def hold(self, told: dict[str, Any]) -> int | None:
        """Ask the hook of that name."""
        answer = self.policy.hold(_recovery(told))
        return None if answer is None else nanoseconds(answer, self._name("hold"))

    def source(self, told: dict[str, Any], candidates: list[str]) -> int | None:
        """Ask the hook of that name."""
        answer = self.policy.source(_recovery(told), candidates)
        if answer is None:
            return None
        if answer is False:
            return -1
        if answer in candidates:
            return candidates.index(answer)
        raise UsageError(
            f"{self._name('source')}: found {answer!r}, expected one of "
            f"{', '.join(candidates)}, False or None"
        )

    def waits(self, told: dict[str, Any]) -> bool | None:
        """Ask the hook of that name."""
        return self._yes_or_no("waits", self.policy.waits(_recovery(told), _io(told)))

    def repeats(self, told: dict[str, Any]) -> bool | None:
        """Ask the hook of that name."""
        return self._yes_or_no("repeats", self.policy.repeats(_recovery(told), _io(told)))

    def _name(self, hook: str) -> str:
        return f"{type(self.policy).__name__}.{hook}"

    def _yes_or_no(self, hook: str, answer: object) -> bool | None:
        if answer is None or isinstance(answer, bool):
            return answer
        raise UsageError(f"{self._name(hook)}: found {answer!r}, expected True, False or None")


def _recovery(told: dict[str, Any]) -> Recovery:
    return Recovery(
        host=told["host"],
        controller=told["controller"],
        state=told["state"],
        now_s=told["now_ns"] / 1e9,
        kato_s=told["kato_ns"] / 1e9,
        cqt_s=told["cqt_ns"] / 1e9,
        traffic_based=told["traffic_based"],
        ccr_supported=told["ccr_supported"],
        ccr_attempts=told["ccr_attempts"],
        in_flight=told["in_flight"],
    )


def _io(told: dict[str, Any]) -> Io:
    return Io(told["kind"], told["lba"], told["blocks"], told["attempts"])
