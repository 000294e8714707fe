# SPDX-License-Identifier: Apache-2.0
"""Scenarios: what there is, what the applications do, what goes wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from holdfast import _core
from holdfast._words import did_you_mean
from holdfast.errors import ScenarioError, UsageError
from holdfast.files import write_whole

#: What the functions that take a scenario accept: one, its document, a file, or the name of a
#: bundled one.
ScenarioLike = "Scenario | Mapping[str, Any] | str | PathLike[str]"


def scenarios() -> list[str]:
    """Return the names of the bundled scenarios, for :meth:`Scenario.load` and :func:`run`."""
    folders = (("", _bundle()), ("reference/", _bundle() / "reference"))
    return sorted(
        prefix + Path(entry.name).stem
        for prefix, folder in folders
        for entry in folder.iterdir()
        if entry.name.endswith(".json")
    )


def _bundle() -> Any:
    return resources.files("holdfast") / "scenarios"


class Estimate(NamedTuple):
    """What a run will cost, to the order of magnitude; see :meth:`Scenario.estimate`."""

    #: I/Os that the workloads issue
    ios: float
    #: events that the calendar fires
    events: float
    #: memory at the end
    memory_bytes: float
    #: of one core, native kernel
    cpu_s: float
    #: JSON pointer of what takes most of the memory; empty if nothing stands out
    most: str
    #: all of that in words
    words: str

    def __str__(self) -> str:
        """Return it in words."""
        return self.words


class Scenario:
    """A scenario document (docs/scenarios.md describes the format).

    Nothing is checked until :meth:`validate`, :attr:`hash` or a run asks for it, so a scenario can
    be built up step by step. Changing one never changes another.

    >>> s = Scenario.load("rw_test_mainline").set("/hosts/0/policy", "cqt-only")
    >>> s["hosts"][0]["policy"]
    'cqt-only'
    """

    def __init__(
        self, document: Mapping[str, Any] | None = None, /, *, source: str = "", **keys: Any
    ) -> None:
        """Take a copy of `document`, and `keys` on top of it.

        Args:
            document: the scenario as a dictionary, as ``json.load`` gives it.
            source: what error messages call it.
            keys: top-level keys of a scenario (``name=``, ``duration=``, ``hosts=``, ...); the
                constructors in :mod:`holdfast.parts` make what goes into them.

        """
        if document is not None and not isinstance(document, Mapping):
            raise UsageError(f"Scenario: found {type(document).__name__}, expected a dictionary")
        self._document: dict[str, Any] = copy.deepcopy(dict(document or {}) | keys)
        self.source = source or "<Scenario>"

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Scenario:
        """Read and check a file, or a bundled scenario by its name.

        Raises:
            ScenarioError: it cannot be read or is wrong; says where.

        """
        found = _find(path)
        one = cls(json.loads(_core.read(str(found))), source=str(found))
        one.validate()
        return one

    def set(self, path: str, value: Any) -> Scenario:
        """Return a copy with one value changed.

        Args:
            path: a JSON pointer (``"/hosts/0/policy"``), or dotted with names of list elements
                (``"hosts.h1.policy"``). ``*`` stands for every element of a list
                (``"/hosts/0/connect/*/keep_alive_tmo"``).
            value: what JSON can say; quantities as strings with a unit.

        Raises:
            ScenarioError: no scenario has such a path.

        """
        return self._set(path, value, self.source)

    def _set(self, path: str, value: Any, said_by: str) -> Scenario:
        """Return a copy with one value changed; `said_by` is where the user typed that."""
        text = _core.apply(self._text(), self.source, [(path, _dumps(value, path))], said_by)
        return Scenario(json.loads(text), source=self.source)

    def validate(self) -> Scenario:
        """Check everything and return the scenario itself.

        Raises:
            ScenarioError: the first mistake: where, what was found, what was expected.

        """
        self._check()
        return self

    @property
    def name(self) -> str:
        """Return the name of the scenario."""
        return self._check()[0]

    @property
    def hash(self) -> str:
        """Return 16 hexadecimal digits over the canonical form; equal for equal meaning."""
        return self._check()[1]

    @property
    def duration_s(self) -> float:
        """Return the simulated time of a run in seconds."""
        return self._check()[3]

    @property
    def seed(self) -> int:
        """Return the seed of all random streams."""
        return self._check()[4]

    def estimate(self) -> Estimate:
        """Return what a run will cost, without running or building anything.

        An upper bound as far as a healthy world goes, right within a factor of about 4: what a
        failure makes wait or repeat is not counted.

        >>> Scenario.load("rw_test_mainline").estimate().cpu_s < 1
        True

        Raises:
            ScenarioError: the scenario is wrong.

        """
        return Estimate(*_core.estimate(self._text(), self.source))

    def canonical(self) -> dict[str, Any]:
        """Return the document with every default and preset spelled out."""
        document: dict[str, Any] = json.loads(self._check()[2])
        return document

    def to_dict(self) -> dict[str, Any]:
        """Return a copy of the document as it was given."""
        return copy.deepcopy(self._document)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the document to a file that ``holdfast run`` takes."""
        text = self._text(indent=2) + "\n"
        write_whole(Path(path), lambda hidden: hidden.write_text(text, encoding="utf-8"))

    def __getitem__(self, key: str) -> Any:
        """Return a top-level value, to be looked at or changed in place."""
        return self._document[key]

    def __setitem__(self, key: str, value: Any) -> None:
        """Set a top-level value."""
        self._document[key] = value

    def __contains__(self, key: object) -> bool:
        """Tell whether a top-level key is given."""
        return key in self._document

    def __eq__(self, other: object) -> bool:
        """Compare documents."""
        return isinstance(other, Scenario) and self._document == other._document

    __hash__ = None  # type: ignore[assignment]  # It can be changed; `hash` is the digest.

    def __copy__(self) -> Scenario:
        """Return an independent copy."""
        return Scenario(self._document, source=self.source)

    def __deepcopy__(self, _: Any) -> Scenario:
        """Return an independent copy."""
        return self.__copy__()

    def __repr__(self) -> str:
        """Name it."""
        return f"<Scenario {self._document.get('name', '?')!r} from {self.source}>"

    def _text(self, indent: int | None = None) -> str:
        return _dumps(self._document, self.source, indent)

    def _check(self) -> tuple[str, str, str, float, int]:
        return _core.check(self._text(), self.source)


