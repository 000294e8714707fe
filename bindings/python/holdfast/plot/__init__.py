# SPDX-License-Identifier: Apache-2.0
"""The plots that everyone wants, from the table of a sweep or from one result.

Each takes an optional ``ax``, returns the Axes it drew on, and can be shown as it comes: 1280 by
720, colours that colour-blind people can tell apart, units on the axes, and as a title what the
data says. ``ax.figure.savefig("stall.svg")`` writes it.
"""

from holdfast.plot.ecdf import stall_ecdf
from holdfast.plot.exposure import exposure_against_hold
from holdfast.plot.likelihood import likelihood
from holdfast.plot.phases import recovery_phases
from holdfast.plot.ranges import measure_ranges
from holdfast.plot.shares import corrupt_share
from holdfast.plot.stall import stall_against_kato
from holdfast.plot.style import OKABE_ITO
from holdfast.plot.timeline import timeline
from holdfast.plot.tornado import tornado

__all__ = [
    "OKABE_ITO",
    "corrupt_share",
    "exposure_against_hold",
    "likelihood",
    "measure_ranges",
    "recovery_phases",
    "stall_against_kato",
    "stall_ecdf",
    "timeline",
    "tornado",
]
