"""Manipulations: small changes that make an explanation lie while the decision stays. One file per method.

Here are those at the level of the input: they change the picture. A picture is manipulated as it is stored, in 8 bits.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from builder.generators import Images


class Manipulated(NamedTuple):
    """The outcome for n pictures.

    images: (n, h, w, 3) uint8. reached: (n,) bool, whether a changed picture with the same class was found that is
    better, by the manipulation's own measure, than the picture as it was; where none was, the picture is as it was.
    steps: (n,) int64, the step at which the picture was found, 0 where none was.
    """

    images: Images
    reached: npt.NDArray[np.bool_]
    steps: npt.NDArray[np.int64]
