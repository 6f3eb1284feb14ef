"""`[[classifiers]]` of a study file."""

from typing import Annotated

from pydantic import Field

from builder.settings import COLUMN, ModelSettings


class ClassifierSettings(ModelSettings):
    """One `[[classifiers]]`; columns carry its name."""

    group = "classifiers"

    name: Annotated[str, Field(pattern=COLUMN, max_length=40)]
