"""`[ratings]` of a study file: what flags a participant, and how coarse ages are kept."""

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from builder.settings import Settings
from builder.tasks import QUESTION_NAMES


class RatingsSettings(Settings):
    """Bounds beyond which a participant is flagged, never dropped; analysis decides by flag. `questions` are those that
    people are asked, all where it is None: a rating answers each of them.
    """

    questions: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] | None = None
    attention_similarity: Annotated[float, Field(ge=0, le=100)] = 50.0
    min_median_ms: Annotated[int, Field(ge=0, le=600_000)] = 1000
    min_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    age_bin: Annotated[int, Field(ge=2, le=100)] | None = None

    @field_validator("questions")
    @classmethod
    def _known(cls, questions: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if any(name not in QUESTION_NAMES for name in questions or ()):
            raise PydanticCustomError("unknown", "must be some of: {known}", {"known": ", ".join(QUESTION_NAMES)})
        return questions
