"""`Study`: the one validated description of a dataset.

A study file is TOML; `python -m builder study` prints the packaged one with a comment on every key.
Everything that a build does is a function of the study, so everything is refused here that would make a
build fail or mean nothing.
"""

import difflib
import hashlib
import itertools
import json
import tomllib
from collections.abc import Collection, Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from builder import registry
from builder.errors import StudyError
from builder.publish.settings import PublishSettings
from builder.ratings.settings import RatingsSettings
from builder.recognizers.alignments import ALIGNMENTS
from builder.samples.genuine import Settings as GenuineSettings
from builder.samples.interpolation import Settings as InterpolationSettings
from builder.samples.negative import Settings as NegativeSettings
from builder.samples.optimized import Settings as OptimizedSettings
from builder.samples.positive import Settings as PositiveSettings
from builder.settings import Settings
from builder.survey.settings import HTTPS, SurveySettings
from builder.weights import SHA256

if TYPE_CHECKING:  # reading a study file need not wait for torch
    from builder.runtime import Runtime

DEFAULT_STUDY = "lands-between-demo"

SEEDS_PER_BATCH = 1000
"""Seeds that a batch may try: batch b tries first_seed + 1000 b + k (DESIGN.md, "Seeds")."""

NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
COLUMN = r"^[a-z0-9_]+$"

_MOST_BYTES = 1_000_000
_MOST_DOTS_SQUARED = 10**7
"""Summed over the lines: tomllib takes time and memory quadratic in the parts of a dotted key."""

_ALLOWED = {
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dict_type": "must be a table",
    "tuple_type": "must be a list",
    "string_type": "must be a text in quotes",
    NAME: "must be lower-case letters and digits with single hyphens between them",
    COLUMN: "must be lower-case letters, digits and underscores",
    SHA256: "must be the 64 hexadecimal digits of a SHA-256, in lower case",
    HTTPS: "must be an address that begins with https://",
}
"""What is allowed, by pydantic's type of error or by the pattern that does not match."""

_RANDOM_STATE_SEEDS = 2**32

_NO_SHARD_DEPENDS_ON = {"batches", "survey", "ratings", "publish"}


class ModelSettings(Settings):
    """A table with `model = "entry[:argument]"` and the keys that this model adds, its `Settings`."""

    model_config = ConfigDict(extra="allow")
    group: ClassVar[registry.Group]

    model: str

    @field_validator("model")
    @classmethod
    def _registered(cls, model: str) -> str:
        return _known(cls.group, model)

    @model_validator(mode="after")
    def _own_keys(self) -> Self:
        if self.model_extra:  # importing a model to ask for its keys takes seconds; most have none
            self._own()
        return self

    def _own(self) -> BaseModel:
        entry, _ = registry.split_model(self.model)
        own: type[BaseModel] = registry.load(self.group, entry).Settings
        keys = self.model_extra or {}
        _refuse_unknown(keys, own.model_fields, also=type(self).model_fields)
        return own.model_validate(keys)

    def load(self, runtime: "Runtime") -> Any:
        """The model, loaded; what its `load` raises."""
        entry, argument = registry.split_model(self.model)
        return registry.load(self.group, entry).load(argument, self._own(), runtime)


class GeneratorSettings(ModelSettings):
    """`[generator]`."""

    group = "generators"

    model: str = "dcgan-digiface"


class RecognizerSettings(ModelSettings):
    """One `[[recognizers]]`; `alignment` and `threshold` are the model's own where they are left out."""

    group = "recognizers"

    name: Annotated[str, Field(pattern=COLUMN, max_length=40)]
    alignment: str | None = None
    threshold: float | Literal["paper"] | None = None

    @field_validator("name")
    @classmethod
    def _no_other_column(cls, name: str) -> str:
        if name == "image_id":
            raise PydanticCustomError("taken", "is a column of the table embeddings already")
        return name

    @field_validator("threshold", mode="before")
    @classmethod
    def _a_distance(cls, threshold: Any) -> Any:
        number = isinstance(threshold, int | float) and not isinstance(threshold, bool) and 0 < threshold < 1e6
        if not number and threshold not in (None, "paper"):
            raise PydanticCustomError("threshold", 'must be a number above 0, or "paper" for that of the paper')
        return threshold

    @field_validator("alignment")
    @classmethod
    def _aligned(cls, alignment: str | None) -> str | None:
        if alignment is not None and alignment not in ALIGNMENTS:
            raise PydanticCustomError("unknown", "must be one of: {known}", {"known": ", ".join(ALIGNMENTS)})
        return alignment


