import pyarrow as pa
import pytest
from datasets import Audio, Features, Image, Sequence, Value

from tests import schema

ALL = {
    "pairs": schema.pairs(["dlib"], ["latent_l2", "lpips_alex"]),
    "images": schema.images(["hog", "center"], 100),
    "embeddings": schema.embeddings({"dlib": 128}),
    "searches": schema.searches(),
}


def test_every_table_that_a_build_writes_has_a_schema():
    assert schema.BUILD_TABLES == list(ALL) == ["pairs", "images", "embeddings", "searches"]


def test_a_schema_survives_arrow():
    for features in ALL.values():
        assert Features.from_arrow_schema(features.arrow_schema) == features


def test_columns_are_those_of_the_design():
    columns = {table: " ".join(features) for table, features in ALL.items()}
    assert columns["pairs"] == (
        "pair_id batch base_id sample_id base sample kind level direction anchor_id search_id reached evaluations "
        "dlib_distance dlib_accept latent_l2 lpips_alex"
    )
    assert columns["images"] == (
        "image_id image latent latent_norm batch seed hog_found hog_box hog_landmarks "
        "center_found center_box center_landmarks"
    )
    assert columns["embeddings"] == "image_id dlib"
    assert columns["searches"] == "search_id base_id anchor_id iteration evaluations best_distance stop"


def test_latents_and_embeddings_are_fixed_length():
    assert ALL["images"].arrow_schema.field("latent").type == pa.list_(pa.float32(), 100)
    assert ALL["embeddings"].arrow_schema.field("dlib").type == pa.list_(pa.float32(), 128)


PUBLISHED = ALL | {
    "rated pairs": schema.rated_pairs(ALL["pairs"]),
    "other kinds": schema.pairs(["dlib", "vgg_face"], [], ["genuine", "twin"]),
    "ratings": schema.ratings(),
    "participants": schema.participants(),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_features_are_found_from_the_columns_of_a_published_file(name):
    table = {"rated pairs": "pairs", "other kinds": "pairs"}.get(name, name)
    assert schema.read_features(table, schema.stored(PUBLISHED[name])) == PUBLISHED[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_stored_says_sequence_which_every_version_of_datasets_reads(name):
    stored = schema.stored(PUBLISHED[name])
    assert b'"List"' not in stored.metadata[b"huggingface"]
    assert Features.from_arrow_schema(stored) == PUBLISHED[name]
    assert stored.equals(PUBLISHED[name].arrow_schema)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("ratings", schema.participants().arrow_schema),
        ("pairs", pa.schema({"pair_id": pa.string()})),
        ("pairs", schema.stored(ALL["pairs"]).remove(0)),
        ("pairs", schema.stored(ALL["pairs"]).append(pa.field("email", pa.string()))),
        ("pairs", schema.stored(ALL["pairs"]).with_metadata({"huggingface": "{}"})),
        ("pairs", schema.stored(ALL["pairs"]).with_metadata({"huggingface": "["})),
        ("images", pa.schema({"image_id": pa.string()})),
        ("images", pa.schema({"latent": pa.string()})),
        ("embeddings", pa.schema({"image_id": pa.string(), "dlib": pa.float32()})),
        ("nothing", schema.ratings().arrow_schema),
    ],
)
def test_other_columns_are_refused(table, columns):
    with pytest.raises(ValueError, match=f"{table}: not the columns of such a table"):
        schema.read_features(table, columns)


@pytest.mark.parametrize("name", PUBLISHED)
def test_features_of_a_kind_that_is_not_installed_are_those_of_the_file(name):
    assert schema.stored_features(schema.stored(PUBLISHED[name])) == PUBLISHED[name]


def described(features: Features, said: Features) -> pa.Schema:
    """The columns of a file whose metadata says other features than it has."""
    return features.arrow_schema.with_metadata(schema.stored(said).metadata)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (pa.schema({"a": pa.string()}), "does not say what its columns are"),
        (pa.schema({"a": pa.string()}).with_metadata({"huggingface": "["}), "does not say what its columns are"),
        (
            described(Features({"a": Value("string")}), Features({"a": Value("int32")})),
            "not those that its metadata says",
        ),
        (schema.stored(Features({"a": Value("large_binary")})), "a type that no published table has: a"),
        (schema.stored(Features({"a": Audio()})), "a type that no published table has: a"),
        (schema.stored(Features({"a": Sequence(Sequence(Sequence(Value("int32"))))})), "no published table has: a"),
        (schema.stored(Features({"a": Sequence(Image())})), "no published table has: a"),
    ],
)
def test_features_that_no_published_table_has_are_refused(columns, message):
    with pytest.raises(ValueError, match=message):
        schema.stored_features(columns)
