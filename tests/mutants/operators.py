#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Change an operator, a constant or a call of the models at random; some test should go red.

Usage: python3 tests/mutants/operators.py [--sample N --seed TEXT] [--file PART]... [--jobs N]

The mutants of mutants.toml are what somebody thought of; these are what nobody thought of. One is
killed by a bundled scenario whose hashes move, or else by any of the C++ tests. What survives with
a reason (it changes nothing that may be seen) stands in survivors.toml and does not count.
Exit status: 1 if so many survive that a score of 85 % can be ruled out (chance below 1 %).
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import math
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from swap import BUILD, ROOT, UnusableError, linker_with  # noqa: E402

FOLDERS = ("sim", "models")
#: Not in what decides how a run goes: SimGrid's side is compared record by record with ours anyway,
#: and what reads scenarios is fuzzed.
LEFT_OUT = ("sim/simgrid/", "models/scenario/reading/", "models/scenario/declaration/")
SCORE = 0.85
SWAPS = {
    " < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ", " == ": " != ", " != ": " == ",
    " + ": " - ", " - ": " + ", " * ": " / ", " += ": " -= ", " -= ": " += ", " && ": " || ",
    " || ": " && ", "++": "--", "true": "false", "false": "true", "std::min": "std::max",
    "std::max": "std::min",
}  # fmt: skip
#: Lines that say what things are, not what they do; and checks, which must never fail.
SAYS = re.compile(
    r"^\s*(#|//|using |namespace |template|static_assert|case |default:|struct |class |enum )"
    r"|operator|constexpr .*\{$"
)
CHECK = re.compile(r"HOLDFAST_(PACKET_)?CHECK")
CALL = re.compile(r"^\s+[a-z][\w:.>\-]*\(.*\);$")
NUMBER = re.compile(r"(?<![\w.'])(\d+)(?![\w.'x])")


@dataclass(frozen=True)
class Mutant:
    """One line of a file as it is and as it becomes."""

    file: str
    line: int
    was: str
    becomes: str

    @property
    def name(self) -> str:
        """Return what it does, in a line."""
        becomes = self.becomes.strip() or "(nothing)"
        return f"{self.file}:{self.line}: {self.was.strip()}  ->  {becomes}"

    def text(self) -> str:
        """Return the text of the file with the change."""
        lines = (ROOT / self.file).read_text().split("\n")
        lines[self.line - 1] = self.becomes
        return "\n".join(lines)


def mutants_of(file: Path) -> Iterator[Mutant]:
    """Yield every mutant of a file."""
    name = str(file.relative_to(ROOT))
    within = False  # a check, which may take several lines
    for number, line in enumerate(file.read_text().split("\n"), 1):
        code = re.sub(r'"[^"]*"', lambda m: "~" * len(m[0]), line.split("//")[0].rstrip())
        within = within or CHECK.search(code) is not None
        skipped = within or SAYS.search(code) is not None
        within = within and not code.endswith(";")
        if skipped:
            continue
        for old, new in SWAPS.items():
            for at in re.finditer(re.escape(old), code):
                yield Mutant(name, number, line, line[: at.start()] + new + line[at.end() :])
        for at in NUMBER.finditer(code):
            more = str(int(at[1]) + 1)
            yield Mutant(name, number, line, line[: at.start()] + more + line[at.end() :])
        if CALL.match(code):
            yield Mutant(name, number, line, "  ;")


def all_mutants(parts: list[str]) -> list[Mutant]:
    """Return the mutants of files whose names have one of the parts; without parts, of all."""
    files = [one for folder in FOLDERS for one in sorted((ROOT / folder).rglob("*.cpp"))]
    names = [str(one.relative_to(ROOT)) for one in files]
    return [
        mutant
        for file, name in zip(files, names, strict=True)
        if not name.startswith(LEFT_OUT) and (not parts or any(part in name for part in parts))
        for mutant in mutants_of(file)
    ]


def excused() -> set[tuple[str, str, str]]:
    """Return the survivors that have a reason: file, line as it is, and as it becomes."""
    with (HERE / "survivors.toml").open("rb") as file:
        rows = tomllib.load(file).get("survivor", [])
    return {(row["file"], row["was"].strip(), row["becomes"].strip()) for row in rows}


#: Scenarios that take longer than others: they are asked last.
LONG = (
    "ana_",
    "array_",
    "quickstart",
    "one_",
    "lsfmm",
    "read_only",
    "hold_from",
    "cross_",
    "netem",
)


def moves_a_hash(program: Path) -> bool:
    """Return whether a bundled scenario goes another way, or does not end."""
    stated = json.loads((ROOT / "tests" / "golden" / "hashes.json").read_text())["scenarios"]
    long = [one for one in sorted(stated) if Path(one).name.startswith(LONG)]
    return any(
        goes_another_way(program, some, stated) for some in (sorted(set(stated) - set(long)), long)
    )


