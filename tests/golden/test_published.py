"""What a published version shows to everybody: columns, ids and card of a small study, written out.

Numbers that differ between types of machine are masked.
"""

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parent


def masked(card: str) -> str:
    """The card without digests, sizes in bytes, versions of software and scores."""
    text = re.sub(r"\b[0-9a-f]{16,64}\b", "DIGEST", card)
    text = re.sub(r"^Software: .*$", "Software: VERSIONS.", text, flags=re.MULTILINE)
    text = re.sub(r"\b(num_bytes|download_size|dataset_size): [0-9]+", r"\1: BYTES", text)
    before, scores = text.split("## Scores by kind")
    return f"{before}## Scores by kind{re.sub(r'(?<=[|] )[0-9.e-]+(?= [|])', 'NUMBER', scores)}"


def column(dataset: Path, table: str, name: str) -> list[str]:
    paths = sorted(dataset.glob(f"data/{table}/*.parquet"))
    return [value for path in paths for value in pq.read_table(path, columns=[name])[name].to_pylist()]


def test_every_table_keeps_its_columns_and_their_types(small_dataset):
    tables = ("pairs", "images", "embeddings", "ratings", "participants", "searches")
    schemas = {table: pq.read_schema(sorted(small_dataset.glob(f"data/{table}/*.parquet"))[0]) for table in tables}
    columns = [f"{table}.{field.name}: {field.type}" for table, fields in schemas.items() for field in fields]
    assert columns == (GOLDEN / "columns.txt").read_text().splitlines()


def test_every_table_keeps_its_ids(small_dataset):
    ids = [column(small_dataset, table, f"{table[:-1]}_id") for table in ("pairs", "images")]
    ids.append(list(dict.fromkeys(column(small_dataset, "searches", "search_id"))))
    assert [each for table in ids for each in table] == (GOLDEN / "ids.txt").read_text().splitlines()


def test_the_card_keeps_its_words(small_dataset):
    assert masked((small_dataset / "README.md").read_text()) == (GOLDEN / "card.md").read_text()
