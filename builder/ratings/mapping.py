"""`mapping.toml`: what an export does not say itself.

Every key is optional; a table that the file does not need is left out:

    encoding = "cp1252"               # of the file, where it is neither UTF-8 nor UTF-16
    delimiter = ";"                   # between cells, where the header does not tell
    decimal_comma = true              # 73,5 is a number
    time_zone = "Europe/Berlin"       # of times that name no zone; without it they are left out

    [columns]                         # which column holds what; long form: one answer a line
    participant = "person"
    pair = "stimulus"
    similarity = "sim"                # or, in wide form, a pattern: "sim_{pair}", "q{loop}_1"
    identity = "same"
    response_time_ms = "rt"           # or response_time_s
    position = "trial"
    rated_at = "answered"
    age = "Q1"                        # also gender, country, continent, duration_s,
    gender = "Q2"                     # strategy_similarity, strategy_identity

    [identity]                        # how a cell says that both images show the same person
    yes = ["1"]
    no = ["2"]

    [pairs]                           # what the export calls a pair
    q17 = "small-00000-base0-genuine"

    [loops]                           # the pair of loop 1, 2, ...: `batch`, `pairs` or `file`
    batch = 0                         # the pairs of this batch, in the order of the table pairs
    pairs = ["small-00000-base0-genuine"]
    file = "loop-and-merge.csv"       # beside the mapping; its column pair_id, one loop a line

    [packed]                          # one cell of pair, similarity, identity, ... holds many answers
    separator = ","
"""

import codecs
import csv
import io
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import available_timezones

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from builder.errors import RatingsError
from builder.files import explained
from builder.settings import Settings
from builder.toml import parse_toml, shown

_MOST_BYTES = 10_000_000
_OF_DOMAINS = {"idna", "punycode"}
"""The latter takes time quadratic in what it decodes."""

Name = Annotated[str, Field(min_length=1, max_length=5000)]
Names = Annotated[tuple[Name, ...], Field(strict=False, min_length=1)]

ANSWERS = ("similarity", "identity", "response_time_ms", "response_time_s", "position", "rated_at")
"""Keys of [columns] that hold a part of an answer; in wide form each is a pattern."""

FACTS = ("age", "gender", "country", "continent", "duration_s", "strategy_similarity", "strategy_identity")
"""Keys of [columns] that hold something of the participant; nothing else of a person is ever read."""


class Columns(Settings):
    """`[columns]`: names of columns as the export writes them, or patterns with {pair} or {loop}."""

    participant: Name | None = None
    pair: Name | None = None
    similarity: Name | None = None
    identity: Name | None = None
    response_time_ms: Name | None = None
    response_time_s: Name | None = None
    position: Name | None = None
    rated_at: Name | None = None
    age: Name | None = None
    gender: Name | None = None
    country: Name | None = None
    continent: Name | None = None
    duration_s: Name | None = None
    strategy_similarity: Name | None = None
    strategy_identity: Name | None = None

    def answers(self) -> dict[str, str]:
        """The keys of ANSWERS that are given."""
        return {key: name for key in ANSWERS if (name := getattr(self, key)) is not None}

    def only_facts(self) -> bool:
        """Whether something of the participants is named, and nothing of answers."""
        return not self.answers() and any(getattr(self, key) is not None for key in FACTS)

    @property
    def placeholder(self) -> str | None:
        """`{pair}` or `{loop}` where the layout is wide, None where it is long."""
        return next((part for part in ("{pair}", "{loop}") if part in (self.similarity or self.identity or "")), None)

    @model_validator(mode="after")
    def _one_layout(self) -> Self:
        answers = self.answers()
        if answers and not ("similarity" in answers or "identity" in answers):
            raise ValueError("columns: names neither similarity nor identity")
        for key, name in answers.items():
            count = name.count("{pair}") + name.count("{loop}")
            if count != (1 if self.placeholder else 0) or (self.placeholder and self.placeholder not in name):
                raise ValueError(
                    f"columns.{key} = {shown(name)}: in wide form every pattern holds the same one of {{pair}} and "
                    "{loop}, once; in long form none does"
                )
        if self.placeholder and self.pair:
            raise ValueError(f"columns.pair: the patterns with {self.placeholder} name the pair already")
        if self.response_time_ms and self.response_time_s:
            raise ValueError("columns.response_time_s: response_time_ms is given already")
        return self


class Words(Settings):
    """`[identity]`: the cells that mean the same person, and those that mean another; case does not matter."""

    yes: Names
    no: Names


