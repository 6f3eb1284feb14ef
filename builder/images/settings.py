"""`[images]` of a study file."""

from builder.settings import ModelSettings


class ImageSettings(ModelSettings):
    """The source of a study's pictures."""

    group = "images"
