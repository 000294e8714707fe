# SPDX-License-Identifier: Apache-2.0
"""What all answers can do, and what one is worth that Ctrl-C has ended."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from holdfast._arguments import AnyPath, checked
from holdfast.errors import Interrupted
from holdfast.pages import Report, page_of_answer


class Document:
    """An answer that has come as a document of the program."""

    _document: str

    def to_dict(self) -> dict[str, Any]:
        """Return the document that the program prints with ``--json``."""
        document: dict[str, Any] = json.loads(self._document)
        return document

    @checked
    def report(self, out: AnyPath | None = None) -> Report:
        """Return a page: the answer with what it is worth, as sentences, charts and tables.

        Args:
            out: a file for the page as well.

        Raises:
            UsageError: what is at `out` is no regular file, or no page of a report.
            WriteError: it cannot be written.

        """
        return page_of_answer(self._document, out)


Answer = TypeVar("Answer", bound=Document)


def kept(answer: Answer, document: str) -> Answer:
    """Return the answer of a document, or raise it if Ctrl-C came before its end."""
    if json.loads(document)["ended"] == "interrupted":
        raise Interrupted(result=answer)
    return answer
