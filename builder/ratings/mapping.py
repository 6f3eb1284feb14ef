r"""`mapping.toml`: what an export does not say itself. It adds to what is recognized, line by line.

Every key is optional; a table that the file does not need is left out. What follows is of a study whose items are pairs
and which asks `similarity`, on a scale, and `identity`, yes or no; in another kind of study its own word for an item
stands where `pair` does, and its own questions where these two do:

    encoding = "cp1252"               # of the file, where it is neither UTF-8 nor UTF-16
    delimiter = ";"                   # between cells, where the header does not tell
    decimal_comma = true              # 73,5 is a number
    time_zone = "Europe/Berlin"       # of times that name no zone; without it they are left out
    dates = "day first"               # of 03/04/2026; or "month first"; needs time_zone; without it they are left out
    questions = ["similarity"]        # what was asked here, where it was less than the study file says
    pair_pattern = 'img/(.+)\.png'    # how a cell names its pair: a regular expression with one group

    [columns]                         # which column holds what; long form: one answer a line
    participant = "person"
    pair = "stimulus"                 # or several, ["base", "sample"], whose cells are joined with a space
    similarity = "sim"                # or, in wide form, a pattern: "sim_{pair}", "q{loop}_1"; where a line is of a
                                      # pair and has a column for each person: "{participant}_sim"
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

    [emotion]                         # of a question with options, where there is one: the option that a cell means
    words = { "1" = "happy", "2" = "sad" }

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
from pathlib import Path
from typing import Annotated, Any, Literal, Self, assert_never
from zoneinfo import available_timezones

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from builder.errors import RatingsError
from builder.files import explained
from builder.ratings.column_keys import LOOP, Columns, answer_keys, columns_of, fact_keys
from builder.settings import Settings
from builder.tasks import Choice, Question, Questionnaire, Scale, YesNo
from builder.toml import literal, parse_toml

_MOST_BYTES = 10_000_000
_OF_DOMAINS = {"idna", "punycode"}
"""The latter takes time quadratic in what it decodes."""

Name = Annotated[str, Field(min_length=1, max_length=5000)]
Names = Annotated[tuple[Name, ...], Field(strict=False, min_length=1)]
OneOrMore = Annotated[Names, BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]
Number = Annotated[float, Field(allow_inf_nan=False)]


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


class Options(Settings):
    """A table of a question with options: the option that a cell means, by what it says; case does not matter."""

    words: Annotated[dict[str, Name], Field(min_length=1)]


class Loops(Settings):
    """`[loops]`: which item loop 1, 2, ... showed: those of a batch in their order, those of a list, or of a file."""

    batch: Annotated[int, Field(ge=0)] | None = None
    items: Names | None = None
    file: Name | None = None

    @model_validator(mode="after")
    def _one_source(self, info: ValidationInfo) -> Self:
        if sum(source is not None for source in (self.batch, self.items, self.file)) != 1:
            table = info.context.table if isinstance(info.context, Questionnaire) else "items"
            raise ValueError(f"loops: needs exactly one of batch, {table} and file")
        return self


class Packed(Settings):
    """`[packed]`: what separates the answers in one cell."""

    separator: Annotated[str, Field(min_length=1, max_length=10)]


_TABLES = ("scales", "words", "options")
"""Fields whose tables are called as a question is."""


class Mapping(Settings):
    """The meaning of an export's columns, and how their cells are written; `read` makes one.

    `scales`, `words` and `options` are the tables that are named as a question is, by that name; `item_pattern` and
    `items` are `pair_pattern` and `[pairs]` where the items of the study are pairs.
    """

    encoding: Name | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    decimal_comma: bool | None = None
    time_zone: Name | None = None
    dates: Literal["day first", "month first"] | None = None
    questions: Names | None = None
    item_pattern: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    columns: Columns = Columns()
    where: dict[str, dict[str, OneOrMore]] = Field(default_factory=dict)
    scales: dict[str, OtherScale] = Field(default_factory=dict)
    words: dict[str, Words] = Field(default_factory=dict)
    options: dict[str, Options] = Field(default_factory=dict)
    items: dict[str, Name] = Field(default_factory=dict)
    loops: Loops | None = None
    packed: Packed | None = None

    @classmethod
    def read(cls, table: dict[str, Any], asks: Questionnaire) -> Self:
        """The mapping that the keys of a file describe, for a study that asks this.

        Raises:
            pydantic.ValidationError: each key that is unknown or has a value that is not allowed.
        """
        return cls.model_validate(table, context=asks)

    @model_validator(mode="before")
    @classmethod
    def _in_words_of_the_study(cls, table: Any, info: ValidationInfo) -> Any:
        """The keys of a file under the names that they have here."""
        asks = info.context
        if not isinstance(table, dict) or not isinstance(asks, Questionnaire):
            return table
        unknown = next((key for key in table if key in cls.model_fields and key not in known_keys(asks)), None)
        if unknown is not None:
            raise ValueError(f"{unknown}: unknown key; known here: {', '.join(known_keys(asks))}")
        general = {name: field for field, name in _names_of_items(asks).items()}
        own = {general.get(key, key): value for key, value in table.items()}
        loops = own.get("loops")
        if isinstance(loops, dict):
            own["loops"] = {general.get(key, key): each for key, each in loops.items()}
        tables: dict[str, dict[str, Any]] = {}
        for question in asks.questions:
            if question.name in own:
                tables.setdefault(_table_of(question)[0], {})[question.name] = own.pop(question.name)
        return {**tables, **own}

    @field_validator("columns", mode="before")
    @classmethod
    def _columns(cls, table: Any, info: ValidationInfo) -> Any:
        return columns_of(table, info.context) if isinstance(info.context, Questionnaire) else table

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
    def _questions(cls, names: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        asks = info.context
        if isinstance(asks, Questionnaire) and any(name not in asks.names for name in names or ()):
            raise ValueError(f"are some of {', '.join(asks.names)}")
        return names

    @field_validator("options")
    @classmethod
    def _options(cls, by_question: dict[str, Options], info: ValidationInfo) -> dict[str, Options]:
        asked = info.context.questions if isinstance(info.context, Questionnaire) else ()
        for question in asked:
            options = question.options if isinstance(question, Choice) else ()
            for word, option in (
                by_question[question.name].words.items() if options and question.name in by_question else ()
            ):
                if option not in options:
                    name = f"{question.name}.words.{literal(word)} = {literal(option)}"
                    raise ValueError(f"{name}: must be one of {', '.join(options)}")
        return by_question

    @field_validator("item_pattern")
    @classmethod
    def _pattern(cls, pattern: str | None, info: ValidationInfo) -> str | None:
        try:
            groups = re.compile(pattern or "()").groups
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"is no regular expression: {error}") from None
        if groups != 1:
            item = info.context.item if isinstance(info.context, Questionnaire) else "item"
            raise ValueError(f"must have one group in parentheses, which is the name of the {item}")
        return pattern

    @field_validator("where")
    @classmethod
    def _filters(cls, filters: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        asks = info.context
        keys = (*answer_keys(asks), *fact_keys(asks)) if isinstance(asks, Questionnaire) else tuple(filters)
        unknown = next((key for key in filters if key not in keys), None)
        if unknown is not None:
            raise ValueError(f"where.{unknown}: unknown key; known here: {', '.join(keys)}")
        return filters

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> Self:
        if self.columns.placeholder == LOOP and not self.loops:
            raise ValueError(f"loops: is missing; the patterns with {LOOP} need it")
        if self.dates and not self.time_zone:
            raise ValueError("dates: needs time_zone, for dates such as 03/04/2026 name no zone")
        asks = info.context
        if not self.packed or not isinstance(asks, Questionnaire):
            return self
        if not (any(map(self.columns.get, asks.names)) and (self.columns.item or self.loops)):
            questions = " or columns.".join(asks.names)
            raise ValueError(f"packed: needs columns.{questions}, and columns.{asks.item} or loops")
        return self


def _names_of_items(asks: Questionnaire) -> dict[str, str]:
    """The file's names for the fields that are of items, by field."""
    return {"item_pattern": f"{asks.item}_pattern", "items": asks.table}


