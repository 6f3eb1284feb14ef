from dataclasses import replace

import dlib
import numpy as np
import pytest
from PIL import Image

from builder import assets
from builder.recognizers import alignments
from builder.recognizers.dlib import LANDMARKS
from builder.study import parse_study


@pytest.fixture(scope="module")
def coarse(runtime):
    return alignments.load("hog_coarse", runtime)


@pytest.fixture(scope="module")
def drawn(generator):
    """44 random images, and 4 whose faces `hog` finds and the small copy does not show."""
    return generator.render(generator.sample([*range(44), 20_000_030, 20_000_043, 20_000_150, 20_000_169]))


@pytest.fixture(scope="module")
def by_hog(alignment, drawn):
    return alignment.align(drawn)


@pytest.fixture(scope="module")
def aligned(coarse, drawn):
    return coarse.align(drawn)


def test_a_study_may_name_it():
    keys = {"name": "x", "recognizers": [{"name": "dlib", "model": "dlib", "alignment": "hog_coarse"}]}
    assert parse_study(keys, "x").recognizers[0].alignment == "hog_coarse"


def test_every_face_that_hog_finds_is_found(by_hog, aligned):
    assert 24 < by_hog.found.sum() < 48
    assert not (by_hog.found & ~aligned.found).any()
    assert not aligned.crops[~aligned.found].any()


def test_where_the_small_copy_shows_no_face_all_is_as_by_hog(drawn, by_hog, aligned):
    small = [np.asarray(Image.fromarray(image).resize((103, 103), Image.Resampling.LANCZOS)) for image in drawn]
    detector = dlib.get_frontal_face_detector()
    seen = np.array([len(detector(image, 0)) > 0 for image in small])
    assert (by_hog.found & ~seen)[44:].all()
    assert (by_hog.found & seen).sum() > 24
    for part, same in zip(aligned.rows(~seen), by_hog.rows(~seen), strict=True):
        np.testing.assert_array_equal(part, same)


def test_distances_are_those_of_hog_within_what_is_stated(recognizer, by_hog, aligned):
    both = np.flatnonzero(by_hog.found)
    a, b = np.triu_indices(len(both), 1)
    hog, here = (recognizer.embed(faces.crops[both]) for faces in (by_hog, aligned))
    apart = np.abs(recognizer.distance(hog[a], hog[b]) - recognizer.distance(here[a], here[b]))
    assert 0 < np.median(apart) < 0.015
    assert np.percentile(apart, 95) < 0.05


def test_images_beside_and_streams_change_nothing(runtime, coarse, drawn, aligned):
    alone = alignments.load("hog_coarse", replace(runtime, threads=1)).align(drawn[5:21])
    for part, same in zip(alone, aligned.rows(slice(5, 21)), strict=True):
        np.testing.assert_array_equal(part, same)


def test_a_large_image_gives_its_own_pixels(coarse, images):
    large = np.asarray(Image.fromarray(images[1]).resize((512, 512), Image.Resampling.BICUBIC))
    aligned = coarse.align(large[None])
    assert aligned.found.all()
    np.testing.assert_allclose(aligned.boxes / 8, coarse.align(images[1:2]).boxes, rtol=0, atol=6)
    box = dlib.rectangle(*aligned.boxes[0].astype(int).tolist())
    landmarks = dlib.shape_predictor(str(assets.path(LANDMARKS)))(large, box)
    np.testing.assert_array_equal(aligned.landmarks[0], [(point.x, point.y) for point in landmarks.parts()])
    np.testing.assert_array_equal(aligned.crops[0], dlib.get_face_chip(large, landmarks, size=150, padding=0.25))


def test_photographs_are_decided_as_with_hog(recognizer, alignment, coarse, photographs):
    def decisions(by):
        embeddings = recognizer.embed(np.concatenate([by.align(photograph[None]).crops for photograph in photographs]))
        a, b = np.triu_indices(len(photographs), 1)
        return recognizer.distance(embeddings[a], embeddings[b]) <= recognizer.threshold

    np.testing.assert_array_equal(decisions(coarse), decisions(alignment))
