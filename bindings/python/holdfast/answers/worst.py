# SPDX-License-Identifier: Apache-2.0
"""The worst case within bounds."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd

from holdfast import _core
from holdfast._arguments import AnyPath, Whole, checked
from holdfast._words import did_you_mean, shown
from holdfast.answers._kept import Document, kept
from holdfast.answers._parts import Asked, search_in_parts
from holdfast.errors import UsageError
from holdfast.files import check_folder
from holdfast.scenario import Scenario, ScenarioLike, as_scenario
from holdfast.statistics import wilson_interval
from holdfast.units import Time, nanoseconds

Objective = Literal["corruption", "exposure", "stall"]
#: Into how many parts a level is cut for an executor.
SHARES = 16
Strategy = Literal["exhaustive", "best-first", "random-walk", "swarm", "portfolio"]


@dataclass(frozen=True)
class Search(Document):
    """What a search has found, or that there is nothing within its bounds.

    Attributes:
        objective: what was looked for.
        verdict: ``"found"`` or ``"none"``.
        exhausted: every execution within the bounds was tried. What ``"none"`` is worth hangs on
            it; a search for corruption ends with the first one, and so is not exhausted.
        bounds: them, in words.
        worlds: how many executions were run.
        distinct: how many worlds were remembered, each another one than those before.
        met_again: how often one of these was met again, so that what lies below was left out.
        levels: one row a number of deviations: ``worlds``, ``probes``, ``exhausted``.
        deviations: one row a choice that the finding answers otherwise than the scenario's own run;
            ``says`` tells it.
        value_s: the exposure or stall of the finding in seconds; NaN for corruption.
        own_value_s: the same of the scenario's own run.
        finding: the scenario that replays the worst case, or None.
        trace_hash: of its run, on either kernel.
        story: the first incident of that run as a timeline, as in a result; None without one.
        aftermath: of a corruption: how many executions that go on from its last choice with one
            more deviation are safe (``worlds``, ``safe``), and whether that choice was the critical
            one (``critical``); None otherwise.
        likelihood: of a corruption: one row an instant (``at_s``): of how many executions that go
            on from there with random choices within the bounds (``worlds``) how many corrupt
            (``corrupt_count``), and the Wilson interval of their share at 95 % (``share``, ``low``,
            ``high``). The first row is of those in which nothing of the finding has been chosen.
        inevitable_s: from which of these instants on all corrupt; NaN: none was reached.

    """

    objective: str
    verdict: str
    exhausted: bool
    bounds: str
    worlds: int
    distinct: int
    met_again: int
    levels: pd.DataFrame
    deviations: pd.DataFrame
    value_s: float
    own_value_s: float
    finding: Scenario | None
    trace_hash: str
    story: dict[str, Any] | None
    aftermath: dict[str, Any] | None
    likelihood: pd.DataFrame
    inevitable_s: float
    _document: str

    def __repr__(self) -> str:
        """Say the verdict with its bound."""
        how = "exhausted" if self.exhausted else "not exhausted"
        return (
            f"<Search for {self.objective}: {self.verdict} within {self.bounds}: "
            f"{self.worlds} worlds, {how}>"
        )


@checked
def search(
    scenario: ScenarioLike,
    objective: Objective,
    *,
    bounds: Mapping[str, Any] | None = None,
    worlds: Annotated[int, Whole(1, 2**63 - 1)] | None = None,
    budget: Time | None = None,
    against: str | None = None,
    strategy: Strategy = "portfolio",
    merge: bool = True,
    reduce: bool = True,
    jobs: Annotated[int, Whole(0, 1024)] = 0,
    out: AnyPath | None = None,
    executor: Executor | str | Any = None,
    shares: Annotated[int, Whole(1, 10**6)] | None = None,
) -> Search:
    """Find the worst execution of a scenario within bounds, or that there is none.

    Executions differ from the scenario's own run in at most so many choices: a packet lost, a
    command that takes longer, a fault at another instant. The answer does not depend on `jobs`, and
    hangs on the clock only with a `budget`. The GIL is released meanwhile.

    Args:
        scenario: what to search; its ``adversary`` says what may vary.
        objective: ``"corruption"``, ``"exposure"`` (how long a stale write could have landed) or
            ``"stall"`` (the longest one of an application).
        bounds: values of the adversary instead of its own (``{"losses": 2}``).
        worlds: end after about so many executions.
        budget: end after such a time of the clock (``"60s"``).
        against: a policy under which the same choices have to be safe; corruption only.
        strategy: ``"exhaustive"``: those with fewer deviations first; ``"portfolio"``: as well,
            with some that are drawn at random before each number of deviations from the second on;
            ``"best-first"``: what lies below what came nearest to harm; ``"random-walk"`` or
            ``"swarm"`` draw executions until the budget is done (10,000 without one).
        merge: leave out what lies below a world like one that was met; the finding is the same.
        reduce: do not try both sides of what happens elsewhere; the verdict is the same.
        jobs: threads; 0: as many as there are cores.
        out: a folder for the answer (``search.json``) and the scenario of what was found. Called
            again, after a kill as well, the search goes on, and answers as it would in one go.
        executor: what :func:`sweep` takes; not with `jobs`, `out` or ``"best-first"``. Without
            `merge` the answer is that of a search without, byte for byte. Of `worlds` each share
            gets its part.
        shares: into how many parts each number of deviations is cut for an executor; 16 without.

    Raises:
        ScenarioError: the scenario, or a bound, is wrong.
        UsageError: an argument is; or the folder has the position of another search.
        WriteError: the folder cannot be written.
        Interrupted: Ctrl-C; its `result` is the Search until then.
        HoldfastError: who did a share for the executor died.

    """
    if executor is not None:
        _check_parts(strategy, out)
    elif shares is not None:
        raise UsageError("shares: found without executor=, expected both or none")
    if against is not None:
        _check_against(against, objective)
    if out is not None:
        check_folder(Path(out))
    asked = _asked(scenario, bounds, (objective, against or "", strategy, merge, reduce))
    seconds = None if budget is None else nanoseconds(budget, "budget") / 1e9
    if executor is not None:
        text = search_in_parts(
            asked, executor, jobs or None, shares or SHARES, worlds or 0, seconds
        )
    else:
        text = _in_one_go(asked, worlds or 0, seconds, jobs, out)
    return kept(_search_of(text), text)


def _asked(scenario: ScenarioLike, bounds: Mapping[str, Any] | None, rest: Any) -> Asked:
    one = as_scenario(scenario)
    if bounds:
        one = _with_bounds(one, bounds)
    return Asked(one._text(), one.source, *rest)


def _in_one_go(
    asked: Asked, worlds: int, seconds: float | None, jobs: int, out: AnyPath | None
) -> str:
    return _core.search(
        asked.text,
        asked.source,
        asked.objective,
        asked.against,
        worlds,
        seconds,
        jobs,
        asked.strategy,
        "" if out is None else os.fspath(out),
        asked.merge,
        asked.reduce,
    )


def _check_parts(strategy: str, out: AnyPath | None) -> None:
    if strategy == "best-first":
        raise UsageError(
            "strategy: found best-first with executor=, expected another one: what comes next "
            "hangs on all that came before"
        )
    if out is not None:
        raise UsageError("out: found with executor=, expected one of them")


def _check_against(against: str, objective: Objective) -> None:
    policies = [name for kind, name, _ in _core.catalogue() if kind == "policy"]
    if against not in policies:
        hint = did_you_mean(against, policies)
        raise UsageError(f"against: found {shown(against)}, expected a policy{hint}")
    if objective != "corruption":
        raise UsageError("against: expected the objective corruption")


def _with_bounds(one: Scenario, bounds: Mapping[str, Any]) -> Scenario:
    changed = one.to_dict()
    own = changed.get("adversary", {})
    changed["adversary"] = {**own, **bounds} if isinstance(own, dict) else own
    return Scenario(changed, source=one.source)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _likelihood(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["at_s", "worlds", "corrupt_count"])
    shares = [
        wilson_interval(int(hits), int(n))
        for hits, n in zip(table["corrupt_count"], table["worlds"], strict=True)
    ]
    table["share"] = [one.estimate for one in shares]
    table["low"] = [one.low for one in shares]
    table["high"] = [one.high for one in shares]
    return table


def _search_of(text: str) -> Search:
    document = json.loads(text)
    worst = document["worst"] or {}
    nan = float("nan")
    return Search(
        objective=document["for"],
        verdict=document["verdict"],
        exhausted=document["exhausted"],
        bounds=document["bounds"]["says"],
        worlds=document["worlds"],
        distinct=document["merging"]["distinct_count"],
        met_again=document["merging"]["again_count"],
        levels=pd.DataFrame(document["levels"]).set_index("deviations"),
        deviations=pd.DataFrame(
            worst.get("deviations", []), columns=["kind", "point", "ordinal", "says", "made_s"]
        ),
        value_s=worst.get("value_s", nan),
        own_value_s=document.get("own_value_s", nan),
        finding=Scenario(worst["scenario"], source="a finding") if worst else None,
        trace_hash=worst.get("trace_hash", ""),
        story=worst.get("story"),
        aftermath=worst.get("aftermath"),
        likelihood=_likelihood(worst.get("likelihood", [])),
        inevitable_s=_number(worst.get("inevitable_s")),
        _document=text,
    )