def as_scenario(given: Scenario | Mapping[str, Any] | str | PathLike[str]) -> Scenario:
    """Return the scenario that is meant: itself, a dictionary, a file, a bundled name."""
    if isinstance(given, Scenario):
        return given
    if isinstance(given, Mapping):
        return Scenario(given, source="<dict>")
    if isinstance(given, (str, PathLike)):
        return Scenario.load(given)
    raise UsageError(
        f"scenario: found {type(given).__name__}, expected a Scenario, a dictionary, a path or the "
        "name of a bundled scenario"
    )


def _find(path: str | PathLike[str]) -> Path:
    """Return the file that is meant by a path or by the name of a bundled scenario."""
    given = Path(path)
    if given.exists() or given.suffix or str(given.parent) not in (".", "reference"):
        return given
    bundled = _bundle() / f"{given}.json"
    if bundled.is_file():
        return Path(str(bundled))
    raise ScenarioError(
        f"{path}: found no file and no bundled scenario of this name"
        + did_you_mean(path, scenarios()),
        source=str(path),
        found="no such file",
        expected="a file, or a name that holdfast.scenarios() lists",
        nearest=_core.nearest(str(path), scenarios()),
    )


def _dumps(value: Any, where: str, indent: int | None = None) -> str:
    try:
        return json.dumps(value, allow_nan=False, indent=indent)
    except (TypeError, ValueError) as error:
        raise ScenarioError(
            f"{where}: found a value that JSON cannot say ({error})",
            source=where,
            found=str(error),
            expected="numbers, strings, lists, dictionaries, true, false, null",
        ) from None
