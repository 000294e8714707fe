# SPDX-License-Identifier: Apache-2.0
"""The matrix of requirements and implementations, as a table and as reports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from holdfast import _core
from holdfast.pages import Report
from holdfast.scenario import Scenario

#: Columns of the table, in order; what a result does not have is NaN or empty.
_COLUMNS = ("policy", "target", "requirement", "kind", "party", "verdict", "occasions",
            "scenarios", "drawn_scenarios", "failed_scenarios", "at_s", "text")  # fmt: skip
#: What the document of one implementation says of itself alone.
_OWN = ("results", "policies", "targets", "summary", "complete")


@dataclass(frozen=True)
class Conformance:
    """What each implementation does with each requirement.

    Attributes:
        table: one row for each implementation and requirement, without the canary: ``policy``,
            ``target``, ``requirement``, ``kind``, ``party``, ``verdict`` (``"pass"``, ``"fail"``,
            ``"not applicable"``, ``"not exercised"``), how many ``occasions`` to break it there
            were, in how many ``scenarios`` (``drawn_scenarios`` of them drawn), how many failed,
            and of the smallest failing one when (``at_s``) and what happened (``text``).
        complete: every implementation that was asked for is there; false after Ctrl-C.
        alive: the canary, a check that must fail, failed for every implementation: the checker
            works.

    """

    table: pd.DataFrame
    complete: bool
    alive: bool
    _document: str

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``holdfast conform --json`` prints."""
        document: dict[str, Any] = json.loads(self._document)
        return document

    def report(self) -> Report:
        """Return the page: the matrix with filters, and for each failure its scenario."""
        return Report(_core.conform_report(self._document, "html"))

    def markdown(self) -> str:
        """Return the report for mails."""
        return _core.conform_report(self._document, "md")

    def junit(self) -> str:
        """Return the report for CI, JUnit XML."""
        return _core.conform_report(self._document, "junit")

    def failing(self) -> dict[tuple[str, str, str], Scenario]:
        """Return the smallest failing scenario of each (policy, target, requirement)."""
        return {
            (one["policy"], one["target"], one["requirement"]): Scenario(
                one["failure"]["document"], source=f"{one['requirement']} on {one['policy']}"
            )
            for one in self.to_dict()["results"]
            if "document" in one.get("failure", {})
        }

    def __repr__(self) -> str:
        """Say how many of each verdict."""
        counts = self.table["verdict"].value_counts()
        words = ", ".join(f"{counts.get(word, 0)} {word}" for word in ("pass", "fail"))
        return f"<Conformance of {self._implementations()}: {words}>"

    def _implementations(self) -> str:
        count = len(self.table[["policy", "target"]].drop_duplicates())
        return f"{count} implementation{'' if count == 1 else 's'}"

    def _repr_html_(self) -> str:
        return self.report()._repr_html_()


def merged(documents: Sequence[str], *, complete: bool) -> Conformance:
    """Make one matrix of those of single implementations, which were asked the same."""
    read = [json.loads(text) for text in documents]
    empty: dict[str, Any] = {"requirements": []}
    out = {key: value for key, value in (read[0] if read else empty).items() if key not in _OWN}
    out["complete"] = complete
    for key in ("policies", "targets"):
        out[key] = list(dict.fromkeys(name for one in read for name in one[key]))
    out["results"] = [result for one in read for result in one["results"]]
    # The canary's own word tells it apart; it is a result, but no verdict on anybody.
    canary = {one["id"] for one in out["requirements"] if one["kind"] == "canary"}
    words = ("pass", "fail", "not applicable", "not exercised")
    verdicts = [r["verdict"] for r in out["results"] if r["requirement"] not in canary]
    out["summary"] = {word: verdicts.count(word) for word in words}
    alive = all(r["verdict"] == "fail" for r in out["results"] if r["requirement"] in canary)
    return Conformance(_table(out, canary), complete, alive, json.dumps(out))


def _table(document: dict[str, Any], canary: set[str]) -> pd.DataFrame:
    about = {one["id"]: one for one in document["requirements"]}
    rows = []
    for one in document["results"]:
        if one["requirement"] in canary:
            continue
        failure = one.get("failure", {})
        requirement = about[one["requirement"]]
        rows.append({
            **{key: one.get(key) for key in _COLUMNS},
            "kind": requirement["kind"], "party": requirement["party"],
            "at_s": failure.get("at_s"), "text": failure.get("text", one.get("why", "")),
        })  # fmt: skip
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    for name in ("occasions", "scenarios", "drawn_scenarios", "failed_scenarios"):
        table[name] = table[name].astype("Int64").fillna(0)
    table["at_s"] = table["at_s"].astype("float64")
    return table
