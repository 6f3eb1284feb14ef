import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from builder.errors import FolderError, RatingsError
from builder.ratings.ids import rating_id
from builder.shards import StudyFolder
from builder.studies.verification.simulate import RaterModel, from_model, pair_distance, rate, simulate
from tests import schema

EXACT = RaterModel(noise=0, identity_noise=0, lapse=0, shift=0, stretch=0, criterion_spread=0)
"""A rater without anything random in the answers."""


def pairs_of(folder):
    study = StudyFolder(folder)
    tables = [study.read("pairs", batch).drop_columns(["base", "sample"]).to_pandas() for batch in study.finished()]
    pairs = pd.concat(tables, ignore_index=True)
    return pairs.assign(kind=[schema.KINDS[kind] for kind in pairs["kind"]])


def test_a_rater_without_noise_follows_the_stated_formula():
    distance = np.array([0.0, 0.1, 0.3, 0.5, 0.9, 1.1])
    answers = rate(distance, np.random.default_rng(0), EXACT)
    felt = 6.2 * (0.6 - distance**0.7)
    np.testing.assert_array_equal(answers.similarity, np.rint(100 / (1 + np.exp(-felt))))
    np.testing.assert_array_equal(answers.identity, felt > 0.75)
    assert sorted(answers.position) == list(range(6))


def test_lapses_are_uniform_and_as_frequent_as_stated():
    answers = rate(np.zeros(20_000), np.random.default_rng(0), replace(EXACT, lapse=0.5))
    other = answers.similarity != 98  # 100 / (1 + exp(-6.2 * 0.6)) = 97.6, what everyone else answers
    assert other.mean() == pytest.approx(0.5 * 100 / 101, abs=0.02)
    assert answers.similarity[other].mean() == pytest.approx(50, abs=1)
    assert answers.identity.mean() == pytest.approx(0.75, abs=0.02)


def test_raters_differ_in_bias_and_criterion_and_noise_lies_within_a_rater():
    distance = np.full(500, 0.4)
    raters = [rate(distance, np.random.default_rng(seed), replace(RaterModel(), lapse=0.0)) for seed in range(200)]
    means = np.array([each.similarity.mean() for each in raters])
    assert means.std() > 3 * np.median([each.similarity.std() for each in raters]) / np.sqrt(500)
    assert np.std([each.identity.mean() for each in raters]) > 0.05
    medians = [np.median(each.response_time_ms) for each in raters]
    assert np.median(medians) == pytest.approx(6000, rel=0.1)
    assert np.log(medians).std() == pytest.approx(0.3, abs=0.05)


def test_raters_use_more_or_less_of_the_scale():
    distance = np.array([0.1, 0.9])
    answers = [rate(distance, np.random.default_rng(seed), replace(EXACT, stretch=0.5)) for seed in range(300)]
    spans = np.array([each.similarity[0] - each.similarity[1] for each in answers])
    (exact,) = {tuple(rate(distance, np.random.default_rng(seed), EXACT).similarity) for seed in range(3)}
    assert np.median(spans) == pytest.approx(exact[0] - exact[1], abs=4)
    assert spans.std() > 10


def test_distances_are_relative_to_strangers_and_a_far_latent_is_no_further_than_one():
    pairs = pd.DataFrame(
        {
            "kind": ["genuine", "negative", "negative", "optimized"],
            "lpips_alex": [0.0, 0.2, 0.6, 0.4],
            "lpips_vgg": [9.0, 9.0, 9.0, 9.0],
            "latent_l2": [0.0, 100.0, 100.0, 250.0],
        }
    )
    model = RaterModel(weight=0.25)
    np.testing.assert_allclose(pair_distance(pairs, model), [0, 0.75 + 0.125, 0.75 + 0.375, 0.75 + 0.25])
    perceptual = pair_distance(pairs.drop(columns=["latent_l2", "lpips_alex"]), model)
    np.testing.assert_allclose(perceptual, [1, 1, 1, 1])
    np.testing.assert_allclose(pair_distance(pairs[["kind", "latent_l2"]], model), [0, 1, 1, 1])


def test_a_study_without_any_distance_is_refused_with_the_ones_that_would_do():
    with pytest.raises(RatingsError, match="latent_l2, lpips_alex, lpips_vgg"):
        pair_distance(pd.DataFrame({"kind": ["negative"], "dlib_distance": [0.7]}), RaterModel())


