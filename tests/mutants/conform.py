#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Apply the model mutants of tests/mutants/conform; each must turn its requirements red.

Usage: python3 tests/mutants/conform.py [--sample N --seed TEXT] [--only NAME]... [--family NAME]...
                                        [--jobs N]

Each requirement must pass in `holdfast conform` without the mutant and fail with it. Exit status: 0
if so, 1 if a requirement stayed green, 2 if a mutant could not be applied or built.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import run
from swap import BUILD, ROOT, UnusableError

FOLDER = run.HERE / "conform"
SWARM = 60


@dataclass(frozen=True)
class Kill:
    """A change of the models, and the requirements that notice it."""

    mutant: run.Mutant
    family: str
    policy: str
    target: str
    requirements: tuple[str, ...]


def load(folder: Path = FOLDER) -> list[Kill]:
    """Read all families; a mutant that has only a name is one of mutants.toml."""
    known = {m.name: m for m in run.load()}
    kills = []
    for path in sorted(folder.glob("*.toml")):
        for row in tomllib.loads(path.read_text())["mutant"]:
            name = row["name"]
            if "file" in row:
                mutant = run.Mutant(
                    name, row["why"], row["file"], row["find"], row["replace"], test=""
                )
            elif name in known:
                mutant = known[name]
            else:
                raise UnusableError(f"{path.name}: mutants.toml has no {name!r}")
            kills.append(
                Kill(mutant, path.stem, row["policy"], row["target"], tuple(row["requirements"]))
            )
    return kills


def verdicts(program: Path, kill: Kill) -> dict[str, str]:
    """Return what `holdfast conform` says of the requirements of a kill."""
    done = subprocess.run(
        [
            str(program), "conform", "--json", "--swarm", str(SWARM),
            "--policy", kill.policy, "--target", kill.target,
            "--requirement", ",".join(kill.requirements),
        ],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    try:
        document = json.loads(done.stdout)
    except json.JSONDecodeError:
        # A mutant that breaks an invariant of the models is noticed as well.
        return dict.fromkeys(kill.requirements, f"crash: {done.stderr.strip()[-200:]}")
    return {r["requirement"]: r["verdict"] for r in document["results"]}


def green(program: Path, kill: Kill, wanted: str) -> list[str]:
    """Return the requirements whose verdict is not the wanted one, each with what it is."""
    found = verdicts(program, kill)
    good = {wanted, "crash"} if wanted == "fail" else {wanted}
    return [
        f"{r}: {found.get(r)}"
        for r in kill.requirements
        if str(found.get(r)).split(":")[0] not in good
    ]


def green_under(kill: Kill) -> list[str]:
    """Return what stays green under the mutant."""
    with run.changed(kill.mutant, "holdfast") as program:
        return green(program, kill, "fail")


def judge(chosen: list[Kill], jobs: int) -> int:
    """Try each mutant, say what became of it, and return the exit status."""
    status = 0
    for kill in chosen:
        already = green(BUILD / "holdfast", kill, "pass")
        if already:
            print(f"UNUSABLE  {kill.mutant.name}: without it {', '.join(already)}", flush=True)
            status = 2
    tries = [
        run.Try(k.mutant.name, ", ".join(k.requirements), partial(green_under, k)) for k in chosen
    ]
    return max(status, run.try_all(tries, jobs))


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sample", type=int, metavar="N", help="only N of them")
    parser.add_argument("--seed", default="", help="which ones; any text")
    parser.add_argument("--only", action="append", metavar="NAME", help="only those named")
    parser.add_argument("--family", action="append", metavar="NAME", help="only of those files")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    options = parser.parse_args()
    try:
        chosen = load()
        if options.family:
            chosen = [k for k in chosen if k.family in options.family]
        if options.only:
            chosen = [k for k in chosen if k.mutant.name in options.only]
        if options.sample is not None:
            names = {m.name for m in run.sample([k.mutant for k in chosen], options.sample,
                                                options.seed)}  # fmt: skip
            chosen = [k for k in chosen if k.mutant.name in names]
        return judge(chosen, options.jobs)
    except UnusableError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
