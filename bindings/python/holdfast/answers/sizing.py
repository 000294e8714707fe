# SPDX-License-Identifier: Apache-2.0
"""Timeouts for a risk and a stall, and what the risk hangs on."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from holdfast import _core
from holdfast._arguments import Whole, checked
from holdfast._ranges import range_of
from holdfast._words import shown
from holdfast.answers._kept import Document
from holdfast.errors import HoldfastError, ScenarioError, UsageError
from holdfast.scenario import Scenario, ScenarioLike, as_scenario
from holdfast.seeds import bounds_of
from holdfast.units import Time, nanoseconds

#: Two times between which others are drawn, by path.
TimeRanges: TypeAlias = Mapping[str, tuple[Time, Time] | tuple[Time, Time, Literal["whole"]]]
#: An index is told apart from noise if half its interval is at most this.
RESOLVED = 0.05
#: Below it a logarithm is all that tells risks apart.
LEAST_RISK = 1e-100


@dataclass(frozen=True)
class Size(Document):
    """A recommendation.

    Attributes:
        feasible: there is a setting that keeps both risk and stall.
        recommended: ``keep_alive``, ``kato_s``, ``cqt_s`` (to ask for at least), ``cqt_most_s``,
            ``risk_probability``, ``stall_s``, ``io_timeout_s``, ``reconnect_delay_s``, ``ccr``;
            empty if it is infeasible.
        rule_of_thumb: the same of the scenario's own KATO and CQT.
        frontier: one row a KATO, with the CQT that the risk asks for.
        binds: ``"stall"``, ``"both"``, ``"cqt_field"`` or ``"kato_limit"``; empty if infeasible.
        needs: if it is infeasible, the stall or the risk that would do.

    """

    feasible: bool
    recommended: dict[str, Any]
    rule_of_thumb: dict[str, Any]
    frontier: pd.DataFrame
    binds: str
    needs: dict[str, float]
    _document: str

    def __repr__(self) -> str:
        """Say the setting, or that there is none."""
        if not self.feasible:
            return f"<Size: infeasible, needs {self.needs}>"
        r = self.recommended
        return f"<Size: KATO {r['kato_s']:g} s, CQT {r['cqt_s']:g} s, by {r['keep_alive']}>"


@checked
def size(scenario: ScenarioLike, *, risk: float = 1e-9, stall: Time) -> Size:
    """Recommend timeouts such that a failover neither exposes data nor stalls for too long.

    The risk is that of the closed form, which takes only scenarios of one kind: see
    ``docs/sizing.md``.

    Args:
        scenario: what fails; its own KATO and CQT are the rule of thumb.
        risk: most probability of exposure in a failover, from 1e-100 to below 1.
        stall: longest stall of an application (``"20s"``).

    Raises:
        ScenarioError: the scenario is wrong, or not of that kind.
        UsageError: an argument is.

    """
    if not LEAST_RISK <= risk < 1:
        raise UsageError(f"risk: found {risk}, expected a probability from 1e-100 to below 1")
    longest = nanoseconds(stall, "stall")
    if longest == 0:
        raise UsageError("stall: found 0, expected a time above 0")
    one = as_scenario(scenario)
    text = _core.size(one._text(), one.source, risk, longest)
    document = json.loads(text)
    return Size(
        feasible=document["feasible"],
        recommended=document["recommended"] or {},
        rule_of_thumb=document["rule_of_thumb"],
        frontier=pd.DataFrame(document["frontier"]),
        binds=document.get("binds", ""),
        needs=document.get("needs", {}),
        _document=text,
    )


@checked
def sensitivity(
    scenario: ScenarioLike,
    ranges: TimeRanges,
    *,
    of: Literal["risk", "stall"] = "risk",
    n: Annotated[int, Whole(16, 2**16)] = 256,
    seed: Annotated[int, Whole(0, 2**63 - 1)] = 1,
) -> pd.DataFrame:
    """Return which assumption a result hangs on: its total-order Sobol indices.

    All times are drawn uniformly from their ranges, independently (Saltelli 2010, in SciPy). The
    risk is the closed form's, and the indices are those of its logarithm, so that 1e-9 is told
    from 1e-12. The stall is that of a run for each point, in which the seed is an input as well:
    what it gets is what no setting decides. A dummy that nothing hangs on is among them: what it
    gets is noise.

    Args:
        scenario: see :func:`size`.
        ranges: bounds of times, by path (``{"/subsystems/0/attr_cqt": ("100ms", "1s")}``), in
            milliseconds, or in what is finer in their bounds; with ``("1s", "15s", "whole")`` in
            whole units, as KATO has to be.
        of: ``"risk"``, or ``"stall"``, the longest one of an application, of any scenario.
        n: points of the design, a power of two; there are n (d + 3) evaluations, with the seed
            n (d + 4).
        seed: of the design and the bootstrap.

    Returns:
        One row a path, with ``of="stall"`` one for ``seed``, and ``dummy``: ``total`` with ``low``
        and ``high`` (95 %, bootstrap), and ``resolved``, whether half the interval is at most
        0.05, so that the number itself can be taken; what a 0 with it says is that nothing hangs
        on that.

    Raises:
        ScenarioError: the scenario or a path is wrong, or not of that kind.
        UsageError: an argument is.

    """
    if n & (n - 1):
        raise UsageError(f"n: found {n}, expected a power of two")
    one = as_scenario(scenario)
    bounds = _bounds_of(ranges)
    for path in ranges:
        if of == "stall" and path.strip("/") == "seed":
            raise UsageError(f"ranges: found {path}, which is an input of every stall as it is")
    names = [*ranges, *(["seed"] if of == "stall" else []), "dummy"]

    def values(points: np.ndarray) -> np.ndarray:
        if of == "stall":
            return _stalls(one, list(ranges), bounds, points.T)
        return np.array([_log_risk(one, list(ranges), bounds, u) for u in points.T])

    from scipy import stats  # Here, as it takes longer to import than all else.

    dists: list[Any] = [stats.uniform()] * len(names)
    found = stats.sobol_indices(func=values, n=n, dists=dists, rng=np.random.default_rng(seed))
    with warnings.catch_warnings():  # An index that is 0 in each resample has no BCa interval.
        warnings.simplefilter("ignore")
        interval = found.bootstrap(confidence_level=0.95, n_resamples=999).total_order
    ends = interval.confidence_interval
    low, high = (np.where(np.isnan(end), found.total_order, end) for end in (ends.low, ends.high))
    return pd.DataFrame(
        {
            "total": found.total_order,
            "low": low,
            "high": high,
            "resolved": (high - low) / 2 <= RESOLVED,
        },
        index=pd.Index(names, name="path"),
    )


@checked
def tornado(scenario: ScenarioLike, ranges: TimeRanges) -> pd.DataFrame:
    """Return what each time alone does to the risk, from one end of its range to the other.

    All others stay as the scenario has them; what they do together is told by
    :func:`sensitivity`. The risk is the closed form's.

    Args:
        scenario: see :func:`size`.
        ranges: bounds of times, by path, as of :func:`sensitivity`.

    Returns:
        One row a path, the widest first: ``low_s`` and ``high_s``, the ends; the probability of
        exposure in a failover with each, ``at_low_probability`` and ``at_high_probability``;
        ``own_probability``, that of the scenario; ``decades``, how many powers of ten lie between
        the ends.

    Raises:
        ScenarioError: the scenario or a path is wrong, or not of that kind.
        UsageError: an argument is.

    """
    one = as_scenario(scenario)
    own = math.exp(_log_risk(one, [], [], np.empty(0)))
    rows = []
    for path, between in zip(ranges, _bounds_of(ranges), strict=True):
        low, high = (_time_ns(between(part)) for part in (0.0, 1.0))
        logs = [_log_risk(one, [path], [between], np.array([part])) for part in (0.0, 1.0)]
        rows.append(
            {
                "path": path,
                "low_s": low / 1e9,
                "high_s": high / 1e9,
                "at_low_probability": math.exp(logs[0]),
                "at_high_probability": math.exp(logs[1]),
                "own_probability": own,
                "decades": abs(logs[1] - logs[0]) / math.log(10),
            }
        )
    table = pd.DataFrame(rows).set_index("path")
    return table.sort_values("decades", ascending=False, kind="stable")


#: What times are drawn in, the coarsest that fits both bounds: what some key takes no finer than
#: its bounds are stated in is never refused, and none is drawn outside of them.
_GRAINS = (("ms", 1_000_000), ("us", 1_000), ("ns", 1))

#: The time at a part of the way from one bound to the other, as it stands in a scenario.
_Between: TypeAlias = Callable[[float], str]


def _bounds_of(ranges: TimeRanges) -> list[_Between]:
    """Return what lies between the bounds of each path."""
    if not ranges:
        raise UsageError("ranges: found none, expected at least one path")
    return [_between(path, given) for path, given in ranges.items()]


def _between(path: str, given: Sequence[Time]) -> _Between:
    if len(given) == 3 and given[2] == "whole":
        return range_of(path, given).at
    if len(given) != 2:
        raise UsageError(
            f'{path}: found {shown(given)}, expected (low, high), or with "whole" behind'
        )
    low, high = (nanoseconds(end, path) for end in given)
    if low >= high:
        raise UsageError(f"{path}: found an empty range, expected the lower bound first")
    unit, grain = next(
        (name, size) for name, size in _GRAINS if low % size == 0 and high % size == 0
    )
    return lambda part: f"{round((low + (high - low) * part) / grain)}{unit}"


def _time_ns(time: str) -> int:
    return nanoseconds(time, "ranges")


def _log_risk(one: Scenario, paths: list[str], bounds: list[_Between], u: np.ndarray) -> float:
    """Return the logarithm of the risk at a point of the unit cube."""
    changed = one
    for path, between, part in zip(paths, bounds, u, strict=False):
        changed = changed.set(path, between(float(part)))
    risk, _ = _core.exposure(changed._text(), changed.source)
    return math.log(max(risk, 1e-300))


def _stalls(
    one: Scenario, paths: list[str], bounds: list[_Between], points: np.ndarray
) -> np.ndarray:
    """Return the longest stall of a run for each point, in seconds; behind its times is a seed."""
    base = _core.Base(one._text(), one.source, bounds_of(None, None))
    tasks = []
    for u in points:
        drawn = zip(paths, bounds, u, strict=False)
        changes = [(path, json.dumps(at(float(x)))) for path, at, x in drawn]
        tasks.append((changes, int(u[len(paths)] * 2**63)))
    stalls = []
    for row in map(json.loads, base.run(tasks, None)):
        if "error" in row:
            kind = ScenarioError if row["error_type"] == "ScenarioError" else HoldfastError
            raise kind(row["error"])
        stalls.append(row["stall_s"])
    return np.array(stalls)
