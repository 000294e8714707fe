# SPDX-License-Identifier: Apache-2.0
"""Seeds of random streams."""

from __future__ import annotations

from holdfast.errors import UsageError


def check_seed(seed: object) -> None:
    """Raise UsageError unless it is a seed or None."""
    if seed is None:
        return
    number = None if isinstance(seed, bool) or not hasattr(seed, "__index__") else seed.__index__()
    if number is None or not 0 <= number < 2**64:
        raise UsageError(f"seed: found {seed!r}, expected an integer from 0 to {2**64 - 1}")
