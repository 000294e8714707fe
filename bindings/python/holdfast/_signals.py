# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C while something is saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_back() -> Iterator[None]:
    """Let Ctrl-C do nothing meanwhile: a second one must not lose what the first one saves."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


#: Whether Ctrl-C was pressed while it was only to be noticed; None: it raises, as always.
_pressed: bool | None = None


@contextmanager
def noticed() -> Iterator[None]:
    """Let Ctrl-C be noticed by :func:`check`, and not raised wherever Python happens to be.

    An exception in the middle of a callback of the garbage collector, say, is lost, and with it the
    wish to stop. Whoever has a handler of his own keeps it.
    """
    global _pressed  # there is one signal a process
    if threading.current_thread() is not threading.main_thread() or _pressed is not None:
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    _pressed = False
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: note())
    try:
        yield
    finally:
        if before is signal.default_int_handler:
            signal.signal(signal.SIGINT, before)
        _pressed = None


def note() -> object:
    """Note that somebody wants to stop; false if nobody looks."""
    global _pressed
    if _pressed is None:
        return False
    _pressed = True
    return True


def check() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was noticed."""
    if _pressed and threading.current_thread() is threading.main_thread():
        raise KeyboardInterrupt
