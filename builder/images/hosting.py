"""`SourceHost`: what kinds of study that draw from a source of images ask of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from builder.boundary import Boundary
from builder.errors import StudyError
from builder.generators import Images
from builder.hosting import ModelHost
from builder.images import ImageSource

SOURCE = "source of images"
"""The name of the model of `[images]` in errors."""


@dataclass(frozen=True, kw_only=True)
class SourceHost(ModelHost):
    """The source of a study's images; what it returns is checked, and the time it took kept.

    All methods raise ModelError where the source raises or returns what it must not.

    source_name: as the study has it. shape: of every picture, (h, w, 3).
    """

    source: ImageSource
    source_name: str
    shape: tuple[int, ...]

    def ids(self, rows: Sequence[int]) -> list[str]:
        """The rows' names outside this program, (n,)."""
        with self._source().call("row_id", rows):
            return [self.source.row_id(row) for row in rows]

    def source_groups(self, rows: Sequence[int]) -> list[Mapping[str, str]]:
        """The groups that the source says of the rows, (n,)."""
        with self._source().call("groups", rows):
            return [self.source.groups(row) for row in rows]

    def pictures(self, rows: Sequence[int]) -> Images:
        """The pictures of the rows, (n, h, w, 3), n >= 1; timed as the step `read`.

        Raises:
            StudyError: they are not of one size.
        """
        with self.stopwatch.step("read", len(rows)), self._source().call("image", rows) as call:
            pictures = [self.source.image(row) for row in rows]
            for row, picture in zip(rows, pictures, strict=True):
                if picture.shape != self.shape:
                    sizes = [" x ".join(map(str, shape[1::-1])) for shape in (picture.shape, self.shape)]
                    raise StudyError(
                        f"images.model = {self.source_name!r}: row {self.source.row_id(row)} has {sizes[0]} pixels, "
                        f"others have {sizes[1]}; a study shows pictures of one size: add side = ... to [images]"
                    )
            images: Images = call.array(np.stack(pictures), np.uint8, (len(rows), "h", "w", 3))
        return images

    def _source(self) -> Boundary:
        return self.boundary("images", SOURCE, self.source_name)
