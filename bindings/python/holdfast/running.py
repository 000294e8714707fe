# SPDX-License-Identifier: Apache-2.0
"""Running one scenario."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

from holdfast import _core
from holdfast import errors as _errors
from holdfast._arguments import AnyPath, Whole, checked
from holdfast._signals import held_back
from holdfast.errors import Interrupted, SimGridError, UsageError, WriteError
from holdfast.files import check_folder
from holdfast.policy import Policy
from holdfast.result import Result
from holdfast.scenario import Scenario, ScenarioLike, as_scenario
from holdfast.seeds import Bounds, MaxEvents, MaxMemory, Seed, bounds_of
from holdfast.units import Time, nanoseconds
from holdfast.workload import WorkloadsLike
from holdfast.world import World

Kernel = Literal["native", "simgrid", "both"]
TraceKind = Literal["jsonl", "kernel", "perfetto", "pcap"]
# How long the process of a run may compute to tell what it has: it sorts and sums what the run has
# made, so a share of what it has computed is added, up to a bound. And how long that may take on a
# machine that does other things.
_LAST_WORDS_CPU_S = 0.9
_LAST_WORDS_SHARE = 0.25
_LAST_WORDS_MOST_CPU_S = 10.0
_LAST_WORDS_S = 30.0


@checked
def run(
    scenario: ScenarioLike,
    seed: Seed | None = None,
    kernel: Kernel = "native",
    trace: TraceKind | Sequence[TraceKind] | None = None,
    progress: Callable[[float], object] | None = None,
    *,
    out: AnyPath | None = None,
    workloads: WorkloadsLike | None = None,
    policies: Mapping[str, Policy] | None = None,
    max_events: MaxEvents | None = None,
    max_memory: MaxMemory | None = None,
    trace_from: Time | None = None,
    trace_to: Time | None = None,
    snaplen: Annotated[int, Whole(1, 65535)] | None = None,
) -> Result:
    """Run a scenario and return what came of it.

    The GIL is released meanwhile, so runs in several threads go on side by side. Ctrl-C ends a run
    with :class:`Interrupted`, whose `result` is what came of it until then.

    Args:
        scenario: a :class:`Scenario`, its dictionary, a file, or the name of a bundled one.
        seed: of all random streams, 0 to 2**64 - 1, instead of the scenario's own.
        kernel: ``"native"``; ``"simgrid"`` (events are carried by SimGrid's engine, in a process of
            its own); ``"both"`` compares the two record by record.
        trace: which traces to write into `out`: ``"jsonl"`` (every record), ``"kernel"`` (messages
            as the Linux driver prints them), ``"perfetto"``, ``"pcap"`` (NVMe/TCP only).
        progress: told the fraction done, 0 to 1, up to 200 times; native kernel only, and without
            workloads and policies in Python.
        out: a folder for traces, and for nothing else; made if it is not there.
        workloads: applications in Python, beside the scenario's own (:mod:`holdfast.workload`).
        policies: recovery policies in Python by host (:mod:`holdfast.policy`). Both need the native
            kernel and write no traces; :class:`holdfast.World` keeps records.
        max_events: after so many a run ends with a partial result (:attr:`Result.partial`); by
            default 10^9, which is a quarter of an hour or so.
        max_memory: likewise when its histories, packets and events take so much: bytes, or a size
            (``"16GiB"``); by default 8 GiB. It is weighed after the first
            event, whenever their number has doubled, and every 131,072 events.
        trace_from: traces begin at this time of the run (``"9.5s"``, or seconds).
        trace_to: and end with this one.
        snaplen: ``"pcap"`` keeps so many bytes of each packet, 1 to 65535.

    Raises:
        ScenarioError: the scenario is wrong; says where.
        UsageError: an argument is.
        Interrupted: Ctrl-C; a KeyboardInterrupt.
        WriteError: a trace could not be written; it has the result if there is one.
        KernelMismatch: ``kernel="both"`` found a difference.
        SimGridError: SimGrid ended its process.

    """
    one = as_scenario(scenario)
    kinds = [trace] if isinstance(trace, str) else list(trace or [])
    if kinds and out is None:
        raise UsageError("trace: found without out, expected a folder as well: give out=")
    if out is not None and not kinds:
        raise UsageError("out: found without trace, expected what to write into it; trace= says it")
    bounds = bounds_of(max_events, max_memory)
    in_python = bool(workloads or policies)
    if progress is not None and (kernel != "native" or in_python):
        raise UsageError("progress: expected the native kernel, and no workloads and policies")
    if in_python:
        if kernel != "native" or kinds or (trace_from, trace_to, snaplen) != (None,) * 3:
            raise UsageError("workloads, policies: expected the native kernel and no trace")
        return World(one, seed, workloads=workloads, policies=policies).run(*bounds)
    window = _window(trace_from, trace_to, snaplen)
    folder = _folder_for(one, kinds, out)
    return _run([one._text(), one.source, seed, kernel, kinds, folder], progress, bounds, window)


def _window(from_: Time | None, to: Time | None, snaplen: int | None) -> tuple[int, int, int]:
    """Return the part of a run that its traces have, and how much of a packet; 0: all."""
    return (
        0 if from_ is None else nanoseconds(from_, "trace_from"),
        2**63 - 1 if to is None else nanoseconds(to, "trace_to"),
        int(snaplen or 0),
    )


def _folder_for(one: Scenario, kinds: Sequence[str], out: AnyPath | None) -> str:
    """Check the folder for traces, which C++ makes; an empty name if there are none."""
    if not kinds or out is None:
        return ""
    one.validate()
    if "pcap" in kinds and one.canonical()["fabric"]["transport"] != "tcp":
        raise UsageError("trace: pcap exists for tcp, this scenario has another transport")
    check_folder(Path(out))
    return str(out)


def _run(
    arguments: list[Any],
    progress: Callable[[float], object] | None,
    bounds: Bounds,
    window: tuple[int, int, int],
) -> Result:
    """Run here, or SimGrid in a process of its own."""
    try:
        text, source, seed, kernel, kinds, folder = arguments
        if kernel == "native":
            document = _core.run(
                text, source, seed, kernel, kinds, folder, progress, bounds, window
            )
        else:
            document = _in_process([*arguments, bounds, window])
    except WriteError as error:
        error.result = Result(json.loads(error.document)) if error.document else None
        raise
    result = Result(json.loads(document))
    result._run_of = (text, source, seed)
    if result.partial is not None and result.partial.reason == "interrupted":
        raise Interrupted(result=result)
    return result


def _in_process(arguments: list[Any]) -> str:
    """Run in a process of its own: there is one SimGrid engine a process, and it may abort."""
    # In a session of its own, so that Ctrl-C comes here only, and the result is waited for.
    process = subprocess.Popen(
        [sys.executable, "-m", "holdfast._isolated"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    out, words = _answer_of(process, json.dumps(arguments))
    if process.returncode == 0:
        return out
    lines = out.strip().splitlines()
    if lines and lines[-1].startswith('{"error":'):
        told = json.loads(lines[-1])["error"]
        kind = getattr(_errors, told["type"], _errors.HoldfastError)
        raise kind(told["message"], **told["attributes"])
    last = words.strip().splitlines()[-1:] or ["no message"]
    raise SimGridError(f"SimGrid's process ended with status {process.returncode}: {last[0]}")


def _answer_of(process: subprocess.Popen[str], question: str) -> tuple[str, str]:
    """Return what a process says; after Ctrl-C, what it has by then.

    Raises:
        Interrupted: it has nothing.

    """
    try:
        return process.communicate(question)
    except KeyboardInterrupt:
        with held_back():
            process.send_signal(signal.SIGINT)
            try:
                answer = _last_words(process)
            finally:
                process.kill()
                process.wait()
        if answer is None or process.returncode != 0:
            raise Interrupted from None
        return answer
    except BaseException:
        process.kill()
        process.wait()
        raise


def _last_words(process: subprocess.Popen[str]) -> tuple[str, str] | None:
    """Return what an interrupted process says; None if it computes on and says nothing."""
    cpu_s, since_s = _cpu_s(process.pid), time.monotonic()
    most_s = min(_LAST_WORDS_CPU_S + _LAST_WORDS_SHARE * cpu_s, _LAST_WORDS_MOST_CPU_S)
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=0.1)
        spent_s = time.monotonic() - since_s
        if spent_s > _LAST_WORDS_S or _cpu_s(process.pid) - cpu_s > most_s:
            return None


def _cpu_s(pid: int) -> float:
    """Return the CPU time of a process that still runs, in seconds; elsewhere than on Linux, 0."""
    try:
        # proc(5): fields 14 and 15, utime and stime, the 12th and 13th behind the name.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
