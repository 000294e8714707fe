# SPDX-License-Identifier: Apache-2.0
"""Malformed scenarios: one clear error, exit status 2, nothing on stdout, nothing written.

Each case is a small change to a valid scenario, or a raw text, with the pointer (or line and
column) that the error must name and a part of what it must say was expected. Every case runs on
both kernels, because SimGrid ends the whole process on mistakes that reach it.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from house import ROOT
from malformed_cases import A_DURATION, BASE, PATCHES, REMOVE, TEXTS

PROGRAM = Path(os.environ.get("HOLDFAST", ROOT / "build" / "holdfast"))

pytestmark = pytest.mark.skipif(
    not any((ROOT / "bindings" / "cli").glob("*.cpp")), reason="the tree has no bindings/cli yet"
)


def patched(pointer: str, value: Any) -> str:
    """Give the text of the base with one value replaced, added or removed."""
    document = copy.deepcopy(BASE)
    *parents, last = pointer.split("/")[1:]
    place: Any = document
    for segment in parents:
        place = place[int(segment)] if isinstance(place, list) else place[segment]
    if isinstance(place, list) and int(last) == len(place):
        place.append(value)
    elif isinstance(place, list):
        place[int(last)] = value
    elif value is REMOVE:
        del place[last]
    else:
        place[last] = value
    return json.dumps(document)


def refused(
    text: str | bytes, folder: Path, kernel: str, *options: str, name: str = "case.json"
) -> str:
    """Run a scenario that must be refused, and return the one line that says why."""
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    there = sorted(path.name for path in folder.iterdir())
    command: list[str | Path] = [PROGRAM, "run", name, "--kernel", kernel, "--out", "out", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)
    words = done.stderr.decode()
    assert done.returncode == 2, words  # a signal would be negative
    assert done.stdout == b""
    assert sorted(path.name for path in folder.iterdir()) == there, "something was written"
    assert words.endswith("\n")
    assert words.count("\n") == 1, "one mistake, one line"
    assert words[:-1].isprintable()
    assert len(words) < 1000
    assert words.startswith("holdfast: ")
    assert "found " in words
    assert "expected " in words
    return words


def test_base_is_valid(tmp_path: Path) -> None:
    """Every case differs from something right in one point only."""
    (tmp_path / "base.json").write_text(json.dumps(BASE))
    done = subprocess.run([PROGRAM, "verify", tmp_path / "base.json"], check=False)
    assert done.returncode == 0
    assert len(PATCHES) + len(TEXTS) >= 45


@pytest.mark.parametrize("kernel", ["native", "simgrid"])
@pytest.mark.parametrize(
    ("pointer", "value", "where", "says"),
    [case[1:] for case in PATCHES],
    ids=[case[0] for case in PATCHES],
)
def test_malformed_value(
    pointer: str, value: Any, where: str, says: str, kernel: str, tmp_path: Path
) -> None:
    """A wrong value, key, reference or shape is told with its pointer."""
    words = refused(patched(pointer, value), tmp_path, kernel)
    assert where in words
    assert says in words


@pytest.mark.parametrize("kernel", ["native", "simgrid"])
@pytest.mark.parametrize(
    ("text", "where", "says"), [case[1:] for case in TEXTS], ids=[c[0] for c in TEXTS]
)
def test_malformed_text(text: str, where: str, says: str, kernel: str, tmp_path: Path) -> None:
    """A text that is no JSON, or no object, is told with line and column."""
    words = refused(text, tmp_path, kernel)
    assert where in words
    assert says in words


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x1b[31m.json", r"\x1b[31m.json"),
        ("\u009b2J.json", r"\u009b2J.json"),
        ("\u202egnp.json", r"\u202egnp.json"),
        ("a\nb.json", r"a\x0ab.json"),
    ],
)
def test_names_that_disturb_a_terminal(name: str, shown: str, tmp_path: Path) -> None:
    """Escapes, C1, signs of direction and line ends of a file's name are shown, not obeyed."""
    assert shown in refused("{}", tmp_path, "native", name=name)
    (tmp_path / name).write_text(json.dumps(BASE))
    done = subprocess.run(
        [PROGRAM, "verify", name], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith(f"ok {shown} (base): ")


def test_the_estimate_of_verify(tmp_path: Path) -> None:
    """`verify` says what a run will cost, and a run that is large says it, too."""
    (tmp_path / "case.json").write_text(json.dumps(BASE))
    done = subprocess.run(
        [PROGRAM, "verify", "--json", tmp_path / "case.json"], capture_output=True
    )
    [told] = json.loads(done.stdout)["scenarios"]
    assert set(told["estimate"]) == {"ios", "events", "memory_bytes", "cpu_s"}
    # 10 writes or reads a second for 1.9 s, and one round of eleven.
    assert told["estimate"]["ios"] == 19 + 11


@pytest.mark.parametrize("kernel", ["native", "simgrid"])
def test_invalid_utf8(kernel: str, tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are an error, not a crash of the printer."""
    assert ":1:" in refused(b'{"name": "\xff\xfe"}', tmp_path, kernel)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--set", "hosts.h1.polcy=cqt-only"], 'did you mean "policy"?'),
        (["--set", "hosts.h1.policy=cqt"], "one of linux-mainline, tp4129-rfc1"),
        (["--set", "hosts.7.cpus=1"], "an index from 0 to 0"),
        (["--set", "duration=5"], A_DURATION),
        (["--set", "duration"], "PATH=VALUE"),
        (["--set", "seed=5", "--set", "/seed=5"], "at /seed: found"),
        (["--set", "seed=5", "--seed", "6"], "--seed: at /seed: found"),
        (["--set", "hosts.h1.cpus=1", "--set", "/hosts/0/cpus=2"], "at /hosts/0/cpus: found"),
        (["--set", "/hosts/00/cpus=1"], 'no element "00"'),
        (["--set", "/hosts/~2/cpus=1"], "~0 for ~"),
        (["--seed", "-1"], "an integer from 0"),
        (["--seed", "1x"], "an integer from 0"),
        (["--trace", "pcapgn"], "--trace"),
        (["--seed", ""], "--seed"),
        (["--out", ""], "--out"),
        (["--set", ""], "--set"),
        (["--set", 'expect={"integrity": "ok", "integrity": "ok"}'], 'key "integrity" twice'),
        (["--set", b"description=\xff"], "UTF-8"),
        (["--set", "description=\x1b[2J", "--set", "name=\u202e"], r"\u202e"),
    ],
)
def test_wrong_options(options: list[str], says: str, tmp_path: Path) -> None:
    """A mistake in an option is told the same way, and nothing runs."""
    assert says in refused(json.dumps(BASE), tmp_path, "native", *options)


def test_one_wrong_scenario_stops_all(tmp_path: Path) -> None:
    """No scenario runs when one of several is wrong, whichever it is."""
    (tmp_path / "good.json").write_text(json.dumps(BASE))
    (tmp_path / "bad.json").write_text("{}")
    done = subprocess.run(
        [PROGRAM, "run", "good.json", "bad.json", "--out", "out"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == b""
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [[], ["runn"], ["run"], ["run", "x.json", "--kernel", "simgird"], ["run", ".", "--frob"],
     ["run", "missing.json"], ["run", "."], ["schema", "--format", "html"], ["list", "polici"],
     ["verify"], ["verify", "missing.json"], ["--frob"], ["run", "quickstart", "--seed"],
     ["run", "quickstart", "--seed", "1", "--seed", "2"], ["run", "quickstart", "--seed="],
     ["run", "quickstart", "--kernel", "native", "--kernel", "both"], ["run", "quickstart", "-x"],
     ["run", "quickstart", "--json=5"], ["run", "quickstart", "--set", "--json"],
     ["list", "policy", "spec", "x"], ["schema", "x"], ["conform", "x"], ["run", "--", "--x"],
     ["run", "quickstart", "--trace", "jsonl,,pcap", "--out", "o"], ["run", "x" * 5000],
     ["run", "quickstart", "--trace", "jsonl,jsonl", "--out", "o"], ["conform", "--party", "hosts"],
     ["run", "quickstart", "--trace", ",", "--out", "o"], ["conform", "--party", "host,,target"],
     ["conform", "--party", "host,host"], ["conform", "--format", "html,xml", "--out", "o"],
     ["conform", "--format", "html,html", "--out", "o"], ["conform", "--policy", "spec,spec"],
     ["conform", "--policy", "missing.json"], ["conform", "--requirement", "HOLD-6,"]],
    ids=lambda words: " ".join(words)[:60],
)  # fmt: skip
def test_wrong_usage(arguments: list[str], tmp_path: Path) -> None:
    """Wrong usage is exit status 2 with one line on stderr."""
    done = subprocess.run(
        [PROGRAM, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("holdfast: ")
    assert done.stderr.count("\n") == 1
    assert "found " in done.stderr
    assert "expected " in done.stderr
    assert "scenario file" not in done.stderr or "conform" not in arguments
    assert len(done.stderr) < 1000
    assert not list(tmp_path.iterdir())
