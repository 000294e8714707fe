# SPDX-License-Identifier: Apache-2.0
"""What tests of the package share."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import matplotlib as mpl
import pytest

# A shell starts what runs in the background with SIGINT ignored; the tests of Ctrl-C need it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def drawn_in_memory() -> Iterator[None]:
    """Draw into memory, whatever the machine has, and close what was drawn."""
    before = mpl.get_backend()
    mpl.use("Agg")
    yield
    from matplotlib import pyplot

    pyplot.close("all")
    mpl.use(before)
