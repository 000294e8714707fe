# SPDX-License-Identifier: Apache-2.0
"""How the peers are compiled, and where ns-3 comes from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
NS3_WHEEL = "ns3==3.44.post0"


def ns3_wheel() -> Path | None:
    """Return where the package `ns3` is, fetched if need be; None: nowhere."""
    python = os.environ.get("NS3_PYTHON", sys.executable)
    where = "import importlib.util as u; print(u.find_spec('ns3').submodule_search_locations[0])"
    found = subprocess.run(
        [python, "-c", where], capture_output=True, text=True, cwd=HERE, check=False
    )
    if found.returncode == 0:
        return Path(found.stdout.strip())
    home = ROOT / "build" / "ns3"
    if not (home / "ns3").is_dir():
        print(f"fetching the wheel {NS3_WHEEL}", file=sys.stderr)
        # Its Python bindings need more packages; what is wanted here are headers and libraries.
        words = [python, "-m", "pip", "install", "-q", "--no-deps", "--target", str(home)]
        done = subprocess.run([*words, NS3_WHEEL], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(done.stderr[:1000], file=sys.stderr)
            return None
    return home / "ns3"


def ns3_flags() -> list[str] | None:
    """Return how to compile against ns-3; None: it is not to be had."""
    if os.environ.get("NS3") == "no":
        return None
    modules = ["core", "network", "internet", "point-to-point"]
    if shutil.which("pkg-config"):
        names = [f"libns3-{one}" for one in modules] + [f"ns3-{one}" for one in modules]
        for some in (names[: len(modules)], names[len(modules) :]):
            done = subprocess.run(
                ["pkg-config", "--cflags", "--libs", *some],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0:
                return done.stdout.split()
    home = ns3_wheel()
    if home is None:
        return None
    folders = [one for one in (home / "lib64", home / "lib") if one.is_dir()]
    libraries = [
        library
        for folder in folders
        for one in modules
        for library in sorted(folder.glob(f"libns3*-{one}*.so"))
        if library.name.endswith((f"-{one}.so", f"-{one}-optimized.so", f"-{one}-release.so"))
    ]
    flags = ["-I", str(home / "include"), *(str(one) for one in libraries)]
    return [*flags, *(f"-Wl,-rpath,{folder}" for folder in folders)]


def compiled(source: str, flags: list[str] | None, folder: Path) -> Path | None:
    """Compile a peer; None where there are no flags for it."""
    if flags is None:
        return None
    out = folder / Path(source).stem
    compiler = os.environ.get("CXX", "c++")
    words = [compiler, "-std=c++20", "-O3", "-DNDEBUG", "-I", str(ROOT), str(HERE / source)]
    done = subprocess.run(
        [*words, "-o", str(out), *flags], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        print(
            f"{source} was not compiled, so it is skipped:\n{done.stderr[:2000]}", file=sys.stderr
        )
        return None
    return out
