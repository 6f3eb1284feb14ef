import numpy as np
import pytest
from scipy.spatial.distance import cdist

from builder.recognizers.metrics import METRICS

A, B = np.random.default_rng(0).standard_normal((2, 6, 128)).astype(np.float32)
UNIT_A, UNIT_B = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (A, B))


@pytest.mark.parametrize(
    ("metric", "wanted"),
    [
        ("euclidean", np.diag(cdist(A, B))),
        ("euclidean_l2", np.diag(cdist(UNIT_A, UNIT_B))),
        ("cosine", np.diag(cdist(A, B, "cosine"))),
    ],
)
def test_metrics_are_scipys_and_zero_for_equal_rows(metric, wanted):
    np.testing.assert_allclose(METRICS[metric](A, B), wanted, rtol=1e-5)
    assert (METRICS[metric](A, A) == 0).all()
    assert METRICS[metric](A, B).dtype == np.float32


def test_a_row_of_zeros_has_a_distance():
    assert np.isfinite(METRICS["cosine"](A[:1] * 0, B[:1])).all()
