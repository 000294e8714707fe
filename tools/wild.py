#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run worlds of any keys that the declaration allows, many of them (tests/wild).

Each stretch of worlds is a process of holdfast_tests, so that one that ends by a signal is seen.
Exit status 1 if a world broke something; its number is in what the process printed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CASE = "worlds that the environment asks for"


def stretch(program: Path, first: int, count: int, both: int) -> tuple[Counter[str], set[str], str]:
    """Run some worlds; return what was counted, the keys that did not come up, and what broke."""
    asked = os.environ | {"HOLDFAST_WILD": f"{first} {count} {both}"}
    done = subprocess.run(
        [program, CASE], cwd=ROOT, env=asked, capture_output=True, text=True, check=False
    )
    told = re.search(r"^wild: (.*)$", done.stdout, re.MULTILINE)
    counted: Counter[str] = Counter()
    for number, what in re.findall(r"(\d+) ([a-z ]+)", told[1] if told else ""):
        counted[what] += int(number)
    unseen = set(re.findall(r"^unseen: (.*)$", done.stdout, re.MULTILINE))
    broken = "" if done.returncode == 0 else f"status {done.returncode}\n{done.stdout}{done.stderr}"
    return counted, unseen, broken


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "holdfast_tests")
    parser.add_argument("--first", type=int, default=0, help="the number of the first world")
    parser.add_argument("--worlds", type=int, default=2500, help="four runs each")
    parser.add_argument("--both", type=int, default=20, help="one world in so many on both kernels")
    parser.add_argument("--stretch", type=int, default=1000, help="worlds of a process")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=1e9, help="begin nothing after that")
    given = parser.parse_args()
    began = time.monotonic()

    def one(first: int) -> tuple[Counter[str], set[str], str] | None:
        if time.monotonic() - began > given.seconds:
            return None
        count = min(given.stretch, given.first + given.worlds - first)
        return stretch(given.program.resolve(), first, count, given.both)

    total: Counter[str] = Counter()
    unseen: set[str] | None = None
    bad = 0
    starts = range(given.first, given.first + given.worlds, given.stretch)
    with ThreadPoolExecutor(given.jobs) as pool:
        for came in pool.map(one, starts):
            if came is None:
                continue
            total += came[0]
            unseen = came[1] if unseen is None else unseen & came[1]
            if came[2]:
                bad += 1
                print(came[2], flush=True)
    told = ", ".join(f"{number:,} {what}" for what, number in total.items())
    print(f"wild: {told}, in {time.monotonic() - began:.0f} s; {bad} stretches broke something")
    print("keys that did not come up: " + (", ".join(sorted(unseen or set())) or "none"))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
