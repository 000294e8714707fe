# SPDX-License-Identifier: Apache-2.0
"""Programs whose surroundings break: a file, the memory, or they are killed.

Each job writes new results over those of an earlier one. However that ends, each file is the old
one or the new one, whole, and the next run is not held up by what was left.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from house import ROOT
from program import PROGRAM

SHIM = Path(__file__).with_name("breaking.c")
# All that a full campaign tries; `make test` takes samples.
FULL = os.environ.get("HOLDFAST_BREAKING") == "all"
ERRORS = (errno.ENOSPC, errno.EIO)
WORDS = {number: os.strerror(number) for number in ERRORS}
NO_MEMORY = "no memory left"


@dataclass(frozen=True)
class Job:
    """A small run of the program: what comes before `old`, and what replaces it."""

    name: str
    old: tuple[str, ...]
    new: tuple[str, ...]


def jobs(folder: Path) -> dict[str, Job]:
    """Return the three verbs that write; their files go to `out` of the current folder."""
    sweep = folder / "sweep.json"
    points = {"/hosts/0/policy": ["linux-mainline", "cqt-only"]}
    changes = {"/duration": "12s", "/expect": {}}
    sweep.write_text(json.dumps({"base": "rw_test_mainline", "set": changes, "points": points}))
    # Natively: what SimGrid does without memory is its own business.
    run: tuple[str, ...] = (
        "run",
        str(ROOT / "scenarios" / "quickstart.json"),
        "--kernel",
        "native",
    )
    run += ("--set", "duration=12s", "--set", "expect={}", "--out", "out")
    conform: tuple[str, ...] = (
        "conform",
        "--policy",
        "spec",
        "--requirement",
        "HOLD-1",
        "--jobs",
        "1",
    )
    conform += ("--target", "array", "--swarm", "1", "--out", "out", "--seed")
    swept = ("sweep", str(sweep), "--out", "out/table.csv", "--jobs", "1", "--seeds")
    found = (
        Job("run", (*run, "--trace", "jsonl"), (*run, "--seed", "9", "--trace", "jsonl,kernel")),
        Job("conform", (*conform, "1"), (*conform, "2")),
        Job("untraced", run, (*run, "--seed", "9")),
        Job("sweep", (*swept, "1"), (*swept, "2")),
    )
    return {job.name: job for job in found}


class Workshop:
    """A folder with the shim, and with what a job leaves if nothing breaks."""

    def __init__(self, folder: Path, job: Job) -> None:
        """Compile, and run the job twice."""
        self.folder = folder
        self.job = job
        self.shim = folder / "breaking.so"
        self.mark = folder / "broken"
        self.ends: Counter[str] = Counter()
        compiler = shutil.which("cc") or "cc"
        command: list[str | Path] = [
            compiler,
            "-O1",
            "-shared",
            "-fPIC",
            "-o",
            self.shim,
            SHIM,
            "-ldl",
        ]
        subprocess.run(command, check=True)
        self.old = self._reference(job.old)
        began = time.monotonic()
        self.new = self._reference(job.new)
        self.seconds = time.monotonic() - began
        self.earlier = folder / "earlier"
        self._reset()
        assert self.run(job.old).returncode == 0
        (folder / "out").rename(self.earlier)

    def _reference(self, args: tuple[str, ...]) -> dict[str, bytes]:
        self._reset()
        done = self.run(args)
        assert done.returncode == 0, done.stderr
        return self.files()

    def _reset(self) -> None:
        shutil.rmtree(self.folder / "out", ignore_errors=True)
        (self.folder / "out").mkdir()

    def files(self) -> dict[str, bytes]:
        """Return what lies in the folder of results, by name."""
        out = self.folder / "out"
        return {
            str(path.relative_to(out)): path.read_bytes()
            for path in sorted(out.rglob("*"))
            if path.is_file()
        }

    def environment(self, breaks: str = "") -> dict[str, str]:
        """Return the variables for a run, one in which something breaks if it says so."""
        found = os.environ | {"HOLDFAST_PYTHON": sys.executable, "PYTHONDONTWRITEBYTECODE": "1"}
        if breaks:
            found |= {"LD_PRELOAD": str(self.shim), "HOLDFAST_BREAK": breaks}
            found |= {"HOLDFAST_BROKEN": str(self.mark)}
        return found

    def run(self, args: tuple[str, ...], breaks: str = "") -> subprocess.CompletedProcess[str]:
        """Run the program in the folder."""
        return subprocess.run(
            [PROGRAM, *args],
            cwd=self.folder,
            env=self.environment(breaks),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def prepare(self) -> None:
        """Lay out the results of the earlier run."""
        shutil.rmtree(self.folder / "out", ignore_errors=True)
        shutil.copytree(self.earlier, self.folder / "out")
        self.mark.unlink(missing_ok=True)

    def breaks(self, how: str) -> subprocess.CompletedProcess[str] | None:
        """Run the job with something that breaks; None: the run never came to that call."""
        self.prepare()
        done = self.run(self.job.new, how)
        if not self.mark.exists():
            assert done.returncode == 0, done.stderr
            return None
        self.ends[f"status {done.returncode}"] += 1
        assert done.returncode in (0, 4), f"{how}: {done.returncode}\n{done.stderr}"
        if done.returncode == 0:
            assert self.files() == self.new, f"{how}: status 0 and not all is new"
        else:
            # Where no exception can leave, the end of the memory is the end of the program.
            self.check(how, hidden=how.startswith("memory"))
        return done

    def twins(self, step: int, later: int) -> int:
        """Let each `step`-th allocation fail in a twin of one run of the job, then all later ones.

        Return how many there are up to the first file that is written; from there on twins would
        share it. Sums up how they ended in `ends`.
        """
        self.prepare()
        told, telling = os.pipe()
        asked, answering = os.pipe()
        breaks = f"each:{step}:{errno.ENOMEM}:{later}"
        found = self.environment(breaks) | {"HOLDFAST_TALK": f"{asked},{telling}"}
        words = self.folder / "words"
        wrong: list[str] = []
        with words.open("ab+") as said, os.fdopen(told) as lines:
            running = subprocess.Popen(
                [PROGRAM, *self.job.new],
                cwd=self.folder,
                env=found,
                stdout=subprocess.DEVNULL,
                stderr=said,
                pass_fds=(asked, telling),
            )
            os.close(telling)
            os.close(asked)
            number = 0
            for line in lines:
                count, end = line.split()
                number = int(count)
                if end != "end":
                    wrong += self._judge_twin(f"{breaks} at {number}", int(end), words)
                    os.truncate(words, 0)
                os.write(answering, b".")
            os.close(answering)
            assert running.wait() == 0, words.read_text()
        assert not wrong, wrong[:20]
        return number

    def _judge_twin(self, how: str, end: int, words: Path) -> list[str]:
        """Return what is wrong with how a twin ended."""
        status = os.waitstatus_to_exitcode(end)
        self.ends[f"status {status}"] += 1
        said = words.read_text()
        # SimGrid's own containers have no other way, and words of their own.
        by_simgrid = status == -signal.SIGABRT and "xbt" in said
        if status not in (0, 4) and not by_simgrid:
            return [f"{how}: {status} {said}"]
        # A thread that cannot be begun is told by what the system calls that.
        if status == 4 and NO_MEMORY not in said and os.strerror(errno.EAGAIN) not in said:
            return [f"{how}: {said}"]
        if status == 0:
            assert self.files() == self.new, f"{how}: status 0 and not all is new"
            self.prepare()
        elif any((self.folder / "out").glob(".tmp-*")):
            self.check(how, hidden=True)
            self.prepare()
        return []

    def check(self, how: str, *, hidden: bool = False) -> None:
        """Each file is whole; what else is there is hidden, and only if the end was sudden."""
        for name, content in self.files().items():
            if Path(name).name.startswith((".tmp-", ".lock")):
                assert hidden, f"{how}: {name} is left"
                continue
            if ".parts" in name:
                continue  # Rows of a sweep whose table could not be written.
            known = [files[name] for files in (self.old, self.new) if name in files]
            assert content in known, f"{how}: {name} is neither the old nor the new one"

    def goes_on(self, how: str) -> None:
        """The next run is not held up, and nothing of the broken one is left."""
        done = self.run(self.job.new)
        assert done.returncode == 0, f"after {how}: {done.stderr}"
        assert self.files() == self.new, how

    def kill(self, after_s: float) -> None:
        """Kill the job at some moment."""
        self.prepare()
        command: list[str | Path] = [PROGRAM, *self.job.new]
        nowhere = subprocess.DEVNULL
        with subprocess.Popen(
            command, cwd=self.folder, env=self.environment(), stdout=nowhere, stderr=nowhere
        ) as running:
            time.sleep(after_s)
            running.kill()
        self.ends["done before" if running.returncode == 0 else "killed"] += 1
        how = f"killed after {after_s:.4f} s"
        self.check(how, hidden=True)
        self.goes_on(how)


def chosen(most: int, count: int, seed: int) -> list[int]:
    """Return some numbers from 1 to `most`, one from each of `count` equal parts."""
    draw = random.Random(seed)
    width = most / count
    return sorted({1 + int(width * (part + draw.random())) for part in range(count)})


def each_call(shop: Workshop, kinds: Sequence[str], step: int) -> list[str]:
    """Let each `step`-th call on a file fail; return how, for those that came to pass."""
    tried = []
    for kind in kinds:
        number = 1
        while (done := shop.breaks(how := f"files:{number}:{kind}")) is not None:
            tried.append(how)
            if done.returncode == 4:
                words = done.stderr
                assert any(word in words for word in WORDS.values()), f"{how}: {words}"
                assert words.startswith("holdfast: "), words
            number += step
    return tried
