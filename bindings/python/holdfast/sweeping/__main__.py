# SPDX-License-Identifier: Apache-2.0
"""``holdfast sweep``: a sweep from a file. Data goes to stdout, words go to stderr."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from holdfast import _core
from holdfast._arguments import AnyPath, check
from holdfast._signals import note
from holdfast._words import did_you_mean, shown
from holdfast.errors import HoldfastError, Interrupted, ScenarioError, UsageError, WriteError
from holdfast.sweeping.file import read_sweep
from holdfast.sweeping.page import check_page, write_page
from holdfast.sweeping.runs import sweep
from holdfast.sweeping.table import RESULT_COLUMNS

# As in the program's other verbs (bindings/cli/cli.hpp).
DONE, EXPECTATION_FAILED, BAD_INPUT, INTERNAL_ERROR, ENVIRONMENT, BOUNDED = 0, 1, 2, 3, 4, 5
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SCHEMA_VERSION = 1

_EPILOG = """\
Exit status: 0 done, every expectation met; 1 an expectation or a run failed; 2 wrong input or
usage, nothing was written; 3 internal error; 4 disk full, no permission, or output closed; 5 runs
ended by --max-events or --max-memory; 130 stopped by Ctrl-C (143 by SIGTERM, 129 by SIGHUP), what
was finished is kept if there is --out.
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Tell a mistake as the other verbs do: in one line, by what was found and expected."""
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            known = [word for action in self._actions for word in action.option_strings]
            message = f"found {unknown}, expected one of {', '.join(known)}" + did_you_mean(
                unknown.split()[0], known
            )
        needed = message.removeprefix("the following arguments are required: ")
        if needed != message:
            message = f"found no {needed}, expected what to run"
        raise UsageError(f"{message.removeprefix('argument ')}; see holdfast sweep --help")


class _Once(argparse.Action):
    """Keeps a value, and refuses a second one."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            parser.error(f"{option_string}: found twice, expected once")
        setattr(namespace, self.dest, values)


def _whole(text: str) -> int:
    """Return a number as the other verbs read it: int() takes 1_000, and digits of every script."""
    if not re.fullmatch("[0-9]{1,20}", text):
        raise argparse.ArgumentTypeError(f"found {shown(text)}, expected an integer from 1")
    return int(text)


def main(arguments: list[str]) -> int:
    """Run the sweep that the arguments say; return the exit status."""
    with _signals() as stopped:
        try:
            return _tell(arguments, stopped)
        except WriteError as error:
            _say(str(error))
            return 128 + stopped[0].value if stopped else ENVIRONMENT
        except BrokenPipeError:
            raise
        except (ScenarioError, UsageError) as error:
            _say(str(error))
            return BAD_INPUT
        except OSError as error:
            _say(str(error))
            return ENVIRONMENT
        except MemoryError:
            _say("no memory left")
            return ENVIRONMENT
        except HoldfastError as error:
            _say(f"internal error: {error}")
            return INTERNAL_ERROR
        except Exception as error:
            # Whatever it is, the last line of a traceback is what a user can use.
            _say(f"internal error: {type(error).__name__}: {error}")
            if os.environ.get("HOLDFAST_TRACEBACK"):
                raise
            return INTERNAL_ERROR


def _tell(arguments: list[str], stopped: list[signal.Signals]) -> int:
    """Run the sweep; tell what is finished, however it ends."""
    finished: list[pd.DataFrame] = []
    try:
        return _run(arguments, finished)
    except Interrupted as error:
        _say(f"stopped by {_name(stopped)}; what was finished is kept if there is --out")
        if error.table is not None and len(error.table):
            _show(error.table, "--json" in arguments, complete=False)
        return 128 + stopped[0].value
    except KeyboardInterrupt:
        if finished:
            kept = f"all {len(finished[0])} runs were done, and are kept if there is --out"
        else:
            kept = "what was finished is kept if there is --out"
        _say(f"stopped by {_name(stopped)}; {kept}")
        return 128 + stopped[0].value
    except WriteError as error:
        if error.table is None:
            raise
        _say(f"{error}; the rows follow on standard output")
        _print(error.table.to_csv(index=False))
        return ENVIRONMENT


def _name(stopped: list[signal.Signals]) -> str:
    return "Ctrl-C" if stopped[0] == signal.SIGINT else stopped[0].name


