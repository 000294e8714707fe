# SPDX-License-Identifier: Apache-2.0
"""Pictures of pages, as headless Chromium shows them: desktop, phone, dark, comparison.

`python tools/report_pictures.py FOLDER` makes all of them, to be looked at; with --docs in place of
the folder, those in docs/pictures anew.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "python" / "report"), str(ROOT / "tests" / "python")]

from browser import Page, browser  # noqa: E402

PROGRAM = ROOT / "build" / "holdfast"
ONE = ["rw_test_mainline", "--what-if"]
THREE = ["rw_test_mainline", "rw_test_cqt_only", "rw_test_ccr"]
SEARCH = ["search", "worst_case", "--for", "corruption", "--set", "hosts.h1.policy=linux-mainline"]
RARE = ["rare", "rare_1e4", "--of", "corruption", "--repetitions", "8", "--effort", "200"]
SIZE = ["size", "rare_1e6", "--risk", "1e-9", "--stall", "20s"]
#: Around the instant at which a write is given up, retried and overtaken.
CLOSE = "act('f')"


@dataclass(frozen=True)
class Shot:
    """One picture of a page of runs, or of an answer."""

    words: list[str]
    width: int = 1280
    height: int = 900
    theme: str = "light"
    code: str = ""
    whole: bool = False


SHOTS = {
    "desktop": Shot(ONE),
    "whole": Shot(ONE, whole=True),
    "detail": Shot(ONE, code="findOp('6')"),
    "phone": Shot(ONE, 390, 844, whole=True),
    "dark": Shot(ONE, theme="dark", code=CLOSE, whole=True),
    "comparison": Shot(THREE, whole=True),
    "wall": Shot(ONE, 2560, 1440),
    "search": Shot(SEARCH, whole=True),
    "rare": Shot(RARE, whole=True),
    "size": Shot(SIZE, whole=True),
    "search-phone": Shot(SEARCH, 390, 844, whole=True),
    "rare-dark": Shot(RARE, theme="dark", whole=True),
    "size-dark-phone": Shot(SIZE, 390, 844, theme="dark", whole=True),
}
#: Those in the documentation, and how high a part of them is shown.
DOCS = {
    "report_one.png": ("desktop", 900),
    "report_compared.png": ("comparison", 1150),
    "report_search.png": ("search", 1290),
}


def take(tab: Page, shot: Shot, file: Path) -> None:
    """Make one picture."""
    with tempfile.TemporaryDirectory() as name:
        page, sources = Path(name) / "page.html", shot.words
        if sources[0] in ("search", "rare", "size"):
            answer = Path(name) / "answer.json"
            done = subprocess.run(
                [str(PROGRAM), *sources, "--json"], check=True, capture_output=True
            )
            answer.write_bytes(done.stdout)
            sources = [str(answer)]
        words = [str(PROGRAM), "report", *sources, "--out", str(page)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tab.open(page, shot.width, shot.height)
        tab.wait("document.documentElement.dataset.ready")
        tab.value(f"document.documentElement.dataset.theme = {shot.theme!r}")
        if shot.code:
            tab.value(shot.code)
        tab.value("typeof repaint === 'function' && repaint()")
        tab.frame()
        tab.picture(file, whole=shot.whole)


def shrunk(file: Path, height: int) -> None:
    """Cut a picture and keep few colours: small, and still sharp."""
    image = Image.open(file).convert("RGB")
    image = image.crop((0, 0, image.width, min(height, image.height)))
    image.quantize(128, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file}: {file.stat().st_size / 1000:.0f} KB")


def main() -> int:
    """Make what was asked for."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with browser() as tab:
        if sys.argv[1] == "--docs":
            for name, (which, height) in DOCS.items():
                take(tab, SHOTS[which], ROOT / "docs" / "pictures" / name)
                shrunk(ROOT / "docs" / "pictures" / name, height)
            return 0
        folder = Path(sys.argv[1])
        folder.mkdir(parents=True, exist_ok=True)
        for name, shot in SHOTS.items():
            take(tab, shot, folder / f"{name}.png")
            print(folder / f"{name}.png", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
