import io
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Features

from builder.publish.layout import Part, parquet, part_of, patterns
from builder.shards import StudyFolder
from builder.studies.verification import KIND
from builder.tables import published_specs
from tests import schema


@pytest.mark.slow
def test_a_base_is_not_stored_once_for_each_of_its_pairs(default_folder):
    """At most 1.1 times the bytes of the unique images plus those of the other columns."""
    rows = StudyFolder(default_folder).read("pairs", 0)
    features = Features.from_arrow_schema(rows.schema)
    images = {image["bytes"] for column in ("base", "sample") for image in rows[column].to_pylist()}
    light = Features({name: feature for name, feature in features.items() if name not in ("base", "sample")})
    least = sum(map(len, images)) + len(parquet(rows.select(list(light)), light))
    assert len(images) == 82
    assert least < len(parquet(rows, features)) < 1.1 * least


def test_a_batch_of_many_pairs_and_images_is_not_stored_more_than_once_either():
    """Beyond 1 MiB of images and 1024 rows Parquet's own limits would store images with each row."""
    draw = random.Random(0)
    images = [{"bytes": draw.randbytes(20_000), "path": f"{at}.png"} for at in range(151)]
    features = schema.pairs([], [])
    rows = [{"pair_id": str(at), "base": images[150], "sample": images[at % 150], "kind": 0} for at in range(3000)]
    content = parquet(pa.Table.from_pylist(rows, schema=features.arrow_schema), features)
    assert len(content) < 1.1 * 151 * 20_000


@pytest.mark.slow
@pytest.mark.parametrize("table", schema.BUILD_TABLES)
def test_rows_and_features_come_back(small_folder, table):
    rows = StudyFolder(small_folder).read(table, 0)
    features = Features.from_arrow_schema(rows.schema)
    content = parquet(rows, features)
    file = pq.ParquetFile(io.BytesIO(content))
    assert file.num_row_groups == 1
    assert file.read().equals(rows)
    assert Features.from_arrow_schema(file.schema_arrow) == features
    assert schema.read_features(table, file.schema_arrow) == features
    assert b'"List"' not in file.schema_arrow.metadata[b"huggingface"]
    assert parquet(pa.concat_tables([rows.slice(0, 1), rows.slice(1)]), features) == content


@pytest.mark.slow
def test_ratings_change_the_end_of_a_file_alone(small_folder):
    """What is before the first column of aggregates has the same bytes whatever the ratings say."""
    rows = StudyFolder(small_folder).read("pairs", 0)
    features = schema.rated_pairs(Features.from_arrow_schema(rows.schema))
    files = []
    for mean in (10.0, 20.0):
        values = dict.fromkeys(schema.AGGREGATES, None) | {"similarity_mean": mean, "n_ratings": 3}
        rated = rows
        for name, value in values.items():
            rated = rated.append_column(name, pa.array([value] * rows.num_rows, features.arrow_schema.field(name).type))
        files.append(parquet(rated, features))
    group = pq.read_metadata(io.BytesIO(files[0])).row_group(0)
    places = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
    start = places["similarity_mean"].data_page_offset
    assert files[0] != files[1]
    assert files[0][:start] == files[1][:start]
    assert start > places["sample.bytes"].data_page_offset > 0.9 * len(files[0]) - 5000


def test_paths_and_parts():
    part = Part("pairs", "train", 12)
    assert part.path == "data/pairs/train-000012.parquet"
    assert part_of(part.path) == part
    assert part_of(Part("participants", "test", None).path) == Part("participants", "test", None)
    for path in (
        "data/pairs/train-12.parquet",
        "data/Nothing/train.parquet",
        "data/pairs/../train.parquet",
        "README.md",
    ):
        assert part_of(path) is None


def test_patterns_are_in_the_order_of_the_tables():
    parts = [Part("searches", "train", 0), Part("participants", "train", None), Part("pairs", "train", 0)]
    parts += [Part("pairs", "train", 1), Part("pairs", "test", 2)]
    assert patterns(parts, published_specs(KIND.tables)) == {
        "pairs": {"train": "data/pairs/train-*.parquet", "test": "data/pairs/test-*.parquet"},
        "participants": {"train": "data/participants/train.parquet"},
        "searches": {"train": "data/searches/train-*.parquet"},
    }
