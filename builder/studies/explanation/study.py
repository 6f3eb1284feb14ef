"""`ExplanationStudy`: what the study file of an explanation study may hold beside what every study has."""

import importlib
import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from builder.classifiers.settings import ClassifierSettings
from builder.errors import StudyError
from builder.explainers.settings import ExplainerSettings
from builder.images.settings import ImageSettings
from builder.ratings.settings import RatingsSettings
from builder.settings import COLUMN, Settings
from builder.studies.explanation.tasks import ITEM, QUESTIONS
from builder.study import Study
from builder.survey.settings import survey_settings
from builder.toml import refuse_unknown

EDGES = "edges"
"""The name of the edge detector, which stands beside the explainers and sees no network."""

CheckName = Literal["cascading", "independent", "labels", "explainers", "manipulation"]
InputName = Literal["random", "top_k", "mass_center", "target_map", "black_box", "patch"]
ModelName = Literal["location", "top_k_model", "center_model", "active"]
TableName = Literal["scaffold", "conceal"]
ROW_EXPLAINERS = {"scaffold": ("lime", "kernel_shap"), "conceal": ("gradient", "lime", "kernel_shap")}
"""The explainers of rows that each manipulation of a classifier of rows is made for."""

View = Literal["absolute", "diverging"]

ROW_MODEL = "row_model"
"""The name of the classifier of the rows of `[table]`, which a batch trains."""

LPIPS_NAME = "lpips_alex"
"""The distance that `lpips = true` asks for."""

MOST_TRIES = 50
"""Settings of a manipulation in one batch."""


class CheckSettings(Settings):
    """One `[[checks]]`: what a batch compares.

    check: `cascading` draws the weights of a layer and of all between it and the output anew, `independent` those of it
    alone; `labels` trains a network on permuted labels; `explainers` compares those with one another; `manipulation`
    changes pictures, or trains the classifier, so that maps lie.
    classifier: name of the one that is explained, `row_model` of the rows of `[table]`. layers: the most that are
    looked at, spread from the output to the input; of `cascading` and `independent`. manipulation, explainer: the
    manipulation, and the name of the explainer whose maps it changes, with the manipulation's own keys; where such a
    key holds several values, each is tried.
    """

    model_config = ConfigDict(extra="allow")

    check: CheckName
    classifier: Annotated[str, Field(pattern=r"^[a-z0-9_]*$", max_length=40)] = ""
    layers: Annotated[int, Field(ge=1, le=1000)] = 5
    manipulation: InputName | ModelName | TableName | None = None
    explainer: Annotated[str, Field(pattern=COLUMN, max_length=40)] | None = None

    @property
    def of_rows(self) -> bool:
        """Whether a classifier of rows is explained, which the batch trains."""
        return self.classifier == ROW_MODEL or self.manipulation in get_args(TableName)

    @property
    def explained(self) -> str:
        """The name of the classifier in rows of tables."""
        return self.classifier or ROW_MODEL

    @model_validator(mode="after")
    def _of_manipulation(self) -> Self:
        trains = self.manipulation in get_args(TableName)
        if bool(self.classifier) == trains:
            rule = "trains a classifier of rows itself, and takes no key" if trains else "needs the key"
            name = self.manipulation if trains else f"the check {self.check}"
            raise PydanticCustomError("classifier", f"{name} {rule} classifier")
        if self.check != "manipulation":
            refuse_unknown(self.model_extra or {}, type(self).model_fields)
            for key in ("manipulation", "explainer"):
                if getattr(self, key) is not None:
                    raise PydanticCustomError("needless", f"has a key {key}, which is of the check manipulation alone")
            return self
        for key in ("manipulation", "explainer"):
            if getattr(self, key) is None:
                raise PydanticCustomError("lacking", f"needs the key {key}: the check is manipulation")
        if self.classifier == ROW_MODEL:
            raise PydanticCustomError(
                "rows", f"{self.manipulation} is of pictures; of rows are {' and '.join(get_args(TableName))}"
            )
        if self.model_extra:  # importing a manipulation to ask for its keys takes seconds
            self.tries()
        return self

    def tries(self) -> list[Any]:
        """The settings of the manipulation that are tried: one for each combination of the values of its keys.

        Raises:
            PydanticCustomError: there is no such key, or there are more than MOST_TRIES.
            ValidationError: a value is refused.
        """
        # Its keys stand in modules that import torch, for which reading a study file need not wait.
        method = importlib.import_module("builder.studies.explanation.catalog").METHODS[self.manipulation]
        own, keys = method.Settings, self.model_extra or {}
        refuse_unknown(keys, own.model_fields.keys() - {"seed", "against"}, also=type(self).model_fields)
        for key in getattr(method, "fixed", ()):
            if isinstance(keys.get(key), list | tuple):
                raise PydanticCustomError(
                    "several", f"must have one {key}: it is of the classifier that is manipulated"
                )
        values = [_values(own, key, value) for key, value in keys.items()]
        if not 1 <= math.prod(map(len, values)) <= MOST_TRIES:
            raise PydanticCustomError("tries", f"must have 1 to {MOST_TRIES} settings of its manipulation")
        tried = [own.model_validate(dict(zip(keys, each, strict=True))) for each in itertools.product(*values)]
        if len({each.model_dump_json() for each in tried}) < len(tried):
            raise PydanticCustomError("twice", "must not try a setting of its manipulation twice")
        return tried


