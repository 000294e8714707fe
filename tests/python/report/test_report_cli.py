# SPDX-License-Identifier: Apache-2.0
"""`holdfast report`, `run --report`, `--what-if`, completion, and the strip on a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shutil
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest
from house import ROOT
from page_data import data_of
from program import PROGRAM, holdfast, result

RUN = "rw_test_mainline"


def test_page_of_a_run_is_small_and_changes_nothing(tmp_path: Path) -> None:
    """Below 200 KB, and hashes and results are those of a run without one."""
    page = tmp_path / "page.html"
    with_page = holdfast("run", RUN, "--report", str(page), "--json")
    assert with_page.returncode == 0, with_page.stderr
    assert page.stat().st_size <= 200_000
    assert f"{page}: 1 run, " in with_page.stderr
    assert json.loads(with_page.stdout) == result("run", RUN, "--json")
    (run,) = data_of(page.read_text())["runs"]
    assert run["document"]["kernel"] == "simgrid"


def test_pages_are_the_same_each_time(tmp_path: Path) -> None:
    """The same runs give the same bytes."""
    pages = []
    for name in ("a", "b"):
        assert holdfast("report", RUN, "--out", str(tmp_path / name)).returncode == 0
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]


def test_results_are_found(tmp_path: Path) -> None:
    """A result, its folder, and the folder with several of them."""
    out = tmp_path / "out"
    done = holdfast("run", RUN, "rw_test_cqt_only", "--out", str(out))
    assert done.returncode == 0, done.stderr
    for source, names in (
        (out, ["rw_test_cqt_only", RUN]),
        (out / RUN, [RUN]),
        (out / RUN / "result.json", [RUN]),
    ):
        page = tmp_path / "page.html"
        done = holdfast("report", str(source), "--out", str(page))
        assert done.returncode == 0, done.stderr
        runs = data_of(page.read_text())["runs"]
        assert [run["document"]["name"] for run in runs] == names
        assert "another version" not in done.stderr


def test_results_of_other_models_are_told(tmp_path: Path) -> None:
    """The page shows what these models do, and says that the result there is another one."""
    assert holdfast("run", RUN, "--out", str(tmp_path)).returncode == 0
    file = tmp_path / RUN / "result.json"
    document = json.loads(file.read_text())
    document["trace_hash"] = "0" * 16
    file.write_text(json.dumps(document))
    done = holdfast("report", str(file), "--out", str(tmp_path / "page.html"))
    assert done.returncode == 0
    assert "of another version of the models (trace hash 0000000000000000, now " in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", *[RUN] * 9], "--out: found 9 runs, expected at most 8 side by side"),
        (["run", *[RUN] * 9, "--report", "x.html"], "--report: found 9 runs, expected at most 8"),
        (["report", RUN, "--out", "docs"], '--out: found "docs", a folder, expected a file'),
        (["report", RUN, "--out", "no/x.html"], "expected a file in a folder that is there"),
        (["report", "docs"], 'report: found no result in "docs"'),
        (["report", RUN, "--ou", "x"], "--out"),
        (["completion", "tcsh"], 'completion: found "tcsh", expected one of bash, zsh, fish, man'),
    ],
)
def test_mistakes_are_told(words: list[str], said: str) -> None:
    """In one line, with exit status 2."""
    done = holdfast(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (ROOT / "x.html").exists()


def test_other_policies_are_run(tmp_path: Path) -> None:
    """One row a policy; that of the scenario's own is what the run gave."""
    document = result("run", RUN, "--what-if", "--json")
    rows = {row["policy"]: row for row in document["what_if"]}
    assert {"linux-mainline", "cqt-only", "tp8028-v3", "ccr+cqt+filter", "spec"} <= set(rows)
    (own,) = [row for row in rows.values() if row["own"]]
    assert own["policy"] == "linux-mainline"
    assert own["trace_hash"] == document["trace_hash"]
    assert own["stall_s"] == document["io"]["longest_stall_s"]
    # What the scenario expects of its own policy fails under this one.
    done = holdfast("run", RUN, "--set", "hosts.0.policy=cqt-only", "--json")
    assert done.returncode == 1
    other = json.loads(done.stdout)
    assert rows["cqt-only"]["trace_hash"] == other["trace_hash"]
    assert rows["cqt-only"]["hold_s"] == pytest.approx(15.001)
    text = holdfast("run", RUN, "--what-if").stdout
    assert "linux-mainline *  corrupt" in text


def test_making_a_page_costs_less_than_the_run(tmp_path: Path) -> None:
    """Half a million records: with a page it takes less than twice as long as without."""
    scenario = json.loads((ROOT / "scenarios" / "quickstart.json").read_text())
    scenario["expect"] = {}
    scenario["duration"] = "40s"
    scenario["workloads"] = [
        {"type": "fio", "host": scenario["hosts"][0]["name"], "rw": "randwrite", "bs": "4KiB",
         "iodepth": 8, "rate_iops": 1500, "size": "1MiB"}
    ]  # fmt: skip
    file = tmp_path / "long.json"
    file.write_text(json.dumps(scenario))
    page = tmp_path / "page.html"
    times = []
    for words in ([], ["--report", str(page)]):
        before = os.times()
        done = holdfast("run", str(file), "--kernel", "native", *words)
        assert done.returncode == 0, done.stderr
        after = os.times()
        times.append(after.children_user - before.children_user)
    assert times[1] < 2 * times[0]
    assert page.stat().st_size < 3_000_000


