# SPDX-License-Identifier: Apache-2.0
"""Nothing is lost when a file, the memory or the whole program breaks at any moment."""

from __future__ import annotations

import errno
import random
import shutil
from pathlib import Path

import pytest
from breaking import FULL, NO_MEMORY, Workshop, chosen, every_call, jobs

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")

JOBS = ("run", "conform", "sweep")


@pytest.fixture(name="shop", params=JOBS)
def _shop(request: pytest.FixtureRequest, tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, jobs(tmp_path)[request.param])


def test_each_call_on_a_file_fails(shop: Workshop) -> None:
    """Status 4 and the reason, or all is written; each file old or new; the next run goes on."""
    kinds = [f"{errno.ENOSPC}:1", f"{errno.EIO}:0"]
    tried = every_call(shop, iter(kinds if FULL else kinds[:1]))
    assert len(tried) >= 5, tried
    shop.goes_on(tried[-1])
    print(f"\n{shop.job.name}: files: {len(tried)} calls, {dict(shop.ends)}")


def test_allocations_fail(tmp_path: Path) -> None:
    """Status 4 and words of memory, never a signal; or the run needed it not."""
    for verb in JOBS[:2]:
        shop = Workshop(tmp_path, jobs(tmp_path)[verb])
        low, high = 1, 1 << 24
        while low < high:  # the last allocation that the run makes, give or take
            middle = (low + high) // 2
            if shop.breaks(f"memory:{middle}:{errno.ENOMEM}:1") is None:
                high = middle
            else:
                low = middle + 1
        for number in chosen(low, 500 if FULL else 12, seed=1):
            for later in (0, 1):
                how = f"memory:{number}:{errno.ENOMEM}:{later}"
                done = shop.breaks(how)
                if done is not None and done.returncode == 4:
                    assert NO_MEMORY in done.stderr, f"{how}: {done.stderr}"
        shop.goes_on("memory")
        print(f"\n{verb}: memory: {low} allocations, {dict(shop.ends)}")


def test_killed_at_any_moment(shop: Workshop) -> None:
    """Each file is old or new, and the next run cleans up."""
    draw = random.Random(shop.job.name)
    for _ in range(100 if FULL else 2):
        shop.kill(draw.uniform(0, 1.1 * shop.seconds))
    print(f"\n{shop.job.name}: {dict(shop.ends)}")
