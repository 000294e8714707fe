# SPDX-License-Identifier: Apache-2.0
"""docs/performance.md has the text of its template, and was made of this model."""

from __future__ import annotations

import json
import re

import pytest
from instructions import BASELINE
from performance_page import COUNTED, FIELD, MEASURED, PAGE, TEMPLATE, counts, digits, shares

RENEW = "docs/performance.md is old: make performance-page"


def test_the_page_is_the_template() -> None:
    """The page says what the template says, with tables in it."""
    parts = FIELD.split(TEMPLATE.read_text())
    words = "(?s:.+?)".join(re.escape(text) for text in parts[::2])
    assert re.fullmatch(words, PAGE.read_text()), RENEW


def test_every_table_is_on_the_page() -> None:
    """A table that nobody sees would be measured in vain."""
    assert sorted(FIELD.findall(TEMPLATE.read_text())) == sorted({**MEASURED, **COUNTED})


@pytest.mark.parametrize("table", [counts, shares])
def test_the_page_is_of_this_model(table: object) -> None:
    """The page states the instruction counts of the tree, so its times are of this model, too."""
    assert callable(table)
    assert table(json.loads(BASELINE.read_text())) in PAGE.read_text(), RENEW


def test_tables() -> None:
    """Counts with and without events, and the namespaces that matter in the order of the first."""
    counted = {
        "counted": [
            {"name": "a", "instructions": 3_000_000, "events": 2_000, "trace_hash": "1",
             "rooms": {"net": 1_000_000, "tcp": 1_990_000, "wire": 10_000}},
            {"name": "b", "instructions": 1_000, "events": 5, "rooms": {"net": 1_000}},
        ]
    }  # fmt: skip
    assert counts(counted).splitlines()[2:] == [
        "| a | 3,000,000 | 2,000 | 1,500 |",
        "| b | 1,000 |  |  |",
    ]
    assert shares(counted).splitlines() == [
        "| namespace | a |",
        "| --- | ---: |",
        "| `tcp` | 66.3 % |",
        "| `net` | 33.3 % |",
    ]


def test_digits() -> None:
    """Three digits, whatever the size."""
    assert [digits(x) for x in (1234.5, 123.45, 12.345, 1.2345, 0.12345)] == [
        "1,234", "123", "12.3", "1.23", "0.123",
    ]  # fmt: skip
