"""Sources of images: pictures with what is known of them. One file per source.

A source is registered under `lands_between.images` as a module (or object) with `Settings`, the pydantic model of the
keys that it adds to `[images]`, and `load(argument, settings, runtime) -> ImageSource`, where `argument` is what stands
behind the colon of `model`, or None.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""A picture, (h, w, 3) RGB, 0..255."""


class ImageSource(Protocol):
    """Pictures by row, 0 to `rows() - 1`, with labels or votes."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of what labels are indices of, each once; empty where nothing is labeled."""

    @property
    def redistributable(self) -> bool:
        """Whether the pictures may be published; those of a source that may not are published as row ids and hashes."""

    @property
    def license(self) -> str:
        """The license of the pictures, as a card states it."""

    @property
    def demands(self) -> tuple[str, ...]:
        """The licenses, as `[publish] license` names them, of which what is made of the pictures must have one; empty
        where any will do.
        """

    def rows(self) -> int:
        """The number of pictures."""

    def image(self, row: int) -> Image:
        """The picture, (h, w, 3).

        Raises:
            AssetError: it cannot be read: the error names file and row.
        """

    def row_id(self, row: int) -> str:
        """The row's name outside this program, unique in the source: a number, or the file's path in a folder."""

    def label(self, row: int) -> int | None:
        """Index of its class; None where nobody labeled it, or where there are votes, which a label rule counts."""

    def votes(self, row: int) -> tuple[int, ...] | None:
        """The number of people who chose each class; None where nobody voted."""

    def groups(self, row: int) -> Mapping[str, str]:
        """The groups that it belongs to, by what groups are made of, such as gender; the same names in every row."""


class PlainSource:
    """The base of sources: rows are called by their numbers and have no label, no votes and no groups. What is made of
    the pictures may have any license.
    """

    demands: tuple[str, ...] = ()

    def row_id(self, row: int) -> str:
        """The row's number."""
        return str(row)

    def label(self, row: int) -> int | None:
        """No label."""
        return None

    def votes(self, row: int) -> tuple[int, ...] | None:
        """No votes."""
        return None

    def groups(self, row: int) -> Mapping[str, str]:
        """No groups."""
        return {}
