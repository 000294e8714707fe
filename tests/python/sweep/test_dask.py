# SPDX-License-Identifier: Apache-2.0
"""A Dask cluster runs a sweep, and a search; the tests of the package do without, as most do."""

from __future__ import annotations

from typing import Any

import holdfast
import pandas as pd
import pytest

POINTS = {"/hosts/0/policy": ["linux-mainline", "cqt-only"], "/faults/0/at": ["20ms", "2.5"]}


def swept(executor: Any = None, **more: Any) -> pd.DataFrame:
    """Run the same sweep, of which half the points fail."""
    base = holdfast.Scenario.load("rw_test_mainline")
    return holdfast.sweep(
        base, POINTS, seeds=6, executor=executor, max_events=20_000, progress=False, **more
    )


def test_dask() -> None:
    """A cluster gives the same as one thread, through a client or its address."""
    distributed: Any = pytest.importorskip("distributed")
    plain = swept(jobs=1)
    assert plain["error"].notna().sum() == 12
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        pd.testing.assert_frame_equal(swept(client), plain)
        pd.testing.assert_frame_equal(swept(cluster.scheduler_address), plain)
        assert client.status == "running"


def test_dask_searches() -> None:
    """Shares of a search go to a cluster as points of a sweep do."""
    distributed: Any = pytest.importorskip("distributed")
    bounds = {"deviations": 1}
    whole = holdfast.search("worst_case", "stall", bounds=bounds, merge=False)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        for executor in (client, cluster.scheduler_address):
            parts = holdfast.search(
                "worst_case", "stall", bounds=bounds, merge=False, executor=executor, shares=4
            )
            assert parts.to_dict() == whole.to_dict()
