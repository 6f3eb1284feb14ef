import numpy as np
import pytest
import torch
from scipy.spatial.distance import mahalanobis as scipy_mahalanobis
from sklearn.neighbors import NearestNeighbors

from builder.studies.counterfeits.detectors import RIDGE, Reference, fitted_temperature, k_nearest, mahalanobis, scores
from builder.studies.counterfeits.schema import DETECTORS

RNG = np.random.default_rng(0)
FEATURES = RNG.standard_normal((60, 4)).astype(np.float32)
PLACES = np.repeat([0, 3, 5], 20)
KNOWN = Reference(FEATURES, PLACES, 2.0)
QUERIES = 2 * RNG.standard_normal((7, 4)).astype(np.float32)


def _of(place: int) -> np.ndarray:
    return FEATURES[np.equal(PLACES, place)]


def test_mahalanobis_is_scipys_of_the_nearest_class():
    centered = np.concatenate([_of(each) - _of(each).mean(axis=0) for each in (0, 3, 5)])
    covariance = centered.astype(np.float64).T @ centered / 60
    inverse = np.linalg.inv(covariance + RIDGE * np.trace(covariance) / 4 * np.eye(4))
    means = [_of(each).mean(axis=0) for each in (0, 3, 5)]
    wanted = [min(scipy_mahalanobis(query, mean, inverse) ** 2 for mean in means) for query in QUERIES]
    np.testing.assert_allclose(mahalanobis(QUERIES, KNOWN), wanted, rtol=1e-4)


def test_k_nearest_is_the_distance_of_directions_to_the_fifth():
    directions = FEATURES / np.linalg.norm(FEATURES, axis=1, keepdims=True)
    found, _ = (
        NearestNeighbors(n_neighbors=5)
        .fit(directions)
        .kneighbors(QUERIES / np.linalg.norm(QUERIES, axis=1, keepdims=True))
    )
    np.testing.assert_allclose(k_nearest(QUERIES, KNOWN), found[:, 4], atol=1e-4)


def test_the_other_scores_are_those_of_the_logits():
    logits = RNG.standard_normal((7, 3)).astype(np.float32) * 4
    found = scores(logits, QUERIES, KNOWN)
    assert tuple(found) == DETECTORS
    wide = torch.from_numpy(logits).double()
    np.testing.assert_allclose(found["energy"], -wide.logsumexp(dim=1))
    np.testing.assert_allclose(found["max_softmax"], 1 - wide.softmax(dim=1).max(dim=1).values, atol=1e-6)
    np.testing.assert_allclose(found["temperature"], 1 - (wide / 2).softmax(dim=1).max(dim=1).values, atol=1e-6)


def test_logits_that_were_made_three_times_too_large_are_cooled_by_three():
    logits = 1.5 * RNG.standard_normal((4000, 5))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    places = (RNG.random((4000, 1)) >= shares.cumsum(axis=1)).sum(axis=1)
    assert fitted_temperature((3 * logits).astype(np.float32), places) == pytest.approx(3, rel=0.1)
