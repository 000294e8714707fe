# SPDX-License-Identifier: Apache-2.0
"""The house rules that need more than one file: Python's arrows, folders, and names of files.

Each rule is a function of the tree, a text for each path, that yields what it found. Run as a
program, this file prints how many conditions each room checks.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath
from typing import Literal

from house import ROOT, TOKEN, Finding, blank, is_cpp, line_of
from house import tree as files

Tree = dict[str, str]
TreeRule = Callable[[Tree], Iterator[Finding]]

PACKAGE = "bindings/python/"
# The modules and rooms of the package by layer, the lowest first. Each may import from its own
# layer and from those below; circles within a layer are the business of the other rule.
LAYERS = (
    ("_core", "_arguments", "_signals", "_words", "_version", "_isolated", "errors"),
    ("_crew", "_ranges", "files", "seeds", "units"),
    ("scenario", "policy", "workload", "parts", "_table", "statistics", "pages"),
    ("plot",),
    ("result",),
    ("world",),
    ("running", "answers", "reports"),
    ("sweeping",),
    ("conforming",),
    ("",),
)
LAYER = {name: number for number, layer in enumerate(LAYERS) for name in layer}


def module_of(path: str) -> str:
    """Return the name by which a file of the package is imported."""
    parts = PurePosixPath(path.removeprefix(PACKAGE)).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: str, text: str, known: set[str]) -> Iterator[tuple[str, int]]:
    """Yield each module that a module of the package imports from it, and the line.

    Imports within functions and those for types only count too: a circle that is not run is still
    one for whoever reads, and each half can be understood only with the other.
    """
    package = (
        module_of(path) if path.endswith("/__init__.py") else module_of(path).rpartition(".")[0]
    )
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (
                (n.name, node.lineno) for n in node.names if n.name.split(".")[0] == "holdfast"
            )
        elif isinstance(node, ast.ImportFrom):
            base = (
                package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            )
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module.split(".")[0] == "holdfast":
                for name in node.names:
                    whole = f"{module}.{name.name}"
                    yield (whole if whole in known else module), node.lineno


def package_of(tree: Tree) -> dict[str, str]:
    """Return the modules of the package and where each is."""
    found = [p for p in tree if p.startswith(PACKAGE + "holdfast/") and p.endswith((".py", ".pyi"))]
    return {module_of(path): path for path in found}


def python_circles(tree: Tree) -> Iterator[Finding]:
    """Ban circles of imports among the modules of the package."""
    modules = package_of(tree)
    lines: dict[str, dict[str, int]] = {}
    for name, path in modules.items():
        lines[name] = {}
        for other, line in imports(path, tree[path], set(modules)):
            if other != name:
                lines[name].setdefault(other, line)
    try:
        TopologicalSorter(lines).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]  # It names those first that are imported.
        at = lines[circle[0]][circle[1]]
        yield Finding(modules[circle[0]], at, "a circle of imports: " + ", ".join(circle))


def python_layers(tree: Tree) -> Iterator[Finding]:
    """Hold the arrows between the rooms of the package one way."""

    def room(module: str) -> str:
        return (*module.split("."), "")[1]

    modules = package_of(tree)
    for name, path in modules.items():
        if room(name) not in LAYER:
            yield Finding(path, 1, f"{name} has no place in the layers (house_tree.py)")
            continue
        for other, line in imports(path, tree[path], set(modules)):
            if LAYER.get(room(other), -1) > LAYER[room(name)] or room(other) not in LAYER:
                yield Finding(path, line, f"{name} must not import {other}, which is above it")


MAX_FILES = 25
# Folders that may have more, and why.
CROWDED = {
    "scenarios": "names that people type: holdfast run scenarios/NAME.json",
    "scenarios/operators": "the same: holdfast run operators/NAME",
    "scenarios/requirements/probes": "data, found by glob and named in the catalogue",
}


def folder_sizes(tree: Tree) -> Iterator[Finding]:
    """Keep folders small enough that a stranger finds a file by looking."""
    counts = Counter(str(PurePosixPath(path).parent) for path in tree)
    for folder, count in sorted(counts.items()):
        if count > MAX_FILES and folder not in CROWDED:
            yield Finding(folder, 1, f"{count} files side by side, at most {MAX_FILES}")
    for folder in sorted(CROWDED):
        if 0 < counts[folder] <= MAX_FILES:
            yield Finding(folder, 1, f"{counts[folder]} files need no exception (house_tree.py)")


FOLDERS = "sim|models|analysis|bindings|docs|scenarios|tests|tools"
# A path from the root, a folder of the tree or a file; or the last parts of one, or its name alone.
NAMED = re.compile(
    r"(?<![\w/.$}{<:*-])(?:\.\./)*(?P<name>"
    rf"(?:{FOLDERS})/[\w./*<>-]*[\w*>]"
    r"|(?:[\w*][\w*<>-]*/)*[\w*][\w*<>-]*\.(?:[ch]pp|cmake|py|md|html|css|js|toml)"
    r")(?![\w(])"
)
CITED = re.compile(r"\b[Dd]esign(?:\.md)? ?§? ?\d+")
# Names that are no files of the tree, and what they are.
ELSEWHERE = {
    "conform.html": "written by holdfast conform",
    "conform.md": "written by holdfast conform",
    "failures": "written by holdfast conform",
    "mine.py": "the reader's own",
    "parts.py": "made by the build, from the declaration of the scenario format",
}


def prose(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield the parts of a file that are written for people, each with its first line."""
    if path.endswith(".md"):
        yield 1, text
    elif is_cpp(path) or path.endswith((".js", ".css")):
        for token in TOKEN.finditer(text):
            if token.lastgroup == "comment":
                yield line_of(text, token.start()), token.group()
    elif path.endswith(".py"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and (
                words := ast.get_docstring(node, clean=False)
            ):
                yield node.body[0].lineno, words
        for piece in tokenize.generate_tokens(io.StringIO(text).readline):
            if piece.type == tokenize.COMMENT:
                yield piece.start[0], piece.string
    elif path.endswith(
        (".cmake", ".toml", "CMakeLists.txt", "Makefile", "bootstrap", "test-wheel")
    ):
        for match in re.finditer(r"#.*", text):
            yield line_of(text, match.start()), match.group()


def places(tree: Tree) -> Callable[[str, str], bool]:
    """Return what tells whether a name, in a file, is that of a file or a folder of the tree."""
    whole = {str(p) for path in tree for p in (PurePosixPath(path), *PurePosixPath(path).parents)}

    def ends(of: set[str]) -> set[str]:
        parts = [name.split("/") for name in of]
        return {"/".join(one[i:]) for one in parts for i in range(len(one))}

    anywhere = ends(whole)
    # Who names a file without its folder, and is not a test, does not mean a test.
    outside = ends({name for name in whole if not name.startswith("tests/")})

    @cache
    def among(name: str, where: Literal["whole", "outside", "anywhere"]) -> bool:
        known = {"whole": whole, "outside": outside, "anywhere": anywhere}[where]
        if name in known:
            return True
        pattern = re.sub(r"<[^<>]*>|FAMILY|NAME", "*", name)
        depth = pattern.count("/")
        return "*" in pattern and any(
            one.count("/") == depth and fnmatchcase(one, pattern) for one in known
        )

    def is_one(name: str, path: str) -> bool:
        if re.match(rf"(?:{FOLDERS})/", name):
            return among(name, "whole")
        return among(name, "anywhere" if path.startswith("tests/") else "outside")

    return is_one


def names_of_files(tree: Tree) -> Iterator[Finding]:
    """Want each file that a comment or a document names to be there."""
    is_one = places(tree)
    for path, text in tree.items():
        for first, words in prose(path, text):
            for match in NAMED.finditer(words):
                name = match["name"].rstrip("/")
                if not is_one(name, path) and name.rpartition("/")[2] not in ELSEWHERE:
                    line = first + line_of(words, match.start()) - 1
                    yield Finding(path, line, f"there is no {name}")
            for match in CITED.finditer(words):
                line = first + line_of(words, match.start()) - 1
                yield Finding(path, line, f"{match.group()}: a document that is not in the tree")


HELD = re.compile(r"^(?!#).*?\bHOLDFAST_(?:PACKET_)?CHECK\(", re.MULTILINE)
# How many conditions each room checks at least (sim/check.hpp), the most precise room first. A
# function has about two, where there is something to say: what it is given, what it conserves, what
# only grows, who is on which list. That an element lives is the arena's to check, at each access.
# Raise a number when a room has gained; lower none.
FLOORS = {
    "sim/": 72,
    "models/net/": 54,
    "models/transport/tcp/": 94,
    "models/transport/rdma/": 42,
    "models/transport/fc/": 27,
    "models/transport/": 11,
    "models/host/": 123,
    "models/target/": 85,
    "models/workload/": 24,
    "models/fault/": 7,
    "models/oracle/": 30,
}


def checks_by_room(tree: Tree) -> dict[str, int]:
    """Count the conditions that each room checks."""
    counts: dict[str, int] = {}
    for path, text in tree.items():
        room = next((room for room in FLOORS if path.startswith(room)), None)
        if room is not None and is_cpp(path):
            counts[room] = counts.get(room, 0) + len(HELD.findall(blank(text, strings=True)))
    return counts


def checks(tree: Tree) -> Iterator[Finding]:
    """Hold the number of conditions that each room checks."""
    for room, count in checks_by_room(tree).items():
        if count < FLOORS[room]:
            yield Finding(room, 1, f"{count} uses of HOLDFAST_CHECK, there were {FLOORS[room]}")


TREE_RULES: tuple[TreeRule, ...] = (
    python_circles,
    python_layers,
    folder_sizes,
    names_of_files,
    checks,
)


if __name__ == "__main__":
    whole = {path: (ROOT / path).read_text() for path in files() if is_cpp(path)}
    for room, count in checks_by_room(whole).items():
        print(f"{count:5}  {room}  (at least {FLOORS[room]})")
