"""`[[recognizers]]` of a study file."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from builder.recognizers.alignments import ALIGNMENTS
from builder.settings import COLUMN, ModelSettings


class RecognizerSettings(ModelSettings):
    """One `[[recognizers]]`; `alignment` and `threshold` are the model's own where they are left out."""

    group = "recognizers"

    name: Annotated[str, Field(pattern=COLUMN, max_length=40)]
    alignment: str | None = None
    threshold: float | Literal["paper"] | None = None

    @field_validator("name")
    @classmethod
    def _no_other_column(cls, name: str) -> str:
        if name == "image_id":
            raise PydanticCustomError("taken", "is a column of the table embeddings already")
        return name

    @field_validator("threshold", mode="before")
    @classmethod
    def _a_distance(cls, threshold: Any) -> Any:
        number = isinstance(threshold, int | float) and not isinstance(threshold, bool) and 0 < threshold < 1e6
        if not number and threshold not in (None, "paper"):
            raise PydanticCustomError("threshold", 'must be a number above 0, or "paper" for that of the paper')
        return threshold

    @field_validator("alignment")
    @classmethod
    def _aligned(cls, alignment: str | None) -> str | None:
        if alignment is not None and alignment not in ALIGNMENTS:
            raise PydanticCustomError("unknown", "must be one of: {known}", {"known": ", ".join(ALIGNMENTS)})
        return alignment
