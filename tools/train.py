#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Collects a profile for a build that is guided by one (`make fast`).

Usage: python3 tools/train.py PROGRAM FOLDER

PROGRAM was built to collect (the preset fast-train). It runs short requests of each kind, failovers
on each transport, losses, hosts of a fleet and a search; what it counted is merged into a file in
FOLDER, whose name, a digest of it, is printed: another profile is another file, so that what is
compiled with it is compiled anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "bench" / "peers"))

from traffics import TRAFFICS, Traffic, fabric_scenario, requests_scenario  # noqa: E402

#: 4 KiB writes, and both mixed; reads, and writes of 64 KiB, are those of the comparison.
MORE = {rw: Traffic(rw, "4KiB", 4168, 24, 0) for rw in ("randwrite", "randrw")}
SHORT = ("--set", "duration=30s", "--set", "expect={}")
#: Bundled scenarios, with what is set in them.
BUNDLED = (
    ("quickstart.json", *SHORT),
    ("quickstart.json", *SHORT, "--set", "fabric.transport=rdma"),
    ("quickstart.json", *SHORT, "--set", "fabric.transport=fc"),
    ("lossy_path.json", *SHORT),
    ("array_node_crash.json", *SHORT, "--set", "hosts.0.policy=tp8028-v3"),
    ("rw_test_ccr.json",),
)


def runs(folder: Path) -> Iterator[list[str]]:
    """Give the arguments of each run, all on our own calendar: it is the fast one."""
    run = ["run", "--kernel", "native"]
    documents = {
        f"requests{number}-{mtu}": requests_scenario(traffic, 0.04, mtu)
        for number, traffic in enumerate([*TRAFFICS.values(), *MORE.values()])
        for mtu in (1500, 9000)
    }
    documents["fabric"] = fabric_scenario(700, 11.0, lost=True)
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
        yield [*run, str(folder / f"{name}.json")]
    for file, *words in BUNDLED:
        yield [*run, str(ROOT / "scenarios" / file), *words]
    yield ["search", "worst_case", "--for", "corruption", "--budget", "3000", "--jobs", "1"]


def main() -> None:
    """Run all of it, and merge."""
    if len(sys.argv) != 3:
        sys.exit("usage: train.py PROGRAM FOLDER")
    program, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    merge = shutil.which("llvm-profdata-14") or shutil.which("llvm-profdata")
    if merge is None:
        sys.exit("train.py: llvm-profdata is not installed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {**os.environ, "LLVM_PROFILE_FILE": str(folder / "%p.profraw")}
        for words in runs(folder):
            done = subprocess.run([program, *words], cwd=ROOT, env=env, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
            # A search that found something, or came to its budget, and an expectation that a
            # shorter run does not meet, are answers.
            if done.returncode not in (0, 1, 5):
                sys.exit(f"train.py: {' '.join(words)}: {done.stderr.strip()}")
        merged = folder / "merged"
        subprocess.run([merge, "merge", "-o", merged, *sorted(folder.glob("*.profraw"))],
                       check=True)  # fmt: skip
        digest = hashlib.sha256(merged.read_bytes()).hexdigest()[:16]
        profile = out / f"{digest}.profdata"
        shutil.copyfile(merged, profile)
    print(profile)


if __name__ == "__main__":
    main()
