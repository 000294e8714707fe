# SPDX-License-Identifier: Apache-2.0
"""A workload in Python: a journal with two copies, checked after the run."""

from __future__ import annotations

import holdfast
from holdfast import Volume, all_of, sleep
from holdfast.workload import Process

COMMIT, FIRST, SECOND = 0, 1, 2  # blocks


def journal(vol: Volume) -> Process:
    """Write both copies of an entry, then commit its number; read everything back."""
    for n in range(100):
        yield all_of([vol.write(FIRST, f"entry {n}"), vol.write(SECOND, f"entry {n}")])
        yield vol.write(COMMIT, n)
        yield sleep("10ms")
    yield sleep("30s")  # Time for stale writes to land.
    number = yield vol.read(COMMIT)
    copies = yield all_of([vol.read(FIRST), vol.read(SECOND)])
    print(f"{vol.name}: committed {number}, copies {copies}")


def main() -> None:
    """Run it where a delayed write is retried at once, and where it is held."""
    base = holdfast.Scenario.load("rw_test_mainline").to_dict()
    base["workloads"] = []
    base.pop("expect")
    for policy in ("linux-mainline", "cqt-only"):
        scenario = holdfast.Scenario(base).set("/hosts/0/policy", policy)
        print(policy, holdfast.run(scenario, workloads={"h1": journal}))


if __name__ == "__main__":
    main()
