# SPDX-License-Identifier: Apache-2.0
"""Compare what two builds of the program say of every bundled scenario.

`same_results.py PROGRAM OTHER` runs the scenarios with both on the native kernel and wants the same
result documents, trace hashes included, byte for byte. Exit status 1 and the names of those that
differ otherwise.
"""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Folders of bundled scenarios, below `scenarios`.
BUNDLED = ("", "reference/", "operators/", "faster/")


def document(program: str, scenario: Path) -> bytes:
    """Return the result document of a scenario; its expectations need not be met."""
    command = [program, "run", str(scenario), "--kernel", "native", "--json"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr.decode()}")
    return done.stdout


def main() -> int:
    """Compare, and say how many agree."""
    if len(sys.argv) != 3:
        sys.exit("usage: same_results.py PROGRAM OTHER")
    folder = ROOT / "scenarios"
    scenarios = sorted(p for kind in BUNDLED for p in folder.glob(f"{kind}*.json"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        one, other = (list(pool.map(document, [p] * len(scenarios), scenarios))
                      for p in sys.argv[1:])  # fmt: skip
    different = [path for path, a, b in zip(scenarios, one, other, strict=True) if a != b]
    for path in different:
        print(f"{path.relative_to(ROOT)}: different results")
    print(f"same results: {len(scenarios) - len(different)} of {len(scenarios)} scenarios")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
