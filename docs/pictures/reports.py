# SPDX-License-Identifier: Apache-2.0
"""Draws the pictures of docs/reports.md: pages of runs, as a browser shows them.

Wants build/holdfast, Chromium, and the tests' browser: PYTHONPATH=tests/python/report.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from browser import browser

HERE = Path(__file__).resolve().parent
PROGRAM = HERE.parent.parent / "build" / "holdfast"
PICTURES = {
    "report.png": (["rw_test_mainline"], 1240, 1180),
    "report_compared.png": (["rw_test_mainline", "rw_test_cqt_only", "rw_test_ccr"], 1240, 1010),
}


def main() -> None:
    """Make each page, and take its picture."""
    with tempfile.TemporaryDirectory() as folder, browser() as page:
        for name, (runs, width, height) in PICTURES.items():
            file = Path(folder) / f"{name}.html"
            subprocess.run([PROGRAM, "report", *runs, "--out", file], check=True)
            page.open(file, width, height)
            page.wait("document.documentElement.dataset.ready")
            page.frame()
            page.picture(HERE / name)


if __name__ == "__main__":
    main()
