# SPDX-License-Identifier: Apache-2.0
"""Make the documentation site, build/docs: pages as they are, and a reference from declarations.

Everything is laid out below build/site as in the tree, so that links between pages hold, and what
the program and the package say of themselves is added: keys of scenarios, the command line, the
Python API, records, columns, requirements, and pages that runs make. Warnings are errors.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STAGE = ROOT / "build" / "site"
OUT = ROOT / "build" / "docs"
PROGRAM = ROOT / "build" / "holdfast"

#: The explanation, in the order in which it is read.
EXPLAINED = ["glossary", "retrying", "protocol", "assumptions", "validity", "lsfmm", "faster",
             "operators", "kernels", "robustness", "performance", "architecture"]  # fmt: skip
GUIDES = ["scenarios", "python", "sweeps", "plots", "reports", "timers", "worst-case", "rare",
          "sizing", "conformance"]  # fmt: skip
REFERENCE = ["scenarios", "commands", "python", "columns", "records", "requirements", "names",
             "examples"]  # fmt: skip
#: Pages that runs make, which the site shows: file, words of `holdfast`, what it is.
REPORTS = [
    ("one_failover", ["report", "rw_test_mainline", "--what-if"],
     "A retry at once: one corrupted block, and what would have prevented it"),
    ("comparison", ["report", "rw_test_mainline", "rw_test_cqt_only", "rw_test_ccr"],
     "The same failover under three policies"),
    ("quickstart", ["report", "quickstart"], "A lost path without corruption"),
]  # fmt: skip
#: The same of answers: each is asked for, and its document is reported.
ANSWERS = [
    ("search", ["search", "worst_case", "--for", "corruption", "--set",
                "hosts.h1.policy=linux-mainline"], "A search: what it takes to corrupt data"),
    ("rare", ["rare", "rare_1e4", "--of", "corruption", "--repetitions", "8", "--effort", "200"],
     "How often it happens, level by level"),
    ("size", ["size", "rare_1e6", "--risk", "1e-9", "--stall", "20s"],
     "Timeouts for a risk and a stall"),
]  # fmt: skip
LINK = re.compile(r"\]\(([^)\s#]+)(#[^)\s]*)?\)")


def said(*words: str) -> str:
    """Return what the program prints."""
    done = subprocess.run([str(PROGRAM), *words], check=True, capture_output=True, text=True)
    return done.stdout


def stage_pages() -> None:
    """Copy the pages of the tree, and the files that they lead to."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                           capture_output=True, text=True).stdout.split("\n")  # fmt: skip
    pages = [name for name in names if name.endswith(".md")]
    for name in [*pages, *(n for n in names if n.startswith("docs/pictures/"))]:
        target = STAGE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    for name in pages:
        for found in LINK.finditer((STAGE / name).read_text()):
            bring(STAGE / name, found[1])


def bring(page: Path, target: str) -> None:
    """Copy the file of the tree that a page leads to, unless it is there."""
    file = (page.parent / target).resolve()
    if "://" in target or not file.is_relative_to(STAGE):
        return
    original = ROOT / file.relative_to(STAGE)
    if original.is_file() and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(original, file)


def write(name: str, text: str) -> None:
    """Write a page of the reference."""
    file = STAGE / "reference" / f"{name}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def commands() -> str:
    """Return the command line, verb by verb, as the program tells it."""
    out = ["# Command line\n\n", "```text\n", said("--help"), "```\n"]
    verbs = re.findall(r"^  ([a-z]+) {4,}", said("--help").split("Subcommands:")[1], re.M)
    for verb in verbs:
        text = said(verb, "--help").split("\nExamples:")[0].rstrip()
        out.append(f"\n## holdfast {verb}\n\n```text\n{text}\n```\n")
    return "".join(out)


