# SPDX-License-Identifier: Apache-2.0
"""A recovery policy in Python, against the preset that it starts from."""

from __future__ import annotations

from collections.abc import Sequence

import holdfast
from holdfast import Io, Policy, Recovery


class AskTheNewest(Policy):
    """Ask the controller that connected last, hold a little longer, let reads go at once."""

    base = "tp8028-v3"

    def hold(self, recovery: Recovery) -> float:
        """Three KATO and at least half a second for the commands to quiesce."""
        return 3 * recovery.kato_s + max(recovery.cqt_s, 0.5)

    def source(self, recovery: Recovery, candidates: Sequence[str]) -> str:
        """Choose the last of the list."""
        return candidates[-1]

    def waits(self, recovery: Recovery, io: Io) -> bool:
        """Keep only what changes something."""
        return io.kind != "read"


def main() -> None:
    """Compare stall and slowest read."""
    for name in ("rw_test_ccr", "rw_test_ccr_failed"):
        preset = holdfast.run(name)
        own = holdfast.run(name, policies={"h1": AskTheNewest()})
        for label, result in (("preset", preset), ("own", own)):
            slowest_ms = result.row()["read_lat_max_us"] / 1e3
            print(
                f"{name} {label:7} {result.verdict}, stall {result.stall_s:.3f} s, "
                f"slowest read {slowest_ms:.3f} ms"
            )


if __name__ == "__main__":
    main()
