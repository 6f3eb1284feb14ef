"""A study's two recognizers are two known functions of the latent, so that what is found can be checked by hand."""

import numpy as np
import pytest

from builder.errors import StudyError
from builder.generators.space import EuclideanSpace
from builder.recognizers import Faces
from builder.studies.verification.samples import Bases, Picture, View, base_name, controversial, randomness
from builder.study import parse_study

DIM = 6
LATENTS = np.random.default_rng(3).standard_normal((3, DIM)).astype(np.float32)


def relative(latents, bases):
    """One recognizer sees the first half of a latent alone, the other the second half; thresholds are 1."""
    apart = latents - LATENTS[bases]
    halves = apart[:, : DIM // 2], apart[:, DIM // 2 :]
    return dict(zip("ab", (np.linalg.norm(half, axis=1).astype(np.float32) for half in halves), strict=True))


def view(count):
    pixels = np.zeros((count, 1, 1, 3), np.uint8)
    faces = Faces(pixels, np.ones(count, np.bool_), np.zeros((count, 4), np.float32), np.zeros((count, 0, 2)))
    return View(pixels, faces, np.zeros((count, 1), np.float32))


def draw(count=3, judge=None, named=None, **settings):
    def asked(names, latents, bases):
        judged = relative(latents, bases)
        return view(len(latents)), {name: judged[name] for name in names}

    def evaluate(*_):
        raise AssertionError("the target alone is not asked")

    pictures = tuple(Picture(base_name(base), latent) for base, latent in enumerate(LATENTS[:count]))
    bases = Bases(pictures, EuclideanSpace(DIM), evaluate, ("a", "b"), judge or asked)
    own = controversial.Settings(recognizers=named, **settings)
    drawn = controversial.draw(bases, own, randomness(0, 0, "controversial"))
    assert len(drawn.samples) == controversial.count(count, own)
    return drawn


def distances(sample):
    judged = relative(sample.picture.latent[None], np.array([sample.base]))
    return judged["a"].item(), judged["b"].item()


def test_one_recognizer_accepts_and_the_other_rejects_by_the_level():
    samples = draw(levels=(0.2, 0.4)).samples
    assert len(samples) == 3 * 1 * 2 * 2
    for sample in samples:
        accepting, rejecting = distances(sample) if sample.direction == 0 else distances(sample)[::-1]
        assert sample.reached
        assert accepting <= 1 - sample.level + 1e-6
        assert rejecting >= 1 + sample.level - 1e-6


def test_the_recognizer_that_is_named_first_accepts_in_direction_0():
    for sample in draw(levels=(0.2,), named=("b", "a")).samples:
        a, b = distances(sample)
        assert (b < 1 < a) == (sample.direction == 0)


def test_a_level_that_was_not_reached_has_the_largest_margin():
    sample, *_ = draw(levels=(0.9,), max_iterations=2).samples
    rounds = [each for each in draw(levels=(0.9,), max_iterations=2).rounds if each.search == sample.search]
    a, b = distances(sample)
    assert sample.reached is False
    assert rounds[-1].best_distance == pytest.approx(-min(1 - a, b - 1), abs=1e-6)


def test_where_one_recognizer_finds_nothing_there_is_no_margin():
    def blind(names, latents, bases):
        judged = relative(latents, bases)
        return view(len(latents)), {
            name: np.full(len(latents), np.nan, np.float32) if name == "b" else judged[name] for name in names
        }

    for sample in draw(judge=blind, levels=(0.1,), max_iterations=2).samples:
        assert (sample.reached, sample.evaluations) == (False, 0)
        np.testing.assert_array_equal(sample.picture.latent, LATENTS[sample.anchor])


def test_searches_start_at_the_first_negatives():
    samples = draw(levels=(0.1,), anchors=2).samples
    assert [(each.base, each.anchor, each.direction) for each in samples] == [
        (base, anchor, direction) for base in range(3) for anchor in range(3) if anchor != base for direction in (0, 1)
    ]
    assert len({each.search for each in samples}) == 12


def study(recognizers, own):
    tables = [{"name": name, "model": "dlib"} for name in recognizers]
    samples = {"optimized": {"target": recognizers[0]}, "controversial": own}
    return parse_study({"name": "s", "recognizers": tables, "samples": samples}, "study.toml")


@pytest.mark.parametrize(
    ("recognizers", "own", "error"),
    [
        (("a",), {}, "needs two recognizers; name them in recognizers = .*, of: a"),
        (("a", "b", "c"), {}, "needs two recognizers"),
        (("a", "b"), {"recognizers": ["a", "x"]}, "needs two recognizers"),
        (("a", "b"), {"recognizers": ["a", "a"]}, "must name two recognizers"),
        (("a", "b"), {"levels": [1.0]}, "must be below 1"),
    ],
)
def test_a_study_without_two_such_recognizers_is_refused(recognizers, own, error):
    with pytest.raises(StudyError, match=error):
        study(recognizers, own)


def test_it_is_drawn_by_studies_that_name_it_alone():
    named, other = study(("a", "b"), {}), parse_study({"name": "s"}, "study.toml")
    assert "controversial" in named.samples.by_kind()
    assert "controversial" not in other.samples.by_kind()
    assert named.pairs_per_batch() - other.pairs_per_batch() == 4 * 1 * 2 * 2
