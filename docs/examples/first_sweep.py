# SPDX-License-Identifier: Apache-2.0
"""A sweep of policy and KATO, as a table."""

from __future__ import annotations

import holdfast


def main() -> None:
    """Print stall and exposure of each combination, worst of five seeds."""
    table = holdfast.sweep(
        "rw_test_mainline",
        {
            "/hosts/0/policy": ["linux-mainline", "cqt-only", "spec"],
            "/hosts/0/connect/*/keep_alive_tmo": ["1s", "5s", "15s"],
        },
        seeds=5,
        progress=False,
    )
    columns = ["/hosts/0/policy", "/hosts/0/connect/*/keep_alive_tmo"]
    print(table.groupby(columns, sort=False)[["stall_s", "exposure_max_s"]].max().to_string())


if __name__ == "__main__":
    main()
