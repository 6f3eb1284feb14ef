"""`[survey]` of a study file: what the page, the card and an ethics board need to know."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from builder.settings import Settings
from builder.tasks import Question
from builder.toml import pattern

HTTPS = pattern(r"^https://[!-~]+$", "must be an address that begins with https://")

Text = Annotated[str, Field(min_length=1, max_length=20_000)]
Filter = Literal["nearest", "bilinear", "bicubic", "lanczos"]
"""Filters of Pillow by which small images are enlarged."""

_Raters = Annotated[int, Field(ge=1, le=10_000)]


class SurveySettings(Settings):
    """Keys of `[survey]`. A key that is absent is not known; the commands that need a key refuse to start without it,
    naming it.

    A kind of study has a class of its own, `survey_settings`, in which each of its questions can be worded.
    """

    purpose: Text | None = None
    institution: Text | None = None
    contact: Text | None = None
    ethics_approval: Text | None = None
    expected_minutes: Annotated[float, Field(gt=0, le=600)] | None = None
    pay: Text | None = None
    recruitment: Text | None = None
    consent: Text | None = None
    consent_version: Text | None = None
    language: Annotated[str, Field(min_length=1, max_length=1000)] = "en"
    completion_code: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    completion_url: Annotated[str, Field(pattern=HTTPS, max_length=2000)] | None = None
    return_url: Annotated[str, Field(pattern=HTTPS, max_length=2000)] | None = None
    counterbalance: bool | None = None
    practice: bool | None = None
    enlarge: Filter | None = None
    raters_per_item: _Raters = 10

    def wording(self, name: str) -> str | None:
        """The study file's wording of the question of a name; None where it has none."""
        text: str | None = self.model_dump().get(wording_key(name))
        return text


def wording_key(name: str) -> str:
    """The key of `[survey]` that words the question of a name."""
    return f"question_{name}"


def survey_settings(questions: Iterable[Question], item: str) -> type[SurveySettings]:
    """`[survey]` of a kind of study: a key for the wording of each question, and its own word for an item."""
    wordings: dict[str, Any] = {wording_key(question.name): (Text | None, None) for question in questions}
    raters: Any = (_Raters, Field(default=10, alias=f"raters_per_{item}"))
    settings = create_model("SurveySettings", __base__=SurveySettings, raters_per_item=raters, **wordings)
    names = list(SurveySettings.model_fields)
    after = names.index("consent_version") + 1
    settings.first_keys = (*names[:after], *wordings)
    return settings
