#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions of fixed work, and compares them with those that the tree states.

Usage: python3 tools/instructions.py [--write]

What is counted is in tests/bench/counted.cpp: five runs, and copies of a world. callgrind, a tool
of valgrind, counts; time does not enter, so a busy machine gives the same numbers as an idle one.
With --write, tests/bench/instructions.json is made anew. Exit status: 0 as stated, or written; 1
something moved; 2 nothing can be compared here.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build" / "holdfast_bench"
BASELINE = ROOT / "tests" / "bench" / "instructions.json"
RENEW = "make instructions"
#: By what share a count may differ. The same build repeats its count to 0.05 %, whatever the
#: environment and the length of paths; the rest is room for changes that move inlining about.
TOLERANCE = 0.02
#: The C library picks its memory functions by the processor, which moves counts of runs by 1 %, of
#: copies by a third. Without these features every x86-64 machine gets the same ones.
TUNABLES = "glibc.cpu.hwcaps=" + ",".join(
    f"-{feature}"
    for feature in ("AVX512F", "AVX512VL", "AVX2", "AVX", "AVX_Fast_Unaligned_Load", "SSSE3",
                    "SSE4_1", "SSE4_2", "ERMS", "FSRM", "BMI2", "FMA")
)  # fmt: skip
FUNCTION = "holdfast_counted_work"
ROOM = re.compile(r"holdfast::(?:([a-z]\w*)::)?")


class CannotCountError(Exception):
    """Something that counting needs is not there."""


def rooms_of(lines: Iterable[str]) -> Counter[str]:
    """Return the instructions of a file of callgrind's by namespace, each where it was executed."""
    names: dict[str, str] = {}
    rooms: Counter[str] = Counter()
    room, is_inclusive = "libraries", False
    for line in lines:
        if found := re.match(r"c?fn=(\(\d+\))(?: (.+))?", line):
            if found[2]:
                names[found[1]] = found[2]
            if line.startswith("fn="):
                of_ours = ROOM.search(names[found[1]])
                room = (of_ours[1] or "world") if of_ours else "libraries"
        elif line.startswith("calls="):
            is_inclusive = True  # The next line has what the callee cost, which it says itself.
        elif found := re.match(r"(?:[+-]?\d+|\*) (\d+)$", line):
            if not is_inclusive:
                rooms[room] += int(found[1])
            is_inclusive = False
    return rooms


def measure(program: Path = PROGRAM) -> dict[str, Any]:
    """Do all of the work under callgrind: who built it, and for each piece its instructions."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise CannotCountError("valgrind is not installed")
    if not program.is_file():
        raise CannotCountError(f"{program.name} is not built")
    with tempfile.TemporaryDirectory() as folder:
        command = [valgrind, "--tool=callgrind", f"--callgrind-out-file={folder}/counted",
                   f"--toggle-collect={FUNCTION}", f"--dump-after={FUNCTION}",
                   str(program), "--counted", "--scenarios", str(ROOT / "scenarios")]  # fmt: skip
        env = {"PATH": os.environ.get("PATH", ""), "GLIBC_TUNABLES": TUNABLES}
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        if done.returncode != 0:
            raise CannotCountError(f"{program.name} failed under valgrind:\n{done.stderr}")
        document: dict[str, Any] = json.loads(done.stdout)
        for number, piece in enumerate(document["counted"], 1):
            with Path(f"{folder}/counted.{number}").open(encoding="utf-8") as file:
                rooms = rooms_of(file)
            piece["instructions"] = rooms.total()
            piece["rooms"] = dict(sorted(rooms.items()))
    return document


def by_name(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the pieces of work under their names."""
    return {piece["name"]: piece for piece in document["counted"]}


def moved_rooms(before: dict[str, int], after: dict[str, int], at_least: float) -> str:
    """Return which namespaces moved, the largest change first, from `at_least` instructions on."""
    changes = {room: after.get(room, 0) - before.get(room, 0) for room in before | after}
    large = [room for room in changes if abs(changes[room]) >= at_least]
    large.sort(key=lambda room: -abs(changes[room]))
    return (
        ", ".join(f"{room} {changes[room] / 1e6:+.2f} M" for room in large[:6])
        or "no namespace alone"
    )


def differences(stated: dict[str, Any], counted: dict[str, Any]) -> list[str]:
    """Return a line for each piece of work that is not as stated, in either direction."""
    before, after = by_name(stated), by_name(counted)
    if list(before) != list(after):
        return [f"the work is another one: stated {list(before)}, counted {list(after)}"]
    lines = []
    for name, old in before.items():
        new = after[name]
        change = new["instructions"] / old["instructions"] - 1
        if abs(change) <= TOLERANCE:
            continue
        word = "more" if change > 0 else "fewer"
        events = (
            f"; events {old['events']} -> {new['events']}" if old["events"] != new["events"] else ""
        )
        rooms = moved_rooms(old["rooms"], new["rooms"], 0.002 * old["instructions"])
        lines.append(
            f"{name}: {100 * abs(change):.1f} % {word} instructions, {old['instructions']:,} -> "
            f"{new['instructions']:,}{events} ({rooms})"
        )
    return lines


def other_build(stated: dict[str, Any], counted: dict[str, Any]) -> str | None:
    """Return why the two cannot be compared, or nothing."""
    parts = [
        f"{key} {counted['build'].get(key)!r}, stated {value!r}"
        for key, value in stated["build"].items()
        if counted["build"].get(key) != value
    ]
    return "another build: " + "; ".join(parts) if parts else None


def table(counted: dict[str, Any]) -> str:
    """Return the counts for people."""
    lines = [f"{'instructions':>14} {'for an event':>13}"]
    for piece in counted["counted"]:
        each = f"{piece['instructions'] / piece['events']:.0f}" if "trace_hash" in piece else ""
        lines.append(f"{piece['instructions']:>14,} {each:>13}  {piece['name']}")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Count, then write or compare."""
    parser = argparse.ArgumentParser(description="Counts instructions of fixed work.")
    parser.add_argument("--write", action="store_true", help=f"make {BASELINE.name} anew")
    given = parser.parse_args(arguments)
    try:
        counted = measure()
    except CannotCountError as error:
        print(f"instructions: {error}", file=sys.stderr)
        return 2
    print(table(counted))
    if given.write:
        BASELINE.write_text(json.dumps(counted, indent=2) + "\n", encoding="utf-8")
        return 0
    stated = json.loads(BASELINE.read_text(encoding="utf-8"))
    if why := other_build(stated, counted):
        print(f"instructions: not compared, {why}", file=sys.stderr)
        return 2
    lines = differences(stated, counted)
    for line in lines:
        print(line)
    if lines:
        print(f"If that is meant, {RENEW} renews what the tree states.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
