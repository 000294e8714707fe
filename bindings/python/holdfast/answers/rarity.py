# SPDX-License-Identifier: Apache-2.0
"""The probability of what hardly ever happens."""

from __future__ import annotations

import json
import numbers
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import pandas as pd

from holdfast import _core
from holdfast._arguments import Whole, checked
from holdfast._words import shown
from holdfast.answers._kept import Document, kept
from holdfast.errors import UsageError
from holdfast.scenario import Scenario, ScenarioLike, as_scenario
from holdfast.units import Time, nanoseconds

Method = Literal["restart", "fixed-effort", "adaptive"]
#: (time, [(out for, until the release), ...]) -> how near to the event; all in seconds.
Importance: TypeAlias = Callable[[float, list[tuple[float, float]]], float]


@dataclass(frozen=True)
class Rare(Document):
    """How often a run of a scenario ends in an event.

    Attributes:
        of: the event.
        probability: of it in one run, that is in one failover; NaN if nobody met it.
        low: lower end of the 95 % interval.
        high: upper end; if nobody met the event, an upper bound (95 %).
        gain: how many times the work crude Monte Carlo would need for the same error; NaN if that
            is not known.
        ancestors: from how many beginnings those come that met the event; below ten they are too
            few.
        levels: one row a level: ``importance``, ``tried``, ``reached``, ``chance`` of coming to the
            next one. The last one leads to the event.
        repetitions: the independent estimates, of which `probability` is the mean.
        crude: what crude Monte Carlo said beside it: ``runs``, ``hits``, ``low``, ``high``.
        warnings: what has to be known before this is believed.
        examples: worlds that met the event, as scenarios.
        complete: all repetitions were done.

    """

    of: str
    probability: float
    low: float
    high: float
    gain: float
    ancestors: int
    levels: pd.DataFrame
    repetitions: pd.Series
    crude: pd.Series
    warnings: tuple[str, ...]
    examples: tuple[Scenario, ...]
    complete: bool
    _document: str

    def __repr__(self) -> str:
        """Say the estimate with its interval."""
        return (
            f"<Rare {self.of}: {self.probability:.3e} in a run, "
            f"95 % interval {self.low:.2e} to {self.high:.2e}>"
        )


@checked
def rare(
    scenario: ScenarioLike,
    of: str,
    *,
    method: Method = "restart",
    repetitions: Annotated[int, Whole(2, 10**6)] = 20,
    effort: Annotated[int, Whole(2, 10**7)] = 500,
    seed: Annotated[int, Whole(0, 2**63 - 1)] = 1,
    budget: Time | None = None,
    jobs: Annotated[int, Whole(0, 1024)] = 0,
    importance: Importance | None = None,
) -> Rare:
    """Estimate the probability of an event by multilevel splitting.

    All dice of the scenario are thrown anew in each run, and runs that come nearer to the event are
    copied there. The answer does not depend on `jobs`, and hangs on the clock only with a `budget`.
    The GIL is released meanwhile.

    Args:
        scenario: what is run; it must have no ``choices``.
        of: ``"corruption"``, ``"exposure"``, ``"exposure>2s"`` or ``"stall>20s"``.
        method: ``"restart"``, ``"fixed-effort"`` or ``"adaptive"``.
        repetitions: independent estimates; their scatter makes the interval.
        effort: runs that begin in each of them.
        seed: of all random streams.
        budget: begin no further repetition after such a time of the clock (``"60s"``).
        jobs: threads; 0: as many as there are cores. With an `importance` there is one.
        importance: how near a world is to the event, instead of what is built in: a function of
            the time (s) and of the writes that are out and may do harm, for each how long (s) it is
            out and how long it will be until its retry may be sent (negative: since). It is asked
            after each event, and must say the same of the same. Unbiased whatever it says; a poor
            one costs work. What it raises is raised.

    Raises:
        ScenarioError: the scenario is wrong.
        UsageError: an argument is.
        Interrupted: Ctrl-C; its `result` is the Rare of the repetitions that were done.

    """
    one = as_scenario(scenario)
    if "choices" in one.to_dict():
        raise UsageError("scenario: found choices, expected none: they leave nothing to chance")
    seconds = None if budget is None else nanoseconds(budget, "budget") / 1e9
    raised: list[BaseException] = []
    asked = None if importance is None else _asked(importance, raised)
    try:
        text = _core.rare(
            one._text(), one.source, of, method, repetitions, effort, seed, seconds, jobs, asked
        )
    except ValueError:
        if raised:
            raise
        raise UsageError(
            f"of: found {shown(of)}, expected corruption, exposure, exposure>TIME or stall>TIME"
        ) from None
    return kept(_rare_of(text), text)


def _asked(importance: Importance, raised: list[BaseException]) -> Importance:
    """Return the same, which says a number or that it was none; what it raises is kept, too."""

    def number(now_s: float, writes: list[tuple[float, float]]) -> float:
        try:
            value = importance(now_s, writes)
            if not isinstance(value, numbers.Real) or not abs(value) <= sys.float_info.max:
                raise UsageError(f"importance: found {shown(value)}, expected a finite number")
        except BaseException as error:
            raised.append(error)
            raise
        return float(value)

    return number


def _rare_of(text: str) -> Rare:
    document = json.loads(text)
    nan = float("nan")
    p = document["probability"] or {"value": nan, "low": nan, "high": nan}
    met = bool(document["ancestor_count"])
    crude = document["crude"] or {"run_count": 0, "hit_count": 0, "probability": {}}
    levels = [
        {
            "importance": nan if level["importance"] is None else level["importance"],
            "tried": level["tried_count"],
            "reached": level["reached_count"],
            "chance": nan if level["chance"] is None else level["chance"],
        }
        for level in document["levels"]
    ]
    return Rare(
        of=document["of"],
        probability=p["value"] if met else nan,
        low=nan if p["low"] is None else p["low"],
        high=nan if p["high"] is None else p["high"],
        gain=document["gain"] or nan,
        ancestors=document["ancestor_count"],
        levels=pd.DataFrame(levels, columns=["importance", "tried", "reached", "chance"]),
        repetitions=pd.Series(document["repetitions"], dtype=float, name="probability"),
        crude=pd.Series(
            {
                "runs": crude["run_count"],
                "hits": crude["hit_count"],
                "low": crude["probability"].get("low", nan),
                "high": crude["probability"].get("high", nan),
            }
        ),
        warnings=tuple(document["warnings"]),
        examples=tuple(
            Scenario(example["scenario"], source="an example") for example in document["examples"]
        ),
        complete=document["ended"] == "complete",
        _document=text,
    )
