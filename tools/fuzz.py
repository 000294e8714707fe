#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Feed each fuzzed program its corpus, the bundled files and what libFuzzer makes of them.

Exit status 1 if one of them crashed, took more than a second or more than 256 MiB; the input is
then in build-fuzz/NAME/found. What is new stays in build-fuzz/NAME/grown for the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-fuzz"
PROGRAMS = ("scenario", "set", "wire")
LIMITS = ("-timeout=1", "-rss_limit_mb=256", "-malloc_limit_mb=256")
#: No decoder looks beyond a page of 4,096 bytes and the header in front of it.
LONGEST = {"scenario": 16384, "set": 16384, "wire": 4224}


def main() -> int:
    """Run them one after the other; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=60, help="for all of them together")
    parser.add_argument(
        "--runs", type=int, default=-1, help="end after so many inputs of one of them"
    )
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--only", choices=PROGRAMS, help="one of them")
    parser.add_argument(
        "--fast", action="store_true", help="those of build-fuzz-fast, which have no sanitizers"
    )
    given = parser.parse_args()
    if given.fast:
        global BUILD
        BUILD = ROOT / "build-fuzz-fast"
    chosen = [given.only] if given.only else list(PROGRAMS)
    bad = [
        name
        for name in chosen
        if not fed(name, given.seconds // len(chosen), given.runs, given.seed)
    ]
    for name in bad:
        print(f"fuzz: {name}: the input is in {(BUILD / name / 'found').relative_to(ROOT)}")
    return 1 if bad else 0


def fed(name: str, seconds: int, runs: int, seed: int) -> bool:
    """Run one program for a while; say how it went."""
    folder = BUILD / name
    found = folder / "found"
    shutil.rmtree(found, ignore_errors=True)
    for one in (found, folder / "grown"):
        one.mkdir(parents=True, exist_ok=True)
    seeds = folder / "seeds"
    shutil.rmtree(seeds, ignore_errors=True)
    seeds.mkdir()
    for source in seeds_of(name):
        shutil.copy(source, seeds / source.name)
    words = folder / "words.dict"
    words.write_text("".join(f'"{word}"\n' for word in vocabulary()))
    began = time.monotonic()
    fed_in, edges, starved = 0, "0", 0
    while True:
        left = seconds - int(time.monotonic() - began)
        done = one_run(name, max(left, 1), runs if runs < 0 else max(runs - fed_in, 1), seed)
        told = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
        fed_in += int(told[1]) if told else 0
        edges = (re.findall(r"cov: (\d+)", done.stderr) or [edges])[-1]
        ended_well = done.returncode == 0 or only_starved(name)
        if done.returncode == 0 or not ended_well:
            break
        starved += 1
        if time.monotonic() - began >= seconds or 0 <= runs <= fed_in:
            break
    print(f"fuzz: {name}: {fed_in:,} inputs "
          f"in {time.monotonic() - began:.0f} s, {edges} edges, "
          f"{'no finding' if ended_well else 'FOUND SOMETHING'}"
          f"{f', starved {starved} times' if starved else ''}", flush=True)  # fmt: skip
    if not ended_well:
        print(done.stderr[-4000:], file=sys.stderr)
    return ended_well


def one_run(name: str, seconds: int, runs: int, seed: int) -> subprocess.CompletedProcess[str]:
    """Run a program until the time is over, the inputs are fed, or something is found."""
    folder = BUILD / name
    # The schedule that libFuzzer has by default and the stacks of allocations took half of the
    # time. A finding is run again by hand, with stacks.
    return subprocess.run(
        [program(name), folder / "grown", folder / "seeds", *LIMITS,
         f"-max_total_time={seconds}", f"-runs={runs}", f"-seed={seed}",
         f"-dict={folder / 'words.dict'}", f"-artifact_prefix={folder / 'found'}/",
         "-print_final_stats=1", "-entropic=0", f"-max_len={LONGEST[name]}"],
        env=os.environ
        | {"ASAN_OPTIONS": "quarantine_size_mb=8:detect_leaks=0:malloc_context_size=0"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def program(name: str) -> Path:
    """Return where the build left a program."""
    return BUILD / "tests" / "fuzz" / f"fuzz_{name}"


def only_starved(name: str) -> bool:
    """Return whether all that was found is inputs that took long because others had the core.

    libFuzzer looks at the clock on the wall. By itself such an input takes less than a second of
    processor time; it is forgotten.
    """
    found = sorted((BUILD / name / "found").iterdir())
    if not found or not all(
        one.name.startswith("timeout-") and not is_slow(name, one) for one in found
    ):
        return False
    for one in found:
        one.unlink()
    return True


def is_slow(name: str, what: Path) -> bool:
    """Return whether a program needs more than a second of a processor for an input, or fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([program(name), "-runs=1", what], capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.returncode != 0 or after.ru_utime - before.ru_utime > 1


def seeds_of(name: str) -> list[Path]:
    """Return what a program starts from."""
    bundled = [*(ROOT / "scenarios").glob("*.json")] if name == "scenario" else []
    return bundled + sorted((ROOT / "tests" / "fuzz" / "corpus").glob(f"{name}-*"))


def vocabulary() -> list[str]:
    """Return the words of the format: keys, names, units."""
    told = subprocess.run([ROOT / "build" / "holdfast", "schema"], capture_output=True, check=True)
    words: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            words.update(node.get("properties", {}))
            words.update(one for one in node.get("enum", []) if isinstance(one, str))
            for one in node.values():
                walk(one)
        elif isinstance(node, list):
            for one in node:
                walk(one)

    walk(json.loads(told.stdout))
    units = ["ns", "us", "ms", "min", "Gbps", "KiB", "TiB", "%", "e999", "\\xef\\xbb\\xbf"]
    return sorted(word for word in words if word.isprintable() and '"' not in word) + units


if __name__ == "__main__":
    sys.exit(main())
