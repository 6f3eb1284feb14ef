from types import SimpleNamespace

import numpy as np
import pytest

from builder.errors import BuildError
from builder.recognizers import Faces
from builder.runtime import in_micro_batches
from builder.studies.verification.models import load_models
from builder.studies.verification.pipeline import build_batch, draw_bases
from builder.study import parse_study


def study(**changes):
    small = {
        "name": "counted",
        "bases_per_batch": 2,
        "distances": ["latent_l2"],
        "recognizers": [
            {"name": "a", "model": "dlib", "alignment": "center"},
            {"name": "b", "model": "dlib", "alignment": "hog", "threshold": 0.4},
            {"name": "c", "model": "dlib", "alignment": "hog"},
        ],
        "samples": {"optimized": {"target": "a", "levels": [0.5], "max_iterations": 2}},
    }
    return parse_study(small | changes, "test")


@pytest.fixture
def models(runtime):
    return load_models(study(), runtime)


@pytest.mark.parametrize(("micro_batch", "asked"), [(1, [3, 2, 1]), (2, [4, 2, 2])])
def test_as_many_seeds_are_tried_at_a_time_as_bases_are_wanted_still(models, monkeypatch, micro_batch, asked):
    """Here something is found in the first image of every call alone."""
    calls = []
    given = models.alignments["center"]

    def align(images):
        calls.append(len(images))
        return given.align(images)._replace(found=np.arange(len(images)) == 0)

    models.generator.micro_batch = micro_batch
    models.alignments["center"] = SimpleNamespace(align=align)
    kept, passed_over, _ = draw_bases(study(bases_per_batch=3), models, 0)
    assert calls == asked
    assert sorted(kept + passed_over) == list(range(kept[-1] + 1))


class Counted:
    """Passes on to a model and keeps every row that it was given."""

    def __init__(self, model, method):
        self._model, self._method, self.rows = model, method, []

    def __getattr__(self, name):
        if name != self._method:
            return getattr(self._model, name)

        def counted(rows):
            self.rows += [row.tobytes() for row in rows]
            return getattr(self._model, name)(rows)

        return counted


def test_every_image_is_aligned_once_per_alignment_and_embedded_once_per_recognizer(models):
    models.recognizers.update({name: Counted(model, "embed") for name, model in models.recognizers.items()})
    models.alignments.update({name: Counted(model, "align") for name, model in models.alignments.items()})
    built = build_batch(study(), models, 0)
    tables = built.tables
    images = tables["images"].num_rows
    found = sum(tables["images"]["hog_found"].to_pylist())
    assert len(models.alignments["hog"].rows) == images
    assert len(models.recognizers["b"].rows) == len(models.recognizers["c"].rows) == found
    # What the target saw besides the images of the study: two rounds of two searches, one micro-batch of seeds.
    evaluated = sum(row["evaluations"] for row in tables["searches"].to_pylist() if row["stop"])
    kept = sum("-optimized-" in name for name in tables["images"]["image_id"].to_pylist())
    seeds = models.generator.micro_batch
    assert len(models.recognizers["a"].rows) == seeds - 2 + evaluated - kept + images
    assert len(models.alignments["center"].rows) == len(models.recognizers["a"].rows)
    # The stopwatch counted the same.
    worked = {step.step: step.candidates for step in built.steps}
    assert worked["draw bases"] == seeds
    assert worked["draw optimized"] == evaluated
    assert worked["render"] == len(models.recognizers["a"].rows)
    assert worked["align"] == worked["render"] + images
    assert worked["embed"] == worked["render"] + 2 * found
    assert worked["latent_l2"] == tables["pairs"].num_rows
    assert worked["tables"] == images
    assert built.timings["batch"] == sum(step.seconds for step in built.steps)
    assert built.micro_batches == {}


def test_recognizers_of_one_model_agree_and_have_their_own_thresholds(models):
    pairs = build_batch(study(), models, 0).tables["pairs"].to_pandas()
    assert (pairs["b_distance"].dropna() == pairs["c_distance"].dropna()).all()
    scored = pairs.dropna(subset=["b_distance"])
    assert (scored["b_accept"] == (scored["b_distance"] <= 0.4)).all()
    assert (scored["c_accept"] == (scored["c_distance"] <= 0.6)).all()
    assert (pairs["a_distance"].dropna() != pairs["b_distance"].dropna()).any()


