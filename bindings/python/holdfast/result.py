# SPDX-License-Identifier: Apache-2.0
"""What came of a run."""

from __future__ import annotations

import copy
import html
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from holdfast import _core
from holdfast._arguments import AnyPath, checked
from holdfast.errors import UsageError
from holdfast.pages import Report, page_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Sim:
    """How much was simulated."""

    #: simulated time at the end
    end_s: float
    events: int
    packets: int
    dropped: int


@dataclass(frozen=True)
class Partial:
    """Why and when a run ended before its time."""

    #: "interrupted" (Ctrl-C), "max_events", "max_memory", or "so_far" (a world that can go on)
    reason: Literal["interrupted", "max_events", "max_memory", "so_far"]
    #: simulated time at which it ended
    until_s: float
    #: and at which it would have
    of_s: float
    #: JSON pointers to parts for which there was no time after Ctrl-C
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unfinished:
    """What a run left open at its end."""

    #: I/Os that were out; a load that goes on until the end always has some
    io: int
    #: for how long the oldest of them was
    io_oldest_s: float
    #: paths that were given up and not back
    recoveries: int
    #: faults that would have ended after the run
    faults: int
    #: workloads that have not begun: no path ever came up, or their start was later
    workloads: int


@dataclass(frozen=True)
class Integrity:
    """What the oracle saw of the data (docs/architecture.md)."""

    #: "not judged" of a partial run that was well so far
    verdict: Literal["ok", "corrupt", "not judged"]
    writes: int
    reads: int
    #: writes that overwrote newer data: the ABA corruption
    stale_writes: int
    #: reads that returned older data than they had to
    stale_reads: int
    #: acknowledged writes that are gone
    lost_writes: int
    #: writes that landed in parts
    torn_writes: int
    #: commands that took effect twice
    duplicate_effects: int
    mutated_writes: int
    misplaced_writes: int
    #: whether the history of each block is linearizable; None: there was no time to find out
    linearizable: bool | None
    #: the first ones, told as a timeline
    incidents: list[dict[str, Any]]
    #: commands that went past a reservation which their node did not know of
    reservation_breaches: int = 0


