"""`[ratings]` of a study file: what flags a participant, and how coarse ages are kept."""

from typing import Annotated, ClassVar

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from builder.settings import Settings


class RatingsSettings(Settings):
    """Bounds beyond which a participant is flagged, never dropped; analysis decides by flag. `questions` are those that
    people are asked, all where it is None: a rating answers each of them.

    A kind of study states in a class of its own which questions there are, and the bounds of its controls.
    """

    question_names: ClassVar[tuple[str, ...]] = ()

    questions: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] | None = None
    min_median_ms: Annotated[int, Field(ge=0, le=600_000)] = 1000
    min_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    age_bin: Annotated[int, Field(ge=2, le=100)] | None = None

    @field_validator("questions")
    @classmethod
    def _questions(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if any(name not in cls.question_names for name in names or ()):
            raise PydanticCustomError("unknown", "must be some of: {known}", {"known": ", ".join(cls.question_names)})
        return names