def test_a_distance_at_the_threshold_is_accepted(models):
    pairs = build_batch(study(), models, 0).tables["pairs"].to_pandas()
    distance = pairs["a_distance"][pairs["a_distance"] > 0].iloc[0]
    models.thresholds["a"] = float(distance)
    again = build_batch(study(), models, 0).tables["pairs"].to_pandas()
    assert again["a_accept"][again["a_distance"] == distance].all()
    assert not again["a_accept"][again["a_distance"] > distance].any()


def test_a_batch_depends_on_nothing_but_the_study_and_its_number(models):
    alone = build_batch(study(), models, 1)
    build_batch(study(), models, 0)
    again = build_batch(study(batches=9), models, 1)
    assert alone.tables == again.tables
    assert alone.seeds == again.seeds == [1000, 1001]


def test_a_change_to_one_kind_leaves_the_others_latents_untouched(models):
    def latents(**samples):
        settings = {"optimized": {"target": "a", "levels": [], "max_iterations": 2}} | samples
        table = build_batch(study(samples=settings), models, 0).tables["images"].to_pandas()
        return {name: tuple(latent) for name, latent in zip(table["image_id"], table["latent"], strict=True)}

    before = latents()
    after = latents(positive={"directions": 3, "levels": [0.2, 0.5]}, interpolation={"levels": [0.5]})
    shared = set(before) & set(after)
    assert len([name for name in shared if "-positive-" in name]) == 2 * 2  # level 0.2 of both old directions
    assert len([name for name in shared if "-interpolation-" in name]) == 1
    assert all(before[name] == after[name] for name in shared)


class FindsNothing:
    def align(self, images):
        count = len(images)
        return Faces(
            np.zeros((count, 150, 150, 3), np.uint8),
            np.zeros(count, np.bool_),
            np.zeros((count, 4), np.float32),
            np.zeros((count, 0, 2), np.float32),
        )


def test_where_no_face_is_ever_found_the_batch_says_so(models):
    models.alignments["center"] = FindsNothing()
    wanted = (
        "batch 3: alignment 'center': found something in 0 of the images that generator 'dcgan-digiface' makes of the "
    )
    with pytest.raises(BuildError, match=wanted + "seeds 3000 to 3999; 2 bases are wanted"):
        build_batch(study(), models, 3)


class Returns:
    def __init__(self, embeddings):
        self._embeddings = embeddings

    def embed(self, crops):
        return self._embeddings(len(crops))


@pytest.mark.parametrize(
    "embeddings",
    [lambda n: np.full((n, 4), np.nan, np.float32), lambda n: np.zeros((n + 1, 4), np.float32), np.zeros],
)
def test_a_recognizer_that_does_not_deliver_is_named(models, embeddings):
    models.recognizers["b"] = Returns(embeddings)
    with pytest.raises(BuildError, match="recognizer 'b'"):
        build_batch(study(), models, 0)


def test_micro_batches_are_all_of_one_size_and_padding_goes_nowhere(runtime):
    seen = []

    def double(rows):
        seen.append(len(rows))
        return rows * 2

    rows = np.arange(14, dtype=np.float32).reshape(7, 2)
    np.testing.assert_array_equal(in_micro_batches(double, rows, size=3, runtime=runtime), rows * 2)
    assert seen == [3, 3, 3]


def test_controversial_searches_see_what_the_stored_distances_say(runtime):
    """`b`, which is no target, has another alignment than `a`; no search can reach a margin of 0.9."""
    own = {"recognizers": ["b", "a"], "levels": [0.9], "max_iterations": 2, "popsize": 4, "sigma": 0.1}
    samples = {"optimized": {"target": "a", "levels": []}, "controversial": own}
    described = study(samples=samples)
    built = build_batch(described, load_models(described, runtime), 0)
    pairs, searches = (built.tables[name].to_pandas() for name in ("pairs", "searches"))
    shown = pairs[pairs["search_id"].notna()]
    assert shown["pair_id"].tolist() == [
        f"counted-00000-base{base}-controversial-base{1 - base}-d{direction}-0.9"
        for base in (0, 1)
        for direction in (0, 1)
    ]
    assert not shown["reached"].any()
    last = searches[searches["stop"].notna()].set_index("search_id")["best_distance"]
    for row in shown[shown["evaluations"] > 0].itertuples():
        relative = {"a": row.a_distance / 0.6, "b": row.b_distance / 0.4}
        accepting, rejecting = ("b", "a") if row.direction == 0 else ("a", "b")
        margin = min(1 - relative[accepting], relative[rejecting] - 1)
        assert last[row.search_id] == pytest.approx(-margin, abs=1e-5)
    assert (shown["evaluations"] > 0).any()
