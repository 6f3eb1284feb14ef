"""What the page sends to the server, validated; whatever else comes is refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from loading_script import lands_between as schema

_NO_NUL = r"^[^\x00]*$"
"""PostgreSQL stores no NUL in a text."""

_Name = Annotated[str, Field(max_length=200, pattern=_NO_NUL)]
_FreeText = Annotated[str, Field(max_length=5000, pattern=_NO_NUL)]

MOST_BYTES = 65_536
"""Of a body: two free texts at their longest, every character escaped, are 60,000."""

DAY_MS = 86_400_000


class Message(BaseModel):
    """A JSON object; unknown keys are refused, values are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Enter(Message):
    """Who arrives: the platform's ids from the address, or the link that it signed, and the token that a returning
    browser kept. `not_me`: somebody else took part with these ids, they say.
    """

    prolific_pid: _Name | None = None
    study_id: _Name | None = None
    session_id: _Name | None = None
    link: Annotated[str, Field(max_length=8000, pattern=_NO_NUL)] | None = None
    token: Annotated[str, Field(max_length=400, pattern=_NO_NUL)] | None = None
    not_me: bool = False


class Consent(Message):
    """Consent to one version of the text."""

    consent_version: _Name


class Demographics(Message):
    """What the participant said of themselves; null where they preferred not to say. `country`: ISO 3166-1 alpha-2."""

    age: Annotated[int, Field(ge=1, le=120)] | None
    gender: Literal[tuple(schema.GENDERS)] | None  # type: ignore[valid-type]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None
    continent: Literal[tuple(schema.CONTINENTS)] | None  # type: ignore[valid-type]


class Rating(Message):
    """One answer to one pair; the schema is `loading_script.lands_between.ratings`."""

    pair_id: _Name
    similarity: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
    identity: bool
    response_time_ms: Annotated[float, Field(ge=0, le=DAY_MS, allow_inf_nan=False)]
    position: Annotated[int, Field(ge=0, lt=100_000)]


class Strategies(Message):
    """How the participant judged, in their own words."""

    strategy_similarity: _FreeText
    strategy_identity: _FreeText


class Finish(Message):
    """The end; nothing is in it."""
