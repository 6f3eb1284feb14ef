"""`mapping.toml`: what an export does not say itself."""

from builder.settings import Settings


class Mapping(Settings):
    """What the columns of an export hold, and how their cells are written."""
