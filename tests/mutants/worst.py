#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Apply mutants that can corrupt data; `holdfast search` alone must find how, for each.

Usage: python3 tests/mutants/worst.py [--only NAME]... [--try NAME]... [--jobs N] [--budget TIME]

The scenario is the bundled worst_case for all of them, with one thread. worst.toml names those that
are known to be found; without the mutant the same search must find nothing. --try takes any name of
mutants.toml and only says what comes of it. Exit status: 0 if all were found, 1 if one was not, 2
if one could not be made.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import run
from swap import BUILD, ROOT, UnusableError


def found(program: Path, settings: list[str], budget: str) -> str | None:
    """Return what a search tells of the execution that it found; None: it found none."""
    command = [str(program), "search", "worst_case", "--for", "corruption", "--json"]
    command += ["--jobs", "1", "--budget", budget]
    for setting in settings:
        command += setting.split(" ", 1)
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    try:
        answer = json.loads(done.stdout)
    except json.JSONDecodeError:
        # A mutant that breaks an invariant of the models is noticed as well.
        return "an invariant: " + done.stderr.strip()[-300:]
    if answer["verdict"] == "none":
        return None
    says = "; ".join(d["says"] for d in answer["worst"]["deviations"]) or "the scenario's own run"
    return f"{says} ({answer['worlds']} worlds)"


def missed(mutant: run.Mutant, settings: list[str], budget: str, *, tell: bool) -> list[str]:
    """Return why a mutant stays unseen; nothing if it is seen."""
    with run.changed(mutant, "holdfast") as program:
        how = found(program, settings, budget)
    if tell and how is not None:
        print(f"          {mutant.name}: {how}", flush=True)
    return [] if how is not None else ["no corrupting execution was found"]


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", action="append", metavar="NAME", help="only those named")
    parser.add_argument("--try", action="append", dest="tried", default=[], metavar="NAME")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    parser.add_argument("--budget", default="60s", help="of each search")
    options = parser.parse_args()
    known = {m.name: m for m in run.load()}
    rows = tomllib.loads((run.HERE / "worst.toml").read_text())["mutant"]
    if options.tried:
        rows = [{"name": name} for name in options.tried]
    elif options.only:
        rows = [row for row in rows if row["name"] in options.only]
    try:
        unknown = [row["name"] for row in rows if row["name"] not in known]
        if unknown or not rows:
            raise UnusableError(f"mutants.toml has no {', '.join(unknown) or 'such name'}")
        status = 0
        for settings in sorted({tuple(row.get("settings", ())) for row in rows}):
            how = found(BUILD / "holdfast", list(settings), options.budget)
            if how is not None:
                print(f"UNUSABLE  without any mutant {' '.join(settings)}: {how}", flush=True)
                status = 2
        tries = [
            run.Try(
                row["name"],
                "found by search",
                partial(
                    missed, known[row["name"]], row.get("settings", []), options.budget, tell=True
                ),
            )
            for row in rows
        ]
        return max(status, run.try_all(tries, options.jobs))
    except UnusableError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
