# SPDX-License-Identifier: Apache-2.0
"""One run: what it takes, what it gives, what it says when something is wrong."""

from __future__ import annotations

import concurrent.futures
import copy
import json
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import holdfast
import pytest
from holdfast import Scenario, ScenarioError, SimGridError, UsageError


def test_importing_takes_no_more_than_it_needs() -> None:
    """SciPy and Matplotlib take longer to import than all else, and few calls need them."""
    heavy = "{'scipy', 'matplotlib'} & set(sys.modules)"
    words = [sys.executable, "-c", f"import sys, holdfast; print({heavy})"]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "set()\n"


def test_a_result_has_what_the_document_says() -> None:
    """Attributes, tables and the document agree; rw_test's stale write lands 2 s late."""
    result = holdfast.run("rw_test_mainline")
    document = result.to_dict()
    assert result.verdict == document["integrity"]["verdict"] == "corrupt"
    assert result.integrity.stale_writes == 1
    # The write was delayed by 2 s; what is on top is its way through the fabric.
    assert result.exposure_max_s == pytest.approx(2.0, abs=1e-3)
    assert list(result.exposure["end"]) == ["landed"]
    assert result.exposure["length_s"][0] == pytest.approx(result.exposure_max_s, abs=1e-12)
    assert list(result.recovery["outcome"]) == ["immediate"]
    # rw_test ends at the first validation that fails, which is after its ten writes.
    assert result.latency.loc["write", "count"] == document["io"]["write"]["count"] == 10
    assert set(result.expectations["verdict"]) == {"pass"}
    assert result.ok
    row = result.row()
    assert row["stall_s"] == result.stall_s
    assert row["detect_s"] == pytest.approx(
        document["recovery"][0]["detected_s"] - document["recovery"][0]["fault_s"]
    )
    assert "corrupt" in result._repr_html_()


def test_a_scenario_comes_as_name_file_dictionary_or_object(tmp_path: Path) -> None:
    """All four give the same run."""
    one = Scenario.load("rw_test_cqt_only")
    file = tmp_path / "mine.json"
    one.save(file)
    hashes = {
        holdfast.run(given).trace_hash for given in ("rw_test_cqt_only", file, one, one.to_dict())
    }
    assert len(hashes) == 1


def test_a_seed_replaces_the_scenarios_own() -> None:
    """Explicit 1 is the default; another seed is another run; both are in the result."""
    lossy = Scenario.load("lossy_path")
    runs = [holdfast.run(lossy, seed=seed) for seed in (None, lossy.seed, lossy.seed + 1)]
    assert runs[0].trace_hash == runs[1].trace_hash != runs[2].trace_hash
    assert [run.seed for run in runs] == [lossy.seed, lossy.seed, lossy.seed + 1]


def test_set_changes_a_copy_and_checks_the_path() -> None:
    """The original stays; a star means all elements; a mistyped key is told with its neighbour."""
    one = Scenario.load("rw_test_mainline")
    other = one.set("/hosts/0/connect/*/keep_alive_tmo", "7s")
    assert [c["keep_alive_tmo"] for c in other["hosts"][0]["connect"]] == ["7s", "7s"]
    assert one["hosts"][0]["connect"][0]["keep_alive_tmo"] == "5s"
    assert one.hash != other.hash
    assert one.set("hosts.h1.cpus", 4).hash == one.hash
    with pytest.raises(ScenarioError, match='did you mean "policy"') as caught:
        one.set("/hosts/0/polcy", "spec")
    assert caught.value.pointer == "/hosts/0/polcy"
    assert caught.value.nearest == "policy"