def _table_of(question: Question) -> tuple[str, type[Settings]]:
    """The field with the tables of such questions, and what one of them is."""
    match question:
        case Scale():
            return "scales", OtherScale
        case YesNo():
            return "words", Words
        case Choice():
            return "options", Options
        case _:
            assert_never(question)


def keys_in(mapping: Mapping, asks: Questionnaire) -> dict[str, str]:
    """The keys of a mapping as they stand in its file, each with the field that it is kept in."""
    columns, names = mapping.columns, _names_of_items(asks)
    keys = [*(["participant"] if columns.participant else []), *([asks.item] if columns.item else [])]
    of_columns = dict.fromkeys([f"columns.{key}" for key in (*keys, *columns.answers, *columns.facts)], "columns")
    of_questions = {name: field for field in _TABLES for name in getattr(mapping, field)}
    others = [field for field in Mapping.model_fields if field not in ("columns", "where", *_TABLES)]
    single = {names.get(field, field): field for field in others if getattr(mapping, field) not in (None, {})}
    return {**single, **of_columns, **{f"where.{key}": "where" for key in mapping.where}, **of_questions}


def known_keys(asks: Questionnaire) -> list[str]:
    """The keys that a mapping may have at its top."""
    names = _names_of_items(asks)
    return [names.get(key, key) for key in Mapping.model_fields if key not in _TABLES] + list(asks.names)


