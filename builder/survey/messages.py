"""Messages from the page to the server, validated; whatever else comes is refused."""

import functools
from typing import Annotated, Any, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field, create_model

from builder.tasks import Choice, Question, Questionnaire, Scale, YesNo
from loading_script.tables import CONTINENTS, GENDERS, SIDES

_NO_NUL = r"^[^\x00]*$"
"""PostgreSQL stores no NUL in a text."""

_Name = Annotated[str, Field(max_length=200, pattern=_NO_NUL)]
_FreeText = Annotated[str, Field(max_length=5000, pattern=_NO_NUL)]

MOST_BYTES = 65_536
"""Bytes of the largest body: two free texts at their longest, every character escaped, are 60,000."""

DAY_MS = 86_400_000


class Message(BaseModel):
    """A JSON object; unknown keys are refused, values are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Enter(Message):
    """An arrival: the platform's ids from the address, or the link that it signed, and the token that a returning
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
    """A participant's answers about themselves; null where they would not say. `country`: ISO 3166-1 alpha-2."""

    age: Annotated[int, Field(ge=1, le=120)] | None
    gender: Literal[tuple(GENDERS)] | None  # type: ignore[valid-type]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None
    continent: Literal[tuple(CONTINENTS)] | None  # type: ignore[valid-type]


@functools.cache
def rating_message(asks: Questionnaire) -> type[Message]:
    """One person's answers to one item.

    A question that is not asked of every item may be absent; whether an item's own are answered is for the server to
    see, which knows the item.
    """
    fields: dict[str, Any] = {asks.key: (_Name, ...)}
    for question in asks.questions:
        if all(question in task.questions for task in asks.tasks):
            fields[question.name] = (_answer_type(question), ...)
        else:
            fields[question.name] = (_answer_type(question) | None, None)
    fields["response_time_ms"] = (Annotated[float, Field(ge=0, le=DAY_MS, allow_inf_nan=False)], ...)
    fields["position"] = (Annotated[int, Field(ge=0, lt=100_000)], ...)
    if asks.counterbalance:
        fields["side"] = (Literal[tuple(SIDES)] | None, None)
    return create_model("Rating", __base__=Message, **fields)


def _answer_type(question: Question) -> Any:
    match question:
        case Scale():
            return Annotated[float, Field(ge=question.low, le=question.high, allow_inf_nan=False)]
        case YesNo():
            return bool
        case Choice():
            return _Name
        case _:
            assert_never(question)


@functools.cache
def texts_message(asks: Questionnaire) -> type[Message]:
    """The participant's texts at the end, in their own words."""
    texts: dict[str, Any] = dict.fromkeys(asks.text_names, (_FreeText, ...))
    return create_model("Texts", __base__=Message, **texts)


class Finish(Message):
    """The end; nothing is in it."""
