"""The notebook, run as a reader runs it, on a study that somebody rated and on one that nobody did."""

from pathlib import Path

import nbclient
import nbformat
import pytest

from tests.analysis.report.rated import write_published

NOTEBOOK = Path(__file__).parents[2] / "examples" / "analysis.ipynb"


def run(dataset: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (cell,) = [cell for cell in notebook.cells if "DATASET = " in cell.source]
    cell.source = cell.source.replace('"../out/lands-between-demo-dataset"', repr(str(dataset)))
    assert str(dataset) in cell.source
    return nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3").execute(cwd=str(NOTEBOOK.parents[1]))


def pictures(notebook: nbformat.NotebookNode) -> int:
    return sum("image/png" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))


@pytest.mark.slow
@pytest.mark.parametrize(("source", "figures"), [("simulated", 3), (None, 2)])
def test_the_notebook_runs(small_folder, tmp_path, source, figures):
    notebook = run(write_published(small_folder, tmp_path / "study", source=source))
    assert pictures(notebook) == figures


def test_its_outputs_are_stripped():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
