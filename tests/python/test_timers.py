# SPDX-License-Identifier: Apache-2.0
"""docs/timers.md has a row for every call of the models that schedules something, and no other."""

from __future__ import annotations

import re
from collections import Counter

from house import ROOT

MODELS = ROOT / "models"
CALL = re.compile(
    r"\bw(?:orld)?\.(?:at|after|calendar\.at(?:_for)?|calendar\.lane_push)\(|\btimer\.set\(w,"
    r"|\bact_(?:at|next)\(w(?:orld)?,"
)
ROW = re.compile(r"^\| `models/([\w/]+\.cpp)` \|", re.MULTILINE)


def calls_in(text: str) -> int:
    """Calls outside comments."""
    code = [line for line in text.splitlines() if not line.lstrip().startswith("//")]
    return len(CALL.findall("\n".join(code)))


def test_every_timer_has_a_row() -> None:
    """A timer that is added is named, and has a case."""
    calls = Counter(
        {
            str(path.relative_to(MODELS)): calls_in(path.read_text())
            for path in sorted(MODELS.rglob("*.cpp"))
        }
    )
    rows = Counter(ROW.findall((ROOT / "docs" / "timers.md").read_text()))
    assert {name: n for name, n in calls.items() if n} == dict(rows)


def test_a_call_is_seen_in_each_of_its_forms() -> None:
    """The search finds all that it must, and no lookup in a map."""
    text = "w.at(t, f);\n  w.after(d,\n f);\nworld.after(d, f);\n// w.at(t, f)\nnow.at(key);"
    assert calls_in(text) == 3
    assert calls_in("e.timer.set(w, t, f);\n  w.set(t);") == 1
    assert calls_in("w.calendar.at_for(machine, t, f);") == 1
