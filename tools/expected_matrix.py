#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bring scenarios/requirements/expected.json up to date with a matrix.

    build/holdfast conform --out report
    python3 tools/expected_matrix.py report/conform.json

Verdicts are those of the matrix, which must be of all bundled policies and targets. Reasons are
kept for what still fails. What fails without one gets an entry with an empty "why": say there why
it fails (a known gap, dropped in v4, CQT zero, ...), or mend it; the tests refuse the file until
then.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = ROOT / "scenarios" / "requirements" / "expected.json"
WORDS = {"pass": "pass", "fail": "fail", "not applicable": "n/a", "not exercised": "n/e"}
ABOUT = (
    "What holdfast conform says of the bundled policies and targets. A row for each policy, a word "
    "for each of the targets in their order; n/a is not applicable, n/e is not exercised. Each "
    "fail has a reason: the first whose policies and targets fit. Verdicts are written by "
    "tools/expected_matrix.py, reasons by hand."
)


@dataclass(frozen=True)
class Names:
    """The policies and targets of a matrix, in their order."""

    policies: list[str]
    targets: list[str]

    def cells(self) -> Iterator[tuple[str, str]]:
        """Yield each policy with each target."""
        return ((p, t) for p in self.policies for t in self.targets)


def names_cover(names: str, name: str) -> bool:
    """Tell whether names, "a, b", "all" or "all but a, b", are about one."""
    head, but, rest = names.partition("all but ")
    listed = [one.strip() for one in (rest if but else head).split(",")]
    return names in ("", "all") or (name in listed) != bool(but)


def covers(scope: str, policy: str, target: str) -> bool:
    """Tell whether a scope, NAMES or "NAMES on NAMES", is about a policy on a target."""
    policies, _, targets = scope.partition(" on ")
    return names_cover(policies, policy) and names_cover(targets, target)


def in_few_words(some: list[str], every: list[str]) -> str:
    """Say which of all names are meant."""
    others = [one for one in every if one not in some]
    if not others:
        return "all"
    return f"all but {others[0]}" if len(others) == 1 < len(some) else ", ".join(some)


def scopes(names: Names, cells: list[tuple[str, str]]) -> list[str]:
    """Put cells into few words: policies that share their targets go together."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for policy in names.policies:
        targets = tuple(t for t in names.targets if (policy, t) in cells)
        if targets:
            groups.setdefault(targets, []).append(policy)
    out = []
    for targets, policies in groups.items():
        who = in_few_words(policies, names.policies)
        where = in_few_words(list(targets), names.targets)
        out.append(who if where == "all" else f"{who} on {where}")
    return out


def entry(names: Names, verdicts: dict[tuple[str, str], str], old: dict[str, Any]) -> Any:
    """Return what the file says of one requirement."""
    failing = [cell for cell in names.cells() if verdicts[cell] == "fail"]
    reasons = [
        one
        for one in old.get("reasons", [])
        if one["why"] and any(covers(one["for"], *cell) for cell in failing)
    ]
    left = [cell for cell in failing if not any(covers(one["for"], *cell) for one in reasons)]
    reasons += [{"for": scope, "why": ""} for scope in scopes(names, left)]
    rows = {
        policy: " ".join(f"{WORDS[verdicts[policy, t]]:<4}" for t in names.targets).rstrip()
        for policy in names.policies
    }
    return {"verdicts": rows} | ({"reasons": reasons} if reasons else {})


def updated(matrix: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """Return the expected matrix for a matrix document, with the reasons of the old one."""
    names = Names(matrix["policies"], matrix["targets"])
    verdicts: dict[str, dict[tuple[str, str], str]] = {}
    for one in matrix["results"]:
        cell = (one["policy"], one["target"])
        verdicts.setdefault(one["requirement"], {})[cell] = one["verdict"]
    requirements = {}
    for requirement in matrix["requirements"]:
        name = requirement["id"]
        if requirement["kind"] == "canary":
            continue
        missing = [cell for cell in names.cells() if cell not in verdicts.get(name, {})]
        if missing:
            raise ValueError(f"no verdict of {name} for {' on '.join(missing[0])}")
        known = old.get("requirements", {}).get(name, {})
        requirements[name] = entry(names, verdicts[name], known)
    return {
        "about": ABOUT,
        "schema_version": 1,
        "seed": matrix["seed"],
        "swarm": matrix["swarm"],
        "policies": names.policies,
        "targets": names.targets,
        "requirements": requirements,
    }


def text_of(document: dict[str, Any]) -> str:
    """Write the file so that a verdict, and a reason, is one line of a diff."""
    lines = []
    for name, one in document["requirements"].items():
        width = max(len(policy) for policy in one["verdicts"]) + 3
        rows = [
            f"{json.dumps(policy) + ':':<{width}} {json.dumps(row)}"
            for policy, row in one["verdicts"].items()
        ]
        parts = ['"verdicts": {\n        ' + ",\n        ".join(rows) + "\n      }"]
        if "reasons" in one:
            reasons = [json.dumps(reason, ensure_ascii=False) for reason in one["reasons"]]
            parts.append('"reasons": [\n        ' + ",\n        ".join(reasons) + "\n      ]")
        lines.append(f"    {json.dumps(name)}: {{\n      " + ",\n      ".join(parts) + "\n    }")
    head = {key: value for key, value in document.items() if key != "requirements"}
    begin = "".join(f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items())
    return "{\n" + begin + '  "requirements": {\n' + ",\n".join(lines) + "\n  }\n}\n"


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Update the expected matrix; reasons are kept.")
    parser.add_argument(
        "matrix", type=Path, help="conform.json of all bundled policies and targets"
    )
    parser.add_argument("--expected", type=Path, default=EXPECTED, help="the file to rewrite")
    arguments = parser.parse_args()
    matrix = json.loads(arguments.matrix.read_text())
    if not matrix.get("complete"):
        print("expected_matrix: the run was stopped before its end", file=sys.stderr)
        return 2
    old = json.loads(arguments.expected.read_text()) if arguments.expected.exists() else {}
    try:
        document = updated(matrix, old)
    except ValueError as error:
        print(f"expected_matrix: {error}", file=sys.stderr)
        return 2
    arguments.expected.write_text(text_of(document))
    empty = [
        f"{name}: {reason['for']}"
        for name, one in document["requirements"].items()
        for reason in one.get("reasons", [])
        if not reason["why"]
    ]
    for line in empty:
        print(f"expected_matrix: no reason yet for {line}", file=sys.stderr)
    return 1 if empty else 0


if __name__ == "__main__":
    sys.exit(main())
