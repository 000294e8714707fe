# SPDX-License-Identifier: Apache-2.0
"""Which Holdfast this is."""

from importlib.metadata import PackageNotFoundError, version

from holdfast import _core

try:
    __version__ = version("holdfast")
except PackageNotFoundError:  # Used from a build tree.
    __version__ = "0+build"


def model_version() -> str:
    """Return 16 hexadecimal digits over the sources of the models.

    Results with the same scenario hash, seed and model version are the same.
    """
    return _core.model_version()