def test_a_scenario_can_be_built_from_parts() -> None:
    """Constructors give what the loader takes, and the run answers."""
    built = Scenario(
        name="built",
        duration="10s",
        fabric={
            "links": [
                holdfast.parts.link(name="h1-s1", ends=["h1", "s1"]),
                holdfast.parts.link(name="s1-a0", ends=["s1", "a0"]),
            ]
        },
        subsystems=[
            holdfast.parts.subsystem(
                name="sub", ports=["a0"], namespaces=[{"nsid": 1, "size": "1GiB"}]
            )
        ],
        hosts=[
            holdfast.parts.host(
                name="h1", connect=[holdfast.parts.connect(subsystem="sub", port="a0")]
            )
        ],
        workloads=[holdfast.parts.fio(host="h1", rw="randread", rate_iops=10)],
    )
    result = holdfast.run(built.validate())
    # One read every 100 ms from the first moment of the device on.
    assert result.latency.loc["read", "count"] in (99, 100)
    assert copy.deepcopy(built) == built


@pytest.mark.parametrize("kernel", ["simgrid", "both"])
def test_simgrid_runs_again_and_again_in_one_process(kernel: Any) -> None:
    """Twice from the same process, with the hash of the native kernel."""
    native = holdfast.run("rw_test_ccr")
    for _ in range(2):
        assert holdfast.run("rw_test_ccr", kernel=kernel).trace_hash == native.trace_hash


