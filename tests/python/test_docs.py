# SPDX-License-Identifier: Apache-2.0
"""What the pages tell a reader to type works as printed, and prints what they show.

Each page gets a folder that looks like the tree, a fresh shell for each block of commands, and a
PATH on which there is no `holdfast`, as after `make build`.

Every block is fenced and has a language. Comments in the lines above the fence, which a reader of
the page does not see and a reader of its source does, say what a test must know:

- ``<!-- not run: WHY -->``: it cannot run, or would for minutes.
- ``<!-- file: NAME -->``: the block is this file, for the commands that follow.
- ``<!-- exit: 0 1 -->``: the exit status of each command, where one is not 0.
- ``<!-- quicker: A => B -->``: the test puts B in the place of A, to be done sooner.

Python blocks run each in an interpreter of its own, or one after the other in a single one if the
page says so, in the words of `GOES_ON`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from house import ROOT, tree

GOES_ON = "The Python blocks of this page go on from one another"
LANGUAGES = ("sh", "python", "json", "text", "cpp")
DIRECTIVES = ("not run", "file", "exit", "quicker")

_BLOCK = re.compile(
    r"(?P<notes>(?:^<!--.*?-->\n)*)^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)
_NOTE = re.compile(r"<!-- (?:([a-z ]+): )?(.*?) -->", re.S)


@dataclass
class Block:
    """A block, and what the comments above it say."""

    page: str
    line: int
    language: str
    text: str
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """Return the place for people."""
        return f"{self.page}:{self.line}"

    @property
    def runs(self) -> bool:
        """Tell whether a test runs it; the C++ tests have those in C++ (tools/examples.cmake)."""
        return "not run" not in self.notes and self.language != "cpp"

    @property
    def typed(self) -> str:
        """Return what the test types."""
        text = self.text
        if "quicker" in self.notes:
            old, new = self.notes["quicker"].split(" => ")
            assert old in text, f"{self.where}: no {old!r} to be made quicker"
            text = text.replace(old, new)
        return text


def pages() -> list[str]:
    """List the pages of the tree."""
    return sorted(name for name in tree() if name.endswith(".md"))


def blocks(page: str, text: str | None = None) -> list[Block]:
    """Return the blocks of a page, in order."""
    text = (ROOT / page).read_text() if text is None else text
    return [
        Block(
            page,
            1 + text.count("\n", 0, found.start("language")),
            found["language"],
            found["text"],
            dict(_NOTE.findall(found["notes"])),
        )
        for found in _BLOCK.finditer(text)
    ]


def faults(page: str, text: str) -> list[str]:
    """Return what is wrong with the blocks of a page, before any of them runs."""
    out = []
    for block in blocks(page, text):
        if block.language not in LANGUAGES:
            out.append(f"{block.where}: the language {block.language!r} is none of {LANGUAGES}")
        for name, why in block.notes.items():
            if name not in DIRECTIVES or not why.strip():
                out.append(f"{block.where}: {name!r} is none of {DIRECTIVES}, or says nothing")
    # Elsewhere Markdown takes four spaces for code too, and nobody would run that.
    prose = _BLOCK.sub(lambda found: "\n" * found[0].count("\n"), text)
    previous = ""
    for number, line in enumerate(prose.split("\n"), 1):
        if line.startswith("    ") and not previous:
            out.append(f"{page}:{number}: code without a fence")
        previous = line
    if prose.count("\n```"):
        out.append(f"{page}: a fence that is not closed")
    return out


#: `make` builds and runs tests; that it knows what it is asked for is what can be tried here.
SHELL = 'make() { command make --dry-run -C "$TREE" "$@" >/dev/null; }\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder like the root of the tree, into which commands may write."""
    root = tmp_path / "tree"
    root.mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in (".git", ".venv"):
            (root / entry.name).symlink_to(entry)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("python", "python3"):
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        script.chmod(0o755)
    return root


