#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Apply the model mutants of mutants.toml one at a time; each must turn its test red.

Usage: python3 tests/mutants/run.py [--sample N --seed TEXT] [--only NAME]... [--jobs N] [--list]

What the change is part of is compiled and linked with the objects of the release build, which must
be up to date (`make mutants` sees to that). Each named test must pass before it is asked to fail.
Exit status: 0 if every mutant was killed, 1 if one survived, 2 if one could not be made.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from swap import BUILD, ROOT, UnusableError, program_with  # noqa: E402


@dataclass(frozen=True)
class Mutant:
    """One change of the models and the test that it must turn red."""

    name: str
    why: str
    file: str
    find: str
    replace: str
    test: str
    #: Of a header, the .cpp file of the test, which alone is compiled with the change.
    unit: str = ""

    def applied_to(self, text: str) -> str:
        """Return the text of the file with the change; the place must be unique."""
        count = text.count(self.find)
        if count != 1:
            raise UnusableError(f"{self.file} has the text {count} times instead of once")
        return text.replace(self.find, self.replace)


def load(path: Path = HERE / "mutants.toml") -> list[Mutant]:
    """Read the list of mutants."""
    with path.open("rb") as file:
        return [Mutant(**row) for row in tomllib.load(file)["mutant"]]


def sample(mutants: list[Mutant], count: int, seed: str) -> list[Mutant]:
    """Choose `count` mutants by a hash of seed and name, so that each seed gives another choice."""
    chosen = sorted(mutants, key=lambda m: hashlib.sha256(f"{seed}/{m.name}".encode()).hexdigest())[
        :count
    ]
    return [m for m in mutants if m in chosen]


def passes(program: Path, test: str) -> bool:
    """Run one test; false if it fails, aborts or hangs."""
    command = [str(program), test.replace(",", "\\,"), "--warn", "NoTests"]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=300,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    if "No test cases matched" in done.stdout + done.stderr:
        raise UnusableError(f"there is no test named {test!r}")
    return done.returncode == 0


def changed(mutant: Mutant, program: str) -> AbstractContextManager[Path]:
    """Make a program with the change in it."""
    text = mutant.applied_to((ROOT / mutant.file).read_text())
    return program_with(mutant.file, text, program, mutant.unit)


def green(mutant: Mutant) -> list[str]:
    """Return the test if it stays green under the mutant."""
    with changed(mutant, "holdfast_tests") as program:
        return [mutant.test] if passes(program, mutant.test) else []


@dataclass(frozen=True)
class Try:
    """A mutant, what it must turn red, and what returns those of them that stay green."""

    name: str
    aim: str
    green: Callable[[], list[str]]


def try_one(one: Try) -> tuple[int, str]:
    """Return the exit status that a try is worth, and a line that says what became of it."""
    begun = time.monotonic()
    try:
        green = one.green()
    except UnusableError as error:
        return 2, f"unusable  {one.name}: {error}"
    took = time.monotonic() - begun
    word = "SURVIVED" if green else "killed  "
    return int(bool(green)), f"{word}  {one.name}  [{', '.join(green) or one.aim}]  {took:.0f} s"


def try_all(tries: list[Try], jobs: int) -> int:
    """Try the mutants, so many at once, say what became of each, and return the exit status."""
    status, killed = 0, 0
    with ThreadPoolExecutor(jobs) as pool:
        for i, (worth, line) in enumerate(pool.map(try_one, tries), 1):
            print(f"{i}/{len(tries)}  {line}", flush=True)
            status = max(status, worth)
            killed += worth == 0
    print(f"mutants: {killed} of {len(tries)} killed")
    return status


def judge(chosen: list[Mutant], jobs: int) -> int:
    """Try each mutant, say what became of it, and return the exit status."""
    for test in sorted({m.test for m in chosen}):
        if not passes(BUILD / "holdfast_tests", test):
            raise UnusableError(f"the test {test!r} fails without any mutant")
    return try_all([Try(m.name, m.test, partial(green, m)) for m in chosen], jobs)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sample", type=int, metavar="N", help="only N of them")
    parser.add_argument("--seed", default="", help="which ones; any text")
    parser.add_argument("--only", action="append", metavar="NAME", help="only those named")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    options = parser.parse_args()
    chosen = load()
    if options.only:
        chosen = [m for m in chosen if m.name in options.only]
    if options.sample is not None:
        chosen = sample(chosen, options.sample, options.seed)
    if options.list or not chosen:
        print("\n".join(m.name for m in chosen) or "no mutant has that name")
        return 0 if chosen else 2
    try:
        return judge(chosen, options.jobs)
    except UnusableError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
