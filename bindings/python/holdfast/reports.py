# SPDX-License-Identifier: Apache-2.0
"""Pages that explain runs and compare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holdfast._arguments import AnyPath, checked
from holdfast.pages import Report, page_of
from holdfast.result import Result
from holdfast.scenario import Scenario, ScenarioLike, as_scenario


@checked
def report(
    runs: Result | ScenarioLike | Sequence[Result | ScenarioLike],
    out: AnyPath | None = None,
    *,
    what_if: bool = False,
) -> Report:
    """Return a page that explains a run, or compares up to 8, aligned at the fault.

    Runs are done again for it: a result has sums only, and the same scenario gives the same run.
    The first one is what the others are compared with.

    >>> page = report(["rw_test_mainline", "rw_test_cqt_only"])
    >>> "Data was corrupted" in page.html
    True

    Args:
        runs: results of :func:`holdfast.run`, or scenarios.
        out: a file for the page as well.
        what_if: add what the same seed comes to under each recovery policy that has a name.

    Raises:
        ScenarioError: a scenario is wrong.
        UsageError: an argument is, or a result does not know its scenario (it was read from a
            document, or had workloads or policies in Python).
        WriteError: the file cannot be written.
        Interrupted: Ctrl-C; a KeyboardInterrupt.

    """
    alone = isinstance(runs, (Result, Scenario, Mapping, str, bytes)) or hasattr(runs, "__fspath__")
    listed: list[Any] = [runs] if alone else list(runs)  # type: ignore[arg-type]
    page = page_of([_source_of(one) for one in listed], what_if=what_if)
    if out is not None:
        page.save(out)
    return page


def _source_of(one: Result | ScenarioLike) -> tuple[str, str, int | None]:
    if isinstance(one, Result):
        return one._source()
    scenario = as_scenario(one)
    return scenario._text(), scenario.source, None
