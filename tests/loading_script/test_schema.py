import pyarrow as pa
from datasets import Features

from loading_script import lands_between as schema

ALL = {
    "pairs": schema.pairs(["dlib"], ["latent_l2", "lpips_alex"]),
    "images": schema.images(["hog", "center"], 100),
    "embeddings": schema.embeddings({"dlib": 128}),
    "searches": schema.searches(),
}


def test_every_table_that_a_build_writes_has_a_schema():
    assert list(ALL) == schema.BUILD_TABLES


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
