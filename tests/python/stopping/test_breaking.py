# SPDX-License-Identifier: Apache-2.0
"""Nothing is lost when a file, the memory or the whole program breaks at any moment.

`make test` takes samples; with HOLDFAST_BREAKING=all it is everything (docs/robustness.md).
"""

from __future__ import annotations

import errno
import os
import random
import shutil
from pathlib import Path

import pytest
from breaking import FULL, NO_MEMORY, Workshop, chosen, each_call, jobs

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")

# Each verb that writes, and how many of its calls a sample passes over.
STEPS = {"run": 12, "conform": 9, "sweep": 6}


@pytest.fixture(name="shop", params=STEPS, scope="module")
def _shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    folder = tmp_path_factory.mktemp(request.param)
    return Workshop(folder, jobs(folder)[request.param])


def test_calls_on_files_fail(shop: Workshop) -> None:
    """Status 4 and the reason, or all is written; each file old or new; the next run goes on."""
    kinds = [f"{errno.ENOSPC}:1", f"{errno.EIO}:0"]
    step = 1 if FULL else STEPS[shop.job.name]
    tried = each_call(shop, kinds if FULL else kinds[:1], step)
    assert len(tried) >= 2, tried
    shop.goes_on(tried[-1])
    print(f"\n{shop.job.name}: files: {len(tried)} calls, {dict(shop.ends)}")


def test_a_folder_that_loses_a_name(shop: Workshop) -> None:
    """Program and package have one rule: EIO is an error, a disk that cannot sync is none."""
    for number in (errno.EIO, errno.ENOSPC, errno.EDQUOT):
        for later in (0, 1):
            done = shop.breaks(f"folders:1:{number}:{later}")
            assert done is not None
            assert done.returncode == 4, number
            assert os.strerror(number) in done.stderr
            shop.goes_on(f"folders:1:{number}:{later}")
    for number in (errno.EINVAL, errno.ENOSYS):
        done = shop.breaks(f"folders:1:{number}:1")
        assert done is not None
        assert done.returncode == 0, done.stderr


def allocations(shop: Workshop) -> list[int]:
    """Return which allocation is to fail: a sample over all that the run makes."""
    if not FULL:
        return [10**power for power in range(7)]
    low, high = 1, 1 << 24
    while low < high:
        middle = (low + high) // 2
        if shop.breaks(f"memory:{middle}:{errno.ENOMEM}:1") is None:
            high = middle
        else:
            low = middle + 1
    return chosen(low, 250, seed=1)


def test_allocations_fail(shop: Workshop) -> None:
    """Status 4 and words of memory, never a signal; or the run needed it not."""
    if shop.job.name == "sweep":
        pytest.skip("what CPython does without memory is its own business")
    shop.ends.clear()
    numbers = allocations(shop)
    for number in numbers:
        for later in (0, 1):
            how = f"memory:{number}:{errno.ENOMEM}:{later}"
            done = shop.breaks(how)
            if done is not None and done.returncode == 4:
                assert NO_MEMORY in done.stderr, f"{how}: {done.stderr}"
    shop.goes_on("memory")
    print(f"\n{shop.job.name}: memory: up to {numbers[-1]}, {dict(shop.ends)}")


def test_each_allocation_fails(tmp_path: Path) -> None:
    """All allocations of a small run, those before the first file in twins of it."""
    shop = Workshop(tmp_path, jobs(tmp_path)["untraced"])
    step = 1 if FULL else 997
    for later in (1, 0):
        number = shop.twins(step, later)
        assert shop.ends["status 4"] >= number // step // 2, dict(shop.ends)
        while True:
            number += step
            how = f"memory:{number}:{errno.ENOMEM}:{later}"
            done = shop.breaks(how)
            if done is None:
                break
            assert done.returncode == 0 or NO_MEMORY in done.stderr, f"{how}: {done.stderr}"
    print(f"\nup to allocation {number}, each {step}: {dict(shop.ends)}")


def test_killed_at_any_moment(shop: Workshop) -> None:
    """Each file is old or new, and the next run cleans up."""
    shop.ends.clear()
    draw = random.Random(shop.job.name)
    for _ in range(100 if FULL else 2):
        shop.kill(draw.uniform(0, 1.1 * shop.seconds))
    print(f"\n{shop.job.name}: {dict(shop.ends)}")
