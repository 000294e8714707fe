# SPDX-License-Identifier: Apache-2.0
"""Runs whose histories would fill the memory."""

from __future__ import annotations

import copy
import json
import resource
from pathlib import Path

import pytest
from endless import ENDLESS, run


@pytest.mark.parametrize("kernel", ["native", "simgrid"])
def test_max_memory(tmp_path: Path, kernel: str) -> None:
    """Histories that would fill the memory end the run in good order, at the same event."""
    busy = copy.deepcopy(ENDLESS)
    del busy["expect"]["requirements"]
    path = tmp_path / "busy.json"
    path.write_text(json.dumps(busy))
    args = ("run", path, "--kernel", kernel, "--max-memory")
    done = run(*args, "4MiB", "--json")
    assert done.returncode == 5, done.stderr
    result = json.loads(done.stdout)
    assert result["partial"]["reason"] == "max_memory"
    # An operation and what its result needs are 184 bytes: 4 MiB hold 22,795 of them. The world is
    # weighed every 131,072 events, and the pages of its disk count as well.
    assert result["sim"]["events"] % (32 * 4096) == 0
    assert 10_000 < result["io"]["write"]["count"] < 22_795 + 131_072
    assert "partial  endless: ended by --max-memory at " in run(*args, "4MiB").stdout
    for wrong in ("", "0B", "4", "4 MB", "much"):
        done = run(*args, wrong)
        assert done.returncode == 2
        assert done.stderr.startswith("holdfast: --max-memory: found ")


def test_no_memory_left(tmp_path: Path) -> None:
    """What the machine has not got is no internal error."""
    path = tmp_path / "large.json"
    large = copy.deepcopy(ENDLESS)
    del large["expect"]["requirements"]
    path.write_text(json.dumps(large))

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))

    done = run("run", path, "--kernel", "native", preexec_fn=little)
    assert done.returncode == 4
    assert "no memory left" in done.stderr
