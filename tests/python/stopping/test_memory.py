# SPDX-License-Identifier: Apache-2.0
"""Runs whose histories would fill the memory."""

from __future__ import annotations

import copy
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from endless import BRIEF, ENDLESS, run
from program import PROGRAM


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


def test_a_bound_below_what_a_short_run_takes(tmp_path: Path) -> None:
    """Runs of less than 131,072 events are weighed as well, on both kernels at the same event."""
    told = []
    for kernel in ("native", "simgrid"):
        for bound in ("1B", "64KiB"):
            done = run("run", BRIEF, "--kernel", kernel, "--max-memory", bound, "--json")
            assert done.returncode == 5, done.stderr
            result = json.loads(done.stdout)
            told.append((result["partial"]["reason"], result["sim"]["events"]))
    assert told[:2] == told[2:]
    assert told[0] == ("max_memory", 1)
    assert told[1][0] == "max_memory"
    assert 1 < told[1][1] < 131_072
    assert run("run", BRIEF, "--max-memory", "64MiB").returncode == 0


# A child counts what its parent had when it was forked, so this one is small.
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""


def many_hosts(hosts: int) -> dict[str, Any]:
    """Return a world of many hosts with a light load each, behind one switch."""
    names = [f"h{i}" for i in range(hosts)]
    ways = [{"subsystem": "sub", "port": "a0"}, {"subsystem": "sub", "port": "a1"}]
    return {
        "name": "many",
        "duration": "5s",
        "fabric": {
            "links": [{"name": f"{a}-s1", "ends": [a, "s1"]} for a in [*names, "a0", "a1"]],
        },
        "subsystems": [
            {"name": "sub", "ports": ["a0", "a1"], "namespaces": [{"size": "64MiB"}]},
        ],
        "hosts": [{"name": name, "connect": ways} for name in names],
        "workloads": [
            {"type": "fio", "name": name, "host": name, "rw": "randrw", "rate_iops": 10}
            for name in names
        ],
    }


@pytest.mark.parametrize("hosts", [16, 64, 250, 1024])
def test_the_estimate_of_memory(hosts: int, tmp_path: Path) -> None:
    """What `verify` says is within a quarter of what a run takes, however many hosts there are."""
    path = tmp_path / "many.json"
    path.write_text(json.dumps(many_hosts(hosts)))
    told = json.loads(run("verify", path, "--json").stdout)["scenarios"][0]["estimate"]
    done = subprocess.run(
        [sys.executable, "-c", PEAK, PROGRAM, "run", path, "--kernel", "native", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    events = json.loads(done.stdout)["sim"]["events"]
    peak = int(done.stderr) * 1024
    print(f"{hosts} hosts: {told['memory_bytes'] / peak:.2f} of {peak / 1e6:.0f} MB,"
          f" {told['events'] / events:.2f} of {events} events")  # fmt: skip
    assert 0.75 * peak <= told["memory_bytes"] <= 1.33 * peak
    assert 0.75 * events <= told["events"] <= 1.33 * events


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
