"""Whether the pictures of a study may be published."""

from builder.errors import PublishError
from builder.images import ImageSource
from builder.images.settings import ImageSettings
from builder.runtime import start_runtime


def publishable(images: ImageSettings) -> ImageSource:
    """The source of a study, loaded, whose pictures may be published.

    Raises:
        PublishError: they may not.
        AssetError: the source, which knows it, cannot be loaded.
    """
    source = images.load(start_runtime("cpu"))
    if not source.redistributable:
        raise PublishError(
            f"images.model = {images.model!r}: its pictures may not be redistributed ({source.license}), and the "
            "tables items and images hold them. Where the pictures are yours to publish, say so in [images] of "
            "study.toml: redistributable = true and license"
        )
    return source
