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

from holdfast import parts
from holdfast._version import __version__, model_version
from holdfast.errors import (
    HoldfastError,
    InvariantError,
    KernelMismatch,
    PlatformError,
    ScenarioError,
    SimGridError,
)
from holdfast.result import Result
from holdfast.running import run
from holdfast.scenario import Scenario, scenarios

__all__ = [
    "HoldfastError",
    "InvariantError",
    "KernelMismatch",
    "PlatformError",
    "Result",
    "Scenario",
    "ScenarioError",
    "SimGridError",
    "__version__",
    "model_version",
    "parts",
    "run",
    "scenarios",
]
