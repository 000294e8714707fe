# SPDX-License-Identifier: Apache-2.0
"""Whatever a public function is given, it answers, or raises a HoldfastError of one line.

Every public callable of the package is called with many wrong values in the place of each of its
parameters. What has no valid call here fails the test, so a new function gets one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import holdfast
import numpy as np
import pandas as pd
import pytest
from holdfast import HoldfastError, Scenario, UsageError, World, plot, statistics

POLICY = "/hosts/0/policy"
HOLD = "/hosts/0/policy/hold_multiplier"
KATO = "/hosts/0/connect/*/keep_alive_tmo"
BASE = (
    Scenario.load("rw_test_mainline")
    .set("/duration", "130ms")
    .set("/expect", {})
    .set("/faults", [])
)
FAULT = {"type": "blackhole", "at": "50ms", "for": "5ms", "link": "h1-s1"}


def nested(depth: int) -> list[Any]:
    """Return a list in a list in a list."""
    out: list[Any] = []
    for _ in range(depth):
        out = [out]
    return out


WRONG: list[Any] = [
    None, True, 5, -1, 2**70, 1.5, float("nan"), float("inf"), 1 + 2j, Decimal(1), np.int64(3),
    np.bool_(True), "", "x", "\ud800", "a\0b", "x" * 5000, "\x1b[31m\n", b"x", [], [None], ["x"],
    [5, "x"], {}, {"x": None}, {"x": []}, {5: 5}, {"\ud800": 5}, {"x"}, object(), int, len,
    lambda *_: None, pd.DataFrame(), pd.Series([1]), np.zeros(3), Path("x" * 300), nested(100_000),
    iter([1]), range(3), ThreadPoolExecutor,
]  # fmt: skip


def table() -> pd.DataFrame:
    """Return the table of a small sweep."""
    points = {POLICY: ["spec", "cqt-only"], KATO: ["2s", "5s"], HOLD: [1, 2]}
    return holdfast.sweep(BASE, points, seeds=2, progress=False)


TABLE = table()
LIKELIHOOD = pd.DataFrame(
    {"at_s": [0.0, 1.5], "worlds": 100, "corrupt_count": [7, 100], "share": [0.07, 1.0],
     "low": [0.03, 0.96], "high": [0.14, 1.0]}
)  # fmt: skip
RESULT = holdfast.run(BASE)


def writer(vol: holdfast.Volume) -> Generator[Any, Any, None]:
    """Write a block."""
    yield vol.write(0, "x")


#: A valid call of each: what it is, and its arguments by name.
VALID: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "run": (holdfast.run, {"scenario": BASE}),
    "report": (holdfast.report, {"runs": BASE}),
    "Report": (holdfast.Report, {"page": "<p>"}),
    "Report.save": (holdfast.Report("<p>").save, {"path": "page.html"}),
    "Result.report": (RESULT.report, {}),
    "explore": (holdfast.explore, {"table": TABLE, "x": KATO, "y": "stall_s", "by": POLICY}),
    "conform": (
        holdfast.conform,
        {
            "policies": ["spec"],
            "targets": ["array"],
            "requirements": "HOLD-1",
            "swarm": 0,
            "jobs": 1,
        },
    ),
    "sweep": (holdfast.sweep, {"base": BASE, "points": {POLICY: ["spec"]}, "progress": False}),
    "threshold": (
        holdfast.threshold,
        {
            "base": BASE,
            "path": "/hosts/0/cpus",
            "between": (1, 2),
            "fails": lambda table: table["/hosts/0/cpus"] > 1,
            "progress": False,
        },
    ),
    "timers": (holdfast.timers, {"scenario": BASE}),
    "search": (
        holdfast.search,
        {
            "scenario": "worst_case",
            "objective": "corruption",
            "bounds": {"deviations": 1, "losses": 0},
            "worlds": 50,
            "jobs": 1,
        },
    ),
    "rare": (
        holdfast.rare,
        {
            "scenario": "rare_1e4",
            "of": "exposure",
            "repetitions": 2,
            "effort": 5,
            "jobs": 1,
            "importance": lambda now_s, writes: 0.0,
            "budget": "10ms",
        },
    ),
    "size": (holdfast.size, {"scenario": "rare_1e6", "risk": 1e-6, "stall": "20s"}),
    "sensitivity": (
        holdfast.sensitivity,
        {
            "scenario": "rare_1e6",
            "ranges": {"/subsystems/0/attr_cqt": ("100ms", "1s")},
            "n": 16,
        },
    ),
    "tornado": (
        holdfast.tornado,
        {"scenario": "rare_1e6", "ranges": {"/subsystems/0/attr_cqt": ("100ms", "1s")}},
    ),
    "grid": (holdfast.grid, {"axes": {POLICY: ["spec"]}}),
    "zipped": (holdfast.zipped, {"axes": {POLICY: ["spec"]}}),
    "random": (holdfast.random, {"n": 4, "ranges": {"/x": (1, 2)}}),
    "latin_hypercube": (holdfast.latin_hypercube, {"n": 4, "ranges": {"/x": (1, 2)}}),
    "sobol": (holdfast.sobol, {"n": 4, "ranges": {"/x": (1, 2)}}),
    "sleep": (holdfast.sleep, {"time": "1s"}),
    "all_of": (holdfast.all_of, {"events": [holdfast.sleep(1)]}),
    "any_of": (holdfast.any_of, {"events": [holdfast.sleep(1)]}),
    "Workload": (holdfast.Workload, {"function": writer, "host": "h1"}),
    "Scenario": (Scenario, {"source": "x"}),
    "Scenario.load": (Scenario.load, {"path": "quickstart"}),
    "Scenario.set": (BASE.set, {"path": "/seed", "value": 1}),
    "Scenario.save": (BASE.save, {"path": "saved.json"}),
    "Result": (holdfast.Result, {"document": RESULT.to_dict()}),
    "Result.plot_timeline": (RESULT.plot_timeline, {}),
    "World": (World, {"scenario": BASE}),
    "World.step": (lambda **given: World(BASE).step(**given), {}),
    "World.run": (lambda **given: World(BASE).run(**given), {}),
    "World.run_until": (lambda **given: World(BASE).run_until(**given), {"time": "1ms"}),
    "World.inject": (lambda **given: World(BASE).inject(**given), {"fault": FAULT}),
    "World.set_policy": (
        lambda **given: World(BASE).set_policy(**given),
        {"host": "h1", "policy": "spec"},
    ),
    "World.records": (World(BASE, record=True).records, {}),
    "mean_interval": (statistics.mean_interval, {"values": [1, 2, 3]}),
    "wilson_interval": (statistics.wilson_interval, {"hits": 1, "n": 2}),
    "bootstrap_interval": (
        statistics.bootstrap_interval,
        {"values": [1, 2, 3], "resamples": 9},
    ),
    "ecdf": (statistics.ecdf, {"values": [1, 2, 3]}),
    "summarize": (statistics.summarize, {"table": TABLE, "value": "stall_s"}),
    "paired_difference": (
        statistics.paired_difference,
        {"table": TABLE, "value": "stall_s", "of": POLICY, "between": ("spec", "cqt-only")},
    ),
    "Narrow": (statistics.Narrow, {"column": "stall_s", "width": 1}),
    "corrupt_share": (plot.corrupt_share, {"table": TABLE, "rows": POLICY}),
    "exposure_against_hold": (plot.exposure_against_hold, {"table": TABLE, "x": HOLD}),
    "measure_ranges": (plot.measure_ranges, {"table": TABLE, "measure": "stall_s", "rows": POLICY}),
    "likelihood": (plot.likelihood, {"table": LIKELIHOOD}),
    "recovery_phases": (plot.recovery_phases, {"table": TABLE}),
    "stall_against_kato": (plot.stall_against_kato, {"table": TABLE}),
    "stall_ecdf": (plot.stall_ecdf, {"table": TABLE}),
    "timeline": (plot.timeline, {"result": RESULT}),
}
#: Public, and nothing is passed to them, or whoever calls them is the package.
NOT_CALLED = {
    "Conformance", "Estimate", "Interval", "Io", "Policy", "Rare", "Recovery", "Search", "Size",
    "Threshold", "Volume",
    "crossed", "parts", "plot", "statistics", "columns", "model_version", "record_kinds",
    "scenarios", "__version__", "OKABE_ITO",
}  # fmt: skip


def test_every_public_callable_is_here() -> None:
    """A new one needs a valid call above."""
    names = {*holdfast.__all__, *statistics.__all__, *plot.__all__} - NOT_CALLED
    names = {name for name in names if not _is_error(getattr(holdfast, name, None))}
    for kind in (Scenario, World, holdfast.Report, holdfast.Result):
        for name, method in inspect.getmembers(kind, callable):
            if not name.startswith("_") and len(inspect.signature(method).parameters) > 1:
                names.add(f"{kind.__name__}.{name}")
    names.add("Scenario.load")
    assert names == set(VALID)


def _is_error(what: Any) -> bool:
    return isinstance(what, type) and issubclass(what, BaseException)


@pytest.mark.parametrize("name", VALID)
@pytest.mark.usefixtures("drawn_in_memory")
def test_whatever_it_is_given(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No TypeError, no RecursionError, no MemoryError: an answer, or one of ours."""
    monkeypatch.chdir(tmp_path)
    function, valid = VALID[name]
    function(**valid)
    for parameter in _parameters(name, function):
        for value in WRONG:
            if parameter in ("progress", "fails", "importance") and callable(value):
                continue  # What a function of the caller raises comes through.
            try:
                function(**valid | {parameter: value})
            except HoldfastError as error:
                words = str(error)
                assert words.isprintable(), (parameter, words)
                assert len(words) < 600, (parameter, words)
                assert any(one in words for one in ("found ", "expected ", "widen")), words
            except Exception as error:
                pytest.fail(f"{name}({parameter}={_shown(value)}): {type(error).__name__}: {error}")
    assert capfd.readouterr() == ("", "")


