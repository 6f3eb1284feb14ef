"""`mean_color`: knows an image by its mean colors in a grid of 8 x 8 cells.

No model of identity: it shows what a recognizer has to bring.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from builder import settings
from builder.errors import StudyError
from builder.generators import Images
from builder.generators.space import euclidean
from builder.recognizers import Embeddings, Recognizer
from builder.runtime import Runtime, in_micro_batches

CELLS = 8
"""Rows and columns of the grid; 8 * 8 cells of 3 colors are 192 numbers."""

THRESHOLD = 2.0
"""Colors that differ by 0.14, root mean square. Of pairs of faces drawn by linear_faces, 4 in 100 are closer."""


class MeanColor:
    """Satisfies `builder.recognizers.Recognizer`: square crops of any side, embeddings of 192 numbers, 0..1."""

    alignment = "center"
    threshold = THRESHOLD
    metric = "euclidean"
    micro_batch = 64

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def embed(self, crops: Images) -> Embeddings:
        """(n, s, s, 3) -> (n, 192).

        Raises:
            StudyError: crops that have no common size.
        """
        if crops.dtype != np.uint8:
            raise StudyError("mean_color takes crops of one size: alignment must be arcface, hog, hog_coarse or center")
        return np.asarray(in_micro_batches(_embed, crops, size=self.micro_batch, runtime=self._runtime), np.float32)

    def distance(self, a: Embeddings, b: Embeddings) -> npt.NDArray[np.float32]:
        """Euclidean distance between rows: (n,)."""
        return euclidean(a, b)


class Settings(settings.Settings):
    """`[[recognizers]]` has no keys for mean_color besides those that every recognizer has."""


def load(argument: str | None, own: Settings, runtime: Runtime) -> Recognizer:
    """The recognizer; it has no weights, and so takes no argument."""
    if argument is not None:
        raise StudyError(f"recognizers.model = 'mean_color:{argument}': takes no argument; write 'mean_color'")
    return MeanColor(runtime)


def _embed(crops: torch.Tensor) -> torch.Tensor:
    pixels = crops.permute(0, 3, 1, 2).to(torch.float32) / 255
    return functional.adaptive_avg_pool2d(pixels, CELLS).flatten(1)
