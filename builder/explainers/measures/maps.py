"""Measures between two maps. `MAP_MEASURES` declares them.

All see maps as `normalized` makes them, so that it does not matter in which unit an explainer counts. To compare
without signs, give the absolute values of both.
"""

import numpy as np

from builder.errors import StudyError
from builder.explainers import Maps
from builder.explainers.measures import Measure, Values

try:
    from scipy.stats import rankdata
    from skimage.feature import hog
    from skimage.metrics import structural_similarity
except ImportError as error:
    raise ImportError(f"{error}; measures need pip install 'lands-between[explainers]'") from error

TOP_SHARE = 0.05
"""Share of the pixels that `top_k` compares."""

HOG_CELL, HOG_BLOCK, HOG_BINS = 8, 2, 9
"""Dalal, Triggs, "Histograms of Oriented Gradients for Human Detection" (2005): pixels of a cell's side, cells of a
block's side, directions.
"""

SSIM_SIDE = 11
"""Pixels of the window's side (Wang et al. 2004, section III.B)."""


def normalized(maps: Maps) -> Values:
    """Each map by its largest absolute value: in -1..1, 0 stays 0; a map of zeros stays as it is. (n, h, w)."""
    maps = maps.astype(np.float64)
    largest = np.abs(maps).max(axis=(1, 2), keepdims=True)
    scaled: Values = maps / np.where(largest > 0, largest, 1.0)
    return scaled


def pearson(a: Maps, b: Maps) -> Values:
    """Pearson's correlation of the pixels, -1..1, NaN where a map has one value everywhere.

    r = sum (a - mean a)(b - mean b) / sqrt(sum (a - mean a)^2 sum (b - mean b)^2).
    """
    return _correlation(_rows(normalized(a)), _rows(normalized(b)))


def spearman(a: Maps, b: Maps) -> Values:
    """Spearman's rank correlation of the pixels, -1..1: Pearson's of their ranks R, equal ones sharing a mean rank; NaN
    where a map has one value everywhere.

    rho = r(R(a), R(b)), without equal ones 1 - 6 sum (R(a) - R(b))^2 / (n (n^2 - 1)) of n pixels.
    """
    return _correlation(rankdata(_rows(normalized(a)), axis=1), rankdata(_rows(normalized(b)), axis=1))


def top_k(a: Maps, b: Maps, k: int | None = None) -> Values:
    """Ghorbani, Abid, Zou, "Interpretation of Neural Networks Is Fragile" (2019): the share of the k pixels with the
    largest absolute values, T, that both maps have among theirs, 0..1; of equal pixels the first count.

    |T(a) & T(b)| / k.

    k: by default `TOP_SHARE` of the pixels.
    """
    rows = [np.abs(_rows(normalized(each))) for each in (a, b)]
    k = k or max(1, round(TOP_SHARE * rows[0].shape[1]))
    first, second = (np.argsort(-each, axis=1, kind="stable")[:, :k] for each in rows)
    return np.array([len(np.intersect1d(*each)) / k for each in zip(first, second, strict=True)])


def ssim(a: Maps, b: Maps) -> Values:
    """The structural similarity of Wang et al., "Image Quality Assessment: From Error Visibility to Structural
    Similarity" (2004), equation 13, -1..1: Gaussian windows of 11 pixels with deviation 1.5, K1 = .01, K2 = .03, L = 2.

    The mean over windows of (2 m_a m_b + C1) (2 s_ab + C2) / ((m_a^2 + m_b^2 + C1) (s_a^2 + s_b^2 + C2)), of a window's
    means m, variances s^2 and covariance s_ab, with C1 = (K1 L)^2 and C2 = (K2 L)^2.

    Raises:
        StudyError: maps of fewer than 11 pixels.
    """
    _large_enough(a, SSIM_SIDE, "ssim")
    pairs = zip(normalized(a), normalized(b), strict=True)
    keys = {"data_range": 2.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return np.array([structural_similarity(*each, **keys) for each in pairs])  # type: ignore[no-untyped-call]


def hog_pearson(a: Maps, b: Maps) -> Values:
    """Pearson's correlation of the maps' histograms of oriented gradients, -1..1 (Adebayo et al., "Sanity Checks for
    Saliency Maps", 2018); NaN where a map has no gradient.

    r(H(a), H(b)), with `pearson`'s r, of all blocks' histograms H in a row, each block v divided by
    sqrt(|v|^2 + epsilon^2), cut off at .2 and divided so again (L2-Hys).

    Raises:
        StudyError: maps of fewer than 16 pixels.
    """
    _large_enough(a, HOG_CELL * HOG_BLOCK, "hog_pearson")
    cell, block = (HOG_CELL, HOG_CELL), (HOG_BLOCK, HOG_BLOCK)
    first, second = (
        np.stack([hog(each, HOG_BINS, cell, block, block_norm="L2-Hys") for each in normalized(maps)])
        for maps in (a, b)
    )
    return _correlation(first, second)


def mse(a: Maps, b: Maps) -> Values:
    """The mean squared difference of the pixels, 0..4: 1/n sum (a - b)^2."""
    squares: Values = ((_rows(normalized(a)) - _rows(normalized(b))) ** 2).mean(axis=1)
    return squares


MAP_MEASURES = (
    Measure("spearman", -1, 1, "high", spearman),
    Measure("pearson", -1, 1, "high", pearson),
    Measure("top_k", 0, 1, "high", top_k),
    Measure("ssim", -1, 1, "high", ssim),
    Measure("hog_pearson", -1, 1, "high", hog_pearson),
    Measure("mse", 0, 4, "low", mse),
)


def absolute(measure: Measure) -> Measure:
    """The measure of the maps' absolute values: of how strong a pixel speaks, whether for the class or against it."""
    high = 1 if measure.alike == "low" else measure.high  # values in 0..1 differ by no more

    def between(a: Maps, b: Maps) -> Values:
        return measure.between(np.abs(a), np.abs(b))

    return Measure(f"{measure.name}_absolute", measure.low, high, measure.alike, between)


ABSOLUTE_MEASURES = tuple(absolute(measure) for measure in MAP_MEASURES if measure.between is not top_k)
"""`top_k` compares absolute values anyway."""


def _rows(maps: Values) -> Values:
    return maps.reshape(len(maps), -1)


def _correlation(a: Values, b: Values) -> Values:
    """Pearson's of each row of two arrays (n, m)."""
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    with np.errstate(invalid="ignore"):
        correlation: Values = np.where(scale > 0, (a * b).sum(axis=1) / scale, np.nan)
    return correlation.clip(-1, 1)  # rounding may lead past the ends


def _large_enough(maps: Maps, side: int, name: str) -> None:
    if min(maps.shape[1:]) < side:
        raise StudyError(f"{name} needs maps of at least {side} x {side} pixels, these have {min(maps.shape[1:])}")
