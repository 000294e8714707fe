# SPDX-License-Identifier: Apache-2.0
"""The notebooks run from top to bottom, and are committed without their outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from house import ROOT
from nbclient import NotebookClient

FOLDER = ROOT / "docs" / "notebooks"
#: what each must have drawn, at least
PICTURES = {"first_sweep": 4, "sizing_kato_and_cqt": 4}
#: where the test makes do with fewer seeds; those of the choice stay, which 300 are needed for
FEWER = {
    "first_sweep": {"seeds=5": "seeds=2"},
    "sizing_kato_and_cqt": {
        "range(1001, 1601)": "range(1001, 1151)",
        "seeds=200": "seeds=60",
        "seeds=40": "seeds=10",
    },
}


def read(name: str) -> Any:
    """Return a notebook."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)  # type: ignore[no-untyped-call]


def test_every_notebook_is_tested() -> None:
    """None is left out of the table above."""
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == sorted(PICTURES)


@pytest.mark.parametrize("name", PICTURES)
def test_is_clean(name: str) -> None:
    """Valid, small, and with nothing of a run in it."""
    notebook = read(name)
    nbformat.validate(notebook)
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 30_000
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def with_fewer_seeds(name: str) -> Any:
    """Return a notebook that is quicker; each place must be there, once."""
    notebook = read(name)
    for old, new in FEWER.get(name, {}).items():
        [cell] = [cell for cell in notebook.cells if old in cell.source]
        cell.source = cell.source.replace(old, new)
    return notebook


@pytest.mark.parametrize("name", PICTURES)
def test_runs(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No cell fails, and pictures come out."""
    # The kernel must be this interpreter, with its packages, and not one of the user's.
    monkeypatch.setenv("JUPYTER_PATH", "")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    notebook = with_fewer_seeds(name)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    pictures = [out for out in outputs if "image/png" in out.get("data", {})]
    assert len(pictures) >= PICTURES[name]
    assert not [out for out in outputs if out.get("name") == "stderr"]
