# SPDX-License-Identifier: Apache-2.0
"""Path-failure recovery in multipath NVMe over Fabrics, simulated.

>>> import holdfast
>>> result = holdfast.run("rw_test_mainline")
>>> result.integrity.verdict, result.exposure_max_s
('corrupt', 2.0)

A scenario says what there is and what goes wrong (:class:`Scenario`), :func:`run` runs it,
:func:`sweep` runs thousands. Quantities carry their unit: in names (``stall_s``) or in strings
(``"15s"``).
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from holdfast import parts, statistics
from holdfast._version import __version__, model_version
from holdfast.answers import (
    Rare,
    Search,
    Size,
    explore,
    rare,
    search,
    sensitivity,
    size,
    timers,
    tornado,
)
from holdfast.conforming import Conformance, conform
from holdfast.errors import (
    HoldfastError,
    Interrupted,
    InvariantError,
    IoError,
    KernelMismatch,
    PlatformError,
    ScenarioError,
    SimGridError,
    UsageError,
    WriteError,
)
from holdfast.pages import Report
from holdfast.policy import Io, Policy, Recovery
from holdfast.reports import report
from holdfast.result import Result
from holdfast.running import run
from holdfast.scenario import Estimate, Scenario, scenarios
from holdfast.sweeping import (
    Threshold,
    columns,
    crossed,
    grid,
    latin_hypercube,
    random,
    sobol,
    sweep,
    threshold,
    zipped,
)
from holdfast.workload import Volume, Workload, all_of, any_of, sleep
from holdfast.world import World, record_kinds

if _TYPE_CHECKING:
    from holdfast import plot

__all__ = [
    "Conformance",
    "Estimate",
    "HoldfastError",
    "Interrupted",
    "InvariantError",
    "Io",
    "IoError",
    "KernelMismatch",
    "PlatformError",
    "Policy",
    "Rare",
    "Recovery",
    "Report",
    "Result",
    "Scenario",
    "ScenarioError",
    "Search",
    "SimGridError",
    "Size",
    "Threshold",
    "UsageError",
    "Volume",
    "Workload",
    "World",
    "WriteError",
    "__version__",
    "all_of",
    "any_of",
    "columns",
    "conform",
    "crossed",
    "explore",
    "grid",
    "latin_hypercube",
    "model_version",
    "parts",
    "plot",
    "random",
    "rare",
    "record_kinds",
    "report",
    "run",
    "scenarios",
    "search",
    "sensitivity",
    "size",
    "sleep",
    "sobol",
    "statistics",
    "sweep",
    "threshold",
    "timers",
    "tornado",
    "zipped",
]


def __getattr__(name: str) -> _Any:
    """Import :mod:`holdfast.plot` when it is first asked for: matplotlib takes half a second."""
    if name == "plot":
        return _import_module("holdfast.plot")
    raise AttributeError(f"module 'holdfast' has no attribute {name!r}")
