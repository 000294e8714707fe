# SPDX-License-Identifier: Apache-2.0
"""`holdfast search`: its words, its document, the files it writes, and what it refuses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from holdfast import Scenario, ScenarioError, UsageError, search
from program import PROGRAM, holdfast, result
from units import numbers_without_unit

# The path fails behind the first writes, so that one of them may be out, if it takes longer.
QUICK = ("--bounds", "deviations=1", "--bounds", "losses=0", "--set", "faults.0.at=1s")
MAINLINE = ("--set", "hosts.h1.policy=linux-mainline")


def test_a_finding_is_kept_and_replays(tmp_path: Path) -> None:
    """`--out` has the scenario; both kernels agree that it corrupts, which it expects."""
    done = holdfast(
        "search", "worst_case", "--for", "corruption", *QUICK, *MAINLINE, "--out", str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    assert "a corrupting execution with 1 deviation" in done.stdout
    assert "run" in done.stderr
    finding = tmp_path / "worst_case-finding.json"
    answer = json.loads((tmp_path / "search.json").read_text())
    replayed = result("run", str(finding), "--kernel", "both", "--json")
    assert replayed["integrity"]["verdict"] == "corrupt"
    assert replayed["trace_hash"] == answer["worst"]["trace_hash"]


def test_the_document_is_the_same_for_any_number_of_threads() -> None:
    """Byte for byte; numbers have units, and nothing depends on the clock."""
    words = ("search", "worst_case", "--for", "corruption", *QUICK, "--json")
    one, two = (holdfast(*words, "--jobs", jobs).stdout for jobs in ("1", "2"))
    assert one == two
    document = json.loads(one)
    assert document["verdict"] == "none"
    assert document["exhausted"] is True
    assert list(numbers_without_unit(document)) == []


def test_a_verdict_has_its_bound() -> None:
    """What was allowed, how many worlds, and whether these were all."""
    done = holdfast("search", "worst_case", "--for", "corruption", *QUICK)
    assert "no corrupting execution within 1 deviation" in done.stdout
    assert "1 write of up to 12 s" in done.stdout
    assert "worlds, exhausted" in done.stdout
    part = holdfast("search", "worst_case", "--for", "corruption", "--budget", "5", "--jobs", "1")
    assert part.returncode == 5
    assert "not exhausted: the budget is done" in part.stdout


def test_against_another_policy() -> None:
    """The verdict names it."""
    done = holdfast(
        "search", "worst_case", "--for", "corruption", *QUICK, *MAINLINE, "--against", "spec"
    )
    assert "that is safe under spec" in done.stdout


@pytest.mark.parametrize("m", [0.25, 0.5, 1, 1.5, 2, 2.5])
def test_each_shorter_hold_has_a_counterexample(m: float) -> None:
    """It is found by search alone, has two deviations, and nothing of it can be left out."""
    policy = json.dumps({"preset": "cqt-only", "hold_multiplier": m})
    document = result(
        "search", "worst_case", "--for", "corruption", "--bounds", "losses=0", "--json",
        "--set", f"hosts.h1.policy={policy}",
    )  # fmt: skip
    assert document["verdict"] == "found"
    assert len(document["worst"]["deviations"]) == 2
    assert document["worst"]["shrink_runs"] <= 300


@pytest.mark.parametrize("policy", ["spec", "tp8028-v3", "cqt-only"])
def test_a_hold_by_the_rule_has_none(policy: str) -> None:
    """All executions with up to two deviations of any kind; 3 x KATO + CQT."""
    document = result(
        "search",
        "worst_case",
        "--for",
        "corruption",
        "--json",
        "--set",
        f"hosts.h1.policy={policy}",
    )
    assert document["verdict"] == "none"
    assert document["exhausted"] is True
    assert document["worlds"] > 10_000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["worst_case"], "--for"),
        (["worst_case", "--for", "fame"], "corruption, exposure"),
        (["worst_case", "--for", "stall", "--bounds", "loses=1"], 'did you mean "losses"'),
        (["worst_case", "--for", "stall", "--budget", "soon"], "--budget: found"),
        (["worst_case", "--for", "stall", "--against", "spec"], "--against"),
        (["worst_case", "--for", "corruption", "--against", "spek"], 'did you mean "spec"'),
        (["worst_case", "--for", "stall", "--jobs", "x"], "--jobs"),
    ],
)
def test_what_is_wrong_is_told(words: list[str], said: str) -> None:
    """Status 2, nothing on stdout."""
    done = holdfast("search", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_a_search_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """By a budget or a kill; in the end its answer is that of one that never stopped."""
    words = ("search", "worst_case", "--for", "stall", *QUICK)
    whole, part, killed = (tmp_path / name for name in ("whole", "part", "killed"))
    assert holdfast(*words, "--out", str(whole)).returncode == 0
    stopped = holdfast(*words, "--jobs", "1", "--budget", "20", "--out", str(part))
    assert stopped.returncode == 5
    assert (part / "search-position.json").exists()
    other = holdfast("search", "worst_case", "--for", "exposure", *QUICK, "--out", str(part))
    assert other.returncode == 2
    assert 'is of a search with for "stall", expected "exposure"' in other.stderr
    running = subprocess.Popen([PROGRAM, *words, "--jobs", "1", "--out", str(killed)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    while running.poll() is None and not (killed / "search-position.json").exists():
        pass
    running.kill()
    running.wait()
    for folder in (part, killed):
        rest = holdfast(*words, "--out", str(folder))
        assert rest.returncode == 0
        assert (folder / "search.json").read_bytes() == (whole / "search.json").read_bytes()
        assert not (folder / "search-position.json").exists()


def test_a_search_from_python_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """With out=, by the file of the program: either one goes on where the other has stopped."""
    one, bounds = "worst_case", {"deviations": 1}
    whole = search(one, "stall", bounds=bounds, out=tmp_path / "whole")
    part = search(one, "stall", bounds=bounds, worlds=20, jobs=1, out=tmp_path / "part")
    assert not part.exhausted
    assert part.worlds < whole.worlds
    position = tmp_path / "part" / "search-position.json"
    with pytest.raises(UsageError, match='of a search with for "stall", expected "exposure"'):
        search(one, "exposure", bounds=bounds, out=tmp_path / "part")
    asked = ("search", one, "--for", "stall", "--bounds", "deviations=1")
    told = holdfast(*asked, "--jobs", "1", "--budget", "40", "--out", str(tmp_path / "part"))
    assert "goes on from" in told.stderr
    assert position.exists()
    rest = search(one, "stall", bounds=bounds, out=tmp_path / "part")
    assert rest.to_dict() == whole.to_dict()
    assert not position.exists()
    texts = {(tmp_path / name / "search.json").read_bytes() for name in ("whole", "part")}
    assert len(texts) == 1
    position.write_text("{}")
    with pytest.raises(UsageError, match="not where a search stopped"):
        search(one, "stall", bounds=bounds, out=tmp_path / "part")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is not a folder"):
        search(one, "stall", bounds=bounds, out=tmp_path / "file")


def test_what_is_not_of_a_search_is_not_lost(tmp_path: Path) -> None:
    """Nor a whole answer to a part of one; and what was found earlier does not stay beside it."""
    words = ("search", "worst_case", "--for", "corruption", *QUICK)
    assert holdfast(*words, *MAINLINE, "--out", str(tmp_path)).returncode == 0
    finding = tmp_path / "worst_case-finding.json"
    assert finding.exists()
    whole = (tmp_path / "search.json").read_bytes()
    part = holdfast(*words, "--jobs", "1", "--budget", "5", "--out", str(tmp_path))
    assert part.returncode == 5
    assert (tmp_path / "search.json").read_bytes() == whole
    assert json.loads((tmp_path / "search.partial.json").read_text())["exhausted"] is False
    assert holdfast(*words, "--out", str(tmp_path)).returncode == 0
    assert not finding.exists()
    assert not (tmp_path / "search.partial.json").exists()
    (tmp_path / "search.json").write_text("my notes")
    for refused in (
        holdfast(*words, "--out", str(tmp_path)),
        holdfast("search", "worst_case", "--for", "stall", "--out", str(tmp_path)),
    ):
        assert refused.returncode == 2
        assert "which no search wrote and which would be lost" in refused.stderr
    assert (tmp_path / "search.json").read_text() == "my notes"


def test_what_a_part_has_found_takes_the_place_of_no_whole_one(tmp_path: Path) -> None:
    """Of a search and of an estimate; a whole answer takes away what parts have left."""
    words = ("search", "held_packet", "--jobs", "1", "--out", str(tmp_path))
    assert holdfast(*words, "--for", "corruption").returncode == 0
    finding = tmp_path / "held_packet-finding.json"
    part = tmp_path / "held_packet-finding.partial.json"
    whole = finding.read_bytes()
    assert holdfast(*words, "--for", "stall", "--budget", "50").returncode == 5
    assert finding.read_bytes() == whole
    assert part.exists()
    (tmp_path / "search-position.json").unlink()  # That of the other question.
    assert holdfast(*words, "--for", "corruption").returncode == 0
    assert finding.read_bytes() == whole
    assert not part.exists()

    def worlds() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in tmp_path.glob("rare_1e4-rare-*")}

    rare = ("rare", "rare_1e4", "--of", "corruption", "--out", str(tmp_path), "--repetitions")
    assert holdfast(*rare, "2", "--effort", "30").returncode == 0
    few = worlds()
    assert (
        holdfast(*rare, "4000", "--effort", "50", "--seed", "9", "--budget", "1s").returncode == 5
    )
    assert (
        few.items() <= worlds().items()
    )  # How far it comes in a second is the machine's business.
    assert (tmp_path / "rare.partial.json").exists()
    (tmp_path / "rare_1e4-rare-9.json").write_text("{}")  # Of an answer that had ten.
    assert holdfast(*rare, "2", "--effort", "30").returncode == 0
    assert worlds() == few
    page = tmp_path / "page.html"
    assert "2 answers" in holdfast("report", str(tmp_path), "--out", str(page)).stderr


def test_a_part_of_an_answer_has_a_page(tmp_path: Path) -> None:
    """If the folder has nothing better."""
    words = ("search", "worst_case", "--for", "corruption", *QUICK, "--jobs", "1")
    page = tmp_path / "page.html"
    found = tmp_path / "found"
    part = "not everything was tried: the budget was done after 5 executions"
    for more, says in ((("--budget", "5"), part), ((), "all ")):
        assert holdfast(*words, *more, "--out", str(found)).returncode in (0, 5)
        assert holdfast("report", str(found), "--out", str(page)).returncode == 0
        assert says in page.read_text()
    assert "not everything was tried" not in page.read_text()


@pytest.mark.parametrize("budget", ["0s", "0"])
def test_a_budget_of_nothing_is_refused(budget: str) -> None:
    """One of centuries is none."""
    words = ("search", "worst_case", "--for", "corruption", *QUICK)
    assert holdfast(*words, "--budget", budget).returncode == 2
    assert holdfast(*words, "--budget", "2562047h").returncode == 0


def test_an_adversary_that_is_none() -> None:
    """The loader tells it, also with bounds."""
    for wrong in (None, [1]):
        one = Scenario.load("worst_case").to_dict() | {"adversary": wrong}
        with pytest.raises(ScenarioError, match="/adversary"):
            search(one, "corruption", bounds={"losses": 0})


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (
            ("rare", "rare_1e4", "--of", "corruption", "--repetitions", "2", "--effort", "20"),
            "rare.json",
        ),
        (("search", "worst_case", "--for", "corruption", *QUICK), "search.json"),
    ],
)
def test_an_answer_is_kept_although_nobody_can_be_told(
    tmp_path: Path, words: tuple[str, ...], kept: str
) -> None:
    """Standard output is full, and the file there all the same."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PROGRAM, *words, "--jobs", "1", "--out", str(tmp_path)],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert (tmp_path / kept).exists()