def _parameters(name: str, function: Callable[..., Any]) -> list[str]:
    kind, _, method = name.partition(".")
    asked = getattr(getattr(holdfast, kind), method) if method else function
    return [
        one.name
        for one in inspect.signature(asked).parameters.values()
        if one.name != "self" and one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
    ]


def _shown(value: Any) -> str:
    try:
        return repr(value)[:60]
    except RecursionError:
        return "a nested list"


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("run", {"out": "x"}, "out: found without trace"),
    ("run", {"progress": 5}, "progress: found 5, expected a function"),
    ("run", {"progress": print, "kernel": "both"}, "progress: expected the native kernel"),
    ("run", {"trace": 1}, "trace: found 1"),
    ("run", {"trace": ["pcap", "pcapng"], "out": "x"}, 'trace[1]: found \'pcapng\''),
    ("run", {"workloads": 5}, "workloads: found 5"),
    ("run", {"policies": {"h1": 5}}, "policies: 'h1': found 5, expected a holdfast.Policy"),
    ("run", {"scenario": "x" * 5000}, "scenario: found 'xxx"),
    ("run", {"scenario": "\ud800"}, "scenario: found '\\ud800'"),
    ("run", {"seed": 2**64}, "seed: found 18446744073709551616, expected an integer from 0"),
    ("sweep", {"paired": "no"}, "paired: found 'no', expected True or False"),
    ("sweep", {"jobs": 2**40}, "jobs: found 1099511627776, expected an integer from 1 to 4096"),
    ("sweep", {"until": 5}, "until: found 5"),
    ("sweep", {"out": "a\0.csv"}, "out: found 'a\\x00.csv'"),
    ("threshold", {"tolerance": "x"}, "tolerance: found 'x', expected a number between 0 and 1"),
    ("threshold", {"fails": lambda _: None}, "fails: found None, expected True or False for each"),
    ("threshold", {"fails": lambda _: "stall_s"}, "fails: found 'stall_s'"),
    ("threshold", {"fails": "stall_s"}, "fails: found 'stall_s', expected a function"),
    ("random", {"n": 2**70}, "n: found 1180591620717411303424, expected an integer from 1"),
    ("Scenario.save", {"path": ""}, "path: found ''"),
    ("Scenario.load", {"path": "/nowhere/\udcff.json"}, "found no such file"),
    ("Result", {"document": {}}, 'found no "name", expected the result of a run'),
    ("sweep", {"seeds": range(10**8)}, "expected at most 10000000"),
    ("sweep", {"out": "x" * 251 + ".csv"}, "out: found"),
    ("sweep", {"points": {"": ["spec"]}}, "an axis without a name"),
    ("sweep", {"points": {"a": {None: {POLICY: "spec"}}}}, "label: found None"),
    ("sweep", {"points": {"a": {(1, 2): {POLICY: "spec"}}}}, "label: found (1, 2)"),
    ("sweep", {"points": {"a": {"\ud800": {POLICY: "spec"}}}}, "label: found '\\ud800'"),
    ("sweep", {"points": [{"label": b"x", POLICY: "spec"}]}, "label: found b'x'"),
    ("sobol", {"ranges": {f"/{i}": (0, 1) for i in range(21202)}}, "expected at most 21201"),
    ("mean_interval", {"values": [10**400]}, "expected numbers"),
    ("mean_interval", {"values": [float("inf"), 1.0]}, "found an infinite one"),
    ("bootstrap_interval", {"values": [float("inf"), 1.0, 2.0]}, "found an infinite one"),
    ("summarize", {"table": pd.DataFrame([[1, 2]], columns=["a", "a"]), "value": "a", "by": []},
     "found 'a' several times"),
    ("run", {"workloads": [holdfast.Workload(writer, "h1", cpu=4)]}, "found cpu 4 of h1"),
    ("Scenario.set", {"path": None}, "path: found None, expected a string"),
    ("World.step", {"events": True}, "events: found True, expected an integer"),
    ("World.step", {"events": 2**70}, "events: found 1180591620717411303424"),
    ("World.step", {"events": 1.5}, "events: found 1.5"),
    ("World.inject", {"fault": None}, "fault: found None, expected a dictionary"),
    ("search", {"executor": 5, "jobs": 0}, "executor: found 5, expected a concurrent.futures.Exec"),
    ("search", {"executor": "x", "jobs": 0}, "executor: found 'x', expected a concurrent.futures"),
    ("search", {"executor": "tcp://x:1"}, "jobs: found with executor=, expected one of them"),
    ("search", {"shares": 3}, "shares: found without executor=, expected both or none"),
    ("search", {"shares": 2**40}, "shares: found 1099511627776, expected an integer from 1"),
    ("World.set_policy", {"policy": None}, "policy: found None, expected a string or a dictionary"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "said"), REFUSED)
