"""Every notebook runs from top to bottom, as an analyst would run it."""

from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("*.py"))


def test_there_are_notebooks():
    assert SOURCES


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("default")  # what Jupyter itself warns of is not ours
def test_a_notebook_runs(source):
    jupytext = pytest.importorskip("jupytext")
    nbclient = pytest.importorskip("nbclient")
    notebook = jupytext.read(source)
    nbclient.NotebookClient(
        notebook,
        timeout=None,
        startup_timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(NOTEBOOKS)}},
    ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    # The first thing that a reader sees is a table and at most two sentences of what matters.
    first = next(output for output in outputs if output.get("name") != "stderr")
    told = first["data"]["text/html"]
    assert "<table" in told
    assert "<p>" in told
