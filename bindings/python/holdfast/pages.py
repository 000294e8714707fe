# SPDX-License-Identifier: Apache-2.0
"""A page that explains runs: one file, which a browser opens offline."""

from __future__ import annotations

import html
import os
from pathlib import Path

from holdfast import _core
from holdfast._arguments import AnyPath, checked
from holdfast._words import shown
from holdfast.errors import UsageError
from holdfast.files import write_whole

#: So many runs stand side by side on a page.
MOST_RUNS = 8


class Report:
    """A page of one run, or of several that it compares.

    A notebook shows it in place; :meth:`save` writes it.
    """

    @checked
    def __init__(self, page: str) -> None:
        """Wrap the text of a page, as :func:`holdfast.report` makes it."""
        self._page = page

    @property
    def html(self) -> str:
        """Return the whole file."""
        return self._page

    @checked
    def save(self, path: AnyPath) -> Path:
        """Write the page, whole or not at all, and return where it is.

        Raises:
            UsageError: what is there is no regular file, or no page of a report.
            WriteError: it cannot be written.

        """
        file = Path(path)
        if other := _core.in_the_way_of_page(os.fspath(file)):
            raise UsageError(f"path: found {shown(os.fspath(file))}, {other}")
        write_whole(file, lambda hidden: hidden.write_text(self._page, encoding="utf-8"))
        return file

    def __repr__(self) -> str:
        """Say how large it is."""
        return f"<Report {len(self._page.encode()) / 1000:.0f} KB>"

    def _repr_html_(self) -> str:
        # In a frame of its own: its styles and scripts stay with it.
        return (
            f'<iframe title="Holdfast report" srcdoc="{html.escape(self._page)}" '
            'style="width: 100%; height: 820px; border: 1px solid #d9dcdf"></iframe>'
        )


def page_of(sources: list[tuple[str, str, int | None]], *, what_if: bool) -> Report:
    """Run scenarios (text, what errors call it, seed or None) and make their page."""
    if not 1 <= len(sources) <= MOST_RUNS:
        raise UsageError(f"runs: found {len(sources)}, expected 1 to {MOST_RUNS}")
    return Report(_core.report(sources, what_if))


def page_of_answer(document: str, out: AnyPath | None) -> Report:
    """Make the page of a document of search, rare or size, and write it if there is a place."""
    page = Report(_core.answers_page([document]))
    if out is not None:
        page.save(out)
    return page