class Samples(Settings):
    """`[samples]`: a table for each sample kind that the study draws.

    Ours are drawn by every study; another package's kind by those that name it, and no other study depends on it.
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
            _refuse_unknown(others, registry.names("samples"), also=type(self).model_fields)
        for name, keys in others.items():
            others[name] = _checked(name, registry.load("samples", name).Settings, keys)
        return self

    def by_kind(self) -> dict[str, Settings]:
        """The settings of every sample kind that the study draws, by its name."""
        own = {name: getattr(self, name) for name in type(self).model_fields}
        return {**own, **(self.__pydantic_extra__ or {})}


class Study(Settings):
    """A verification study; defaults are those of DESIGN.md, "The samples"."""

    name: Annotated[str, Field(pattern=NAME, max_length=60)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    first_seed: Annotated[int, Field(ge=0)] = 0
    batches: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    bases_per_batch: Annotated[int, Field(ge=2, le=100)] = 4
    generator: GeneratorSettings = GeneratorSettings()
    recognizers: Annotated[tuple[RecognizerSettings, ...], Field(strict=False)] = Field(
        default_factory=lambda: (RecognizerSettings(name="dlib", model="dlib"),)
    )
    distances: Annotated[tuple[str, ...], Field(strict=False)] = ("latent_l2", "lpips_alex", "lpips_vgg")
    samples: Samples = Samples()
    survey: SurveySettings = SurveySettings()
    ratings: RatingsSettings = RatingsSettings()
    publish: PublishSettings = PublishSettings()

    @field_validator("distances")
    @classmethod
    def _distances(cls, distances: tuple[str, ...]) -> tuple[str, ...]:
        for name in distances:
            _known("distances", name)
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
        last = self.first_seed + SEEDS_PER_BATCH * self.batches
        if last > _RANDOM_STATE_SEEDS:
            raise ValueError(
                f"first_seed = {shown(self.first_seed)}: with {self.batches} batches seeds would reach {shown(last)}; "
                f"they must stay below 2**32 = {_RANDOM_STATE_SEEDS}"
            )
        return self

    @property
    def target(self) -> str:
        """The recognizer that decides which seeds are kept and that searches are run against."""
        return self.samples.optimized.target

    @property
    def max_norm(self) -> float | None:
        """The longest latent of a search, as a multiple of the expected norm."""
        return self.samples.optimized.max_norm

    def identity(self) -> dict[str, Any]:
        """What makes this study this study: every key that a shard depends on, but for the number of batches."""
        return self.model_dump(mode="json", exclude=_NO_SHARD_DEPENDS_ON, exclude_none=True)

    def hash(self) -> str:
        """SHA-256 of the identity."""
        return identity_hash(self.identity())

    def to_toml(self) -> str:
        """The study as a study file, every key that has a value written out."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))