def cell(text: Any) -> str:
    """Return a text as a cell of a table takes it."""
    return str(text).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def table(heads: list[str], rows: list[list[Any]]) -> str:
    """Return a table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell(one) for one in line) + " |" for line in lines) + "\n"


def records() -> str:
    """Return the kinds of records with their words."""
    import holdfast

    kinds = holdfast.record_kinds()
    rows: list[list[Any]] = []
    for kind, layer, words in zip(kinds["kind"], kinds["layer"], kinds["words"], strict=True):
        rows.append([f"`{kind}`", layer, ", ".join(f"`{word}`" for word in words)])
    about = ("A trace is a sequence of records: an instant in nanoseconds, a kind, and up to six "
             "words. The layer says which trace hash counts it. `--trace jsonl` writes them, "
             "`World.records` gives them.")  # fmt: skip
    return f"# Records\n\n{about}\n\n" + table(["kind", "layer", "words"], rows)


def columns() -> str:
    """Return the columns of sweeps."""
    import holdfast

    rows = [[f"`{one.name}`", one.type, one.meaning] for one in holdfast.columns().itertuples()]
    return "# Columns of sweeps\n\n" + table(["column", "type", "meaning"], rows)


def names() -> str:
    """Return what a scenario can name."""
    out = ["# What a scenario can name\n"]
    document = json.loads(said("list", "--json"))
    for kind, entries in document.items():
        if isinstance(entries, list) and entries and kind != "requirement":
            rows = [[f"`{one['name']}`", one["doc"]] for one in entries]
            out.append(f"\n## {kind}\n\n" + table(["name", "meaning"], rows))
    return "".join(out)


def requirements() -> str:
    """Return the catalogue of requirements."""
    out = ["# Requirements\n\nEach is checked by `holdfast conform`: "
           "[which clause does an implementation break?](../docs/conformance.md)\n"]  # fmt: skip
    for file in sorted((ROOT / "scenarios" / "requirements" / "catalogue").glob("*.json")):
        document = json.loads(file.read_text())
        out.append(f"\n## {file.stem}\n\n{cell(document['about'])}\n")
        for one in document["requirements"]:
            source = one["source"]
            clause = f"{source.get('document', '')}, {source.get('section', '')}".strip(", ")
            out.append(
                f"\n### {one['id']}: {cell(one['title'])}\n\n{cell(one['text'])}\n\n"
                f"*{cell(clause)}*; {one['kind']}, to be kept by "
                f"{one['applies_to']['party']}; confidence {one['confidence']}.\n"
            )
    return "".join(out)  # fmt: skip


def python_api() -> str:
    """Return the frame into which autodoc puts the package's own words."""
    import holdfast

    classes: list[str] = []
    functions: list[str] = []
    errors: list[str] = []
    for name in holdfast.__all__:
        one = getattr(holdfast, name)
        if isinstance(one, type):
            (errors if issubclass(one, BaseException) else classes).append(name)
        elif callable(one):
            functions.append(name)
    out = ["# Python\n\n", "[Holdfast from Python](../docs/python.md) tells how to use it.\n"]
    parts = {"function": functions, "class": classes, "exception": errors}
    for kind, members in parts.items():
        title = {"class": "Classes", "exception": "Errors"}.get(kind, "Functions")
        out.append(f"\n## {title}\n")
        out += [f"\n```{{eval-rst}}\n.. auto{kind}:: holdfast.{name}\n```\n" for name in members]
    for module in ("statistics", "plot"):
        out.append(f"\n## holdfast.{module}\n\n```{{eval-rst}}\n.. automodule:: holdfast.{module}\n"
                   "   :imported-members:\n```\n")  # fmt: skip
    return "".join(out)


def examples() -> str:
    """Make the pages of runs, and the page that leads to them."""
    folder = STAGE / "reports" / "live"
    folder.mkdir(parents=True)
    out = ["# Live examples\n\nPages as runs make them; each is one file that asks for nothing.\n"]
    for name, words, what in REPORTS:
        said(*words, "--out", str(folder / f"{name}.html"))
        out.append(f'\n- <a href="../live/{name}.html">{what}</a>\n')
    for name, words, what in ANSWERS:
        document = STAGE / f"{name}.json"
        document.write_text(said(*words, "--json"))
        said("report", str(document), "--out", str(folder / f"{name}.html"))
        out.append(f'\n- <a href="../live/{name}.html">{what}</a>\n')
    return "".join(out)


def tree_of(caption: str, entries: list[str], *, hidden: str = "") -> str:
    """Return a part of the table of contents."""
    return (
        f"\n```{{toctree}}\n:caption: {caption}\n{hidden}:hidden:\n\n"
        + "\n".join(entries)
        + "\n```\n"
    )


def contents() -> str:
    """Return the first page with the table of contents of all."""
    rooms = sorted(str(page.relative_to(STAGE).with_suffix(""))
                   for page in STAGE.rglob("README.md") if page.parent != STAGE)  # fmt: skip
    text = (ROOT / "docs" / "site" / "index.md.in").read_text()
    text += tree_of("Begin", ["docs/site/start", "docs/site/tutorial", "docs/site/howto", "README"])
    text += tree_of("Guides", [f"docs/{name}" for name in GUIDES])
    text += tree_of("Reference", [f"reference/{name}" for name in REFERENCE])
    text += tree_of("Explanation", [f"docs/{name}" for name in EXPLAINED])
    text += tree_of("Rooms of the house", [*rooms, "CONTRIBUTING", "SECURITY", "CHANGELOG"])
    return text


def main() -> int:
    """Lay everything out and let Sphinx read it."""
    for folder in (STAGE, OUT):
        shutil.rmtree(folder, ignore_errors=True)
    stage_pages()
    write("scenarios", said("schema", "--format", "markdown"))
    for name, make in (("commands", commands), ("python", python_api), ("records", records),
                       ("columns", columns), ("names", names), ("requirements", requirements),
                       ("examples", examples)):  # fmt: skip
        write(name, make())
    (STAGE / "index.md").write_text(contents())
    shutil.copyfile(ROOT / "docs" / "site" / "conf.py", STAGE / "conf.py")
    words = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(STAGE),
             str(OUT)]  # fmt: skip
    status = subprocess.run(words, check=False).returncode
    if status == 0:
        print(f"{OUT.relative_to(ROOT)}/index.html")
    return status


if __name__ == "__main__":
    sys.exit(main())