class Loops(Settings):
    """`[loops]`: which pair loop 1, 2, ... showed."""

    batch: Annotated[int, Field(ge=0)] | None = None
    pairs: Names | None = None
    file: Name | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.batch, self.pairs, self.file)) != 1:
            raise ValueError("loops: needs exactly one of batch, pairs and file")
        return self


class Packed(Settings):
    """`[packed]`: what separates the answers in one cell."""

    separator: Annotated[str, Field(min_length=1, max_length=10)]


class Mapping(Settings):
    """What the columns of an export hold, and how their cells are written."""

    encoding: Name | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    decimal_comma: bool | None = None
    time_zone: Name | None = None
    columns: Columns = Columns()
    identity: Words | None = None
    pairs: dict[str, Name] = Field(default_factory=dict)
    loops: Loops | None = None
    packed: Packed | None = None

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, encoding: str | None) -> str | None:
        try:
            " ".encode(encoding or "utf-8")  # an empty text would not be looked at
        except (LookupError, ValueError):
            raise ValueError("is no encoding that Python knows") from None
        if encoding and codecs.lookup(encoding).name in _OF_DOMAINS:
            raise ValueError("is an encoding of domain names, not of files")
        return encoding

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in available_timezones():
            raise ValueError('is no name of the IANA time zone database, such as "Europe/Berlin"')
        return zone

    @field_validator("delimiter")
    @classmethod
    def _delimiter(cls, delimiter: str | None) -> str | None:
        if delimiter in ('"', "\n", "\r"):
            raise ValueError("cannot separate cells")
        return delimiter

    @model_validator(mode="after")
    def _loops_known(self) -> Self:
        if self.columns.placeholder == "{loop}" and not self.loops:
            raise ValueError("loops: is missing; the patterns with {loop} need it")
        if self.packed and not (self.columns.answers() and (self.columns.pair or self.loops)):
            raise ValueError("packed: needs columns.similarity or columns.identity, and columns.pair or loops")
        if self.columns.answers() and not (self.columns.placeholder or self.columns.pair or self.packed):
            raise ValueError("columns.pair: is missing; or write {pair} into the names of the columns of a wide table")
        return self


def read_mapping(path: Path) -> Mapping:
    """The mapping in a TOML file.

    Raises:
        RatingsError: it cannot be read; or each key that is unknown or has a value that is not allowed.
    """
    try:
        mapping = Mapping.model_validate(parse_toml(_content(path), str(path), "mapping", RatingsError))
    except ValidationError as error:
        lines = [_explained(detail) for detail in error.errors(include_url=False)]
        raise RatingsError("\n  ".join([f"{path}:", *lines])) from None
    if mapping.loops and mapping.loops.file:
        if Path(mapping.loops.file).is_absolute() or ".." in Path(mapping.loops.file).parts:
            raise RatingsError(f"{path}: loops.file = {shown(mapping.loops.file)}: must be a file beside the mapping")
        pairs = _loop_file(path.parent / mapping.loops.file)
        return mapping.model_copy(update={"loops": Loops(pairs=pairs)})
    return mapping


def _content(path: Path) -> bytes:
    with explained(path):
        if not path.is_file():
            raise RatingsError(f"{path}: no such file")
        if path.stat().st_size > _MOST_BYTES:
            raise RatingsError(f"{path}: larger than {_MOST_BYTES} bytes; this is no mapping, and no file of loops")
        return path.read_bytes()


def _loop_file(path: Path) -> tuple[str, ...]:
    """The column pair_id of a loop-and-merge file."""
    try:
        text = _content(path).decode("utf-8-sig")
        pairs = tuple(row["pair_id"] for row in csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error, KeyError) as error:
        raise RatingsError(f"{path}: loops.file must be a CSV with a column pair_id: {error}") from error
    if not pairs or not all(pairs):
        raise RatingsError(f"{path}: loops.file: a line without a pair_id, or no lines")
    return pairs


def _explained(detail: ErrorDetails) -> str:
    """One line: key, value, what is allowed."""
    key = ".".join(str(part) for part in detail["loc"])
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown key; known here: {', '.join(_beside(detail['loc']))}"
    if detail["type"] == "missing":
        return f"{key}: is missing"
    return f"{key} = {shown(detail['input'])}: {message}" if key and not isinstance(detail["input"], dict) else message


def _beside(location: tuple[int | str, ...]) -> list[str]:
    """The keys of the table that an unknown key stands in."""
    tables: dict[Any, type[Settings]] = {
        "columns": Columns,
        "identity": Words,
        "loops": Loops,
        "packed": Packed,
    }
    table = tables.get(location[0], Mapping) if len(location) > 1 else Mapping
    return list(table.model_fields)
