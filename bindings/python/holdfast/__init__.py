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

from holdfast import parts, statistics
from holdfast._version import __version__, model_version
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
from holdfast.policy import Io, Policy, Recovery
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

__all__ = [
    "Estimate",
    "HoldfastError",
    "Interrupted",
    "InvariantError",
    "Io",
    "IoError",
    "KernelMismatch",
    "PlatformError",
    "Policy",
    "Recovery",
    "Result",
    "Scenario",
    "ScenarioError",
    "SimGridError",
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
    "crossed",
    "grid",
    "latin_hypercube",
    "model_version",
    "parts",
    "random",
    "record_kinds",
    "run",
    "scenarios",
    "sleep",
    "sobol",
    "statistics",
    "sweep",
    "threshold",
    "zipped",
]