@pytest.mark.slow
def test_every_pair_is_rated_by_every_rater_of_its_batch_once(small_folder):
    ratings, participants = simulate(small_folder, 3, 7)
    assert ratings.schema.equals(schema.ratings().arrow_schema)
    assert participants.schema.equals(schema.participants().arrow_schema)
    pairs = pairs_of(small_folder)
    rows = ratings.to_pandas()
    assert rows["pair_id"].value_counts().to_dict() == dict.fromkeys(pairs["pair_id"], 3)
    assert set(participants["participant_id"].to_pylist()) == {
        f"simulated-7-{batch}-{number:02d}" for batch in (0, 1) for number in range(3)
    }
    assert set(ratings["source"].to_pylist()) == set(participants["source"].to_pylist()) == {"simulated"}
    assert rows["similarity"].between(0, 100).all()
    assert (rows["similarity"] == rows["similarity"].round()).all()
    for _, own in rows.groupby("participant_id"):
        assert sorted(own["position"]) == list(range(len(own)))
    assert rows["rated_at"].isna().all()
    assert rows["rating_id"].is_unique
    assert rows["rating_id"][5] == rating_id(rows["participant_id"][5], rows["pair_id"][5])
    seconds = rows.groupby("participant_id")["response_time_ms"].sum() / 1000
    durations = participants.to_pandas().set_index("participant_id")["duration_s"]
    np.testing.assert_allclose(durations[seconds.index], seconds, rtol=1e-6)


@pytest.mark.slow
def test_same_seed_same_tables_and_another_seed_others(small_folder):
    first, again, other = (simulate(small_folder, 2, seed) for seed in (1, 1, 2))
    assert first[0].equals(again[0])
    assert first[1].equals(again[1])
    assert first[0]["similarity"] != other[0]["similarity"]


@pytest.mark.slow
def test_more_raters_or_batches_add_rows_and_change_none(small_folder, tmp_path):
    shutil.copytree(small_folder, tmp_path / "one")
    (tmp_path / "one/manifest/batch-00001.json").unlink()
    few = simulate(tmp_path / "one", 2, 1)[0].to_pandas().set_index("rating_id")
    many = simulate(small_folder, 4, 1)[0].to_pandas().set_index("rating_id")
    assert len(many) == 2 * 2 * len(few)
    pd.testing.assert_frame_equal(many.loc[few.index], few)


@pytest.mark.slow
@pytest.mark.parametrize(("raters", "seed", "reason"), [(0, 1, "raters = 0"), (10_001, 1, "raters"), (1, -1, "seed")])
def test_numbers_that_mean_nothing_are_refused(small_folder, raters, seed, reason):
    with pytest.raises(RatingsError, match=reason):
        simulate(small_folder, raters, seed)


def test_a_folder_without_a_study_is_refused(tmp_path):
    with pytest.raises(FolderError):
        simulate(tmp_path, 1, 1)


@pytest.mark.slow
def test_a_recognizer_rates_with_its_distance_and_its_decision(small_folder):
    ratings, participants, missing = from_model(small_folder, "dlib")
    pairs = pairs_of(small_folder).set_index("pair_id")
    rows = ratings.to_pandas().set_index("pair_id")
    found = pairs[pairs["dlib_distance"].notna()]
    assert missing == len(pairs) - len(found)
    assert set(rows.index) == set(found.index)
    assert (rows["identity"] == found["dlib_accept"].astype(bool)).all()
    expected = 100 - 100 * found["dlib_distance"] / 1.2  # the threshold of dlib's own authors is 0.6
    np.testing.assert_allclose(rows["similarity"], expected[rows.index].clip(lower=0), atol=8)
    assert (rows["identity"] == (rows["similarity"] >= 50)).all()
    assert set(ratings["source"].to_pylist()) == {"model"}
    assert participants.to_pylist()[0]["participant_id"] == "model-dlib"
    assert ratings.schema.equals(schema.ratings().arrow_schema)


def without_faces(folder, batch):
    """Makes the distances of a batch's first five pairs null, as where no face was found."""
    study = StudyFolder(folder)
    table = study.read("pairs", batch)
    for column in ("dlib_distance", "dlib_accept"):
        index = table.schema.get_field_index(column)
        values = [None] * 5 + table[column].to_pylist()[5:]
        table = table.set_column(index, table.schema.field(column), pa.array(values, table.schema.field(column).type))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    path = study.shard_path("pairs", batch)
    path.unlink()  # it is mapped into memory: not to be written over
    path.write_bytes(sink.getvalue().to_pybytes())
    return path


@pytest.mark.slow
def test_pairs_without_a_face_get_no_rating_and_are_counted(small_folder, tmp_path):
    shutil.copytree(small_folder, tmp_path / "out")
    folder = tmp_path / "out"
    shard = without_faces(folder, 0).read_bytes()
    manifest = folder / "manifest/batch-00000.json"
    described = json.loads(manifest.read_text())
    for each in described["shards"]:
        if each["table"] == "pairs":
            each |= {"bytes": len(shard), "sha256": hashlib.sha256(shard).hexdigest()}
    manifest.write_text(json.dumps(described))
    whole, _, before = from_model(small_folder, "dlib")
    ratings, _, missing = from_model(folder, "dlib")
    assert missing == before + 5
    assert ratings.num_rows == whole.num_rows - 5


@pytest.mark.slow
def test_an_unknown_recognizer_is_refused_with_the_known_ones(small_folder):
    with pytest.raises(RatingsError, match=r"no recognizer 'arcface'; it has dlib"):
        from_model(small_folder, "arcface")
