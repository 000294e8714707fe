# SPDX-License-Identifier: Apache-2.0
"""The other end of ``run(kernel="simgrid")``: arguments on stdin, the result on stdout."""

from __future__ import annotations

import json
import sys

from holdfast import _core
from holdfast.errors import HoldfastError


def main() -> int:
    """Run once; an error goes to stdout too, as one line of JSON."""
    text, source, seed, kernel, traces, out = json.load(sys.stdin)
    try:
        print(_core.run(text, source, seed, kernel, traces, out, None))
    except HoldfastError as error:
        told = {
            "type": type(error).__name__,
            "message": str(error),
            "attributes": dict(error.__dict__),
        }
        print(json.dumps({"error": told}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