class Result:
    """The result of one run.

    The same document as ``holdfast run --json`` prints (:meth:`to_dict`), with tables and plots.
    """

    @checked
    def __init__(self, document: dict[str, Any]) -> None:
        """Wrap a result document, as ``holdfast run --json`` prints it."""
        for key in ("name", "seed", "trace_hash", "io", "integrity", "exposure"):
            if key not in document:
                raise UsageError(f'document: found no "{key}", expected the result of a run')
        self._document = document
        self._run_of: tuple[str, str, int | None] | None = None

    @property
    def name(self) -> str:
        """Return the name of the scenario."""
        return str(self._document["name"])

    @property
    def seed(self) -> int:
        """Return the seed of the run."""
        return int(self._document["seed"])

    @property
    def kernel(self) -> str:
        """Return "native", "simgrid" or "both"."""
        return str(self._document["kernel"])

    @property
    def scenario_hash(self) -> str:
        """Return :attr:`holdfast.Scenario.hash` of what was run."""
        return str(self._document["scenario_hash"])

    @property
    def trace_hash(self) -> str:
        """Return 16 hexadecimal digits over everything that happened."""
        return str(self._document["trace_hash"])

    @property
    def trace_hash_protocol(self) -> str:
        """Return the hash over what crossed the wire as a PDU, states, timers and outcomes."""
        return str(self._document["trace_hash_protocol"])

    @property
    def trace_hash_outcome(self) -> str:
        """Return the hash over what an application or an administrator could see."""
        return str(self._document["trace_hash_outcome"])

    @property
    def hosts(self) -> list[dict[str, Any]]:
        """Return each host with its recovery policy."""
        return list(self._document["hosts"])

    @cached_property
    def sim(self) -> Sim:
        """Return how much was simulated."""
        return Sim(**self._document["sim"])

    @cached_property
    def integrity(self) -> Integrity:
        """Return what happened to the data."""
        return Integrity(**self._document["integrity"])

    @cached_property
    def partial(self) -> Partial | None:
        """Return why and when the run ended before its time; None: it did not.

        Of a partial run nothing is said to be well: what may still change is "not judged".
        """
        told = self._document.get("partial")
        return Partial(**{**told, "left_out": tuple(told.get("left_out", ()))}) if told else None

    @cached_property
    def unfinished(self) -> Unfinished:
        """Return what was still open at the end: I/O, recoveries, faults, and what never began."""
        told = self._document["unfinished"]
        io = told["io"]
        return Unfinished(
            io["count"], io["oldest_s"], told["recoveries"], told["faults"], told["workloads"]
        )

    @property
    def verdict(self) -> Literal["ok", "corrupt", "not judged"]:
        """Return whether data was corrupted."""
        return self.integrity.verdict

    @property
    def stall_s(self) -> float:
        """Return the longest time an application had I/O out and none of it completed."""
        return float(self._document["io"].get("longest_stall_s", float("nan")))

    @property
    def exposure_max_s(self) -> float:
        """Return the longest time in which a stale write could have landed."""
        return float(self._document["exposure"]["max_s"])

    @property
    def exposure_total_s(self) -> float:
        """Return the sum of those times."""
        return float(self._document["exposure"]["total_s"])

    @property
    def margin_s(self) -> tuple[float, float] | None:
        """Return least and most time from the last possible landing to the release of a retry."""
        margin = self._document.get("margin")
        return (margin["min_s"], margin["max_s"]) if margin else None

    @property
    def target_expiries(self) -> int:
        """Return how often a keep-alive timer of a target expired."""
        return int(self._document["target"]["expiries"])

    @cached_property
    def recovery(self) -> pd.DataFrame:
        """Return one row a recovery: host, controller, outcome, instants in simulated seconds."""
        first = ["host", "controller", "outcome", "fault_s", "detected_s", "target_detected_s"]
        rest = [
            "fence_started_s",
            "ccr_attempts",
            "ccr_done_s",
            "hold_until_s",
            "released_s",
            "first_retry_done_s",
            "reconnected_s",
            "cancelled",
        ]
        return pd.DataFrame(self._document["recovery"], columns=[*first, *rest])

    @cached_property
    def exposure(self) -> pd.DataFrame:
        """Return one row a window in which a stale write could have landed (the first 256).

        Columns: ``operation``, ``controller``, ``from_s``, ``to_s``, ``length_s``, ``end``
        (``landed``, ``gone``, or ``open`` at the end of the run).
        """
        columns = ["operation", "controller", "from_s", "to_s", "end"]
        table = pd.DataFrame(self._document["exposure"]["windows"], columns=columns)
        table.insert(4, "length_s", table["to_s"] - table["from_s"])
        return table

    @cached_property
    def latency(self) -> pd.DataFrame:
        """Return one row a direction (``read``, ``write``, ``other``): counts and percentiles.

        Columns: ``count``, ``errors``, ``iops``, ``mean_us``, ``p50_us``, ``p99_us``, ``p999_us``,
        ``max_us``; of successful I/O, from the whole history.
        """
        rows = {}
        for direction in ("read", "write", "other"):
            part = self._document["io"].get(direction)
            if part is not None:
                row = {key: part[key] for key in ("count", "errors", "iops")}
                for key in ("mean", "p50", "p99", "p999", "max"):
                    row[f"{key}_us"] = part.get("lat_us", {}).get(key, float("nan"))
                rows[direction] = row
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("direction")

    @cached_property
    def expectations(self) -> pd.DataFrame:
        """Return one row an expectation of the scenario: name, expected, value, verdict.

        The verdict is "pass", "fail", or "not judged" (:attr:`partial`).
        """
        columns = ["name", "expected", "value", "verdict"]
        return pd.DataFrame(self._document.get("expect", []), columns=columns)

    @property
    def ok(self) -> bool:
        """Tell whether every expectation of the scenario was met; False of a partial run."""
        return self.partial is None and all(
            one["verdict"] == "pass" for one in self._document.get("expect", [])
        )

    def row(self) -> dict[str, Any]:
        """Return the run as one row of a sweep's table (:func:`holdfast.columns` describes it)."""
        row: dict[str, Any] = json.loads(_core.row(json.dumps(self._document)))
        return row

    def plot_timeline(self, ax: Axes | None = None) -> Axes:
        """Draw the run: recoveries, windows of exposure, incidents; see :mod:`holdfast.plot`.

        Args:
            ax: where to draw; None: on a new figure.

        """
        # Here, as it takes a while to import.
        from holdfast.plot import timeline

        return timeline(self, ax)

    @checked
    def report(self, out: AnyPath | None = None, *, what_if: bool = False) -> Report:
        """Return a page that explains this run (:func:`holdfast.report`).

        Args:
            out: a file for the page as well.
            what_if: add what the same seed comes to under each recovery policy that has a name.

        Raises:
            UsageError: the result does not know its scenario.
            WriteError: the file cannot be written.

        """
        page = page_of([self._source()], what_if=what_if)
        if out is not None:
            page.save(out)
        return page

    def _source(self) -> tuple[str, str, int | None]:
        """Return the scenario that was run: text, what errors call it, and seed."""
        if self._run_of is None:
            raise UsageError(
                f"the result of {self.name!r} does not know its scenario (it was read, or had "
                "workloads or policies in Python): give the scenario instead"
            )
        return self._run_of

    def to_dict(self) -> dict[str, Any]:
        """Return a copy of the document that ``holdfast run --json`` prints."""
        return copy.deepcopy(self._document)

    def __repr__(self) -> str:
        """Give the answer in one line."""
        return (
            f"<Result {self.name!r} seed {self.seed}{self._until()}: {self.verdict}, "
            f"stall {self.stall_s:.3f} s, "
            f"exposure {self.exposure_max_s:.3f} s>"
        )

    def _until(self) -> str:
        """Say of a partial run how far it came."""
        if self.partial is None:
            return ""
        return f", partial, until {self.partial.until_s:.6g} of {self.partial.of_s:.10g} s"

    def _repr_html_(self) -> str:
        colours = {"ok": "#2e7d32", "corrupt": "#c62828"}
        colour = colours.get(self.verdict, "#b26a00")
        head = (
            f"<b>{html.escape(self.name)}</b> (seed {self.seed}{self._until()}): "
            f"<b style='color:{colour}'>{self.verdict}</b>, longest stall {self.stall_s:.3f} s, "
            f"longest exposure {self.exposure_max_s:.3f} s, "
            f"{self.integrity.stale_writes} stale writes"
        )
        tables = [self.recovery.dropna(axis=1, how="all"), self.latency]
        return "".join(
            [
                f"<p>{head}</p>",
                *(t.to_html(na_rep="", float_format="{:.6g}".format) for t in tables),
            ]
        )