def test_shells_can_read_the_completion() -> None:
    """Bash runs it, and completes verbs, options, and the words of options."""
    script = holdfast("completion", "bash").stdout
    ask = """
      complete_words() {
        COMP_WORDS=(holdfast "$@"); COMP_CWORD=$#; _holdfast; echo "${COMPREPLY[@]}"
      }
      complete_words re; complete_words run --rep; complete_words run --kernel na
      complete_words search --against sp; complete_words timers rw_test_cqt_o
      complete_words search --strategy ""; complete_words search --strategy sw
      complete_words rare --method fi; complete_words search --for st
    """
    done = subprocess.run(
        ["bash", "-c", script + ask], capture_output=True, text=True, check=True, cwd="/"
    )
    assert done.stdout.splitlines() == [
        *("report", "--report", "native", "spec", "rw_test_cqt_only"),
        *("exhaustive best-first random-walk swarm portfolio", "swarm", "fixed-effort", "stall"),
    ]
    for shell in ("zsh", "fish"):
        text = holdfast("completion", shell).stdout
        assert "what-if" in text
        option = "-l strategy -r -f -a" if shell == "fish" else "--strategy["
        (line,) = [one for one in text.splitlines() if option in one]
        assert "exhaustive best-first random-walk swarm portfolio" in line
        found = shutil.which(shell)
        if found is not None:
            subprocess.run([found, "-n"], input=text, text=True, check=True)


def test_manual_page_has_every_option() -> None:
    """Made from the declarations; man finds nothing to complain about."""
    page = holdfast("completion", "man").stdout
    assert page.startswith(".TH HOLDFAST 1")
    for verb in ("run", "report", "search", "conform", "timers", "verify"):
        assert f'.SS "holdfast {verb}' in page
    assert "\\-\\-what\\-if" in page
    if shutil.which("groff") is not None:
        done = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww"],
            input=page,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""


def on_terminal(*words: str, rows: int = 40, columns: int = 100) -> str:
    """Return what the program shows on a terminal of a size."""
    shown, taken = pty.openpty()
    os.set_blocking(shown, False)
    fcntl.ioctl(taken, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen([PROGRAM, *words], stdout=taken, stderr=subprocess.DEVNULL, cwd=ROOT)
    os.close(taken)
    out = b""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            part = os.read(shown, 65536)
        except BlockingIOError:
            time.sleep(0.01)
            continue
        except OSError:
            break
        if not part:
            break
        out += part
    os.close(shown)
    assert process.wait() in (0, 1)
    return out.decode().replace("\r\n", "\n")


def test_a_terminal_shows_a_strip(monkeypatch: pytest.MonkeyPatch) -> None:
    """90 s on 84 characters: a hold of 15 s is 14, the reconnect 10 s later is 9 more; coloured."""
    monkeypatch.setenv("NO_COLOR", "1")
    text = on_terminal("run", "rw_test_cqt_only", columns=99)
    assert "\x1b" not in text
    lines = {line[:14].strip(): line[14:] for line in text.splitlines()}
    path = lines["nvme0"]
    assert path.startswith("h" * 14)
    assert path.count(".") == pytest.approx(9, abs=1)
    assert path.rstrip().endswith("=" * 50)
    assert lines["stall"].count("#") == pytest.approx(15, abs=1)
    assert lines["exposed"].strip() == ""
    assert len(lines["nvme1"]) <= 85
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[33mh" in on_terminal("run", "rw_test_cqt_only")


def test_no_strip_elsewhere() -> None:
    """What is piped has the table only, and so has a terminal with too few rows."""
    assert "exposed  " not in holdfast("run", "rw_test_cqt_only").stdout
    assert "nvme0" not in on_terminal("run", "rw_test_cqt_only", rows=6)


def test_a_page_takes_the_place_of_pages_only(tmp_path: Path) -> None:
    """Not of the scenario that it is made of, nor of notes or a pipe; a link stays one."""
    scenario = tmp_path / "mine.json"
    shutil.copy(ROOT / "scenarios" / f"{RUN}.json", scenario)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    before = scenario.read_bytes()
    for words in (
        ("report", str(scenario), "--out", str(scenario)),
        ("run", str(scenario), "--report", str(scenario)),
        ("report", str(scenario), "--out", str(pipe)),
    ):
        refused = holdfast(*words)
        assert refused.returncode == 2
        assert "no report wrote" in refused.stderr or "no regular file" in refused.stderr
    assert scenario.read_bytes() == before
    assert pipe.is_fifo()
    page, link = tmp_path / "page.html", tmp_path / "link.html"
    link.symlink_to("page.html")
    for _ in range(2):
        assert holdfast("report", str(scenario), "--out", str(link)).returncode == 0
        assert link.is_symlink()
        assert page.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("text", ['{"trace_hash": 5}', "null", "", "\x00\x01"])
def test_a_damaged_result_is_refused(tmp_path: Path, text: str) -> None:
    """It is not taken for one that says nothing."""
    assert holdfast("run", RUN, "--out", str(tmp_path)).returncode == 0
    (tmp_path / RUN / "result.json").write_text(text)
    done = holdfast("report", str(tmp_path / RUN), "--out", str(tmp_path / "page.html"))
    assert done.returncode == 2
    assert "no result of a run" in done.stderr
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize("words", [("run", RUN, "--report"), ("report", RUN, "--out")])
def test_a_page_is_kept_although_nobody_can_be_told(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Whoever was to read has left, and the page is there all the same."""
    page = tmp_path / "page.html"
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run([PROGRAM, *words, str(page)], stdout=writes, check=False)
    os.close(writes)
    assert done.returncode in (141, -signal.SIGPIPE)
    assert page.read_text().startswith("<!doctype html>")
