# SPDX-License-Identifier: Apache-2.0
"""Time travel: run to just before the fault, and try four futures."""

from __future__ import annotations

from holdfast import World


def main() -> None:
    """Print what would have happened under each policy from 60 ms on."""
    world = World("rw_test_mainline", record=["stale_write"]).run_until("60ms")
    for policy in ("linux-mainline", "cqt-only", "spec"):
        other = world.copy()
        other.set_policy("h1", policy)
        print(policy, other.run(), f"{len(other.records('stale_write'))} stale writes")
    # The same again, and the other path is cut as well while the host holds.
    other = world.copy()
    other.set_policy("h1", "cqt-only")
    other.run_until("1s")
    states = [one["state"] for one in other.inspect()["host_controllers"]]
    print(f"at {other.now_s:g} s the controllers are {states}")
    other.inject({"type": "link_down", "link": "h1-s1", "for": "2s"})
    print("with a link that flaps", other.run())


if __name__ == "__main__":
    main()
