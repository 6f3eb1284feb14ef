"""`[ratings]` of a study file: what flags a participant, and how coarse ages are kept."""

from typing import Annotated

from pydantic import Field

from builder.settings import Settings


class RatingsSettings(Settings):
    """Bounds beyond which a participant is flagged, never dropped; analysis decides by flag."""

    attention_similarity: Annotated[float, Field(ge=0, le=100)] = 50.0
    min_median_ms: Annotated[int, Field(ge=0, le=600_000)] = 1000
    min_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    age_bin: Annotated[int, Field(ge=2, le=100)] | None = None
