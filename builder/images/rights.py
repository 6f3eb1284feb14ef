"""The rights in the pictures of a study's source."""

from builder.images.licenses import NOT_STATED
from builder.images.settings import ImageSettings
from builder.runtime import Runtime
from builder.studies import PictureRights

NAME = "images"
"""The source's, among the models of a study."""


def picture_rights(images: ImageSettings, runtime: Runtime) -> PictureRights:
    """The rights in the pictures of a source, which is loaded to ask for them.

    Raises:
        AssetError: it cannot be loaded.
    """
    source = images.load(runtime)
    license = None if source.license == NOT_STATED else source.license
    remedy = ""
    if "redistributable" in images.own_keys():
        remedy = "where they are yours to publish, build with redistributable = true and license in [images]"
    return PictureRights(NAME, license, source.redistributable, source.demands, remedy)
