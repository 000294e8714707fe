# SPDX-License-Identifier: Apache-2.0
"""Which requirements implementations break, over the executors of sweeps."""

from holdfast.conforming.campaign import conform
from holdfast.conforming.matrix import Conformance

__all__ = ["Conformance", "conform"]
