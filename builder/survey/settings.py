"""`[survey]` of a study file: what the page, the card and an ethics board need to know."""

from typing import Annotated

from pydantic import Field

from builder.settings import Settings
from builder.toml import pattern

HTTPS = pattern(r"^https://[!-~]+$", "must be an address that begins with https://")

Text = Annotated[str, Field(min_length=1, max_length=20_000)]


class SurveySettings(Settings):
    """What is left out is not known; the commands that need a key refuse to start without it, naming it."""

    purpose: Text | None = None
    institution: Text | None = None
    contact: Text | None = None
    ethics_approval: Text | None = None
    expected_minutes: Annotated[float, Field(gt=0, le=600)] | None = None
    pay: Text | None = None
    recruitment: Text | None = None
    consent: Text | None = None
    consent_version: Text | None = None
    question_similarity: Text | None = None
    question_identity: Text | None = None
    language: Annotated[str, Field(min_length=1, max_length=1000)] = "en"
    completion_code: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    completion_url: Annotated[str, Field(pattern=HTTPS, max_length=2000)] | None = None
    raters_per_pair: Annotated[int, Field(ge=1, le=10_000)] = 10
