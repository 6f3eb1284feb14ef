"""What classifiers are said to have answered is asked of them again, from the published pictures."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builder import assets
from builder.cli import main
from builder.errors import PublishError
from builder.publish.repeat import repeat
from builder.publish.verify import verify
from builder.runtime import Runtime
from loading_script.lands_between import PROVENANCE
from tests import sources

pytestmark = pytest.mark.slow

PREDICTIONS = "data/predictions/train-000000.parquet"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, runtime: Runtime) -> Path:
    """Digits that their owner publishes, attacked, and what a trained and a recorded classifier say of them."""
    folder = tmp_path_factory.mktemp("digits")
    study = sources.classification(folder / "source", redistributable=True, license="CC0")
    file = folder / "said.csv"
    rows = [f"{label}/{number:02}.png,0.9,0.1" for label in (3, 5) for number in range(12)]
    file.write_text("\n".join(["row_id,3,5", *rows]) + "\n")
    keys = study.model_dump(mode="json", exclude_none=True)
    keys["classifiers"].append({"name": "closed", "model": f"predictions:{file}"})
    keys["publish"]["licenses"] = {"closed": "MIT"}
    root = sources.build(sources.parse_study(keys, "study.toml"), folder / "study", runtime)
    assert main(["publish", str(root), "--to", str(folder / "dataset"), "--version", "1.0.0"]) == 0
    return folder / "dataset"


@pytest.fixture
def dataset(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "dataset"))


def forge(folder: Path, path: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Replaces rows of a table, with hashes that fit."""
    pq.write_table(change(pq.ParquetFile(folder / path).read()), folder / path)
    provenance = json.loads((folder / PROVENANCE).read_text())
    content = (folder / path).read_bytes()
    provenance["files"][path].update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    (folder / PROVENANCE).write_text(json.dumps(provenance))


def column(rows: pa.Table, name: str, values: list[object]) -> pa.Table:
    field = rows.schema.field(name)
    return rows.set_column(rows.column_names.index(name), field, pa.array(values, field.type))


def test_every_answer_to_a_published_picture_is_repeated(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """From the version alone: a network that was trained for the study is in it, and none is trained."""
    monkeypatch.setenv(assets.CACHE_VARIABLE, str(tmp_path / "empty"))
    assert main(["verify", str(dataset), "--predictions"]) == 0
    said = capsys.readouterr().out
    tables = {name: pq.read_table(dataset / "data" / name) for name in ("predictions", "items", "attacks")}
    rows, attacks = (len(tables[name]["image_id"].drop_null()) for name in ("predictions", "attacks"))
    repeated = rows + attacks + tables["items"].num_rows
    assert 6 <= rows < 24
    assert f"predictions of weak: {repeated} repeated, to within 1e-05; {24 - rows} of pictures that are not" in said
    assert "predictions of closed: not repeated: predictions:said.csv is of whoever built it; who has it adds" in said
    assert not list((tmp_path / "empty").glob("digits-*"))


def test_the_weights_are_data_and_small(dataset: Path):
    weights = dataset / "weights" / "digits-weak.safetensors"
    assert weights.stat().st_size < 1_000_000
    assert "digits-weak: trained for this study; the weights are in `weights/`" in (dataset / "README.md").read_text()
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    (wrong,) = verify(dataset)
    assert wrong.startswith("weights/digits-weak.safetensors: its bytes do not have the SHA-256")


def test_a_probability_that_is_off_is_named(dataset: Path):
    shown = [row is not None for row in pq.read_table(dataset / PREDICTIONS)["image_id"].to_pylist()].index(True)

    def off(rows: pa.Table) -> pa.Table:
        values = rows["weak_probabilities"].to_pylist()
        values[shown][1] += 3e-5
        return column(rows, "weak_probabilities", values)

    forge(dataset, PREDICTIONS, off)
    assert verify(dataset) == []
    row = pq.read_table(dataset / PREDICTIONS)["row"][shown].as_py()
    (wrong,) = repeat(dataset, {}).wrong
    assert wrong.startswith(f"predictions: row {row}: weak: the probability of ")
    assert wrong.endswith(" is off by -3e-05")


def test_another_class_is_named(dataset: Path, capsys: pytest.CaptureFixture[str]):
    items = "data/items/train-000000.parquet"
    first = pq.read_table(dataset / items).slice(0, 1).to_pylist()[0]
    other = "7" if first["weak_top1"] != "7" else "1"
    forge(dataset, items, lambda rows: column(rows, "weak_top1", [other, *rows["weak_top1"].to_pylist()[1:]]))
    assert main(["verify", str(dataset), "--predictions"]) == 1
    said = capsys.readouterr().out
    assert f"items: {first['item_id']}: weak said {other}, and says {first['weak_top1']}\n" in said
    assert "everything is as it should be" not in said


def test_a_picture_that_was_changed_is_another_answer(dataset: Path):
    """As where somebody publishes other pictures under old predictions."""

    def turned(rows: pa.Table) -> pa.Table:
        return column(rows, "image", rows["image"].to_pylist()[::-1])

    forge(dataset, "data/images/train-000000.parquet", turned)
    wrong = repeat(dataset, {}).wrong
    assert len(wrong) == 11
    assert wrong[-1].endswith("more predictions differ")


def test_a_model_of_ones_own_is_given_by_name(dataset: Path, tmp_path: Path):
    file = Path(shutil.copy(dataset / "weights" / "digits-weak.safetensors", tmp_path / "mine.safetensors"))
    (dataset / "weights" / "digits-weak.safetensors").unlink()
    provenance = json.loads((dataset / PROVENANCE).read_text())
    del provenance["files"]["weights/digits-weak.safetensors"]
    (dataset / PROVENANCE).write_text(json.dumps(provenance))
    with pytest.raises(PublishError, match="weak: not repeated: it was trained for the study, and its weights are not"):
        repeat(dataset, {})
    provenance["study"]["classifiers"][0]["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    (dataset / PROVENANCE).write_text(json.dumps(provenance))
    found = repeat(dataset, {"weak": f"digits-weak:{file}"})
    assert (found.wrong, found.accounts[0].startswith("predictions of weak: ")) == ([], True)
    with pytest.raises(PublishError, match="--model other: no classifier of the study; there are: weak, closed"):
        repeat(dataset, {"other": f"digits-weak:{file}"})


def test_where_nothing_can_be_repeated_that_is_an_error(tmp_path: Path, runtime: Runtime):
    root = sources.build(sources.expression(tmp_path / "source"), tmp_path / "study", runtime)
    assert main(["publish", str(root), "--to", str(tmp_path / "dataset"), "--version", "1.0.0"]) == 0
    with pytest.raises(
        PublishError, match="its pictures are withheld, so no prediction can be repeated from them; all that"
    ):
        repeat(tmp_path / "dataset", {})
