# SPDX-License-Identifier: Apache-2.0
"""`holdfast sweep`: the bundled sweeps, exit statuses, and what it says without Python."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import holdfast
import pandas as pd
import pytest
from holdfast.sweeping.__main__ import main
from house import ROOT
from program import PROGRAM
from sweep_cases import USAGE, WRONG
from units import numbers_without_unit

SWEEPS = ROOT / "scenarios" / "sweeps"
POLICY = "/hosts/0/policy"
KATO = "/hosts/0/connect/*/keep_alive_tmo"
SMALL: dict[str, Any] = {
    "base": "rw_test_mainline",
    "set": {"/duration": "30s", "/expect": {}},
    "points": {POLICY: ["linux-mainline", "cqt-only"]},
    "seeds": 2,
}


def sweep(*args: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the verb with the Python of the tests."""
    return subprocess.run(
        [PROGRAM, "sweep", *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"HOLDFAST_PYTHON": sys.executable} | environment,
    )


def written(folder: Path, **changes: Any) -> Path:
    """Write the small sweep with some keys changed; those that are None are left out."""
    path = folder / "sweep.json"
    # What stands for null is no JSON (sweep_cases.py).
    document = {k: v for k, v in (SMALL | changes).items() if v is not None}
    path.write_text(json.dumps(document, default=lambda _: None))
    return path