def environment(folder: Path) -> dict[str, str]:
    """Return what a reader's shell would have."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "PYTHONPATH") if name in os.environ}
    path = f"{folder.parent / 'bin'}:/usr/bin:/bin"
    return kept | {"PATH": path, "TREE": f"{ROOT}", "MPLBACKEND": "Agg"}


def run(words: list[str], text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one interpreter, fresh."""
    return subprocess.run(
        words, input=text, cwd=folder, env=environment(folder), check=False, text=True, timeout=120,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def run_commands(block: Block, folder: Path) -> str:
    """Run a block of commands in one shell; return what they printed."""
    lines = block.typed.replace("\\\n", " ").rstrip().split("\n")
    wanted = block.notes.get("exit", " ".join("0" for _ in lines)).split()
    script = SHELL + "".join(f'{line}\necho "=status= $?"\n' for line in lines)
    done = run(["bash", "--norc", "-s"], script, folder)
    found = re.findall(r"^=status= (\d+)$", done.stdout, re.M)
    assert found == wanted, f"{block.where}\n{done.stdout}"
    return done.stdout


def run_python(block: Block, folder: Path) -> None:
    """Run Python in one interpreter; what it says that it saves is there."""
    script = folder.parent / "block.py"
    script.write_text(block.typed)
    done = run([sys.executable, "-P", f"{script}"], "", folder)
    assert done.returncode == 0, f"{block.where}\n{done.stdout}"
    for name in re.findall(r'savefig\("(.+?)"', block.text):
        assert (folder / name).stat().st_size > 1000, f"{block.where}: {name}"


def shown(text: str, said: str) -> bool:
    """Tell whether what a page shows was said, line by line in this order."""
    lines = iter(said.splitlines())
    return all(any(line.rstrip() == other.rstrip() for other in lines)
               for line in text.splitlines() if line.strip())  # fmt: skip


def joined(page: list[Block]) -> list[Block]:
    """Return the blocks with those in Python as one."""
    parts = [block for block in page if block.language == "python" and block.runs]
    whole = Block(parts[0].page, parts[0].line, "python", "\n".join(part.typed for part in parts))
    return [whole, *(block for block in page if block.language != "python")]


def test_every_block_can_be_run_or_says_why_not() -> None:
    """All code is fenced, with a language and with comments that mean something."""
    assert [one for page in pages() for one in faults(page, (ROOT / page).read_text())] == []


def test_what_is_wrong_with_a_block_is_seen() -> None:
    """One of each kind."""
    assert faults("a.md", "Do\n\n    make\n")
    assert faults("a.md", "```\nmake\n```\n")
    assert faults("a.md", "<!-- not runn: why -->\n```sh\nmake\n```\n")
    assert faults("a.md", "<!-- not run:  -->\n```sh\nmake\n```\n")
    assert not faults("a.md", "<!-- not run: why -->\n```sh\nmake\n```\n")
    assert not faults("a.md", "- item\n\n  ```json\n  {}\n  ```\n")


#: A citation of docs/protocol.md: one section, or several, each maybe with a step or mistake.
_NUMBER = r"\d+(?:\.\d+)*(?!\d|\.\d)"
_PART = rf"{_NUMBER}(?:, (?:step|mistake) \d+)?"
_CITED = re.compile(rf"protocol\.md`? ({_PART}(?:(?:, | and | - ){_PART})*)")


def citations(path: Path) -> list[str]:
    """Return what a file cites of docs/protocol.md, as "1.4" or "3.6, step 2"."""
    # A citation may go on in the next line of a comment, or begin there.
    text = re.sub(r"\n *(?://+|#)? ?", " ", path.read_text())
    lists = _CITED.findall(text)
    if path.parent.name == "catalogue" and path.suffix == ".json":
        lists += [r["protocol"] for r in json.loads(path.read_text())["requirements"]]
    out = []
    for one in lists:
        for first, last in re.findall(rf"({_PART})(?: - ({_NUMBER}))?", one):
            out.append(first)
            if last:
                parent, _, low = first.rpartition(".")
                high = last.rpartition(".")[2]
                out += [f"{parent}.{n}" for n in range(int(low) + 1, int(high) + 1)]
    return out


def test_every_cited_fact_is_on_the_page_of_facts() -> None:
    """Sections, steps and mistakes that the tree cites are there, and no section beside them."""
    text = (ROOT / "docs" / "protocol.md").read_text()
    sections = dict(re.findall(r"^##+ ([\d.]+) .*\n((?:(?!#).*\n)*)", text, re.M))
    cited: dict[str, str] = {}
    for name in tree():
        if name != "docs/protocol.md" and Path(name).suffix in _WITH_CITATIONS:
            cited |= dict.fromkeys(citations(ROOT / name), name)
    assert len(cited) > 80
    for one, where in cited.items():
        section, _, row = one.partition(", ")
        assert section in sections, f"{where}: docs/protocol.md has no section {section}"
        if row:
            number = row.split()[1]
            assert f"\n| {number} |" in sections[section], f"{where}: {section} has no {row}"
    used = {one.partition(", ")[0] for one in cited}
    parents = {one.partition(".")[0] for one in used}
    assert sections.keys() - used - parents == set()


_WITH_CITATIONS = (".cpp", ".hpp", ".py", ".md", ".toml", ".json")


def test_citations_are_read() -> None:
    """Lists, ranges, steps, and what goes on in the next line."""
    path = ROOT / "models" / "host" / "recovery.cpp"
    assert {"1.6", "2.2", "4.6"} <= set(citations(path))
    assert set(citations(ROOT / "models" / "host" / "ccr.cpp")) == {"3.11", "3.12", "3.13"}


RUNNING = [page for page in pages() if any(block.runs for block in blocks(page))]


@pytest.mark.parametrize("page", RUNNING)
def test_blocks_of_a_page(page: str, folder: Path) -> None:
    """They run as printed, and print what the page shows."""
    found = blocks(page)
    said = ""
    text = (ROOT / page).read_text()
    for block in joined(found) if GOES_ON in text else found:
        if not block.runs:
            said = ""
        elif "file" in block.notes:
            (folder / block.notes["file"]).write_text(block.text)
        elif block.language == "sh":
            said = run_commands(block, folder)
        elif block.language == "python":
            run_python(block, folder)
        elif block.language == "json":
            json.loads(block.text)
        else:
            assert shown(block.text, said), f"{block.where} shows what was not said:\n{said}"
