# SPDX-License-Identifier: Apache-2.0
"""What public functions are given, checked against their own annotations.

A function that is ``@checked`` says in its signature what it takes, bounds as well, and whatever
does not fit ends in one UsageError: which argument, what was found, what was expected. So no
function checks a type by itself, and none forgets to.
"""

from __future__ import annotations

import collections.abc
import functools
import inspect
import itertools
import numbers
import operator
import os
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, NamedTuple, ParamSpec, TypeAlias, TypeVar

from holdfast._words import did_you_mean, shown
from holdfast.errors import UsageError

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Whole(NamedTuple):
    """Bounds of an integer, for ``Annotated``."""

    low: int
    high: int

    def problem(self, value: Any) -> bool:
        """Tell whether an integer is none of these."""
        return not self.low <= operator.index(value) <= self.high

    def __str__(self) -> str:
        """Say what is expected."""
        return f"an integer from {self.low} to {self.high}"


class Between(NamedTuple):
    """Bounds of a number that is neither of them, for ``Annotated``."""

    low: float
    high: float

    def problem(self, value: Any) -> bool:
        """Tell whether a number is none of these."""
        return not self.low < value < self.high

    def __str__(self) -> str:
        """Say what is expected."""
        return f"a number between {self.low:g} and {self.high:g}"


class Says(NamedTuple):
    """What is expected, in words of its own, for ``Annotated``."""

    words: str


class _PathName(NamedTuple):
    """A path that the system can take."""

    def problem(self, value: Any) -> bool:
        """Tell whether a path is none: it says nothing, has a NUL, or a name that is too long."""
        path = os.fspath(value)
        try:
            name = os.fsencode(path) if isinstance(path, str) else b""
        except UnicodeEncodeError:
            return True
        parts = name.split(b"/")
        return not name or b"\0" in name or len(name) > 4095 or max(map(len, parts)) > 255

    def __str__(self) -> str:
        """Say what is expected."""
        return "a path of at most 4095 bytes, 255 in each name"


#: A file or a folder. Names may be bytes that are no UTF-8, as ``os.fsdecode`` gives them.
AnyPath: TypeAlias = Annotated[str | os.PathLike[str], _PathName()]


class _Problem(NamedTuple):
    found: Any
    expected: str
    names: tuple[str, ...] = ()
    at: str = ""


@dataclass(frozen=True)
class _Kind:
    """What one annotation takes."""

    expected: str
    #: whether a value is of this kind at all
    fits: Callable[[Any], bool]
    #: what is wrong inside one that is
    within: Callable[[Any], _Problem | None] = lambda _: None
    #: words of which one may have been meant
    names: tuple[str, ...] = ()

    def problem(self, value: Any) -> _Problem | None:
        """Return what is wrong with a value."""
        if not self.fits(value):
            return _Problem(value, self.expected, self.names)
        return self.within(value)