def test_what_goes_wrong_beside_simgrid_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong scenario is a ScenarioError from there too; a dead process is a SimGridError."""
    wrong = Scenario.load("rw_test_ccr").to_dict()
    wrong["hosts"][0]["connect"][0]["port"] = "a9"
    with pytest.raises(ScenarioError, match="a9") as caught:
        holdfast.run(wrong, kernel="simgrid")
    assert caught.value.pointer == "/hosts/0/connect/0/port"
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SimGridError, match="status 1"):
        holdfast.run("rw_test_ccr", kernel="simgrid")


def test_traces_of_a_part_of_a_run(tmp_path: Path) -> None:
    """As the program makes them; what makes no sense is told before anything is written."""
    for kernel in ("native", "simgrid"):
        out = tmp_path / kernel
        found = holdfast.run("rw_test_ccr", kernel=kernel, trace=["jsonl", "pcap"], out=out,
                             trace_from=0.05, trace_to="51ms", snaplen=64)  # fmt: skip
        assert found.to_dict()["trace_window"] == {
            "from_s": 0.05, "to_s": 0.051, "snaplen_bytes": 64,
        }  # fmt: skip
        times = [json.loads(line)["t_ns"] for line in (out / "trace.jsonl").open()]
        assert times
        assert 50_000_000 <= min(times) <= max(times) <= 51_000_000
    assert (tmp_path / "native" / "trace.pcapng").read_bytes() == (
        tmp_path / "simgrid" / "trace.pcapng"
    ).read_bytes()
    run: Callable[..., Any] = holdfast.run
    for words, given in (
        ("trace_to: found", {"trace_from": "2s", "trace_to": "1s"}),
        ("trace_from: found .* before the end of the run", {"trace_from": "1h"}),
        ("snaplen: found 0", {"snaplen": 0}),
        ("snaplen: found True", {"snaplen": True}),
        ("snaplen: found without pcap", {"snaplen": 64, "trace": "jsonl"}),
        ("out: found without trace", {"trace_from": "1s", "trace": None}),
    ):
        with pytest.raises(UsageError, match=words):
            run("rw_test_ccr", out=tmp_path / "new", **({"trace": "pcap"} | given))
    assert not (tmp_path / "new").exists()


def test_traces_go_into_the_folder(tmp_path: Path) -> None:
    """The kinds asked for, and nothing without a folder or for a wrong word."""
    holdfast.run("rw_test_ccr", trace=["kernel", "jsonl"], out=tmp_path / "t")
    written = sorted(p.name for p in (tmp_path / "t").iterdir())
    assert written == ["kernel.log", "trace.jsonl"]
    with pytest.raises(UsageError, match="give out="):
        holdfast.run("rw_test_ccr", trace="kernel")
    with pytest.raises(UsageError, match='did you mean "perfetto"'):
        holdfast.run("rw_test_ccr", trace="perfeto", out=tmp_path / "u")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="pcap exists for tcp"):
        holdfast.run("fc_rw_test_ccr", trace="pcap", out=tmp_path / "u")
    assert not (tmp_path / "u").exists()
    (tmp_path / "file").write_text("mine")
    for make in (
        lambda out: holdfast.run("rw_test_ccr", trace="kernel", out=out),
        lambda out: holdfast.sweep("rw_test_ccr", [{}], out=out, progress=False),
    ):
        with pytest.raises(UsageError, match="cannot make"):
            make(tmp_path / "file" / "below")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"seed": -1}, "seed: found -1"),
        ({"seed": 2**64}, "expected an integer"),
        ({"seed": True}, "seed: found True"),
        ({"seed": "1"}, "seed: found '1'"),
        ({"kernel": "natve"}, 'did you mean "native"'),
        ({"policies": {"h1": 5}}, "expected a holdfast.Policy"),
        ({"policies": {"h2": holdfast.Policy()}}, "expected one of h1"),
        ({"workloads": {"h2": lambda _: None}}, "found h2/*/1, no volume fits"),
        ({"workloads": {"h1": lambda _: None}}, "no yield"),
        ({"workloads": {"h1": lambda _: None}, "kernel": "simgrid"}, "the native kernel"),
    ],
)
def test_wrong_arguments_are_told(arguments: dict[str, Any], words: str) -> None:
    """One clear error each."""
    with pytest.raises(UsageError) as caught:
        holdfast.run("rw_test_mainline", **arguments)
    assert words in str(caught.value)


def test_wrong_scenarios_are_told() -> None:
    """A name that is nearly right, a file that is none, a type, a value JSON has not."""
    with pytest.raises(ScenarioError, match='did you mean "rw_test_mainline"'):
        holdfast.run("rw_test_mainlin")
    with pytest.raises(ScenarioError, match="no such file"):
        holdfast.run("nowhere.json")
    with pytest.raises(UsageError, match="found 5, expected a Scenario"):
        holdfast.run(5)  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match="JSON"):
        holdfast.run({"name": object()})
    with pytest.raises(ScenarioError, match="JSON"):
        Scenario.load("rw_test_mainline").set("/seed", float("nan"))


def test_errors_survive_the_way_between_processes() -> None:
    """A pool hands over the exception with its attributes."""
    with pytest.raises(ScenarioError) as caught:
        Scenario({"name": "x", "durtion": "1s"}).validate()
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.pointer, again.nearest) == (
        str(caught.value),
        "/durtion",
        "duration",
    )


def test_threads_run_side_by_side_with_equal_results() -> None:
    """Eight runs on four threads give one hash, and Python goes on meanwhile."""
    turns = 0
    stop = threading.Event()

    def count() -> None:
        nonlocal turns
        while not stop.is_set():
            turns += 1

    counter = threading.Thread(target=count)
    counter.start()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        hashes = set(pool.map(lambda _: holdfast.run("quickstart").trace_hash, range(8)))
    stop.set()
    counter.join()
    assert len(hashes) == 1
    assert turns > 1000  # It would have been stuck behind the GIL.


def test_progress_rises_to_one_and_may_raise() -> None:
    """Fractions rise; an exception of the callback ends the run and comes out."""
    seen: list[float] = []
    holdfast.run("quickstart", progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0

    def fail(_: float) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        holdfast.run("quickstart", progress=fail)


def test_ctrl_c_ends_a_run() -> None:
    """SIGINT becomes KeyboardInterrupt although C++ is busy for minutes."""
    script = (
        "import holdfast, sys\n"
        "s = holdfast.Scenario.load('quickstart').set('/duration', '100000s')\n"
        "print('ready', flush=True)\n"
        "try:\n"
        "    holdfast.run(s)\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(42)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        threading.Event().wait(0.3)
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=60) == 42


def test_the_command_line_gives_the_same_document() -> None:
    """The program of the wheel and the package agree on every key."""
    program = Path(sys.executable).with_name("holdfast")
    if not program.exists():
        pytest.skip("the program is not beside this interpreter")
    assert holdfast.__file__ is not None
    file = Path(holdfast.__file__).parent / "scenarios" / "rw_test_ccr.json"
    done = subprocess.run(
        [program, "run", file, "--kernel", "native", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == holdfast.run("rw_test_ccr").to_dict()
