# SPDX-License-Identifier: Apache-2.0
"""Questions that are not one run: timers, the worst case, the rare case, the right timeout."""

from holdfast.answers.exploring import explore
from holdfast.answers.rarity import Rare, rare
from holdfast.answers.sizing import Size, sensitivity, size, tornado
from holdfast.answers.timelines import timers
from holdfast.answers.worst import Search, search

__all__ = [
    "Rare",
    "Search",
    "Size",
    "explore",
    "rare",
    "search",
    "sensitivity",
    "size",
    "timers",
    "tornado",
]
