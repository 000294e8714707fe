# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, as exceptions. All but :class:`Interrupted` are :class:`HoldfastError`."""

from __future__ import annotations

from typing import Any


class HoldfastError(Exception):
    """Anything that Holdfast itself reports."""


class ScenarioError(HoldfastError, ValueError):
    """A mistake in a scenario. The message is one line that says all of what follows.

    Attributes:
        source: the file, or what stands for it.
        pointer: JSON pointer (RFC 6901) to the place; empty for the document as a whole.
        found: what stands there.
        expected: what may stand there.
        nearest: the nearest valid name, or an empty string.
        line: of a syntax error, from 1; 0 where that has no meaning.
        column: likewise, in bytes.

    """

    def __init__(
        self,
        message: str,
        *,
        source: str = "",
        pointer: str = "",
        found: str = "",
        expected: str = "",
        nearest: str = "",
        line: int = 0,
        column: int = 0,
    ) -> None:
        """Make the error; `message` is what ``str()`` gives."""
        super().__init__(message)
        self.source = source
        self.pointer = pointer
        self.found = found
        self.expected = expected
        self.nearest = nearest
        self.line = line
        self.column = column

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way from another process."""
        return (_rebuild, (str(self), dict(self.__dict__)))


def _rebuild(message: str, attributes: dict[str, object]) -> ScenarioError:
    error = ScenarioError(message)
    error.__dict__.update(attributes)
    return error


class UsageError(HoldfastError, ValueError):
    """An argument that makes no sense: says what was found and what was expected."""


class WriteError(HoldfastError, OSError):
    """The surroundings do not let us write: a full disk, no permission, too long a name.

    Attributes:
        result: the Result of the run of which not all could be written; None: nothing was run.
        table: the DataFrame of the sweep, likewise.

    """

    def __init__(
        self,
        message: str,
        *,
        document: str = "",
        table: Any = None,
    ) -> None:
        """Make the error; `message` is what ``str()`` gives, `document` a result as JSON."""
        super().__init__(message)
        self.document = document
        self.result: Any = None
        self.table = table


class Interrupted(KeyboardInterrupt):
    """Ctrl-C ended something, and this is what was finished by then.

    Attributes:
        result: the Result of a run, up to the instant at which it ended; its ``partial`` says so.
        table: a DataFrame of the finished rows of a sweep.

    """

    def __init__(
        self,
        message: str = "stopped by Ctrl-C",
        *,
        result: Any = None,
        table: Any = None,
    ) -> None:
        """Make the exception."""
        super().__init__(message)
        self.result = result
        self.table = table


class PlatformError(HoldfastError, ValueError):
    """SimGrid's routing cannot take the fabric."""


class KernelMismatch(HoldfastError):  # noqa: N818  # the name of the C++ one
    """The two kernels did not do the same; shows the first record in which they differ."""


class InvariantError(HoldfastError):
    """A broken promise of the simulator itself. Please report it."""


class SimGridError(HoldfastError):
    """The process in which SimGrid ran ended without an answer."""


class IoError(HoldfastError):
    """An I/O of a workload in Python failed.

    Attributes:
        status: the NVMe status (SCT << 8 | SC).
        kind: "read", "write", ...
        lba: first block.

    """

    def __init__(self, message: str, *, status: int, kind: str, lba: int) -> None:
        """Make the error; `message` is what ``str()`` gives."""
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.lba = lba
