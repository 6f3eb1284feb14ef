"""`random`: noise of signs, as in Ghorbani, Abid, Zou, "Interpretation of Neural Networks Is Fragile" (2019).

Every other manipulation is measured against it.
"""

import numpy as np
import numpy.typing as npt

from builder.generators import Images


def manipulate(images: Images, levels: npt.NDArray[np.int64], seed: int) -> Images:
    """Pictures (n, h, w, 3), every value so many gray levels higher or lower, at random, within 0..255.

    levels: of each picture, (n,). seed: of the signs, the same for every picture. Gray pictures stay gray.
    """
    signs = np.random.default_rng(seed).choice(np.array([-1, 1]), images.shape[1:])
    gray = (images == images[..., :1]).all(axis=(1, 2, 3))
    of_each = np.where(gray[:, None, None, None], signs[..., :1], signs)
    return (images + levels[:, None, None, None] * of_each).clip(0, 255).astype(np.uint8)
