# SPDX-License-Identifier: Apache-2.0
"""The other end of ``run(kernel="simgrid")``: arguments on stdin, the result on stdout."""

from __future__ import annotations

import json
import os
import sys
import threading
import time

from holdfast import _core
from holdfast.errors import HoldfastError, Interrupted, WriteError


def main() -> int:
    """Run once; an error goes to stdout too, as one line of JSON."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    text, source, seed, kernel, traces, out, bounds, window = json.load(sys.stdin)
    try:
        print(
            _core.run(text, source, seed, kernel, traces, out, None, tuple(bounds), tuple(window))
        )
    except HoldfastError as error:
        attributes = dict(error.__dict__)
        if isinstance(error, WriteError):
            attributes = {"document": error.document}
        told = {"type": type(error).__name__, "message": str(error), "attributes": attributes}
        print(json.dumps({"error": told}))
        return 1
    except Interrupted:
        return 1
    return 0


def _end_with_parent() -> None:
    """Whoever asked may be killed; then nobody takes the answer."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