def test_the_bundled_policies() -> None:
    """The four levels: corrupt, safe after 15 s, safe after 2 s, and likewise for writes."""
    done = sweep(SWEEPS / "policies.json", "--seeds", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    document = json.loads(done.stdout)
    counts = {"runs", "corrupt"}
    strange = [x for x in numbers_without_unit(document) if x.rpartition("/")[2] not in counts]
    assert strange == []
    told = [
        (one["level"], one["runs"], one["corrupt"], round(one["stall_max_s"], 2))
        for one in document["points"]
    ]
    assert told == [
        ("none", 2, 2, 0.0),
        ("CQT", 2, 0, 15.0),
        ("CCR and CQT", 2, 0, 2.0),
        ("CCR, CQT and filter", 2, 0, 2.0),
    ]


def test_the_bundled_hold_factors() -> None:
    """The longer the hold, the less exposure; with 2 x KATO there is none."""
    done = sweep(SWEEPS / "hold_factor.json", "--json")
    assert done.returncode == 0, done.stderr
    table = pd.DataFrame(json.loads(done.stdout)["points"])
    assert (table["runs"] == 16).all()
    for _, some in table.groupby("/hosts/0/connect/*/keep_alive_tmo"):
        assert some[f"{POLICY}/hold_multiplier"].is_monotonic_increasing
        assert some["exposure_max_s"].is_monotonic_decreasing
        assert some["exposure_max_s"].iloc[0] > 1
        assert some["exposure_max_s"].iloc[-1] == 0


def test_sweeps_are_no_scenarios() -> None:
    """They come with the package, apart from the scenarios, and the guide names them."""
    guide = (ROOT / "docs" / "scenarios.md").read_text()
    files = sorted(SWEEPS.glob("*.json"))
    assert len(files) >= 2
    for path in files:
        assert f"`{path.stem}`" in guide
        assert path.stem not in holdfast.scenarios()


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_the_table_goes_where_it_is_told(ending: str, tmp_path: Path) -> None:
    """The same rows as from Python; a table for people on stdout."""
    out = tmp_path / f"rows.{ending}"
    done = sweep(written(tmp_path), "--out", out)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == POLICY
    assert len(done.stdout.splitlines()) == 3
    base = holdfast.Scenario.load("rw_test_mainline")
    base = base.set("/duration", "30s").set("/expect", {})
    holdfast.sweep(base, SMALL["points"], seeds=2, out=tmp_path / f"again.{ending}")
    assert out.read_bytes() == (tmp_path / f"again.{ending}").read_bytes()


def test_exit_status_1(tmp_path: Path) -> None:
    """For expectations that are not met, and for runs that fail; the others are done."""
    done = sweep(written(tmp_path, set={"/duration": "30s"}))
    assert done.returncode == 1
    assert "expectation failed in 2 of 4 runs" in done.stderr
    points = [{"/duration": "30s"}, {"/duration": "3 apples"}]
    done = sweep(written(tmp_path, set={"/expect": {}}, points=points))
    assert done.returncode == 1
    assert "2 of 4 runs failed" in done.stderr
    assert f"to repeat it: {PROGRAM} run" in done.stderr
    assert len(done.stdout.splitlines()) == 3


def test_a_sweep_has_a_page(tmp_path: Path) -> None:
    """Each row has the command that does its run, and nothing else of the name is written over."""
    page = tmp_path / "page.html"
    points = {"kato": {"short": {KATO: "2s"}, "long": {KATO: "5s"}}}
    changes = {"/subsystems/0/attr_cqt": "2s", "/expect": {}}
    file = written(tmp_path, base="rw_test_cqt_only", set=changes, points=points, seeds=[7, 8])
    done = sweep(file, "--report", str(page))
    assert done.returncode == 0, done.stderr
    text = page.read_text()
    data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    column = data["columns"].index
    assert [row[column("seed")] for row in data["rows"]] == [7, 8, 7, 8]
    for row, command in zip(data["rows"], data["commands"], strict=True):
        words = shlex.split(command)
        again = subprocess.run([*words, "--json"], capture_output=True, text=True, check=True)
        result = json.loads(again.stdout)
        assert result["trace_hash"] == row[column("trace_hash")]
    stalls = [row[column("stall_s")] for row in data["rows"]]
    assert stalls[2] - stalls[0] > 6  # 3 KATO are held: 6 s or 15 s.
    inline = holdfast.Scenario.load("rw_test_cqt_only").to_dict()
    done = sweep(written(tmp_path, base=inline, points=points), "--report", str(page))
    assert done.stderr.startswith(f"holdfast: {page}: 4 runs, ")
    assert "without commands" in done.stderr
    (tmp_path / "notes.html").write_text("mine")
    for other in ("notes.html", "nowhere/page.html"):
        refused = sweep(file, "--report", str(tmp_path / other))
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "--report: found" in refused.stderr
    rows = tmp_path / "rows.csv"
    refused = sweep(file, "--report", str(rows), "--out", str(rows))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "where the rows go" in refused.stderr
    refused = sweep(file, "--report", "/proc/page.html")
    assert (refused.returncode, refused.stdout) == (4, "")
    assert (tmp_path / "notes.html").read_text() == "mine"


def test_a_sweep_of_seeds_alone_is_one_line(tmp_path: Path) -> None:
    """One point without an axis: the table has a header and a row of four runs."""
    done = sweep(written(tmp_path, points=[{}], seeds=4))
    assert done.returncode == 0, done.stderr
    header, row = done.stdout.splitlines()
    assert header.split()[:2] == ["runs", "failed"]
    assert row.split()[:2] == ["4", "0"]


@pytest.mark.parametrize(("changes", "said"), WRONG)
def test_a_bad_file_is_told(
    changes: dict[str, Any], said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One line, exit status 2, nothing on stdout, nothing written.

    In this process, as the program would only start another Python for each; the tests below go
    through the program.
    """
    assert main([str(written(tmp_path, **changes)), "--out", str(tmp_path / "rows")]) == 2
    stdout, stderr = capfd.readouterr()
    assert stdout == ""
    assert said in stderr
    assert len(stderr.splitlines()) == 1
    assert stderr.startswith("holdfast: ")
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.json"]


@pytest.mark.parametrize(("arguments", "said"), USAGE)
def test_bad_usage_is_told(
    arguments: list[str], said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One line, exit status 2."""
    file = str(written(tmp_path))
    assert main([file if one == "{}" else one for one in arguments]) == 2
    stdout, stderr = capfd.readouterr()
    assert stdout == ""
    assert said in stderr
    assert len(stderr.splitlines()) == 1


def test_bad_usage_through_the_program() -> None:
    """The same status and line."""
    done = sweep("nowhere.json", "--seeds", "x")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("holdfast: --seeds: found 'x'")
    assert len(done.stderr.splitlines()) == 1


def test_files_that_are_no_json_are_told(tmp_path: Path) -> None:
    """As for scenarios: where, and what was expected."""
    (tmp_path / "sweep.json").write_text('{"base": }')
    done = sweep(tmp_path / "sweep.json")
    assert done.returncode == 2
    assert "sweep.json" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Editors put one in front; scenarios may have one as well."""
    plain = written(tmp_path, seeds=1)
    marked = tmp_path / "marked.json"
    marked.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes())
    assert main([str(marked), "--json"]) == 0
    with_mark = capfd.readouterr()
    assert main([str(plain), "--json"]) == 0
    assert capfd.readouterr() == with_mark


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"\xff\xfe{\0}\0", "marked.json:1:"),
        (b'{"base": "x"}\0', "a NUL byte"),
        (b'{"base": "x", "base": "x"}', 'the key "base" twice'),
        (b"[" * 5000, "deeper nesting"),
        (b'{"base": "rw_test_mainline", "points": {"x": 1e999}}', "a number that fits a double"),
        (b"", "the end of the text"),
        (b"[]", "expected an object"),
    ],
)
def test_a_hostile_file_is_told(
    text: bytes, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One line, exit status 2, and no traceback."""
    (tmp_path / "marked.json").write_bytes(text)
    assert main([str(tmp_path / "marked.json")]) == 2
    stdout, stderr = capfd.readouterr()
    assert stdout == ""
    assert said in stderr
    assert len(stderr.splitlines()) == 1


def test_samples_in_a_file(tmp_path: Path) -> None:
    """Samplers, zipped and crossed are there too; axes stand in the order of the file."""
    ranges = {"/faults/0/delay": ["1s", "3s"]}
    points = {
        "crossed": [
            {"zipped": {POLICY: ["cqt-only", "spec"], "/duration": ["30s", "31s"]}},
            {"sobol": {"n": 4, "seed": 2, "ranges": ranges}},
        ]
    }
    done = sweep(written(tmp_path, set={"/expect": {}}, points=points, seeds=None), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["points"]
    assert [list(one)[:3] for one in told] == [[POLICY, "/duration", "/faults/0/delay"]] * 8
    assert [one["/duration"] for one in told] == ["30s"] * 4 + ["31s"] * 4


def test_without_python(tmp_path: Path) -> None:
    """It says what to install."""
    alone = tmp_path / "bin" / "holdfast"
    alone.parent.mkdir()
    shutil.copy(PROGRAM, alone)
    environment = {"PATH": str(tmp_path)}
    done = subprocess.run(
        [alone, "sweep", "x.json"], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 2
    assert "pip install ." in done.stderr
    assert "python3-venv" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    done = sweep("x.json", HOLDFAST_PYTHON="/bin/false")
    assert done.returncode == 2
    assert "HOLDFAST_PYTHON is /bin/false" in done.stderr


def test_python_is_found_beside_the_program(tmp_path: Path) -> None:
    """In its own folder first, then in the environment beside that."""
    alone = tmp_path / "bin" / "holdfast"
    alone.parent.mkdir()
    shutil.copy(PROGRAM, alone)
    bare = {"PATH": str(tmp_path)}
    for place in (tmp_path / ".venv" / "bin", alone.parent):
        place.mkdir(parents=True, exist_ok=True)
        script = f'#!/bin/sh\necho {place} >&2\nexec {sys.executable} "$@"\n'
        (place / "python3").write_text(script)
        (place / "python3").chmod(0o755)
        done = subprocess.run(
            [alone, "sweep", "--help"], capture_output=True, text=True, check=False, env=bare
        )
        assert done.returncode == 0
        assert done.stderr == f"{place}\n"
        assert "SWEEP.json" in done.stdout


def test_ctrl_c(tmp_path: Path) -> None:
    """Exit status 130, and what is finished is kept."""
    out = tmp_path / "rows"
    command: list[str | Path] = [PROGRAM, "sweep", written(tmp_path, seeds=30_000), "--out", out]
    environment = os.environ | {"HOLDFAST_PYTHON": sys.executable}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as running:
        end = time.monotonic() + 60
        while not list(out.glob("part-*")) and time.monotonic() < end:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, words = running.communicate(timeout=60)
    assert running.returncode == 130
    assert words == "holdfast: stopped by Ctrl-C; what was finished is kept if there is --out\n"
    assert len(pd.read_parquet(out)) > 0


def test_max_memory(tmp_path: Path) -> None:
    """Runs that take too much are partial, and the exit status says so; words as for `run`."""
    busy = written(tmp_path, base="quickstart", set={
        "/duration": "24h", "/expect": {}, "/workloads/0/rate_iops": 100_000}, seeds=1)  # fmt: skip
    done = sweep(busy, "--max-memory", "4MiB")
    assert done.returncode == 5, done.stderr
    assert "2 of 2 runs ended early (max_memory): partial results" in done.stderr
    for wrong in ("", "4", "much"):
        done = sweep(busy, "--max-memory", wrong)
        assert done.returncode == 2
        assert done.stderr.startswith(f'holdfast: max_memory: found "{wrong}"')


def test_more_runs_than_a_sweep_takes(tmp_path: Path) -> None:
    """They are counted before any is listed: there is neither memory for them nor an end."""
    many = {f"/hosts/0/connect/{i % 2}/{key}": list(range(1, 1001)) for i in range(2)
            for key in ("keep_alive_tmo", "reconnect_delay")}  # fmt: skip
    for changes in ({"seeds": 2**63}, {"seeds": 10**9}, {"points": many}):
        done = sweep(written(tmp_path, **changes))
        assert done.returncode == 2, done.stderr
        assert "expected at most 10000000" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_table_moves_no_cursor(tmp_path: Path) -> None:
    """Names of axes and labels come from a file that somebody else may have written."""
    hostile = "\x1b[31mred\n\u202e"
    done = sweep(written(tmp_path, points={hostile: {hostile: {POLICY: "cqt-only"}}}))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert not set(done.stdout) & {"\x1b", "\u202e"}


def test_a_closed_output_is_told(tmp_path: Path) -> None:
    """The rows are kept, and the status says that the overview was not heard."""
    out = tmp_path / "rows.csv"
    command = f"'{PROGRAM}' sweep '{written(tmp_path)}' --out '{out}' >&-"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=False,
        env=os.environ | {"HOLDFAST_PYTHON": sys.executable},
    )  # fmt: skip
    assert done.returncode == 4
    assert "cannot write to standard output: Bad file descriptor" in done.stderr
    assert len(out.read_text().splitlines()) == 5


def test_a_path_that_is_no_text(tmp_path: Path) -> None:
    """Tables name it, so it must be one."""
    done = sweep(written(tmp_path), "--out", os.fsdecode(bytes(tmp_path) + b"/\xff.csv"))
    assert done.returncode == 2
    assert "expected UTF-8" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.json"]
