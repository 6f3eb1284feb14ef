"""`[images]` of a study file."""

from importlib import import_module
from typing import TYPE_CHECKING

from builder.settings import ModelSettings

if TYPE_CHECKING:  # reading a study file need not wait for torch
    from builder.images import ImageSource
    from builder.runtime import Runtime


class ImageSettings(ModelSettings):
    """The source of a study's pictures.

    groups_table: a .csv or .parquet with the groups of its rows: a column `row_id`, and one for each kind of group.
    """

    group = "images"

    groups_table: str | None = None

    def load(self, runtime: "Runtime") -> "ImageSource":
        """The source, with the groups of the table.

        Raises:
            AssetError: the table is not what it should be; and what the source's own `load` raises.
        """
        source: ImageSource = super().load(runtime)
        if self.groups_table is None:
            return source
        joined: ImageSource = import_module("builder.images.joined").join_groups(source, self.groups_table)
        return joined
