"""`ClassificationStudy`: what the study file of a classification study may hold beside what every study has."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from builder.classifiers.settings import ClassifierSettings
from builder.errors import StudyError
from builder.images.settings import ImageSettings
from builder.ratings.settings import RatingsSettings
from builder.studies.classification.tasks import ASKS, ITEM, QUESTIONS
from builder.study import Study
from builder.survey.settings import survey_settings

Classes = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(strict=False, min_length=2)]


class ClassificationRatings(RatingsSettings):
    """`[ratings]`, which has no keys of its own."""

    question_names: ClassVar[tuple[str, ...]] = ASKS.names


ClassificationSurvey = survey_settings(QUESTIONS, ITEM)


class ClassificationStudy(Study):
    """A classification study.

    classes: those that it is about, in the order in which batches take them; None: all that rows are labeled with.
    mistakes, controls: the most items of a batch that are mistakes, and that have a sure answer, half of them yes.
    """

    first_keys: ClassVar[tuple[str, ...]] = ("study", "name", "seed", "batches")

    study: Literal["classification"] = "classification"
    classes: Classes | None = None
    classes_per_batch: Annotated[int, Field(ge=1, le=1000)] = 6
    mistakes: Annotated[int, Field(ge=1, le=10_000)] = 40
    controls: Annotated[int, Field(ge=2, le=1000)] = 20
    images: ImageSettings = ImageSettings(model="mnist-5k:audit")
    classifiers: Annotated[tuple[ClassifierSettings, ...], Field(strict=False)] = Field(
        default_factory=lambda: (ClassifierSettings(name="digits_cnn", model="digits-cnn"),)
    )
    survey: ClassificationSurvey = ClassificationSurvey()  # type: ignore[valid-type]
    ratings: ClassificationRatings = ClassificationRatings()

    @field_validator("classes")
    @classmethod
    def _classes(cls, classes: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if classes and len(set(classes)) < len(classes):
            raise PydanticCustomError("twice", "names one class twice")
        return classes

    @field_validator("classifiers")
    @classmethod
    def _classifiers(cls, classifiers: tuple[ClassifierSettings, ...]) -> tuple[ClassifierSettings, ...]:
        names = [classifier.name for classifier in classifiers]
        if not names:
            raise PydanticCustomError("empty", "must hold at least one classifier")
        if len(set(names)) < len(names):
            raise PydanticCustomError("twice", "gives two classifiers the same name")
        return classifiers


def classification(study: Study) -> ClassificationStudy:
    """The study as a classification study.

    Raises:
        StudyError: it is of another kind.
    """
    if not isinstance(study, ClassificationStudy):
        raise StudyError(
            f"{study.name} is a study of the kind {study.study}; this needs one of the kind classification"
        )
    return study
