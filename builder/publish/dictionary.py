"""The data dictionary of the card: type, unit and meaning of every column, and when it is null."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from datasets import ClassLabel, Features, Image

from builder.columns import AGGREGATED, Column
from builder.publish.aggregates import aggregates_of, count_of
from builder.publish.layout import Part, Table
from builder.tables import TableSpec
from builder.tasks import Choice, Question, Questionnaire, Scale, YesNo


@dataclass(frozen=True)
class Entry:
    """A column as the dictionary states it."""

    column: str
    type: str
    unit: str
    meaning: str
    null: str


def dictionary(
    tables: Mapping[Part, Table], specs: Sequence[TableSpec], asks: Questionnaire
) -> list[tuple[str, list[Entry]]]:
    """The entries of every published table, in the order of `specs`."""
    features: dict[str, Features] = {part.table: table.features for part, table in tables.items()}
    return [(spec.name, entries(spec, features[spec.name], asks)) for spec in specs if spec.name in features]


def entries(spec: TableSpec, features: Features, asks: Questionnaire) -> list[Entry]:
    """The entries of a table; what nobody declared has no meaning."""
    rows = []
    questions = _asked(asks)
    descriptions = {"ratings": questions, "participants": _texts(asks), asks.table: _aggregated(asks)}.get(
        spec.name, {}
    )
    for name, feature in features.items():
        column = descriptions.get(name) or spec.meaning(name) or Column(name, "")
        rows.append(Entry(name, type_name(feature), column.unit, column.meaning, column.null))
    return rows


def coded(tables: Mapping[Part, Table], name: str) -> tuple[str, list[str]] | None:
    """The first column of a table whose labels are numbers, and their words; None where it has no such column."""
    features = next(table.features for part, table in tables.items() if part.table == name)
    labels = {column: feature.names for column, feature in features.items() if isinstance(feature, ClassLabel)}
    return next(iter(labels.items()), None)


def type_name(feature: Any) -> str:
    """The type of a column, as a reader meets it; of a label the numbers that stand for it."""
    if isinstance(feature, Image):
        return "image"
    if isinstance(feature, ClassLabel):
        return f"int64: {', '.join(f'{code} {name}' for code, name in enumerate(feature.names))}"
    inner = getattr(feature, "feature", None)
    if inner is not None:
        length = getattr(feature, "length", -1)
        return f"list of {type_name(inner)}" if length < 0 else f"list of {length} {type_name(inner)}"
    return str(feature.dtype)


def _asked(asks: Questionnaire) -> dict[str, Column]:
    """The answers, columns of `ratings`; a file, too, may have asked less than the study does."""
    return {
        each.name: Column(each.name, f"answer: {each.text}", _unit(each), "it was not asked") for each in asks.questions
    }


def _unit(question: Question) -> str:
    match question:
        case Scale():
            return f"{question.low:g} to {question.high:g}"
        case YesNo() | Choice():
            return ""
        case _:
            assert_never(question)


def _texts(asks: Questionnaire) -> dict[str, Column]:
    """The free texts, columns of `participants`."""
    return {each.name: Column(each.name, f"answer: {each.text}", "", "none, or withheld") for each in asks.texts}


def _aggregated(asks: Questionnaire) -> dict[str, Column]:
    """The last columns of rated items."""
    columns = {each.name: each for each in AGGREGATED}
    for question in asks.questions:
        for name, meaning in zip(aggregates_of(question), _meanings(question), strict=True):
            null = "fewer than two answers" if name.endswith("_std") else "no answers"
            columns[name] = Column(name, meaning, _unit(question), null)
        columns[count_of(question)] = Column(count_of(question), f"answers to `{question.name}` among these ratings")
    return columns


def _meanings(question: Question) -> tuple[str, str]:
    """The meaning of both aggregates of a question."""
    std = f"standard deviation of `{question.name}`, ddof 1, over ratings"
    match question:
        case Scale():
            return f"mean of `{question.name}` over ratings", std
        case YesNo():
            return f"share of yes among the answers to `{question.name}`", std
        case Choice():
            return f"the answer to `{question.name}` given most often", "its share of the answers"
        case _:
            assert_never(question)
