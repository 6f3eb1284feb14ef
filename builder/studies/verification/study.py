"""`VerificationStudy`: what the study file of a verification study may hold beside what every study has."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from builder import registry
from builder.errors import StudyError
from builder.generators.settings import GeneratorSettings
from builder.ratings.settings import RatingsSettings
from builder.recognizers.settings import RecognizerSettings
from builder.settings import Settings, registered
from builder.studies.verification.samples.controversial import Settings as ControversialSettings
from builder.studies.verification.samples.genuine import Settings as GenuineSettings
from builder.studies.verification.samples.interpolation import Settings as InterpolationSettings
from builder.studies.verification.samples.negative import Settings as NegativeSettings
from builder.studies.verification.samples.optimized import Settings as OptimizedSettings
from builder.studies.verification.samples.positive import Settings as PositiveSettings
from builder.studies.verification.tasks import ITEM, QUESTIONS
from builder.study import Study
from builder.survey.settings import survey_settings
from builder.toml import check_table, literal, refuse_unknown

SEEDS_PER_BATCH = 1000
"""Seeds that a batch may try: batch b tries first_seed + 1000 b + k, k = 0, 1, ..."""

_RANDOM_STATE_SEEDS = 2**32


class Samples(Settings):
    """`[samples]`: a table for each sample kind that the study draws.

    The fields are drawn by every study; `controversial` and another package's kind by those that name it, and no other
    study depends on it.
    """

    model_config = ConfigDict(extra="allow")

    genuine: GenuineSettings = GenuineSettings()
    interpolation: InterpolationSettings = InterpolationSettings()
    negative: NegativeSettings = NegativeSettings()
    optimized: OptimizedSettings = OptimizedSettings()
    positive: PositiveSettings = PositiveSettings()

    @model_validator(mode="after")
    def _other_kinds(self) -> Self:
        others = self.__pydantic_extra__ or {}
        if others:
            refuse_unknown(others, registry.names("samples"), also=type(self).model_fields)
        for name, keys in others.items():
            others[name] = check_table(name, registry.load("samples", name).Settings, keys)
        return self

    def by_kind(self) -> dict[str, Settings]:
        """The settings of every sample kind that the study draws, by its name."""
        own = {name: getattr(self, name) for name in type(self).model_fields}
        return {**own, **(self.__pydantic_extra__ or {})}


class VerificationRatings(RatingsSettings):
    """`[ratings]`: `attention_similarity` is the least similarity that somebody who looks gives to a genuine pair."""

    first_keys: ClassVar[tuple[str, ...]] = ("questions", "attention_similarity")
    question_names: ClassVar[tuple[str, ...]] = tuple(question.name for question in QUESTIONS)

    attention_similarity: Annotated[float, Field(ge=0, le=100)] = 50.0


VerificationSurvey = survey_settings(QUESTIONS, ITEM)


class VerificationStudy(Study):
    """A verification study; the defaults are those of the paper, "Exploring the Lands Between"."""

    first_keys: ClassVar[tuple[str, ...]] = ("study", "name", "seed", "first_seed", "batches")

    study: Literal["verification"] = "verification"
    first_seed: Annotated[int, Field(ge=0)] = 0
    bases_per_batch: Annotated[int, Field(ge=2, le=100)] = 4
    generator: GeneratorSettings = GeneratorSettings()
    recognizers: Annotated[tuple[RecognizerSettings, ...], Field(strict=False)] = Field(
        default_factory=lambda: (RecognizerSettings(name="dlib", model="dlib"),)
    )
    distances: Annotated[tuple[str, ...], Field(strict=False)] = ("latent_l2", "lpips_alex", "lpips_vgg")
    samples: Samples = Samples()
    survey: VerificationSurvey = VerificationSurvey()  # type: ignore[valid-type]
    ratings: VerificationRatings = VerificationRatings()

    @field_validator("distances")
    @classmethod
    def _distances(cls, distances: tuple[str, ...]) -> tuple[str, ...]:
        for name in distances:
            registered("distances", name)
        if len(set(distances)) < len(distances):
            raise PydanticCustomError("twice", "names one distance twice")
        return distances

    @field_validator("recognizers")
    @classmethod
    def _recognizers(cls, recognizers: tuple[RecognizerSettings, ...]) -> tuple[RecognizerSettings, ...]:
        names = [recognizer.name for recognizer in recognizers]
        if not names:
            raise PydanticCustomError("empty", "must hold at least one recognizer")
        if len(set(names)) < len(names):
            raise PydanticCustomError("twice", "gives two recognizers the same name")
        return recognizers

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [recognizer.name for recognizer in self.recognizers]
        if self.target not in names:
            raise ValueError(
                f"samples.optimized.target = {self.target!r}: must be the name of one of the recognizers: "
                + ", ".join(names)
            )
        controversial = self.samples.by_kind().get("controversial")
        if isinstance(controversial, ControversialSettings):
            controversial.two_of(names)
        last = self.first_seed + SEEDS_PER_BATCH * self.batches
        if last > _RANDOM_STATE_SEEDS:
            raise ValueError(
                f"first_seed = {literal(self.first_seed)}: with {self.batches} batches seeds would reach "
                f"{literal(last)}; they must stay below 2**32 = {_RANDOM_STATE_SEEDS}"
            )
        return self

    def pairs_per_batch(self) -> int:
        """The number of pairs of a batch, but for those of sample kinds that do not say it."""
        counts = [
            registry.load("samples", name).count(self.bases_per_batch, settings)
            for name, settings in self.samples.by_kind().items()
            if hasattr(registry.load("samples", name), "count")
        ]
        return sum(counts)

    @property
    def target(self) -> str:
        """The recognizer that decides which seeds are kept and that searches are run against."""
        return self.samples.optimized.target


def verification(study: Study) -> VerificationStudy:
    """The study as a verification study.

    Raises:
        StudyError: it is of another kind.
    """
    if not isinstance(study, VerificationStudy):
        raise StudyError(f"{study.name} is a study of the kind {study.study}; this needs one of the kind verification")
    return study
