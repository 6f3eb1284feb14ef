"""The published folder, the builder class, and the class as a script of `datasets` 3.6 give equal tables."""

import ast
import json
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loading_script import lands_between
from loading_script.lands_between import LandsBetween
from tests import schema

pytestmark = pytest.mark.slow

SCRIPT = Path(lands_between.__file__)

TABLES = ["pairs", "images", "embeddings", "ratings", "participants", "searches"]

DIGESTS = f"""
import hashlib, json, sys
from datasets import Image, load_dataset

def digest(rows):
    images = [name for name, feature in rows.features.items() if isinstance(feature, Image)]
    for name in images:
        rows = rows.cast_column(name, Image(decode=False))
    seen = hashlib.sha256()
    count = 0
    for row in rows:
        for name in images:
            row[name] = [row[name]["path"], hashlib.sha256(row[name]["bytes"]).hexdigest()]
        seen.update(json.dumps(row, sort_keys=True, default=str).encode())
        count += 1
    return [count, seen.hexdigest()]

def say(load):
    tables = {{table: load(table) for table in {TABLES}}}
    print(json.dumps({{t: {{split: digest(rows) for split, rows in splits.items()}} for t, splits in tables.items()}}))

"""
"""Rows and a hash of all values of every table and split; of an image its path and the hash of its bytes."""

ABSENT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("builder", "loading_script", "analysis"):
            raise ImportError(name + " is not to be had")

sys.meta_path.insert(0, Absent())
"""

Digests = dict[str, dict[str, list[Any]]]


def run(python: Path | str, code: str, *arguments: object) -> Any:
    """What a process prints as JSON; no folder of this project is on its path."""
    command = [str(python), "-I", "-c", code, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd="/")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def digests(small_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Digests:
    """The folder alone, in the current `datasets`, with this project absent."""
    load = "say(lambda table: load_dataset(sys.argv[1], table, cache_dir=sys.argv[2]))"
    read: Digests = run(sys.executable, ABSENT + DIGESTS + load, small_dataset, tmp_path_factory.mktemp("cache"))
    return read


@pytest.fixture(scope="session")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment of its own with `datasets` 3.6."""
    folder = tmp_path_factory.mktemp("datasets-3.6")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "datasets==3.6.*", "pillow"], check=True)
    return python


def test_all_tables_and_splits_are_there(digests):
    assert list(digests) == TABLES
    rows = {table: [digests[table][split][0] for split in ("train", "test")] for table in digests}
    assert rows == {
        "pairs": [20, 20],
        "images": [15, 14],
        "embeddings": [15, 14],
        "ratings": [240, 240],
        "participants": [12, 12],
        "searches": [6, 6],
    }


def test_the_class_gives_the_same(small_dataset, digests, tmp_path):
    load = """
sys.path.insert(0, sys.argv[3])
from loading_script.lands_between import LandsBetween

def load(table):
    builder = LandsBetween(config_name=table, data_dir=sys.argv[1], cache_dir=sys.argv[2])
    builder.download_and_prepare()
    return builder.as_dataset()

say(load)
"""
    assert run(sys.executable, DIGESTS + load, small_dataset, tmp_path, SCRIPT.parents[1]) == digests


def test_the_class_streams_the_same(small_dataset, digests, tmp_path):
    load = """
sys.path.insert(0, sys.argv[3])
from loading_script.lands_between import LandsBetween
say(lambda table: LandsBetween(config_name=table, data_dir=sys.argv[1], cache_dir=sys.argv[2]).as_streaming_dataset())
"""
    assert run(sys.executable, DIGESTS + load, small_dataset, tmp_path, SCRIPT.parents[1]) == digests


def test_the_folder_streams_the_same(small_dataset, digests, tmp_path):
    load = "say(lambda table: load_dataset(sys.argv[1], table, cache_dir=sys.argv[2], streaming=True))"
    assert run(sys.executable, ABSENT + DIGESTS + load, small_dataset, tmp_path) == digests


@pytest.mark.parametrize("streaming", [False, True])
def test_the_script_gives_the_same_in_datasets_3_6(small_dataset, digests, old_python, tmp_path, streaming):
    shutil.copy(SCRIPT, tmp_path)
    load = f"""
assert __import__("datasets").__version__.startswith("3.6.")
say(lambda table: load_dataset(
    sys.argv[1], table, data_dir=sys.argv[2], cache_dir=sys.argv[3], trust_remote_code=True, streaming={streaming}
))
"""
    assert run(old_python, DIGESTS + load, tmp_path / SCRIPT.name, small_dataset, tmp_path / "cache") == digests


