# SPDX-License-Identifier: Apache-2.0
"""A program of the release build in which one source file is another.

Only that unit is compiled, and it is linked with the objects that the build left. So the file is a
.cpp; or a header, and then the one unit that is to see the change is named. Neither the tree nor
the build is written to, so several mutants may be made at once, and one that is interrupted leaves
nothing behind.
"""

from __future__ import annotations

import functools
import json
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build"
WORK = ROOT / "build-mutants"


class UnusableError(Exception):
    """A mutant that cannot be applied or built, or whose test is not there."""


def ran(command: list[str]) -> str:
    """Run a command in the folder of the build and return what it prints; it must end well."""
    done = subprocess.run(
        command, cwd=BUILD, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        raise UnusableError("does not build:\n" + done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout


@functools.cache
def compile_commands() -> dict[str, list[str]]:
    """Return the command that compiles each object, by the object's name within the build."""
    rows = json.loads((BUILD / "compile_commands.json").read_text())
    commands = [shlex.split(row["command"]) for row in rows]
    return {command[command.index("-o") + 1]: command for command in commands}


@functools.cache
def link_command(program: str) -> tuple[str, ...]:
    """Return the command that links a program, without what the build does after it."""
    last = ran(["ninja", "-t", "commands", program]).strip().splitlines()[-1]
    words = shlex.split(last.removeprefix(": && "))
    return tuple(words[: words.index("&&")])


def unit_of(file: str) -> tuple[str, str | None]:
    """Return the object that a .cpp file is in, and the text of what includes it, if anything does.

    Sources that are not worth optimizing are compiled a folder at a time.
    """
    whole = str(ROOT / file)
    names = [name for name, command in compile_commands().items() if command[-1] == whole]
    if not names:
        for name, command in compile_commands().items():
            if "/as_one/" in command[-1]:
                text = Path(command[-1]).read_text()
                if f'"{whole}"' in text:
                    return name, text
    if len(names) != 1:
        raise UnusableError(f"{file} is compiled {len(names)} times, not once")
    return names[0], None


def compiled(name: str, source: Path, out: Path, headers: Path | None = None) -> None:
    """Compile one object of the build from another source, or with other headers."""
    command = list(compile_commands()[name])
    command[command.index("-o") + 1] = str(out)
    command[-1] = str(source)
    # What is left unused where a safeguard was taken away is no reason to try it less.
    command.insert(-1, "-w")
    if headers is not None:
        command = [command[0], *without_precompiled(command[1:])]
        command.insert(command.index("-o"), f"-I{headers}")
        first = next(i for i, word in enumerate(command) if word.startswith("-I"))
        command.insert(first, command.pop(command.index(f"-I{headers}")))
    ran(command)


def without_precompiled(words: list[str]) -> list[str]:
    """Return the words of a compiler without a precompiled header, which has headers as they were.

    clang++ is given it as `-Xclang -include-pch -Xclang FILE`, and what it was made of likewise.
    """
    out, i = [], 0
    while i < len(words):
        if words[i] == "-Xclang" and words[i + 1] in ("-include-pch", "-include"):
            i += 4
        else:
            out.append(words[i])
            i += 1
    return out


@contextmanager
def linker_with(file: str, text: str, unit: str = "") -> Iterator[Callable[[str], Path]]:
    """Compile a .cpp file with another text; what comes links a program with it.

    Of a header, `unit` is the .cpp file that is compiled with it.
    """
    name, together = unit_of(unit or file)
    WORK.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=WORK))
    source, made = folder / Path(file).name, folder / "changed.o"

    def linked(program: str) -> Path:
        # What is in a library is linked from there only if no object before it has the names.
        link = [str(made) if word == name else word for word in link_command(program)]
        # Of a function in a header that several have, the first one is linked.
        if unit and str(made) in link:
            link.remove(str(made))
        if unit or name not in link_command(program):
            link.insert(next(i for i, word in enumerate(link) if word.endswith(".o")), str(made))
        link[link.index("-o") + 1] = str(folder / program)
        ran(link)
        return folder / program

    try:
        if unit:
            header = folder / file
            header.parent.mkdir(parents=True)
            header.write_text(text)
            compiled(name, ROOT / unit, made, folder)
        else:
            source.write_text(text)
            if together is not None:
                (folder / "as_one.cpp").write_text(together.replace(str(ROOT / file), str(source)))
                source = folder / "as_one.cpp"
            compiled(name, source, made)
        yield linked
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def program_with(file: str, text: str, program: str, unit: str = "") -> Iterator[Path]:
    """Make a program (`holdfast`, `holdfast_tests`) as if a .cpp file had another text."""
    with linker_with(file, text, unit) as linked:
        yield linked(program)
