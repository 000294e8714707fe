# SPDX-License-Identifier: Apache-2.0
"""Running one scenario."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from holdfast import _core
from holdfast import errors as _errors
from holdfast._words import did_you_mean
from holdfast.errors import SimGridError, UsageError
from holdfast.folders import make_folder
from holdfast.policy import Policy
from holdfast.result import Result
from holdfast.scenario import Scenario, as_scenario
from holdfast.seeds import check_seed
from holdfast.workload import WorkloadsLike
from holdfast.world import World

Kernel = Literal["native", "simgrid", "both"]
TraceKind = Literal["jsonl", "kernel", "perfetto", "pcap"]
_KERNELS = ("native", "simgrid", "both")
_TRACES = ("jsonl", "kernel", "perfetto", "pcap")


def run(
    scenario: Scenario | Mapping[str, Any] | str | PathLike[str],
    seed: int | None = None,
    kernel: Kernel = "native",
    trace: TraceKind | Sequence[TraceKind] | None = None,
    progress: Callable[[float], object] | None = None,
    *,
    out: str | PathLike[str] | None = None,
    workloads: WorkloadsLike | None = None,
    policies: Mapping[str, Policy] | None = None,
) -> Result:
    """Run a scenario and return what came of it.

    The GIL is released meanwhile, so runs in several threads go on side by side. Ctrl-C ends a run.

    Args:
        scenario: a :class:`Scenario`, its dictionary, a file, or the name of a bundled one.
        seed: of all random streams, 0 to 2**64 - 1, instead of the scenario's own.
        kernel: ``"native"``; ``"simgrid"`` (events are carried by SimGrid's engine, in a process of
            its own); ``"both"`` compares the two record by record.
        trace: which traces to write into `out`: ``"jsonl"`` (every record), ``"kernel"`` (messages
            as the Linux driver prints them), ``"perfetto"``, ``"pcap"`` (NVMe/TCP only).
        progress: told the fraction done, 0 to 1, up to 200 times; native kernel only.
        out: a folder for traces; made if it is not there.
        workloads: applications in Python, beside the scenario's own (:mod:`holdfast.workload`).
        policies: recovery policies in Python by host (:mod:`holdfast.policy`). Both need the native
            kernel and write no traces; :class:`holdfast.World` keeps records.

    Raises:
        ScenarioError: the scenario is wrong; says where.
        UsageError: an argument is.
        KernelMismatch: ``kernel="both"`` found a difference.
        SimGridError: SimGrid ended its process.

    """
    one = as_scenario(scenario)
    kinds = [trace] if isinstance(trace, str) else list(trace or [])
    _check_word("kernel", kernel, _KERNELS)
    for kind in kinds:
        _check_word("trace", kind, _TRACES)
    if kinds and out is None:
        raise UsageError("trace: traces are files, so give out=, a folder")
    check_seed(seed)
    if workloads or policies:
        if kernel != "native" or kinds:
            raise UsageError("workloads, policies: expected the native kernel and no trace")
        return World(one, seed, workloads=workloads, policies=policies).run()
    text = one._text()
    folder = ""
    if kinds and out is not None:
        one.validate()
        if "pcap" in kinds and one.canonical()["fabric"]["transport"] != "tcp":
            raise UsageError("trace: pcap exists for tcp, this scenario has another transport")
        make_folder(Path(out))
        folder = str(out)
    if kernel == "native":
        document = _core.run(text, one.source, seed, kernel, kinds, folder, progress)
    else:
        document = _in_process([text, one.source, seed, kernel, kinds, folder])
    return Result(json.loads(document))


def _check_word(what: str, word: object, words: Sequence[str]) -> None:
    if word in words:
        return
    hint = did_you_mean(word, words)
    raise UsageError(f"{what}: found {word!r}, expected one of {', '.join(words)}{hint}")


def _in_process(arguments: list[Any]) -> str:
    """Run in a process of its own: there is one SimGrid engine a process, and it may abort."""
    done = subprocess.run(
        [sys.executable, "-m", "holdfast._isolated"],
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return done.stdout
    lines = done.stdout.strip().splitlines()
    if lines and lines[-1].startswith('{"error":'):
        told = json.loads(lines[-1])["error"]
        kind = getattr(_errors, told["type"], _errors.HoldfastError)
        raise kind(told["message"], **told["attributes"])
    words = done.stderr.strip().splitlines()[-1:] or ["no message"]
    raise SimGridError(f"SimGrid's process ended with status {done.returncode}: {words[0]}")