def test_the_script_beside_the_data_gives_the_same_in_datasets_3_6(small_dataset, digests, old_python, tmp_path):
    beside = shutil.copytree(small_dataset, tmp_path / "beside")
    shutil.copy(SCRIPT, beside)
    load = "say(lambda table: load_dataset(sys.argv[1], table, cache_dir=sys.argv[2], trust_remote_code=True))"
    assert run(old_python, DIGESTS + load, beside / SCRIPT.name, tmp_path / "cache") == digests


def test_the_folder_alone_gives_the_same_in_datasets_3_6(small_dataset, digests, old_python, tmp_path):
    load = "say(lambda table: load_dataset(sys.argv[1], table, cache_dir=sys.argv[2]))"
    assert run(old_python, DIGESTS + load, small_dataset, tmp_path) == digests


def test_the_items_are_what_who_names_no_table_gets(small_dataset, tmp_path):
    builder = LandsBetween(data_dir=str(small_dataset), cache_dir=str(tmp_path))
    builder.download_and_prepare()
    rows = builder.as_dataset(split="train")
    assert (rows.column_names[:2], len(rows)) == (["pair_id", "batch"], 20)


def test_a_card_that_names_no_items_is_said(small_dataset, tmp_path):
    folder = shutil.copytree(small_dataset, tmp_path / "faces")
    (folder / "README.md").write_text("no front matter")
    builder = LandsBetween(data_dir=str(folder), cache_dir=str(tmp_path / "cache"))
    with pytest.raises(ValueError, match="names no table of the items"):
        builder.download_and_prepare()


def test_the_class_does_not_take_another_version_from_the_cache(small_dataset, tmp_path):
    folder = shutil.copytree(small_dataset, tmp_path / "faces")
    first = LandsBetween(config_name="pairs", data_dir=str(folder), cache_dir=str(tmp_path / "cache")).cache_dir
    provenance = json.loads((folder / schema.PROVENANCE).read_text()) | {"version": "1.0.1"}
    (folder / schema.PROVENANCE).write_text(json.dumps(provenance))
    second = LandsBetween(config_name="pairs", data_dir=str(folder), cache_dir=str(tmp_path / "cache")).cache_dir
    assert first != second


def test_a_table_that_is_not_there_is_said(small_dataset, tmp_path):
    folder = shutil.copytree(small_dataset, tmp_path / "faces")
    provenance = json.loads((folder / schema.PROVENANCE).read_text())
    provenance["files"] = {path: file for path, file in provenance["files"].items() if "/ratings/" not in path}
    (folder / schema.PROVENANCE).write_text(json.dumps(provenance))
    builder = LandsBetween(config_name="ratings", data_dir=str(folder), cache_dir=str(tmp_path / "cache"))
    with pytest.raises(ValueError, match="has no table ratings"):
        builder.download_and_prepare()


def test_the_card_turns_codes_into_words(small_dataset):
    card = (small_dataset / "README.md").read_text()
    words = ast.literal_eval(re.search(r"`words = (\[.+\])`", card)[1])
    lines = dict(re.findall(r"^\| (pandas|Polars|DuckDB) \| `(.+)` \|$", card, re.MULTILINE))
    file = str(sorted(small_dataset.glob("data/pairs/*.parquet"))[0])
    expected = [schema.KINDS[code] for code in pq.read_table(file)["kind"].to_pylist()]
    assert {"genuine", "optimized"} <= set(expected)
    by_pandas = eval(lines["pandas"], {"frame": pd.read_parquet(file), "words": words})  # noqa: S307 - a line of our card
    by_polars = eval(lines["Polars"], {"frame": pl.read_parquet(file), "words": words})  # noqa: S307
    frame = duckdb.read_parquet(file)
    by_duckdb = [word for (word,) in duckdb.sql(lines["DuckDB"]).fetchall()]
    assert by_pandas.tolist() == by_polars.to_list() == by_duckdb == expected
    assert frame.columns[0] == "pair_id"


def test_pandas_polars_and_duckdb_read_the_parquet(small_dataset):
    for table in TABLES:
        files = sorted(small_dataset.glob(f"data/{table}/*.parquet"))
        expected = pa.concat_tables([pq.ParquetFile(file).read() for file in files])
        by_pandas = pd.concat([pd.read_parquet(file) for file in files])
        by_polars = pl.concat([pl.read_parquet(file) for file in files])
        by_duckdb = duckdb.read_parquet([str(file) for file in files]).to_arrow_table()
        name = expected.column_names[0]
        ids = expected[name].to_pylist()
        assert by_pandas[name].tolist() == by_polars[name].to_list() == by_duckdb[name].to_pylist() == ids
        for image in {"pairs": ["base", "sample"], "images": ["image"]}.get(table, []):
            pngs = [image["bytes"] for image in expected[image].to_pylist()]
            for column in (by_pandas[image], by_polars[image], by_duckdb[image].to_pylist()):
                assert [image["bytes"] for image in column] == pngs