def goes_another_way(program: Path, files: list[str], stated: dict[str, dict[str, str]]) -> bool:
    """Return whether one of some scenarios has another hash than is stated."""
    command = [str(program), "run", "--kernel", "native", "--json", *files]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
        results = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return True
    return any(
        one["trace_hash"] != stated[file]["full"] for file, one in zip(files, results, strict=True)
    )


#: Drawn worlds, which take a minute and more: they are asked last, each case in a process of its
#: own, as in ctest (SimGrid has one engine per process). The others get on with each other in one.
SLOW = ("[property]", "[differential]", "[wild]")
#: Not what takes its work from the environment ("[.]"): a filter that only leaves things out
#: selects what is hidden, too.
QUICK = "".join(f"~{tag}" for tag in (*SLOW, "[.]"))


def fails(command: list[str | Path]) -> bool:
    """Return whether tests go red, or do not end."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=1200, check=False)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def slow_cases(program: Path) -> Iterator[str]:
    """Yield the names of the slow cases as Catch2 wants them asked for."""
    told = subprocess.run(
        [program, "--list-test-names-only", ",".join(SLOW)], capture_output=True, text=True
    )
    for name in told.stdout.split("\n"):
        if name:
            yield re.sub(r"([,\[\]])", r"\\\1", name)


@functools.cache
def green(*filters: str) -> bool:
    """Return whether some tests pass in one process as long as nothing is changed.

    If not, each mutant would seem to be killed by them.
    """
    return not fails([BUILD / "holdfast_tests", *filters])


def of_the_room(file: str) -> str:
    """Return what selects the test files of the room that a file is in (with Catch2's -#)."""
    room = Path(file).parts[1] if file.startswith("models/") else Path(file).parts[0]
    files = sorted(one.stem for one in (ROOT / "tests").glob(f"*/{room}/**/*.cpp"))
    return ",".join(f"[#{one}]~[.]" for one in files)


def fails_a_test(program: Path, file: str) -> bool:
    """Return whether one of the C++ tests goes red; those of the file's own room come first."""
    near = of_the_room(file)
    for filters in ([("-#", near)] if near else []) + [(QUICK,)]:
        if fails([program, "--abort", *filters]):
            if not green(*filters):
                raise SystemExit("operators: the tests are red before anything is changed")
            return True
    return any(fails([program, name]) for name in slow_cases(program))


def refuses_otherwise(program: Path) -> bool:
    """Return whether a test of what scenarios are accepted, which is in Python, goes red."""
    tests = [ROOT / "tests" / "python" / f"test_{name}.py" for name in ("malformed", "scenarios")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=ROOT, env=os.environ | {"HOLDFAST": str(program)},
        capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode != 0


def tried(mutant: Mutant) -> str:
    """Return what became of a mutant, in a word."""
    if (mutant.file, mutant.was.strip(), mutant.becomes.strip()) in excused():
        return "excused"
    try:
        with linker_with(mutant.file, mutant.text()) as linked:
            program = linked("holdfast")
            reads = mutant.file.startswith("models/scenario/")
            if moves_a_hash(program) or (reads and refuses_otherwise(program)):
                return "killed"
            if fails_a_test(linked("holdfast_tests"), mutant.file):
                return "killed"
    except UnusableError:
        return "no program"
    return "SURVIVED"


def refuted(survived: int, counted: int) -> bool:
    """Return whether a score of 85 % would let so many survive with a chance below 1 %."""
    chance = sum(
        math.comb(counted, k) * (1 - SCORE) ** k * SCORE ** (counted - k)
        for k in range(survived, counted + 1)
    )
    return survived > 0 and chance < 0.01


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sample", type=int, default=100, metavar="N", help="how many")
    parser.add_argument("--seed", default="", help="which ones; any text")
    parser.add_argument("--file", action="append", default=[], help="only in files so named")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    given = parser.parse_args()

    def rank(mutant: Mutant) -> str:
        return hashlib.sha256(f"{given.seed}/{mutant.name}".encode()).hexdigest()

    chosen = sorted(all_mutants(given.file), key=rank)[: given.sample]
    counts = dict.fromkeys(("killed", "SURVIVED", "excused", "no program"), 0)
    with ThreadPoolExecutor(given.jobs) as pool:
        for mutant, became in zip(chosen, pool.map(tried, chosen), strict=True):
            counts[became] += 1
            print(f"{became:<10}  {mutant.name}", flush=True)
    counted = counts["killed"] + counts["SURVIVED"]
    score = f", score {counts['killed'] / counted:.0%}" if counted else ""
    print("operators: " + ", ".join(f"{n} {word}" for word, n in counts.items()) + score)
    return int(refuted(counts["SURVIVED"], counted))


if __name__ == "__main__":
    sys.exit(main())
