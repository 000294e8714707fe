# SPDX-License-Identifier: Apache-2.0
"""The examples of the docs run, and show what they are there for; mypy checks their types."""

from __future__ import annotations

import subprocess
import sys

import pytest
from house import ROOT

EXAMPLES = {
    # 5 s of KATO, three of them for traffic-based keep alive, and 1 ms of CQT: 15.001 s.
    "journal.py": ["linux-mainline <Result", "corrupt", "stall 15.001 s"],
    # The preset's reads wait for the reset, or for the hold; those of the own policy do not.
    "own_policy.py": ["rw_test_ccr preset  ok", "rw_test_ccr_failed own     ok, stall 15.500 s"],
    "what_if.py": ["corrupt", "cqt-only <Result", "['FENCING', 'LIVE']"],
    "first_sweep.py": ["45.001", "15.001", "3.001"],
}


@pytest.mark.parametrize("name", sorted(p.name for p in (ROOT / "docs/examples").glob("*.py")))
def test_example(name: str) -> None:
    """It ends well and prints what it should."""
    done = subprocess.run(
        [sys.executable, ROOT / "docs/examples" / name], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for words in EXAMPLES[name]:
        assert words in done.stdout, done.stdout
