"""`[[explainers]]` of a study file."""

from typing import Annotated

from pydantic import Field

from builder.settings import COLUMN, ModelSettings


class ExplainerSettings(ModelSettings):
    """One `[[explainers]]`; rows carry its name."""

    group = "explainers"

    name: Annotated[str, Field(pattern=COLUMN, max_length=40)]