def test_what_is_refused(name: str, given: dict[str, Any], said: str) -> None:
    """Which argument, what was found, what was expected."""
    function, valid = VALID[name]
    with pytest.raises((UsageError, holdfast.ScenarioError)) as told:
        function(**valid | given)
    assert said in str(told.value)


def test_points_that_are_none() -> None:
    """`crossed` takes any number of them."""
    with pytest.raises(UsageError, match="found no points"):
        holdfast.crossed()
    for value in WRONG:
        try:
            holdfast.crossed({"/x": [1]}, value)
        except HoldfastError:
            continue


def test_whatever_a_volume_is_given() -> None:
    """The same within a workload."""
    seen: list[str] = []

    def hostile(vol: holdfast.Volume) -> Generator[Any, Any, None]:
        calls: dict[str, dict[str, Any]] = {
            "write": {"lba": 0, "value": 1, "blocks": 1},
            "read": {"lba": 0, "blocks": 1},
            "write_zeroes": {"lba": 0, "blocks": 1},
            "deallocate": {"lba": 0, "blocks": 1},
            "spawn": {"process": 1},
        }
        for name, valid in calls.items():
            for parameter in valid:
                for value in WRONG:
                    try:
                        getattr(vol, name)(**valid | {parameter: value})
                    except UsageError:
                        seen.append(name)
        yield vol.flush()

    holdfast.run(BASE, workloads={"h1": hostile})
    assert set(seen) == {"write", "read", "write_zeroes", "deallocate", "spawn"}


def test_a_scenario_without_end() -> None:
    """Nested deeper than Python goes: an error that says it, whichever way it came in."""
    deep = {"hosts": nested(100_000)}
    for call in (
        lambda: holdfast.run(deep),
        lambda: Scenario(deep),
        lambda: BASE.set("/hosts", deep),
        lambda: World(BASE).inject({"type": deep}),
        lambda: holdfast.sweep(BASE, [{POLICY: deep}]),
    ):
        with pytest.raises(HoldfastError, match="nesting without end"):
            call()


@pytest.mark.usefixtures("drawn_in_memory")
def test_tables_that_are_none() -> None:
    """A table of another shape is told by the columns that it lacks."""
    takers = [one for one in VALID.values() if "table" in one[1]]
    for shape in (pd.DataFrame(), pd.DataFrame({"seed": [1]}), TABLE.head(0), TABLE[["seed"]]):
        for function, valid in takers:
            try:
                function(**valid | {"table": shape})
            except HoldfastError:
                continue
