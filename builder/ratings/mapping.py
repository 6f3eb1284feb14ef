r"""`mapping.toml`: what an export does not say itself. It adds to what is recognized, line by line.

Every key is optional; a table that the file does not need is left out:

    encoding = "cp1252"               # of the file, where it is neither UTF-8 nor UTF-16
    delimiter = ";"                   # between cells, where the header does not tell
    decimal_comma = true              # 73,5 is a number
    time_zone = "Europe/Berlin"       # of times that name no zone; without it they are left out
    dates = "day first"               # of 03/04/2026; or "month first"; without it they are left out
    questions = ["similarity"]        # what was asked here, where it was less than the study file says
    pair_pattern = 'img/(.+)\.png'    # how a cell names its pair: a regular expression with one group

    [columns]                         # which column holds what; long form: one answer a line
    participant = "person"
    pair = "stimulus"                 # or several, ["base", "sample"], whose cells are joined with a space
    similarity = "sim"                # or, in wide form, a pattern: "sim_{pair}", "q{loop}_1"
    identity = "same"
    response_time_ms = "rt"           # or response_time_s
    position = "trial"
    rated_at = "answered"             # in wide form also one column for the whole line
    age = "Q1"                        # also gender, country, continent, duration_s,
    gender = "Q2"                     # strategy_similarity, strategy_identity

    [where.similarity]                # only in these lines; so one column can answer several questions
    trial_type = "html-slider-response"

    [where.identity]
    trial_type = ["html-button-response", "html-keyboard-response"]

    [similarity]                      # a scale that is not the study's, of 0 to 100
    from = 1
    to = 7
    words = { "very similar" = 7 }    # what a cell says instead of a number

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
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from builder.errors import RatingsError
from builder.files import explained
from builder.settings import Settings
from builder.tasks import QUESTION_NAMES, QUESTIONS, Scale
from builder.toml import parse_toml, shown

_MOST_BYTES = 10_000_000
_OF_DOMAINS = {"idna", "punycode"}
"""The latter takes time quadratic in what it decodes."""

Name = Annotated[str, Field(min_length=1, max_length=5000)]
Names = Annotated[tuple[Name, ...], Field(strict=False, min_length=1)]
OneOrMore = Annotated[Names, BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]
Number = Annotated[float, Field(allow_inf_nan=False)]

DETAILS = ("response_time_ms", "response_time_s", "position", "rated_at")
"""Keys of [columns] that say something of an answer."""

ANSWERS = (*QUESTION_NAMES, *DETAILS)
"""Keys of [columns] that hold a part of an answer; in wide form each is a pattern."""

FACTS = ("age", "gender", "country", "continent", "duration_s", *(f"strategy_{name}" for name in QUESTION_NAMES))
"""Keys of [columns] that hold something of the participant; nothing else of a person is ever read."""

KEYS = ("participant", "pair", *ANSWERS, *FACTS)
"""The keys of [columns]."""

PLACEHOLDERS = ("{pair}", "{loop}")


class Columns(Settings):
    """`[columns]`: by key of KEYS the name of a column as the export writes it, or a pattern with {pair} or {loop};
    of `pair` one or several.
    """

    model_config = ConfigDict(extra="allow")

    def get(self, key: str) -> str | None:
        """The column of a key, None where it is not given; of a pair the first."""
        name = (self.model_extra or {}).get(key)
        return name[0] if isinstance(name, list | tuple) else name

    @property
    def pair_columns(self) -> tuple[str, ...]:
        """The columns that name the pair; none where it is not given."""
        names = (self.model_extra or {}).get("pair", ())
        return (names,) if isinstance(names, str) else tuple(names)

    def answers(self) -> dict[str, str]:
        """The keys of ANSWERS that are given."""
        return {key: name for key in ANSWERS if (name := self.get(key)) is not None}

    def facts(self) -> dict[str, str]:
        """The keys of FACTS that are given."""
        return {key: name for key in FACTS if (name := self.get(key)) is not None}

    def names(self) -> dict[str, str]:
        """All columns that are given, by key; of a pair the first."""
        return {key: name for key in KEYS if (name := self.get(key)) is not None}

    @property
    def placeholder(self) -> str | None:
        """`{pair}` or `{loop}` where the layout is wide, None where it is long."""
        asked = "".join(self.get(name) or "" for name in QUESTION_NAMES)
        return next((part for part in PLACEHOLDERS if part in asked), None)

    @model_validator(mode="after")
    def _names_of_columns(self) -> Self:
        wrong = list(self._wrong_names())
        if wrong:
            raise ValueError("\n  ".join(wrong))
        return self

    def _wrong_names(self) -> Iterator[str]:
        for key, name in (self.model_extra or {}).items():
            names = name if key == "pair" and isinstance(name, list | tuple) and name else [name]
            if key not in KEYS:
                yield f"columns.{key}: unknown key; known here: {', '.join(KEYS)}"
            elif not all(isinstance(each, str) and 0 < len(each) <= 5000 for each in names):
                many = ", or a list of them" if key == "pair" else ""
                yield f"columns.{key} = {shown(name)}: must be the name of a column in quotes{many}"

    @model_validator(mode="after")
    def _one_layout(self) -> Self:
        answers = self.answers()
        for key, name in answers.items():
            count = sum(map(name.count, PLACEHOLDERS))
            whole_line = key == "rated_at" and count == 0
            if not whole_line and (
                count != (1 if self.placeholder else 0) or (self.placeholder and self.placeholder not in name)
            ):
                raise ValueError(
                    f"columns.{key} = {shown(name)}: in wide form every pattern holds the same one of {{pair}} and "
                    "{loop}, once; in long form none does"
                )
        if self.placeholder and self.pair_columns:
            raise ValueError(f"columns.pair: the patterns with {self.placeholder} name the pair already")
        if self.get("response_time_ms") and self.get("response_time_s"):
            raise ValueError("columns.response_time_s: response_time_ms is given already")
        return self


class Words(Settings):
    """A table of a question of yes or no: the cells that mean yes, and those that mean no; case does not matter."""

    yes: Names
    no: Names


class OtherScale(Settings):
    """A table of a question on a scale: the ends that it was asked on, which may be swapped, and words for numbers."""

    model_config = ConfigDict(populate_by_name=True)

    low: Annotated[Number | None, Field(alias="from")] = None
    high: Annotated[Number | None, Field(alias="to")] = None
    words: dict[str, Number] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _two_ends(self) -> Self:
        if (self.low is None) != (self.high is None) or (self.low is not None and self.low == self.high):
            raise ValueError("from and to: are two different numbers, the ends of the scale")
        return self


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
    """What the columns of an export hold, and how their cells are written.

    `scales` and `words` are the tables that are named as a question is, by that name.
    """

    encoding: Name | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    decimal_comma: bool | None = None
    time_zone: Name | None = None
    dates: Literal["day first", "month first"] | None = None
    questions: Names | None = None
    pair_pattern: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    columns: Columns = Columns()
    where: dict[str, dict[str, OneOrMore]] = Field(default_factory=dict)
    scales: dict[str, OtherScale] = Field(default_factory=dict)
    words: dict[str, Words] = Field(default_factory=dict)
    pairs: dict[str, Name] = Field(default_factory=dict)
    loops: Loops | None = None
    packed: Packed | None = None

    @model_validator(mode="before")
    @classmethod
    def _tables_of_questions(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        tables: dict[str, dict[str, Any]] = {"scales": {}, "words": {}}
        for question in QUESTIONS:
            if question.name in given:
                kind = "scales" if isinstance(question, Scale) else "words"
                tables[kind][question.name] = given[question.name]
        own = {key: value for key, value in given.items() if key not in QUESTION_NAMES}
        unknown = next((key for key in tables if key in own), None)
        if unknown:
            raise ValueError(f"{unknown}: unknown key; known here: {', '.join(known_keys())}")
        return {**tables, **own}

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

    @field_validator("questions")
    @classmethod
    def _questions(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if any(name not in QUESTION_NAMES for name in names or ()):
            raise ValueError(f"are some of {', '.join(QUESTION_NAMES)}")
        return names

    @field_validator("pair_pattern")
    @classmethod
    def _pattern(cls, pattern: str | None) -> str | None:
        try:
            groups = re.compile(pattern or "()").groups
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"is no regular expression: {error}") from None
        if groups != 1:
            raise ValueError("must have one group in parentheses, which is the name of the pair")
        return pattern

    @field_validator("where")
    @classmethod
    def _filters(cls, filters: dict[str, Any]) -> dict[str, Any]:
        unknown = next((key for key in filters if key not in (*ANSWERS, *FACTS)), None)
        if unknown is not None:
            raise ValueError(f"where.{unknown}: unknown key; known here: {', '.join((*ANSWERS, *FACTS))}")
        return filters

    @model_validator(mode="after")
    def _loops_known(self) -> Self:
        if self.columns.placeholder == "{loop}" and not self.loops:
            raise ValueError("loops: is missing; the patterns with {loop} need it")
        if self.packed and not (
            any(map(self.columns.get, QUESTION_NAMES)) and (self.columns.pair_columns or self.loops)
        ):
            raise ValueError(f"packed: needs columns.{' or columns.'.join(QUESTION_NAMES)}, and columns.pair or loops")
        return self


def known_keys() -> list[str]:
    """The keys that a mapping may have at its top."""
    return [key for key in Mapping.model_fields if key not in ("scales", "words")] + list(QUESTION_NAMES)


def read_mapping(path: Path) -> Mapping:
    """The mapping in a TOML file.

    Raises:
        RatingsError: it cannot be read; or each key that is unknown or has a value that is not allowed.
    """
    try:
        mapping = Mapping.model_validate(parse_toml(_content(path), str(path), "mapping", RatingsError))
    except ValidationError as error:
        lines = dict.fromkeys(_explained(detail) for detail in error.errors(include_url=False))
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


_ALLOWED = {
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dict_type": "must be a table",
    "tuple_type": "must be a list",
    "string_type": "must be a text in quotes",
    "float_type": "must be a number",
}
"""What is allowed, in words of TOML, by pydantic's type of error."""


def _explained(detail: ErrorDetails) -> str:
    """One line: key, value, what is allowed."""
    location = detail["loc"][1:] if detail["loc"][:1] in (("scales",), ("words",)) else detail["loc"]
    key = ".".join(str(part) for part in location)
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    message = _ALLOWED.get(detail["type"], message)
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown key; known here: {', '.join(_beside(location))}"
    if detail["type"] == "missing":
        return f"{key}: is missing"
    if isinstance(detail["input"], dict) and detail["type"] == "value_error":
        return message if not key or message.startswith(f"{key.partition('.')[0]}") else f"{key}: {message}"
    return f"{key} = {shown(detail['input'])}: {message}" if key else message


def _beside(location: tuple[int | str, ...]) -> list[str]:
    """The keys of the table that an unknown key stands in."""
    if len(location) < 2:
        return known_keys()
    questions = {each.name: OtherScale if isinstance(each, Scale) else Words for each in QUESTIONS}
    tables: dict[Any, type[Settings]] = {**questions, "loops": Loops, "packed": Packed}
    fields = tables[location[0]].model_fields if location[0] in tables else {}
    return [field.alias or name for name, field in fields.items()]