def read_mapping(path: Path, asks: Questionnaire) -> Mapping:
    """The mapping in a TOML file, for a study that asks this.

    Raises:
        RatingsError: it cannot be read; or each key that is unknown or has a value that is not allowed.
    """
    try:
        mapping = Mapping.read(parse_toml(_content(path), str(path), "mapping", RatingsError), asks)
    except ValidationError as error:
        lines = dict.fromkeys(_explained(detail, asks) for detail in error.errors(include_url=False))
        raise RatingsError("\n  ".join([f"{path}:", *lines])) from None
    if mapping.loops and mapping.loops.file:
        if Path(mapping.loops.file).is_absolute() or ".." in Path(mapping.loops.file).parts:
            raise RatingsError(f"{path}: loops.file = {literal(mapping.loops.file)}: must be a file beside the mapping")
        items = _loop_file(path.parent / mapping.loops.file, asks.key)
        return mapping.model_copy(update={"loops": Loops(items=items)})
    return mapping


def _content(path: Path) -> bytes:
    with explained(path):
        if not path.is_file():
            raise RatingsError(f"{path}: no such file")
        if path.stat().st_size > _MOST_BYTES:
            raise RatingsError(f"{path}: larger than {_MOST_BYTES} bytes; this is no mapping, and no file of loops")
        return path.read_bytes()


def _loop_file(path: Path, key: str) -> tuple[str, ...]:
    """The column of the items' ids in a loop-and-merge file."""
    try:
        text = _content(path).decode("utf-8-sig")
        items = tuple(row[key] for row in csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error, KeyError) as error:
        raise RatingsError(f"{path}: loops.file must be a CSV with a column {key}: {error}") from error
    if not items or not all(items):
        raise RatingsError(f"{path}: loops.file: a line without a {key}, or no lines")
    return items


_ALLOWED = {
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dict_type": "must be a table",
    "tuple_type": "must be a list",
    "string_type": "must be a text in quotes",
    "float_type": "must be a number",
}
"""Allowed values, in words of TOML, by pydantic's type of error."""


def _explained(detail: ErrorDetails, asks: Questionnaire) -> str:
    """One line: key, value, what is allowed."""
    location = detail["loc"][1:] if detail["loc"][:1] in [(field,) for field in _TABLES] else detail["loc"]
    if location[:1] != ("columns",):
        names = _names_of_items(asks)
        location = tuple(names.get(str(part), part) for part in location)
    key = ".".join(str(part) for part in location)
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    message = _ALLOWED.get(detail["type"], message)
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown key; known here: {', '.join(_beside(location, asks))}"
    if detail["type"] == "missing":
        return f"{key}: is missing"
    if isinstance(detail["input"], dict) and detail["type"] == "value_error":
        return message if not key or message.startswith(f"{key.partition('.')[0]}") else f"{key}: {message}"
    return f"{key} = {literal(detail['input'])}: {message}" if key else message


def _beside(location: tuple[int | str, ...], asks: Questionnaire) -> list[str]:
    """The keys of the table that an unknown key stands in."""
    if len(location) < 2:
        return known_keys(asks)
    questions = {question.name: _table_of(question)[1] for question in asks.questions}
    tables: dict[Any, type[Settings]] = {**questions, "loops": Loops, "packed": Packed}
    fields = tables[location[0]].model_fields if location[0] in tables else {}
    return [_names_of_items(asks).get(name, field.alias or name) for name, field in fields.items()]