def checked(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Check the arguments of a function against its annotations before each call."""
    parameters = list(inspect.signature(function).parameters.values())
    names = [one.name for one in parameters if one.kind == one.POSITIONAL_OR_KEYWORD]
    names = [one.name for one in parameters if one.kind == one.POSITIONAL_ONLY] + names
    rest = [one.name for one in parameters if one.kind == one.VAR_POSITIONAL]

    @functools.wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        kinds = _kinds_of(function)
        every = itertools.chain(names, itertools.repeat(rest[0])) if rest else names
        for name, value in itertools.chain(zip(every, args, strict=False), kwargs.items()):
            if name in kinds:
                _refuse(name, kinds[name], value)
        return function(*args, **kwargs)

    return call


def check_fields(one: Any) -> None:
    """Check the fields of a dataclass, in its ``__post_init__``."""
    what: Any = type(one)
    for name, kind in _kinds_of(what).items():
        _refuse(name, kind, getattr(one, name))


def check(name: str, hint: Any, value: Any) -> None:
    """Check one value against an annotation: what a callback returned, what stands in a file."""
    _refuse(name, _kind(hint), value)


def fits(hint: Any, value: Any) -> bool:
    """Tell whether a value fits an annotation."""
    return _kind(hint).problem(value) is None


def is_whole(value: Any) -> bool:
    """Tell whether a value is an integer, of Python or of NumPy; a truth value is none."""
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return False
    try:
        operator.index(value)
    except Exception:  # Its own __index__ may do anything.
        return False
    return True


def _refuse(name: str, kind: _Kind, value: Any) -> None:
    problem = kind.problem(value)
    if problem is None:
        return
    hint = did_you_mean(problem.found, problem.names) if isinstance(problem.found, str) else ""
    raise UsageError(
        f"{name}{problem.at}: found {shown(problem.found)}, expected {problem.expected}{hint}"
    )


@functools.lru_cache(maxsize=256)
def _kinds_of(what: Any) -> dict[str, _Kind]:
    hints = typing.get_type_hints(what, include_extras=True)
    return {name: _kind(hint) for name, hint in hints.items() if name != "return"}


def _kind(hint: Any) -> _Kind:
    """Return what an annotation takes."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        if isinstance(inner[1], Says):
            return replace(_kind(inner[0]), expected=inner[1].words)
        return _bounded(_kind(inner[0]), inner[1:])
    if origin in (typing.Union, types.UnionType):
        return _union([_kind(one) for one in inner])
    if origin is Literal:
        return _words(inner)
    plain = origin or hint
    if plain in _PLAIN:
        return _PLAIN[plain]
    if plain is collections.abc.Callable:
        return _Kind("a function", callable)
    if isinstance(plain, type) and issubclass(plain, Mapping):
        return _mapping(inner)
    if plain in (list, tuple, set, frozenset) or plain in _LISTS:
        return _list(plain, inner)
    if not isinstance(plain, type):
        return _PLAIN[Any]
    name = f"{plain.__module__.split('.')[0]}.{plain.__qualname__}"
    return _Kind(f"a {name.replace('os.PathLike', 'path')}", lambda value: isinstance(value, plain))


def _text_problem(value: str) -> _Problem | None:
    try:
        value.encode()
    except UnicodeEncodeError:
        return _Problem(value, "text that UTF-8 can say")
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


_PLAIN: dict[Any, _Kind] = {
    Any: _Kind("anything", lambda _: True),
    object: _Kind("anything", lambda _: True),
    types.NoneType: _Kind("None", lambda value: value is None),
    bool: _Kind(
        "True or False",
        lambda value: isinstance(value, bool) or type(value).__name__ == "bool_",
    ),
    int: _Kind("an integer", is_whole),
    float: _Kind("a number", _is_number),
    str: _Kind("a string", lambda value: isinstance(value, str), _text_problem),
}
_LISTS = (collections.abc.Sequence, collections.abc.Iterable)


def _words(words: tuple[Any, ...]) -> _Kind:
    listed = ", ".join(str(word) for word in words)
    return _Kind(
        f"one of {listed}" if len(words) > 1 else listed,
        lambda value: any(type(value) is type(word) and value == word for word in words),
        names=tuple(word for word in words if isinstance(word, str)),
    )


def _union(kinds: list[_Kind]) -> _Kind:
    def within(value: Any) -> _Problem | None:
        problems = [kind.problem(value) for kind in kinds if kind.fits(value)]
        return None if None in problems else problems[-1]

    return _Kind(
        " or ".join(kind.expected for kind in kinds),
        lambda value: any(kind.fits(value) for kind in kinds),
        within,
        tuple(name for kind in kinds for name in kind.names),
    )


def _bounded(kind: _Kind, bounds: tuple[Any, ...]) -> _Kind:
    expected = " and ".join(map(str, bounds))

    def within(value: Any) -> _Problem | None:
        if any(bound.problem(value) for bound in bounds):
            return _Problem(value, expected)
        return None

    return _Kind(expected, kind.fits, within)


def _mapping(inner: tuple[Any, ...]) -> _Kind:
    keys, values = (_kind(one) for one in inner or (Any, Any))

    def within(given: Mapping[Any, Any]) -> _Problem | None:
        for key, value in given.items():
            problem = keys.problem(key)
            if problem is None:
                problem = values.problem(value)
            if problem is not None:
                return problem._replace(at=f": {shown(key)}{problem.at}")
        return None

    return _Kind("a dictionary", lambda value: isinstance(value, Mapping), within)


def _list(plain: Any, inner: tuple[Any, ...]) -> _Kind:
    of = [_kind(one) for one in inner if one is not Ellipsis]
    length = len(of) if plain is tuple and Ellipsis not in inner else None

    def fits(value: Any) -> bool:
        if isinstance(value, (str, bytes, Mapping)):
            return False
        if plain is not collections.abc.Iterable:
            is_list = isinstance(value, collections.abc.Sequence)
            return is_list and (length is None or len(value) == length)
        # A class has it for its instances; a table has columns, not values.
        one_by_one = hasattr(value, "__iter__") and not isinstance(value, type)
        return one_by_one and getattr(value, "ndim", 1) == 1

    def within(value: Any) -> _Problem | None:
        # Iterators are used up by a look, and a range may have no end that one would wait for.
        some: collections.abc.Sequence[Any] = ()
        if isinstance(value, collections.abc.Sequence):
            some = value if isinstance(value, (list, tuple)) else value[:1]
        for number, one in enumerate(some):
            problem = of[min(number, len(of) - 1)].problem(one) if of else None
            if problem is not None:
                return problem._replace(at=f"[{number}]{problem.at}")
        return None

    words = "a list" if length is None else f"a list of {length}"
    return _Kind(words, fits, within)
