# SPDX-License-Identifier: Apache-2.0
"""What tests of plots share."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import pytest


@pytest.fixture
def drawn_in_memory() -> Iterator[None]:
    """Draw into memory, whatever the machine has, and close what was drawn."""
    before = mpl.get_backend()
    mpl.use("Agg")
    yield
    from matplotlib import pyplot

    pyplot.close("all")
    mpl.use(before)