class TableSettings(Settings):
    """`[table]`: the rows of which a classifier is explained; without a file, those that a known rule makes up.

    path: of a .csv or .parquet. label: its column with what is decided; positive: the value that counts as yes.
    sensitive: the column that must not decide, or `column=value` of texts. columns: those that are used; all of them
    where it is left out.
    """

    path: Annotated[str, Field(min_length=1, max_length=4000)] | None = None
    label: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    positive: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    sensitive: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    columns: Annotated[tuple[str, ...], Field(strict=False, min_length=1, max_length=1000)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        keys = {name: getattr(self, name) is not None for name in ("label", "positive", "sensitive")}
        if self.path is not None and not all(keys.values()):
            raise PydanticCustomError("lacking", "with a path needs the keys label, positive and sensitive")
        if self.path is None and (any(keys.values()) or self.columns is not None):
            raise PydanticCustomError("lacking", "has keys of a file and no path")
        return self

    def load(self, seed: int) -> Any:
        """The table, `builder.manipulations.table.Table`; seed: of what is drawn.

        Raises:
            AssetError: the file is not what it should be.
        """
        table = importlib.import_module("builder.manipulations.table")  # pandas, for which most need not wait
        if self.path is None:
            return table.synthetic(seed)
        return table.from_csv(Path(self.path), self.label, self.positive, self.sensitive, self.columns, seed)


def _values(own: type[Settings], key: str, value: Any) -> list[Any]:
    """The values of a key that are tried, each as the settings take one: a pair is one value, and of a key that takes
    any number of values each alone.
    """
    if not isinstance(value, list | tuple):
        return [value]
    annotation = own.model_fields[key].annotation
    if get_origin(annotation) is not tuple:
        return list(value)
    return [(each,) for each in value] if Ellipsis in get_args(annotation) else [value]


class ExplanationRatings(RatingsSettings):
    """`[ratings]`: `attention_likeness` is the least likeness that somebody who looks gives to one map twice."""

    first_keys: ClassVar[tuple[str, ...]] = ("questions", "attention_likeness")
    question_names: ClassVar[tuple[str, ...]] = tuple(question.name for question in QUESTIONS)

    attention_likeness: Annotated[float, Field(ge=0, le=100)] = 80.0


ExplanationSurvey = survey_settings(QUESTIONS, ITEM)


class ExplanationStudy(Study):
    """An explanation study.

    batches: by default one for each check. images_per_batch: no picture is in two batches. items, controls: that people
    are shown of a batch, at most. view: of the maps, the one that people see. lpips: whether manipulated pictures are
    compared by LPIPS, too. checks: batches take them in turn. training_images: on which manipulations of the model are
    trained. table: of the rows whose classifiers are explained.
    """

    first_keys: ClassVar[tuple[str, ...]] = ("study", "name", "seed", "batches")

    study: Literal["explanation"] = "explanation"
    images_per_batch: Annotated[int, Field(ge=1, le=10_000)] = 8
    items: Annotated[int, Field(ge=1, le=10_000)] = 40
    controls: Annotated[int, Field(ge=1, le=1000)] = 4
    view: View = "absolute"
    lpips: bool = False
    images: ImageSettings = ImageSettings(model="mnist-5k:audit")
    table: TableSettings = TableSettings()
    training_images: ImageSettings = ImageSettings(model="mnist-5k:train")
    classifiers: Annotated[tuple[ClassifierSettings, ...], Field(strict=False)] = Field(
        default_factory=lambda: (ClassifierSettings(name="digits_cnn", model="digits-cnn"),)
    )
    explainers: Annotated[tuple[ExplainerSettings, ...], Field(strict=False)] = Field(
        default_factory=lambda: (
            ExplainerSettings(name="gradient", model="gradient"),
            ExplainerSettings(name="grad_cam", model="grad_cam"),
        )
    )
    checks: Annotated[tuple[CheckSettings, ...], Field(strict=False)] = Field(
        default_factory=lambda: (CheckSettings(check="cascading", classifier="digits_cnn"),)
    )
    survey: ExplanationSurvey = ExplanationSurvey()  # type: ignore[valid-type]
    ratings: ExplanationRatings = ExplanationRatings()

    @model_validator(mode="before")
    @classmethod
    def _one_for_each_check(cls, keys: Any) -> Any:
        checks = keys.get("checks") if isinstance(keys, dict) else None
        if not isinstance(checks, list | tuple) or not checks or "batches" in keys:
            return keys
        return {**keys, "batches": len(checks)}

    @field_validator("classifiers", "checks")
    @classmethod
    def _some(cls, entries: tuple[Settings, ...]) -> tuple[Settings, ...]:
        if not entries:
            raise PydanticCustomError("empty", "must hold at least one entry")
        return entries

    @field_validator("classifiers")
    @classmethod
    def _names(cls, classifiers: tuple[ClassifierSettings, ...]) -> tuple[ClassifierSettings, ...]:
        if ROW_MODEL in (each.name for each in classifiers):
            raise PydanticCustomError(
                "taken", f"must not call one {ROW_MODEL}: that of the rows of [table] is called so"
            )
        return classifiers

    @field_validator("explainers")
    @classmethod
    def _explainers(cls, explainers: tuple[ExplainerSettings, ...]) -> tuple[ExplainerSettings, ...]:
        if not explainers:
            raise PydanticCustomError("empty", "must hold at least one explainer")
        if EDGES in (each.name for each in explainers):
            raise PydanticCustomError("taken", "must not call an explainer edges: the edge detector is called so")
        return explainers

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [*(each.name for each in self.classifiers), *(each.name for each in self.explainers)]
        if len(set(names)) < len(names):
            raise PydanticCustomError("twice", "gives two of classifiers and explainers the same name")
        cases = [each.name for each in self.classifiers]
        for at, check in enumerate(self.checks):
            if check.of_rows:
                if check.manipulation is not None and check.explainer not in ROW_EXPLAINERS[str(check.manipulation)]:
                    raise ValueError(
                        f"checks[{at}].explainer = {check.explainer!r}: {check.manipulation} is of rows, and those are "
                        f"explained by {', '.join(ROW_EXPLAINERS[str(check.manipulation)])}"
                    )
                continue
            if check.classifier not in cases:
                raise ValueError(
                    f"checks[{at}].classifier = {check.classifier!r}: must be the name of one of the classifiers: "
                    + ", ".join(cases)
                )
            explaining = [each.name for each in self.explainers]
            if check.explainer is not None and check.explainer not in explaining:
                raise ValueError(
                    f"checks[{at}].explainer = {check.explainer!r}: must be the name of one of the explainers: "
                    + ", ".join(explaining)
                )
        return self

    @property
    def of_rows(self) -> bool:
        """Whether a classifier of rows is explained."""
        return any(check.of_rows for check in self.checks)

    @property
    def tuned(self) -> bool:
        """Whether a classifier is trained so that its explanations lie."""
        return any(check.manipulation in get_args(ModelName) for check in self.checks)

    @property
    def manipulated(self) -> bool:
        """Whether something is manipulated, of which people are asked more."""
        return any(check.check == "manipulation" for check in self.checks)

    def check_of(self, batch: int) -> CheckSettings:
        """The check that a batch makes: batches take them in turn."""
        return self.checks[batch % len(self.checks)]

    def rows_of(self, batch: int, order: Sequence[int]) -> list[int]:
        """The rows of a batch, of all rows in the order in which batches take them."""
        start = batch * self.images_per_batch
        return list(order[start : start + self.images_per_batch])


def explanation(study: Study) -> ExplanationStudy:
    """The study as an explanation study.

    Raises:
        StudyError: it is of another kind.
    """
    if not isinstance(study, ExplanationStudy):
        raise StudyError(f"{study.name} is a study of the kind {study.study}; this needs one of the kind explanation")
    return study
