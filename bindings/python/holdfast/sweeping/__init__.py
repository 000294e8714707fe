# SPDX-License-Identifier: Apache-2.0
"""Sweeps: many points of one scenario, on threads, processes or clusters."""

from holdfast.sweeping.points import Point, PointsLike, as_points, crossed, grid, zipped
from holdfast.sweeping.runs import Progress, Rule, sweep
from holdfast.sweeping.samplers import latin_hypercube, random, sobol
from holdfast.sweeping.table import columns
from holdfast.sweeping.thresholds import Threshold, threshold

__all__ = [
    "Point",
    "PointsLike",
    "Progress",
    "Rule",
    "Threshold",
    "as_points",
    "columns",
    "crossed",
    "grid",
    "latin_hypercube",
    "random",
    "sobol",
    "sweep",
    "threshold",
    "zipped",
]
