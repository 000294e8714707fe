#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Apply the model mutants of mutants.toml one at a time; each must turn its test red.

Usage: python3 tests/mutants/run.py [--sample N --seed TEXT] [--only NAME]... [--jobs N] [--list]

The tree is copied to build-mutants/tree and built there with the flags of the release build, and of
the tests only those files that the mutants name. Each named test must pass before it is asked to
fail. Exit status: 0 if every mutant was killed, 1 if one survived, 2 if one could not be applied or
built.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "build-mutants"
TREE = WORK / "tree"


class UnusableError(Exception):
    """A mutant that cannot be applied or built, or whose test is not there."""


@dataclass(frozen=True)
class Mutant:
    """One change of the models and the test that it must turn red."""

    name: str
    why: str
    file: str
    find: str
    replace: str
    test: str

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


def copy_tree() -> None:
    """Copy the files that git knows of, so that time stamps of unchanged ones stay."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    wanted = {name for name in listed if name and (ROOT / name).is_file()}
    for name in wanted:
        source, target = ROOT / name, TREE / name
        if target.exists() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for path in TREE.rglob("*"):
        inside = path.relative_to(TREE)
        if path.is_file() and inside.parts[0] != "build" and str(inside) not in wanted:
            path.unlink()


def build(jobs: int, target: str = "holdfast_tests") -> None:
    """Build a program in the copy."""
    command = [
        "cmake",
        "--build",
        str(TREE / "build"),
        "--target",
        target,
        "-j",
        str(jobs),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UnusableError("does not build:\n" + done.stdout[-2000:] + done.stderr[-1000:])


def passes(test: str) -> bool:
    """Run one test; false if it fails, aborts or hangs."""
    command = [
        str(TREE / "build" / "holdfast_tests"),
        test.replace(",", "\\,"),
        "--warn",
        "NoTests",
    ]
    try:
        done = subprocess.run(
            command,
            cwd=TREE,
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


def try_mutant(mutant: Mutant, jobs: int) -> bool:
    """Return true if the test goes red under the mutant; the copy is restored in any case."""
    path = TREE / mutant.file
    original = path.read_text()
    path.write_text(mutant.applied_to(original))
    try:
        build(jobs)
        return not passes(mutant.test)
    finally:
        path.write_text(original)


def try_all(tries: list[tuple[str, str, Callable[[], bool | list[str]]]]) -> int:
    """Try each mutant, say what became of it, and return the exit status.

    A try is a name, what the mutant must turn red, and what tries it: true if all of that went red,
    or else a list of what stayed green, which is empty if nothing did.
    """
    status, killed = 0, 0
    for i, (name, aim, attempt) in enumerate(tries, 1):
        begun = time.monotonic()
        try:
            outcome = attempt()
        except UnusableError as error:
            print(f"unusable  {name}: {error}", flush=True)
            status = 2
            continue
        green = outcome if isinstance(outcome, list) else ([] if outcome else [aim])
        killed += not green
        status = max(status, 1) if green else status
        word = "SURVIVED" if green else "killed  "
        took = time.monotonic() - begun
        what = ", ".join(green) or aim
        print(f"{word}  {i}/{len(tries)}  {name}  [{what}]  {took:.0f} s", flush=True)
    print(f"mutants: {killed} of {len(tries)} killed")
    return status


def files_of(tests: set[str]) -> list[str]:
    """Return the files that have these test cases, whose names the formatter may have cut."""
    files = {
        path: re.sub(r'"\s*"', "", path.read_text())
        for path in sorted((ROOT / "tests").rglob("*.cpp"))
    }
    return [
        str(path.relative_to(ROOT))
        for path, text in files.items()
        if any(f'"{test}"' in text for test in tests)
    ]


def judge(chosen: list[Mutant], jobs: int) -> int:
    """Try each mutant, say what became of it, and return the exit status."""
    copy_tree()
    names = ";".join(files_of({m.test for m in chosen}))
    configure = ["cmake", "--preset", "release", "-DCMAKE_EXPORT_COMPILE_COMMANDS=OFF",
                 f"-DHOLDFAST_TEST_FILES={names}"]  # fmt: skip
    subprocess.run(configure, cwd=TREE, check=True, capture_output=True)
    build(jobs)
    for test in sorted({m.test for m in chosen}):
        if not passes(test):
            raise UnusableError(f"the test {test!r} fails without any mutant")
    tries = [(m.name, m.test, partial(try_mutant, m, jobs)) for m in chosen]
    return try_all(tries)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sample", type=int, metavar="N", help="only N of them")
    parser.add_argument("--seed", default="", help="which ones; any text")
    parser.add_argument("--only", action="append", metavar="NAME", help="only those named")
    parser.add_argument("--jobs", type=int, default=2, help="of the build")
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
