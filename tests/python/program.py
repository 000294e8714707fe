# SPDX-License-Identifier: Apache-2.0
"""How the tests reach the program and the bundled scenarios."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from house import ROOT

#: Another one than that of the build: tests/mutants/operators.py changes what reads scenarios.
#: Folders of bundled scenarios, below `scenarios`.
BUNDLED = ("", "reference/", "operators/", "faster/")
PROGRAM = Path(os.environ.get("HOLDFAST", ROOT / "build" / "holdfast"))


def is_written() -> bool:
    """Tell whether the tree has a program at all; if it has, a missing binary is a failure."""
    return any((ROOT / "bindings" / "cli").glob("**/*.cpp"))


def scenarios() -> list[str]:
    """List the bundled scenarios, as paths from the root of the tree."""
    found = []
    folder = ROOT / "scenarios"
    for path in sorted(p for kind in BUNDLED for p in folder.glob(f"{kind}*.json")):
        document = json.loads(path.read_text())
        if isinstance(document, dict) and "hosts" in document and "subsystems" in document:
            found.append(path.relative_to(ROOT).as_posix())
    return found


def holdfast(*args: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
    """Run the program from the root of the tree."""
    assert PROGRAM.is_file(), "build/holdfast is missing: `make build` first"
    return subprocess.run(
        [PROGRAM, *args], cwd=ROOT, capture_output=True, text=True, check=False, timeout=timeout_s
    )


def result(*args: str) -> Any:
    """Run the program and return the JSON document that it printed."""
    done = holdfast(*args)
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stderr}"
    return json.loads(done.stdout)