def _run(arguments: list[str], finished: list[pd.DataFrame]) -> int:
    given = _parser().parse_args(arguments)
    check("SWEEP.json", AnyPath, given.sweep)
    sweep_file = Path(given.sweep)
    asked = read_sweep(sweep_file)
    if given.seeds is not None:
        asked["seeds"] = given.seeds
    if given.out is not None:
        asked["out"] = given.out
    page = None
    if given.report is not None:
        check("--report", AnyPath, given.report)
        page = Path(given.report)
        check_page(page, asked.get("out"))
    table = sweep(
        **asked,
        executor=given.executor,
        jobs=given.jobs,
        fail_fast=given.fail_fast,
        fresh=given.fresh,
        max_events=given.max_events,
        max_memory=given.max_memory,
    )
    finished.append(table)
    _show(table, given.json)
    if page is not None:
        _say(write_page(page, sweep_file, asked, table))
    failed = table[table["error"].notna()]
    if len(failed):
        first = failed.iloc[0]
        _say(f"{len(failed)} of {len(table)} runs failed, the first: {first['error']}")
        _say(f"to repeat it: {first['replay']}")
    missed = int((table["expect_failed"].fillna(0) > 0).sum())
    if missed:
        _say(f"expectation failed in {missed} of {len(table)} runs")
    partial = int(table["partial"].notna().sum())
    if partial:
        why = ", ".join(sorted(table["partial"].dropna().unique()))
        _say(f"{partial} of {len(table)} runs ended early ({why}): partial results")
    if missed or len(failed):
        return EXPECTATION_FAILED
    return BOUNDED if partial else DONE


@contextmanager
def _signals() -> Iterator[list[signal.Signals]]:
    """End in good order at the first signal; further ones add nothing, so they lose nothing."""
    came: list[signal.Signals] = []

    def on_signal(number: int, _: object) -> None:
        came.append(signal.Signals(number))
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        if not note():
            raise KeyboardInterrupt

    before = {one: signal.getsignal(one) for one in _SIGNALS}
    for one in _SIGNALS:
        if one != signal.SIGHUP or before[one] != signal.SIG_IGN:  # nohup
            signal.signal(one, on_signal)
    try:
        yield came
    finally:
        for one in _SIGNALS:
            signal.signal(one, before[one])


def _show(table: pd.DataFrame, as_json: bool, complete: bool = True) -> None:
    summary = overview(table)
    if as_json:
        document: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "question": "sweep"}
        if not complete:
            document["complete"] = False
        document["points"] = json.loads(summary.to_json(orient="records"))
        _print(json.dumps(document, indent=2) + "\n")
    else:
        # Names come from the sweep file, and may hold what moves the cursor of a terminal.
        shown = summary.rename(columns=_printable).map(_printable)
        text = shown.to_string(index=False, na_rep="-", float_format=lambda x: f"{x:.6g}")
        _print(text + "\n")


def _printable(word: Any) -> Any:
    return _core.printable(word.encode(errors="replace")) if isinstance(word, str) else word


def _print(text: str) -> None:
    """Put data on stdout; if it cannot be written there, on stderr."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is still in the buffer must not be tried again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.stderr.write(text)
        raise WriteError(f"cannot write to standard output: {error.strerror}") from None


def overview(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a point: how many runs, how many corrupt, and the main measures over them."""
    last = {"seed", *RESULT_COLUMNS}
    axes = [name for name in table.columns if name not in last]
    measures: dict[str, Any] = {
        "runs": ("seed", "size"),
        "failed": ("failed", "sum"),
        "corrupt": ("corrupt", "sum"),
        "stale_writes": ("stale_writes", "sum"),
        "exposure_max_s": ("exposure_max_s", "max"),
        "stall_median_s": ("stall_s", "median"),
        "stall_max_s": ("stall_s", "max"),
    }
    marked = table.assign(failed=table["error"].notna(), corrupt=table["verdict"] == "corrupt")
    # A sweep without an axis is one point, and so is everything for which this is the same.
    groups = marked.groupby(axes or (lambda _: 0), sort=False, dropna=False)
    out: pd.DataFrame = groups.agg(**measures)
    return out.reset_index(drop=not axes)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="holdfast sweep",
        description="Run a scenario at many points and print one line for each.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("sweep", metavar="SWEEP.json", help="what to run (docs/sweeps.md)")
    parser.add_argument(
        "--out",
        action=_Once,
        metavar="PATH",
        help="keep all rows: FILE.parquet, FILE.csv, FILE.jsonl, or a folder. What is there "
        "already is not run again",
    )
    parser.add_argument(
        "--report",
        action=_Once,
        metavar="FILE.html",
        help="a page of all rows: a plot, a table that filters, and the command of each run",
    )
    parser.add_argument("--fresh", action="store_true", help="run everything again")
    parser.add_argument(
        "--seeds", type=_whole, action=_Once, metavar="N", help="seeds 1 to N at each point"
    )
    parser.add_argument(
        "--jobs", type=_whole, action=_Once, metavar="N", help="threads; by default one a core"
    )
    parser.add_argument(
        "--max-events", type=_whole, action=_Once, metavar="N", help="end each run after so many"
    )
    parser.add_argument(
        "--max-memory",
        action=_Once,
        metavar="SIZE",
        help='end each run likewise when it takes so much: "16GiB"',
    )
    parser.add_argument(
        "--executor", action=_Once, metavar="ADDRESS", help="a Dask scheduler, tcp://HOST:PORT"
    )
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first failed run")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def _say(line: str) -> None:
    # Names of files may hold what moves the cursor of a terminal.
    print(f"holdfast: {_core.printable(os.fsencode(line))}", file=sys.stderr)


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # `holdfast sweep ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = DONE
    sys.exit(status)
