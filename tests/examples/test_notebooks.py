"""The notebooks: as files, and that of verification, run as a reader runs it; the others run where their studies are
built.
"""

from pathlib import Path

import nbclient
import nbformat
import pytest
from matplotlib.figure import Figure

from builder.studies import packaged
from tests.analysis.report.rated import write_published
from tests.examples.notebooks import DATASET, FOLDER, NOTEBOOKS, run, written


def test_every_kind_has_one_of_a_packaged_study():
    kinds = packaged()
    assert set(NOTEBOOKS) == set(kinds.values())
    assert {each.study: kind for kind, each in NOTEBOOKS.items()}.items() <= kinds.items()
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(NOTEBOOKS)


@pytest.mark.parametrize("kind", NOTEBOOKS)
def test_each_is_as_it_is_written(kind: str):
    text = (FOLDER / f"{kind}.ipynb").read_text("utf-8")
    assert text == written(kind), "write them again: python -m tests.examples.notebooks examples"
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.slow
def test_it_runs_in_a_kernel(small_folder: Path, tmp_path: Path):
    dataset = write_published(small_folder, tmp_path / "study", source="simulated")
    notebook = nbformat.read(FOLDER / "verification.ipynb", as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.source = first.source.replace(DATASET.format("lands-between-demo"), repr(str(dataset)))
    assert str(dataset) in first.source
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3").execute(cwd=str(FOLDER))
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 4


@pytest.mark.slow
def test_it_runs_where_nobody_rated(small_folder: Path, tmp_path: Path):
    outputs = run("verification", write_published(small_folder, tmp_path / "study", source=None))
    assert sum(isinstance(each, Figure) for each in outputs) == 2
