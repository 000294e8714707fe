# SPDX-License-Identifier: Apache-2.0
"""What an answer is worth that Ctrl-C has ended."""

from __future__ import annotations

import json
from typing import TypeVar

from holdfast.errors import Interrupted

Answer = TypeVar("Answer")


def kept(answer: Answer, document: str) -> Answer:
    """Return the answer of a document, or raise it if Ctrl-C came before its end."""
    if json.loads(document)["ended"] == "interrupted":
        raise Interrupted(result=answer)
    return answer