def identity_hash(identity: dict[str, Any]) -> str:
    """SHA-256 of a study's identity as JSON with sorted keys."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def default_text() -> str:
    """The packaged study file, with a comment on every key."""
    return resources.files("builder").joinpath("studies", f"{DEFAULT_STUDY}.toml").read_text("utf-8")


def read_study(path: Path | None = None, **overrides: int | None) -> Study:
    """The study of a file (the packaged one where `path` is None), with keys overridden that are not None.

    Raises:
        StudyError: it cannot be read; or each key that is unknown or has a value that is not allowed, with
            the value and what is allowed.
    """
    source = str(path) if path else f"the packaged study {DEFAULT_STUDY}"
    try:
        if path and path.exists() and not path.is_file():
            raise StudyError(f"{source}: is not a regular file; name a study file")
        if path and path.stat().st_size > _MOST_BYTES:
            raise StudyError(f"{source}: larger than {_MOST_BYTES} bytes; this is no study file")
        content = path.read_bytes() if path else default_text().encode()
    except FileNotFoundError:
        raise StudyError(f"{source}: no such file; print one to start from with: python -m builder study") from None
    except OSError as error:
        raise StudyError(f"{source}: cannot be read: {error.strerror}") from error
    keys = parse_toml(content, source)
    keys.update({key: value for key, value in overrides.items() if value is not None})
    return parse_study(keys, source)


def parse_toml(content: bytes, source: str) -> dict[str, Any]:
    """The keys of a TOML file; `source` names it in errors.

    Raises:
        StudyError: it is no UTF-8 or no TOML, or has what no study file has: keys of a thousand parts, numbers of
            a thousand digits, tables a thousand deep.
    """
    try:
        text = content.decode("utf-8-sig")  # some editors begin a file with a byte-order mark
        if sum(line.count(".") ** 2 for line in text.splitlines()) > _MOST_DOTS_SQUARED:
            raise StudyError(f"{source}: too many dots in a line; this is no study file")
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise StudyError(f"{source}: is not UTF-8 text: byte {error.start} is {content[error.start]:#04x}") from error
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{source}: not valid TOML: {error}") from error
    except (RecursionError, ValueError) as error:
        raise StudyError(f"{source}: not a study file: nested too deep, or a number of too many digits") from error


def parse_study(keys: dict[str, Any], source: str) -> Study:
    """The study that `keys` describe; `source` names them in errors.

    Raises:
        StudyError: as `read_study`.
    """
    try:
        return Study.model_validate(keys)
    except ValidationError as error:
        lines = [_explained(detail) for detail in _flattened(error)]
        raise StudyError("\n  ".join([f"{source}:", *lines])) from None


def first_difference(a: Any, b: Any, key: str = "") -> tuple[str, Any, Any] | None:
    """The first key, in the order of `a`, at which two identities differ, with both values (None: absent)."""
    if a == b:
        return None
    if isinstance(a, dict) and isinstance(b, dict):
        names = [*a, *(name for name in b if name not in a)]
        parts = [(f"{key}.{name}" if key else name, a.get(name), b.get(name)) for name in names]
    elif isinstance(a, list) and isinstance(b, list):
        parts = [(f"{key}[{index}]", *values) for index, values in enumerate(itertools.zip_longest(a, b))]
    else:
        return key, a, b
    return next(found for part, ours, theirs in parts if (found := first_difference(ours, theirs, part)))


def _known(group: registry.Group, model: str) -> str:
    entry, _ = registry.split_model(model)
    known = registry.names(group)
    if entry not in known:
        raise PydanticCustomError("unknown", "must be one of: {known}", {"known": ", ".join(known)})
    return model


def _refuse_unknown(keys: Iterable[str], allowed: Collection[str], also: Iterable[str] = (), table: str = "") -> None:
    """Raises for the first of the keys of a table that is neither in `allowed` nor in `also`; `table` names it."""
    for key in keys:
        if key not in allowed and key not in also:
            hint = f"{table}{key}: {_unknown_key(key, list(dict.fromkeys([*also, *allowed])))}"
            raise PydanticCustomError("unknown_key", "{hint}", {"hint": hint})


def _checked(name: str, settings: type[Settings], keys: Any) -> Settings:
    """The table `name`, checked by the settings of what it configures; `_explained` names a fault by its whole key."""
    if isinstance(keys, dict):
        _refuse_unknown(keys, settings.model_fields, table=f"{name}.")
    try:
        return settings.model_validate(keys)
    except ValidationError as error:
        raise PydanticCustomError("nested", "is not valid", {"within": (name,), "error": error}) from None


def _flattened(error: ValidationError, location: tuple[str | int, ...] = ()) -> Iterator[ErrorDetails]:
    """The details of an error; those of a model's own Settings, which lie within one, at their full location."""
    for detail in error.errors(include_url=False):
        context = detail.get("ctx", {})
        detail["loc"] = (*location, *detail["loc"], *context.get("within", ()))
        within = context.get("error")
        if isinstance(within, ValidationError):
            yield from _flattened(within, detail["loc"])
        else:
            yield detail


def _explained(detail: ErrorDetails) -> str:
    """One line: key, value, what is allowed."""
    key = ""
    for part in detail["loc"]:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
    if detail["type"] == "extra_forbidden":
        return f"{key}: {_unknown_key(str(detail['loc'][-1]), _keys_beside(detail))}"
    if detail["type"] == "unknown_key":
        return f"{key}.{detail['msg']}"
    if detail["type"] == "missing":
        return f"{key}: is missing"
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    message = _ALLOWED.get(detail.get("ctx", {}).get("pattern", detail["type"]), message)
    if not key:
        return message
    return f"{key} = {shown(detail['input'])}: {message}"


def shown(value: Any) -> str:
    """A value as JSON for an error, cut to 80 characters."""
    try:
        text = json.dumps(value, default=str)
    except (ValueError, RecursionError):
        return "a value of too many digits or too deep"
    return text if len(text) <= 80 else text[:77] + "..."


def _unknown_key(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return "unknown key; " + (f"did you mean {near[0]}?" if near else f"known here: {', '.join(known) or 'none'}")


def _keys_beside(detail: ErrorDetails) -> list[str]:
    """The keys of the table that an unknown key stands in."""
    table: Any = Study
    for part in detail["loc"][:-1]:
        table = table.model_fields[part].annotation
    return list(table.model_fields)
