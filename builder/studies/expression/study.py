"""`ExpressionStudy`: what the study file of an expression study may hold beside what every study has."""

import itertools
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from builder.classifiers.settings import ClassifierSettings
from builder.errors import StudyError
from builder.images.settings import ImageSettings
from builder.ratings.settings import RatingsSettings
from builder.recognizers.alignments import ALIGNMENTS
from builder.studies.expression.tasks import ASKS, ASKS_GENDER, ITEM
from builder.study import Study
from builder.survey.settings import survey_settings
from builder.tasks import Questionnaire
from loading_script.votes import Rule

NO_ALIGNMENT = "none"


class FaceSettings(ClassifierSettings):
    """One `[[classifiers]]`: a classifier of emotions.

    alignment: what finds the face in a picture and cuts it out before the classifier sees it; none, by default, for
        sources of crops, and for classifiers that look for faces themselves.
    """

    alignment: str | None = None

    @field_validator("alignment")
    @classmethod
    def _aligned(cls, alignment: str | None) -> str | None:
        if alignment not in (None, NO_ALIGNMENT, *ALIGNMENTS):
            choices = ", ".join((NO_ALIGNMENT, *ALIGNMENTS))
            raise PydanticCustomError("unknown", "must be one of: {known}", {"known": choices})
        return None if alignment == NO_ALIGNMENT else alignment


class PredictedGroup(FaceSettings):
    """One `[[groups]]`: a classifier whose classes are groups of faces.

    min_confidence: below this probability of its class a face is in the group "unsure". bounds: of classes that are
        whole numbers, such as ages, those at which a group begins; each group has all numbers up to the next one.
    """

    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.8
    bounds: Annotated[tuple[int, ...], Field(strict=False, min_length=1, max_length=100)] | None = None

    @field_validator("bounds")
    @classmethod
    def _rising(cls, bounds: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if bounds is not None and any(a >= b for a, b in itertools.pairwise(bounds)):
            raise PydanticCustomError("order", "must rise")
        return bounds


class ExpressionRatings(RatingsSettings):
    """`[ratings]`, which has no keys of its own."""

    question_names: ClassVar[tuple[str, ...]] = ASKS_GENDER.names


ExpressionSurvey = survey_settings(ASKS_GENDER.questions, ITEM)


class ExpressionStudy(Study):
    """An expression study.

    faces_per_batch: the last batch that a source has may have fewer. label_rule: from votes to labels. ask_gender:
    whether people are asked which gender a person seems to have; a file that does not say so is as before there was it.
    """

    first_keys: ClassVar[tuple[str, ...]] = ("study", "name", "seed", "batches")

    study: Literal["expression"] = "expression"
    faces_per_batch: Annotated[int, Field(ge=1, le=10_000)] = 112
    label_rule: Rule = "majority"
    ask_gender: bool | None = None
    images: ImageSettings = ImageSettings(model="generated")
    classifiers: Annotated[tuple[FaceSettings, ...], Field(strict=False)] = Field(
        default_factory=lambda: (FaceSettings(name="fer", model="fer"),)
    )
    groups: Annotated[tuple[PredictedGroup, ...], Field(strict=False)] = Field(
        default_factory=lambda: (PredictedGroup(name="gender", model="gender"),)
    )
    survey: ExpressionSurvey = ExpressionSurvey()  # type: ignore[valid-type]
    ratings: ExpressionRatings = ExpressionRatings()

    @field_validator("classifiers")
    @classmethod
    def _classifiers(cls, classifiers: tuple[FaceSettings, ...]) -> tuple[FaceSettings, ...]:
        if not classifiers:
            raise PydanticCustomError("empty", "must hold at least one classifier")
        for each in classifiers:
            if each.name.startswith(("group_", "predicted_")):
                raise PydanticCustomError(
                    "taken", "must not give a name that begins with group_ or predicted_: columns of groups do"
                )
        return classifiers

    @field_validator("ask_gender")
    @classmethod
    def _ask_gender(cls, asked: bool | None) -> bool | None:
        return asked or None

    @model_validator(mode="after")
    def _asked(self) -> Self:
        lacking = [name for name in self.ratings.questions or () if name not in self.asks().names]
        if lacking:
            raise PydanticCustomError(
                "unasked",
                "ratings.questions: names {names}, which the study does not ask; add ask_gender = true",
                {"names": ", ".join(lacking)},
            )
        return self

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [each.name for each in (*self.classifiers, *self.groups)]
        if len(set(names)) < len(names):
            raise PydanticCustomError("twice", "gives two of classifiers and groups the same name")
        return self

    def asks(self) -> Questionnaire:
        """The questionnaire of the study."""
        return ASKS_GENDER if self.ask_gender else ASKS


def expression(study: Study) -> ExpressionStudy:
    """The study as an expression study.

    Raises:
        StudyError: it is of another kind.
    """
    if not isinstance(study, ExpressionStudy):
        raise StudyError(f"{study.name} is a study of the kind {study.study}; this needs one of the kind expression")
    return study
