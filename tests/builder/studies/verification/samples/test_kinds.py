import numpy as np
import pytest

from builder.generators.space import EuclideanSpace
from builder.studies.verification.samples import (
    Bases,
    Picture,
    base_name,
    genuine,
    interpolation,
    negative,
    positive,
    randomness,
)

SPACE = EuclideanSpace(100)
LATENTS = np.random.default_rng(3).standard_normal((4, 100)).astype(np.float32)


def refuses(*_):
    raise AssertionError("these kinds ask no model")


BASES = Bases(tuple(Picture(base_name(i), latent) for i, latent in enumerate(LATENTS)), SPACE, refuses, (), refuses)


def draw(kind, seed=0, batch=0, **settings):
    name = kind.__name__.rpartition(".")[2]
    return kind.draw(BASES, kind.Settings(**settings), randomness(seed, batch, name)).samples


def test_genuine_is_the_base_itself():
    samples = draw(genuine)
    assert [sample.picture.name for sample in samples] == ["base0", "base1", "base2", "base3"]
    assert all(sample.level is None and sample.anchor is None for sample in samples)


def test_negatives_are_the_other_bases_and_have_no_anchor():
    shown = [(sample.base, sample.picture.name) for sample in draw(negative)]
    assert shown == [(a, f"base{b}") for a in range(4) for b in range(4) if a != b]
    assert all(sample.anchor is None for sample in draw(negative))


def test_positives_are_base_plus_level_times_one_draw_per_direction():
    samples = draw(positive)
    assert [(s.base, s.direction, s.level) for s in samples] == [
        (base, direction, level) for base in range(4) for direction in range(2) for level in (0.2, 0.4, 0.6)
    ]
    steps = np.array([(s.picture.latent - LATENTS[s.base]) / s.level for s in samples]).reshape(8, 3, 100)
    np.testing.assert_allclose(steps, steps[:, :1].repeat(3, axis=1), atol=1e-5)  # one g for the three levels
    assert len({step.tobytes() for step in steps[:, 0].round(3)}) == 8  # and another for each direction
    assert steps[:, 0].mean() == pytest.approx(0, abs=0.15)
    assert steps[:, 0].std() == pytest.approx(1, abs=0.1)


def test_the_randomness_of_a_step_is_that_of_the_design():
    import zlib

    key = (5, zlib.crc32(b"positive"), 2, 1)
    g = np.random.default_rng(np.random.SeedSequence(9, spawn_key=key)).standard_normal(100)
    sample = next(s for s in draw(positive, seed=9, batch=5) if (s.base, s.direction, s.level) == (2, 1, 0.4))
    np.testing.assert_allclose(sample.picture.latent, LATENTS[2] + 0.4 * g, atol=1e-6)


def test_randomness_differs_by_seed_batch_kind_and_base():
    draws = [
        rng.standard_normal()
        for seed in (0, 1)
        for batch in (0, 1)
        for kind in ("positive", "optimized")
        for base in (0, 1)
        for rng in [randomness(seed, batch, kind)(base, 0)]
    ]
    assert len(set(draws)) == 16


def test_an_interpolation_and_its_mirror_are_one_picture():
    pictures = {(s.base, s.anchor, s.level): s.picture for s in draw(interpolation)}
    assert len(pictures) == 4 * 3 * 3
    assert len({picture.name for picture in pictures.values()}) == 6 * 3
    for (base, anchor, level), picture in pictures.items():
        mirror = pictures[anchor, base, 1 - level]
        assert picture.name == mirror.name
        np.testing.assert_array_equal(picture.latent, mirror.latent)
        np.testing.assert_allclose(picture.latent, (1 - level) * LATENTS[base] + level * LATENTS[anchor], atol=1e-5)


def test_mirrors_meet_where_one_minus_level_is_not_exact():
    pictures = [s.picture.name for s in draw(interpolation, levels=(0.3, 0.7, 0.1, 0.9))]
    assert len(set(pictures)) == 6 * 4


@pytest.mark.parametrize("kind", [positive, interpolation])
def test_no_levels_draw_nothing(kind):
    assert draw(kind, levels=()) == []
