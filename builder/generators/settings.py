"""`[generator]` of a study file."""

from builder.settings import ModelSettings


class GeneratorSettings(ModelSettings):
    """The generator of a study."""

    group = "generators"

    model: str = "dcgan-digiface"
