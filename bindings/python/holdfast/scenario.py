# SPDX-License-Identifier: Apache-2.0
"""Scenarios: what there is, what the applications do, what goes wrong."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeAlias

from holdfast import _core
from holdfast._arguments import AnyPath, Says, checked
from holdfast._words import did_you_mean, nearest, plain
from holdfast.errors import ScenarioError
from holdfast.files import write_whole


def scenarios() -> list[str]:
    """Return the names of the bundled scenarios, for :meth:`Scenario.load` and :func:`run`."""
    kinds = ("reference", "operators", "faster")
    folders = (("", _bundle()), *((f"{kind}/", _bundle() / kind) for kind in kinds))
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

    @checked
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
        self.source = source or "<Scenario>"
        self._document: dict[str, Any] = _copied(dict(document or {}) | keys, self.source)

    @classmethod
    @checked
    def load(cls, path: AnyPath) -> Scenario:
        """Read and check a file, or a bundled scenario by its name.

        Raises:
            ScenarioError: it cannot be read or is wrong; says where.

        """
        found = _find(path)
        one = cls(json.loads(_core.read(os.fsencode(found))), source=_named(found))
        one.validate()
        return one

    @checked
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
        text = _core.apply(self._text(), self.source, [(path, dumps(value, path))], said_by)
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
        return _copied(self._document, self.source)

    @checked
    def save(self, path: AnyPath) -> None:
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
        return dumps(self._document, self.source, indent)

    def _check(self) -> tuple[str, str, str, float, int]:
        return _core.check(self._text(), self.source)


#: What the functions that take a scenario accept: one, its document, a file, or the name of a
#: bundled one.
ScenarioLike: TypeAlias = Annotated[
    Scenario | Mapping[str, Any] | AnyPath,
    Says("a Scenario, a dictionary, a path or the name of a bundled scenario"),
]


def as_scenario(given: ScenarioLike) -> Scenario:
    """Return the scenario that is meant: itself, a dictionary, a file, a bundled name."""
    if isinstance(given, Scenario):
        return given
    if isinstance(given, Mapping):
        return Scenario(given, source="<dict>")
    return Scenario.load(given)


def _named(path: Path) -> str:
    """Return what errors call a file; its name may be bytes that are no UTF-8."""
    text = str(path)
    return text if plain(text) == text else _core.printable(os.fsencode(path))


def _find(path: AnyPath) -> Path:
    """Return the file that is meant by a path or by the name of a bundled scenario."""
    given = Path(path)
    if given.exists() or given.suffix or str(given.parent) not in (".", "reference"):
        return given
    bundled = _bundle() / f"{given}.json"
    if bundled.is_file():
        return Path(str(bundled))
    raise ScenarioError(
        f"{_core.printable(os.fsencode(given))}: found no file and no bundled scenario of this name"
        + did_you_mean(path, scenarios()),
        source=_named(given),
        found="no such file",
        expected="a file, or a name that holdfast.scenarios() lists",
        nearest=nearest(path, scenarios()),
    )


def _copied(document: dict[str, Any], where: str) -> dict[str, Any]:
    try:
        return copy.deepcopy(document)
    except Exception as error:  # Values of other kinds may refuse in ways of their own.
        raise _unspeakable(where, error) from None


def dumps(value: Any, where: str, indent: int | None = None) -> str:
    """Return a value as JSON.

    Raises:
        ScenarioError: JSON cannot say it.

    """
    try:
        return json.dumps(value, allow_nan=False, indent=indent)
    except (TypeError, ValueError, RecursionError) as error:
        raise _unspeakable(where, error) from None


def _unspeakable(where: str, error: Exception) -> ScenarioError:
    why = "nesting without end" if isinstance(error, RecursionError) else str(error)
    found = _core.printable(plain(f"a value that JSON cannot say ({why})").encode())
    expected = "numbers, strings, lists, dictionaries, true, false, null"
    return ScenarioError(
        f"{where}: found {found}, expected {expected}",
        source=where,
        found=found,
        expected=expected,
    )
