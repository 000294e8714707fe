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
import hashlib
import json
import math
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
from swap import ROOT, UnusableError, program_with  # noqa: E402

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
    r"|HOLDFAST_(PACKET_)?CHECK|operator|constexpr .*\{$"
)
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
    for number, line in enumerate(file.read_text().split("\n"), 1):
        code = re.sub(r'"[^"]*"', lambda m: "~" * len(m[0]), line.split("//")[0].rstrip())
        if SAYS.search(code):
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


def moves_a_hash(program: Path) -> bool:
    """Return whether a bundled scenario goes another way, or does not end."""
    stated = json.loads((ROOT / "tests" / "golden" / "hashes.json").read_text())["scenarios"]
    command = [str(program), "run", "--kernel", "native", "--json", *sorted(stated)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
        results = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return True
    return any(
        one["trace_hash"] != stated[file]["full"]
        for file, one in zip(sorted(stated), results, strict=True)
    )


#: Drawn worlds, which take a minute and more: they are asked last, each case in a process of its
#: own, as in ctest (SimGrid has one engine per process). The others get on with each other in one.
SLOW = ("[property]", "[differential]", "[wild]")


def fails(command: list[str | Path]) -> bool:
    """Return whether tests go red, or do not end."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=1200, check=False)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def fails_a_test(program: Path) -> bool:
    """Return whether one of the C++ tests goes red."""
    if fails([program, "--abort", "".join("~" + tag for tag in SLOW)]):
        return True
    told = subprocess.run(
        [program, "--list-test-names-only", ",".join(SLOW)], capture_output=True, text=True
    )
    names = (re.sub(r"([,\[\]])", r"\\\1", name) for name in told.stdout.split("\n") if name)
    return any(fails([program, name]) for name in names)


def tried(mutant: Mutant) -> str:
    """Return what became of a mutant, in a word."""
    if (mutant.file, mutant.was.strip(), mutant.becomes.strip()) in excused():
        return "excused"
    try:
        with program_with(mutant.file, mutant.text(), "holdfast") as program:
            if moves_a_hash(program):
                return "killed"
        with program_with(mutant.file, mutant.text(), "holdfast_tests") as program:
            if fails_a_test(program):
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
