# SPDX-License-Identifier: Apache-2.0
"""The parts of a page that know things, run without a page."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

import quickjs
from holdfast import _core
from house import ROOT

FOLDER = ROOT / "analysis" / "report" / "page"
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
PURE = ("decode.js", "scale.js", "model.js", "rules.js", "lanes.js", "compare.js")


def data_of(page: str) -> Any:
    """Return what a page carries."""
    match = DATA.search(page)
    assert match is not None
    return json.loads(match.group(1))


def page_of(*documents: Any) -> str:
    """Return the page of documents that answer a question."""
    return _core.answers_page([json.dumps(one) for one in documents])


class Scripts:
    """The scripts of the page that touch no document."""

    def __init__(self, page: str | None = None) -> None:
        """Load them, and the runs of a page as `runs`."""
        self.context = quickjs.Context()
        for name in PURE:
            self.context.eval((FOLDER / name).read_text())
        if page is None:
            return
        self.context.eval("const runs = [];")
        for index, run in enumerate(data_of(page)["runs"]):
            packed = base64.b64decode(run.pop("data"))
            numbers = list(zlib.decompress(packed) if run["zip"] else packed)
            self.context.eval(f"""{{
              const run = {json.dumps(run)};
              const bytes = Uint8Array.from({json.dumps(numbers)});
              runs.push(makeRun(run, decodeColumns(bytes, run.columns), {index}));
              runs[{index}].shift = runs[0].origin - runs[{index}].origin;
            }}""")

    def __call__(self, code: str) -> Any:
        """Evaluate an expression."""
        return json.loads(self.context.eval(f"JSON.stringify({code}) || 'null'"))
