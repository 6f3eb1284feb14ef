"""`CounterfeitsStudy`: what the study file of a counterfeits study may hold beside what every study has."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from builder.classifiers.settings import ClassifierSettings
from builder.errors import StudyError
from builder.images.settings import ImageSettings
from builder.ratings.settings import RatingsSettings
from builder.settings import Settings
from builder.studies.counterfeits.tasks import CERTAINTY, CHOICE, ITEM, NOTHING, questions
from builder.study import Study
from builder.survey.settings import survey_settings

Conditioning = Literal["soft", "one_hot", "hot_matrix"]

DIGITS = tuple("0123456789")

Classes = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(strict=False, min_length=2, max_length=1000)
]
Weight = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


class GeneratorSettings(Settings):
    """`[generator]`: the network that inverts the classifier, and how it is trained.

    latent: numbers of z. width: channels of its first feature map. enlarge: how often larger the classifier's images
    are than what the generator draws, along each axis. steps, learning_rate, images_per_class: of its training; the
    last is of one step. dropout: share of the feature maps that are left out. noise: standard deviation of what is
    added to feature maps; both in training alone. soft_scale: standard deviation of the numbers whose softmax is a
    `soft` condition. kl, cross_entropy (of `soft` alone), cosine, orthogonality, pixels: weights of the loss's terms;
    fade: the share of the steps in which those of the last three, which are for diversity, fall to 0, step by step.
    min_accuracy: a generator is said not to have converged where the classifier gives fewer images of some class it.
    """

    latent: Annotated[int, Field(ge=1, le=4096)] = 24
    width: Annotated[int, Field(ge=8, le=1024, multiple_of=8)] = 32
    enlarge: Annotated[int, Field(ge=1, le=64)] = 1
    steps: Annotated[int, Field(ge=1, le=1_000_000)] = 700
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.004
    images_per_class: Annotated[int, Field(ge=2, le=1000)] = 3
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.02
    noise: Annotated[float, Field(ge=0, le=10)] = 0.2
    soft_scale: Annotated[float, Field(gt=0, le=100)] = 3.0
    kl: Weight = 1.0
    cross_entropy: Weight = 0.5
    cosine: Weight = 0.8
    orthogonality: Weight = 0.8
    pixels: Weight = 0.8
    fade: Annotated[float, Field(gt=0, le=1)] = 0.8
    min_accuracy: Annotated[float, Field(ge=0, le=1)] = 0.75


class BaselineSettings(Settings):
    """`[baselines]`: targeted IFGSM; step: of each value, in units of 0..1; iterations: its steps."""

    step: Annotated[float, Field(ge=1e-5, le=1)] = 0.01
    iterations: Annotated[int, Field(ge=1, le=100_000)] = 30


class CounterfeitsRatings(RatingsSettings):
    """`[ratings]`, which has no keys of its own."""

    question_names: ClassVar[tuple[str, ...]] = (CHOICE, CERTAINTY)


CounterfeitsSurvey = survey_settings(questions(DIGITS), ITEM)


class CounterfeitsStudy(Study):
    """A counterfeits study.

    classes: those of the classifier that are counterfeited. conditionings: how generators are told of a class.
    images_per_class: of each class, counterfeits of every generator, held-out images, and of each baseline.
    items_per_class: counterfeits of each generator and class that people see. controls: held-out images that they see,
    at most. defense: trains the classifier again between rounds; rounds: how often all generators are trained; without
    a defense it is once. training_images: those that the classifier was trained on; held_out_images: others.
    """

    first_keys: ClassVar[tuple[str, ...]] = ("study", "name", "seed", "batches")

    study: Literal["counterfeits"] = "counterfeits"
    classes: Classes = DIGITS
    conditionings: Annotated[tuple[Conditioning, ...], Field(strict=False, min_length=1)] = (
        *("soft", "one_hot", "hot_matrix"),
    )
    images_per_class: Annotated[int, Field(ge=3, le=1000)] = 40
    items_per_class: Annotated[int, Field(ge=1, le=1000)] = 2
    controls: Annotated[int, Field(ge=2, le=1000)] = 20
    defense: Literal["reject_class"] | None = None
    rounds: Annotated[int, Field(ge=1, le=20)] | None = None
    training_images: ImageSettings = ImageSettings(model="mnist-5k:train")
    held_out_images: ImageSettings = ImageSettings(model="mnist-5k:audit")
    classifier: ClassifierSettings = ClassifierSettings(name="digits_cnn", model="digits-cnn")
    generator: GeneratorSettings = GeneratorSettings()
    baselines: BaselineSettings = BaselineSettings()
    survey: CounterfeitsSurvey = CounterfeitsSurvey()  # type: ignore[valid-type]
    ratings: CounterfeitsRatings = CounterfeitsRatings()

    @property
    def all_rounds(self) -> int:
        """The number of rounds in which all generators are trained: with a defense two where the study does not say."""
        return (self.rounds or 2) if self.defense else 1

    @field_validator("classes", "conditionings")
    @classmethod
    def _distinct(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise PydanticCustomError("twice", "names one twice")
        if NOTHING in names:
            raise PydanticCustomError("taken", "must have no class '{nothing}': it is an answer", {"nothing": NOTHING})
        return names

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.items_per_class > self.images_per_class:
            raise ValueError(
                f"items_per_class = {self.items_per_class}: must be at most images_per_class = {self.images_per_class}"
            )
        if self.rounds is not None and self.defense is None:
            raise ValueError(f'rounds = {self.rounds}: are rounds of a defense; add defense = "reject_class"')
        return self


def counterfeits(study: Study) -> CounterfeitsStudy:
    """The study as a counterfeits study.

    Raises:
        StudyError: it is of another kind.
    """
    if not isinstance(study, CounterfeitsStudy):
        raise StudyError(f"{study.name} is a study of the kind {study.study}; this needs one of the kind counterfeits")
    return study
