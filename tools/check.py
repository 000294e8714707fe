# SPDX-License-Identifier: Apache-2.0
"""Run clang-format and clang-tidy over the project's C++ files.

`check.py format [--fix]` checks (or repairs) the format of every C++ file. `check.py tidy` runs
clang-tidy on what changed: against the merge base with the main branch, or, on that branch itself,
against the commit before; uncommitted files count as changed. Without history it takes every file.
What passed is remembered by the text it was compiled from, so a second run costs nothing, and no
new file is begun once the time budget is spent: what was left out is then said.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATABASE = ROOT / "build-tidy"
ROOMS = ("sim", "models", "analysis", "bindings", "tests")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
LLVM_MAJOR = "14"  # Other versions format differently, so a check with them would mean little.


def cpp_files() -> list[Path]:
    """List every C++ file of the project, sorted."""
    found = [p for room in ROOMS for ext in ("cpp", "hpp") for p in (ROOT / room).rglob(f"*.{ext}")]
    return sorted(found)


def llvm_tool(name: str) -> str:
    """Return the command for the LLVM tool of the version that the project is checked with."""
    for candidate in (f"{name}-{LLVM_MAJOR}", name):
        path = shutil.which(candidate)
        if path is None:
            continue
        version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
        if re.search(rf"version {LLVM_MAJOR}\.", version.stdout):
            return path
    sys.exit(f"{name} {LLVM_MAJOR} is needed and was not found (Debian 12 package: {name})")


def check_format(fix: bool) -> int:
    """Check the format of all C++ files, or repair it."""
    files = [str(p) for p in cpp_files()]
    if not files:
        return 0
    how = ["-i"] if fix else ["--dry-run", "-Werror"]
    return subprocess.run([llvm_tool("clang-format"), *how, *files], check=False).returncode


def git(*args: str) -> str | None:
    """Return what git printed, or None if it failed or is absent."""
    try:
        done = subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def find_base() -> str | None:
    """Return the commit to compare with, or None if the history has none."""
    head = git("rev-parse", "HEAD")
    for branch in ("origin/HEAD", "origin/main", "main"):
        base = git("merge-base", "HEAD", branch)
        if base and base != head:
            return base
    return git("rev-parse", "--verify", "-q", "HEAD~1")


def closure(file: Path, seen: dict[Path, str]) -> dict[Path, str]:
    """Collect the text of a file and of every project header that it reaches."""
    if file not in seen and file.is_file():
        seen[file] = file.read_text()
        for name in INCLUDE.findall(seen[file]):
            closure(ROOT / name, seen)
    return seen


def units_to_check(base: str) -> list[Path]:
    """Return the .cpp files to look at: changed ones, and one that reaches each changed header."""
    units = [p for p in cpp_files() if p.suffix == ".cpp"]
    commit = None if base == "all" else base or find_base()
    listed = git("diff", "--name-only", commit) if commit else None
    fresh = git("ls-files", "--others", "--exclude-standard")
    if listed is None or fresh is None:
        print("clang-tidy: all files, since " + ("asked" if base == "all" else "no history to use"))
        return units
    print(f"clang-tidy: what changed since {commit}")
    if {".clang-tidy", "CMakeLists.txt"} & set(listed.split("\n")):
        return units
    changed = {ROOT / name for name in (listed + "\n" + fresh).split("\n") if name}
    chosen = [u for u in units if u in changed]
    reached = {h for u in chosen for h in closure(u, {})}
    for header in sorted(h for h in changed if h.suffix == ".hpp" and h not in reached):
        own = header.with_suffix(".cpp")
        candidates = [own] if own in units else [u for u in units if header in closure(u, {})]
        chosen += [u for u in candidates[:1] if u not in chosen]
    return chosen


def fingerprint(unit: Path, command: str, tool: str) -> str:
    """Return a hash of all that decides what clang-tidy says about a file."""
    digest = hashlib.sha256(f"{tool}\n{command}\n".encode())
    for file, text in sorted(closure(unit, {}).items()):
        digest.update(f"{file}\n{text}\n".encode())
    for settings in (ROOT / ".clang-tidy", ROOT / "tests" / ".clang-tidy"):
        digest.update(settings.read_bytes() if settings.is_file() else b"-")
    return digest.hexdigest()


def tidy_one(tool: str, unit: Path, stamp: Path, deadline: float) -> tuple[Path, str, str]:
    """Check one file; return it, "clean", "failed" or "skipped", and what clang-tidy printed."""
    if stamp.is_file():
        return unit, "clean", ""
    if time.monotonic() > deadline:
        return unit, "skipped", ""
    command = [tool, "--quiet", "-p", str(DATABASE), str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return unit, "failed", done.stdout + done.stderr
    stamp.touch()
    return unit, "clean", ""


def check_tidy(base: str, jobs: int, budget_s: float) -> int:
    """Run clang-tidy on the files chosen and print what it found."""
    tool = llvm_tool("clang-tidy")
    entries = json.loads((DATABASE / "compile_commands.json").read_text())
    commands = {Path(entry["file"]): str(entry["command"]) for entry in entries}
    units = [u for u in units_to_check(base) if u in commands]
    passed = DATABASE / "passed"
    passed.mkdir(exist_ok=True)
    deadline = time.monotonic() + budget_s
    counts = {"clean": 0, "failed": 0, "skipped": 0}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = [
            pool.submit(tidy_one, tool, u, passed / fingerprint(u, commands[u], tool), deadline)
            for u in units
        ]
        for run in concurrent.futures.as_completed(runs):
            unit, outcome, words = run.result()
            counts[outcome] += 1
            if words:
                print(words, flush=True)
            if outcome == "skipped":
                print(f"clang-tidy: no time left for {unit.relative_to(ROOT)}")
    print("clang-tidy: " + ", ".join(f"{n} files {what}" for what, n in counts.items()))
    return 1 if counts["failed"] else 0


def main() -> int:
    """Read the command line and do what it asks."""
    parser = argparse.ArgumentParser(description="Run clang-format and clang-tidy.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("format").add_argument("--fix", action="store_true")
    tidy = verbs.add_parser("tidy")
    tidy.add_argument("--base", default="", help="a commit, or the word all")
    tidy.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    tidy.add_argument("--budget-s", type=float, default=150.0)
    args = parser.parse_args()
    if args.verb == "format":
        return check_format(args.fix)
    return check_tidy(args.base, args.jobs, args.budget_s)


if __name__ == "__main__":
    sys.exit(main())
