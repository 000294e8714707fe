#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the trace hashes of all bundled scenarios with those that the tree states.

Usage: python3 tools/hashes.py [--write] [--outcome WHY] [--against PROGRAM] [--program PROGRAM]

Prints each scenario that moved with the lowest layer that did: "full" if only packets moved,
"protocol" if PDUs, states or timers did, "outcome" if an application or an administrator saw
something else. With --against, an earlier build of the program, the first record of that layer that
differs is shown from both. With --write, tests/golden/hashes.json is made anew; if an outcome moved
that takes --outcome and a reason, which is kept there. Exit status: 0 as stated, or written; 1
something moved.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build" / "holdfast"
#: Folders of bundled scenarios, below `scenarios`.
BUNDLED = ("", "reference/", "operators/", "faster/")
STATED = ROOT / "tests" / "golden" / "hashes.json"
RENEW = "make hashes"
#: From the one that moves with every record to the one that a refactor must not move. Records of a
#: layer go into its hash and into those before it.
LAYERS = ("full", "protocol", "outcome")
KEYS = {"full": "trace_hash", "protocol": "trace_hash_protocol", "outcome": "trace_hash_outcome"}

Hashes = dict[str, dict[str, str]]


def scenarios() -> list[str]:
    """List the bundled scenarios, as paths from the root of the tree."""
    folder = ROOT / "scenarios"
    paths = sorted(p for kind in BUNDLED for p in folder.glob(f"{kind}*.json"))
    return [p.relative_to(ROOT).as_posix() for p in paths if "hosts" in json.loads(p.read_text())]


def hashes_of(program: Path, scenario: str) -> dict[str, str]:
    """Run a scenario; its expectations need not be met."""
    command = [str(program), "run", scenario, "--kernel", "native", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{scenario}: exit status {done.returncode}\n{done.stderr}")
    document = json.loads(done.stdout)
    return {layer: document[key] for layer, key in KEYS.items()}


def measure(program: Path = PROGRAM) -> Hashes:
    """Run all bundled scenarios."""
    names = scenarios()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(names, pool.map(hashes_of, [program] * len(names), names), strict=True))


def moved_layer(stated: dict[str, str], found: dict[str, str]) -> str | None:
    """Return the highest layer that moved, by which a change is judged; None: nothing moved."""
    return next((layer for layer in reversed(LAYERS) if stated[layer] != found[layer]), None)


def moved(stated: Hashes, found: Hashes) -> dict[str, str]:
    """Return what became of each scenario that is not as stated: a layer, "new" or "gone"."""
    out = {}
    for name in sorted(stated.keys() | found.keys()):
        if name not in found or name not in stated:
            out[name] = "new" if name in found else "gone"
        elif layer := moved_layer(stated[name], found[name]):
            out[name] = layer
    return out


def records(program: Path, scenario: str, layer: str, folder: Path) -> Iterator[str]:
    """Run a scenario and yield its records of that layer and of those above it."""
    command = [
        str(program),
        "run",
        scenario,
        "--kernel",
        "native",
        "--trace",
        "jsonl",
        "--out",
        str(folder),
    ]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    wanted = {f'"layer":"{one}"' for one in LAYERS[LAYERS.index(layer) :]}
    with next(folder.glob("**/trace.jsonl")).open() as trace:
        yield from (line.rstrip() for line in trace if any(one in line for one in wanted))


def first_difference(earlier: Path, program: Path, scenario: str, layer: str) -> str:
    """Show the first record of a layer that two programs do not share."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        pairs = itertools.zip_longest(
            records(earlier, scenario, layer, Path(one)),
            records(program, scenario, layer, Path(other)),
            fillvalue="has ended",
        )
        for number, (before, now) in enumerate(pairs):
            if before != now:
                return f"  record {number} of {layer}\n    earlier  {before}\n    now      {now}"
    return f"  the records of {layer} are the same: {earlier} is not the program that was stated"


def write(found: Hashes, why: str) -> None:
    """State these hashes from now on."""
    document = {"outcome_moved": why, "scenarios": found}
    STATED.parent.mkdir(exist_ok=True)
    STATED.write_text(json.dumps(document, indent=1) + "\n")


def stated_document() -> dict[str, Any]:
    """Return what the tree states; nothing if it states nothing yet."""
    if not STATED.is_file():
        return {"outcome_moved": "", "scenarios": {}}
    document: dict[str, Any] = json.loads(STATED.read_text())
    return document


def main(argv: Sequence[str] | None = None) -> int:
    """Compare, and renew if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true", help="state these hashes from now on")
    parser.add_argument("--outcome", default="", metavar="WHY", help="why an outcome moved")
    parser.add_argument("--against", type=Path, help="an earlier build, to show the first record")
    parser.add_argument("--program", type=Path, default=PROGRAM)
    arguments = parser.parse_args(argv)
    before = stated_document()
    program = arguments.program.resolve()
    found = measure(program)
    changes = moved(before["scenarios"], found)
    for name, what in changes.items():
        print(f"{name}: {what}")
        if arguments.against and what in LAYERS:
            print(first_difference(arguments.against.resolve(), program, name, what))
    print(f"as stated: {len(found.keys() - changes.keys())} of {len(found)} scenarios")
    if not arguments.write:
        return 1 if changes else 0
    if "outcome" in changes.values() and not arguments.outcome:
        print("not written: a refactor does not move an outcome; --outcome says why one moved")
        return 1
    write(found, arguments.outcome or before["outcome_moved"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
