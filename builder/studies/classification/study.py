"""`ClassificationStudy`: what the study file of a classification study may hold beside what every study has."""

from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from builder.classifiers.settings import ClassifierSettings
from builder.errors import StudyError
from builder.images.settings import ImageSettings
from builder.ratings.settings import RatingsSettings
from builder.settings import COLUMN, ModelSettings, Settings
from builder.studies.classification.tasks import (
    ASKS,
    ASKS_IF_TOLD,
    ASSIGNED,
    ASSIGNMENT,
    ASSIGNMENT_ARMS,
    EXPLAINED,
    ITEM,
    QUESTIONS,
    WHOLE,
)
from builder.study import Study
from builder.survey.settings import survey_settings
from builder.tasks import Questionnaire

Classes = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(strict=False, min_length=2)]


class AttackSettings(Settings):
    """`[attack]`: adversarial examples.

    classifier: name of the one that is attacked; it must have a gradient. step: its length, in units of 0..1.
    iterations: steps, at most. norm: that of a step, "l2" of the whole picture or "linf" of each value; None is the
    latter, as in files from before there was the former. items: adversarial items of a batch, at most.
    """

    classifier: Annotated[str, Field(pattern=COLUMN, max_length=40)]
    step: Annotated[float, Field(ge=1e-5, le=1)] = 0.001
    iterations: Annotated[int, Field(ge=1, le=100_000)] = 10
    norm: Literal["linf", "l2"] | None = None
    items: Annotated[int, Field(ge=1, le=10_000)] = 40

    @field_validator("norm")
    @classmethod
    def _norm(cls, norm: str | None) -> str | None:
        return None if norm == "linf" else norm


class ExplainedSettings(ModelSettings):
    """`[explained]`: another arm, in which the attacked images show no more than the superpixels that speak most for
    the class, and the controls likewise.

    model: an explainer of superpixels; its own keys stand beside it, such as LIME's `features`. days_apart: after so
    many days who finished one arm may see the other.
    """

    group = "explainers"

    model: str = "lime"
    days_apart: Annotated[float, Field(ge=0, le=365)] = 3.0

    def value(self, key: str) -> Any:
        """The value of one of the explainer's own keys."""
        return getattr(self._own(), key)


class AssignmentSettings(Settings):
    """`[assignment]`: arms in which people say which of six classes, each shown by examples, an image belongs to.

    classifier: the one whose examples are shown; it must have a gradient. targets: images that one person assigns.
    candidates: rows of a class that examples are chosen from, at most. step, iterations: of the attack by which
    adversarial examples are told. regularization: of MMD-critic's criticisms, how much it counts that they differ.
    """

    classifier: Annotated[str, Field(pattern=COLUMN, max_length=40)]
    targets: Annotated[int, Field(ge=1, le=1000)] = 12
    candidates: Annotated[int, Field(ge=6, le=10_000)] = 200
    step: Annotated[float, Field(ge=1e-5, le=1)] = 0.001
    iterations: Annotated[int, Field(ge=1, le=100_000)] = 10
    regularization: Annotated[float, Field(ge=0, le=1e6)] = 1e-5


class ClassificationRatings(RatingsSettings):
    """`[ratings]`, which has no keys of its own."""

    question_names: ClassVar[tuple[str, ...]] = (*ASKS.names, ASSIGNED.name)


ClassificationSurvey = survey_settings((*QUESTIONS, ASSIGNED), ITEM)


class ClassificationStudy(Study):
    """A classification study.

    classes: those that it is about, in the order in which batches take them; None: all that rows are labeled with.
    mistakes, controls: the most items of a batch that are mistakes, and that have a sure answer, half of them yes.
    mistakes_top5: the most rows of a batch with a mistake of which all five classes are asked; None: of none are they.
    cannot_tell: whether that is a third answer; a file that does not say so is as before there was it.
    attack: None: there are no adversarial items.
    explained: None: they are shown whole alone.
    assignment: None: nobody is asked which class an image belongs to.
    """

    first_keys: ClassVar[tuple[str, ...]] = ("study", "name", "seed", "batches")

    study: Literal["classification"] = "classification"
    classes: Classes | None = None
    classes_per_batch: Annotated[int, Field(ge=1, le=1000)] = 6
    mistakes: Annotated[int, Field(ge=1, le=10_000)] = 40
    controls: Annotated[int, Field(ge=2, le=1000)] = 20
    mistakes_top5: Annotated[int, Field(ge=1, le=10_000)] | None = None
    cannot_tell: bool | None = None
    images: ImageSettings = ImageSettings(model="mnist-5k:audit")
    classifiers: Annotated[tuple[ClassifierSettings, ...], Field(strict=False)] = Field(
        default_factory=lambda: (ClassifierSettings(name="digits_cnn", model="digits-cnn"),)
    )
    attack: AttackSettings | None = None
    explained: ExplainedSettings | None = None
    assignment: AssignmentSettings | None = None
    survey: ClassificationSurvey = ClassificationSurvey()  # type: ignore[valid-type]
    ratings: ClassificationRatings = ClassificationRatings()

    @field_validator("classes")
    @classmethod
    def _classes(cls, classes: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if classes and len(set(classes)) < len(classes):
            raise PydanticCustomError("twice", "names one class twice")
        return classes

    @field_validator("cannot_tell")
    @classmethod
    def _cannot_tell(cls, asked: bool | None) -> bool | None:
        return asked or None

    @field_validator("classifiers")
    @classmethod
    def _classifiers(cls, classifiers: tuple[ClassifierSettings, ...]) -> tuple[ClassifierSettings, ...]:
        names = [classifier.name for classifier in classifiers]
        if not names:
            raise PydanticCustomError("empty", "must hold at least one classifier")
        if len(set(names)) < len(names):
            raise PydanticCustomError("twice", "gives two classifiers the same name")
        return classifiers

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [classifier.name for classifier in self.classifiers]
        for table in ("attack", "assignment"):
            own = getattr(self, table)
            if own and own.classifier not in names:
                raise ValueError(
                    f"{table}.classifier = {own.classifier!r}: must be the name of one of the classifiers: "
                    + ", ".join(names)
                )
        if self.explained and not self.attack:
            raise ValueError("explained: shows adversarial images explained, and there is no [attack]; add one")
        if not self.assignment and ASSIGNED.name in (self.ratings.questions or ()):
            raise ValueError("ratings.questions: names 'assigned', which is asked where there is [assignment]; add it")
        return self

    def asks(self) -> Questionnaire:
        """All that this study can ask."""
        asks = ASKS_IF_TOLD if self.cannot_tell else ASKS
        if not self.arms:
            return asks
        tasks = (*asks.tasks, ASSIGNMENT) if self.assignment else asks.tasks
        days = self.explained.days_apart if self.explained else None
        return replace(asks, tasks=tasks, arms=self.arms, days_apart=days, once=ASSIGNMENT_ARMS)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms of a batch: images whole, explained, and assignments; none where all is whole."""
        arms = ((EXPLAINED,) if self.explained else ()) + (ASSIGNMENT_ARMS if self.assignment else ())
        return (WHOLE, *arms) if arms else ()


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
