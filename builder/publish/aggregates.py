"""The last columns of the published items: what the ratings of one source say of each."""

from collections.abc import Container, Sequence
from typing import Literal, assert_never

import pyarrow as pa
import pyarrow.compute as pc
from datasets import Features, Value

from builder.tasks import Choice, Question, Scale, YesNo
from loading_script import tables

Source = Literal["human", "simulated"]

COUNT, SOURCE = "n_ratings", "ratings_source"
"""The columns that every rated table of items has: how many ratings, and of which source."""


def questions_in(ratings: pa.Schema) -> tuple[Question, ...]:
    """The questions that the columns of published ratings answer, told by their types, in their order."""
    names = [field for field in ratings if field.name in tables.answers_in(ratings)]
    return tuple(
        YesNo(field.name, "")
        if pa.types.is_boolean(field.type)
        else Choice(field.name, "")
        if pa.types.is_string(field.type)
        else Scale(field.name, "")
        for field in names
    )


def aggregates_of(question: Question) -> dict[str, str]:
    """The columns that are made from the answers to a question, and their types.

    Of a scale the mean and the standard deviation (ddof 1, null for one answer); of yes and no the share of yes and the
    same over 0 and 1; of a choice the option chosen most often, of equals the first by name, and its share.
    """
    name = question.name
    match question:
        case Scale():
            return {f"{name}_mean": "float64", f"{name}_std": "float64"}
        case YesNo():
            return {f"{name}_rate": "float64", f"{name}_std": "float64"}
        case Choice():
            return {f"{name}_mode": "string", f"{name}_share": "float64"}
        case _:
            assert_never(question)


def built_columns(items: pa.Schema) -> tuple[pa.Schema, tuple[Question, ...], bool]:
    """The columns of published items that a build writes, the questions of which the others are aggregates, and whether
    the answers to each are counted.

    The aggregates are the last columns, those of each question beside each other.
    """
    if COUNT not in items.names:
        return items, (), False
    end = items.names.index(COUNT)
    questions: list[Question] = []
    while end >= 2 and (question := _aggregated_question(*items.names[end - 2 : end])):
        questions.insert(0, question)
        end -= 2
    by_question = has_counts(items.names, questions)
    return pa.schema(list(items)[:end], items.metadata), tuple(questions), by_question


def _aggregated_question(first: str, second: str) -> Question | None:
    """The question of which two columns are the aggregates."""
    name = first.rpartition("_")[0]
    for question in (Scale(name, ""), YesNo(name, ""), Choice(name, "")):
        if name and list(aggregates_of(question)) == [first, second]:
            return question
    return None


def count_of(question: Question) -> str:
    """The column with how many answers to a question an item has."""
    return f"n_{question.name}"


def has_counts(columns: Container[str], questions: Sequence[Question]) -> bool:
    """Whether the columns of items count the answers to each question."""
    return bool(questions) and all(count_of(question) in columns for question in questions)


def answered_unequally(ratings: pa.Table, key: str, questions: Sequence[Question]) -> bool:
    """Whether some item has answers to a question, and fewer than it has ratings: then the ratings are not their count.

    Where no item has, a question has as many answers as ratings, or none at all, as one that was not asked.
    """
    of_each = [(question.name, "count", None) for question in questions]
    counts = ratings.group_by(key, use_threads=False).aggregate([([], "count_all", None), *of_each])
    total = counts["count_all"]
    some = (counts[f"{question.name}_count"] for question in questions)
    return any(pc.any(pc.and_(pc.greater(n, 0), pc.less(n, total))).as_py() for n in some)


def aggregate_columns(questions: Sequence[Question], *, by_question: bool = False) -> dict[str, str]:
    """The columns of rated items that are made from ratings, and their types.

    by_question: whether the answers to each question are counted beside the ratings; see `answered_unequally`.
    """
    columns = {name: dtype for question in questions for name, dtype in aggregates_of(question).items()}
    counts = {count_of(question): "int32" for question in questions} if by_question else {}
    return {**columns, COUNT: "int32", **counts, SOURCE: "string"}


def rated_features(of: Features, questions: Sequence[Question], *, by_question: bool = False) -> Features:
    """The columns of published items with ratings, `of` being those without."""
    columns = aggregate_columns(questions, by_question=by_question)
    return Features({**of, **{name: Value(dtype) for name, dtype in columns.items()}})


def source_of(ratings: pa.Table) -> Source | None:
    """The source whose ratings are aggregated: people where there are any, else simulated raters; never both."""
    sources = set(ratings["source"].to_pylist())
    return "human" if "human" in sources else "simulated" if "simulated" in sources else None


def counted(ratings: pa.Table, participants: pa.Table, source: Source, *, flagged_excluded: bool) -> pa.Table:
    """The ratings that are aggregated: of one source, without those of flagged participants where that is asked."""
    ours = ratings.filter(pc.equal(ratings["source"], source))
    if not flagged_excluded:
        return ours
    flagged = participants.filter(pc.greater(pc.list_value_length(participants["flags"]), 0))["participant_id"]
    return ours.filter(pc.invert(pc.is_in(ours["participant_id"], value_set=flagged.combine_chunks())))


def with_aggregates(
    items: pa.Table,
    key: str,
    ratings: pa.Table,
    questions: Sequence[Question],
    source: Source,
    *,
    by_question: bool = False,
) -> pa.Table:
    """The items with the columns of `aggregate_columns` over `ratings`, the result of `counted`.

    An answer that is null was not asked for, and counts nowhere but in `n_ratings`. Counts are 0 and the others are
    null where an item has none.
    """
    counts = _by_item(items, key, ratings, [([], "count_all", None)])["count_all"].fill_null(0).cast(pa.int32())
    columns: dict[str, pa.ChunkedArray] = {}
    for question in questions:
        columns |= _aggregated(items, key, ratings, question)
    columns[COUNT] = counts
    if by_question:
        of_each = [(question.name, "count", None) for question in questions]
        answers = _by_item(items, key, ratings, of_each)
        columns |= {count_of(each): answers[f"{each.name}_count"].fill_null(0).cast(pa.int32()) for each in questions}
    columns[SOURCE] = pc.if_else(pc.greater(counts, 0), source, None)
    for name, column in columns.items():
        items = items.append_column(name, column)
    return items


def _aggregated(items: pa.Table, key: str, ratings: pa.Table, question: Question) -> dict[str, pa.ChunkedArray]:
    names = list(aggregates_of(question))
    match question:
        case Scale():
            return dict(zip(names, _spread(items, key, ratings, question.name), strict=True))
        case YesNo():
            numbers = ratings[question.name].cast(pa.int8()).cast(pa.float64())
            as_numbers = pa.table({key: ratings[key], question.name: numbers})
            return dict(zip(names, _spread(items, key, as_numbers, question.name), strict=True))
        case Choice():
            return dict(zip(names, _mode(items, key, ratings, question.name), strict=True))
        case _:
            assert_never(question)


def _spread(items: pa.Table, key: str, ratings: pa.Table, name: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """The mean of the answers to each item, and their standard deviation."""
    aggregations = [(name, "mean", None), (name, "stddev", pc.VarianceOptions(ddof=1))]
    of_item = _by_item(items, key, ratings, aggregations)
    return of_item[f"{name}_mean"], of_item[f"{name}_stddev"]


def _mode(items: pa.Table, key: str, ratings: pa.Table, name: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """The option of each item that was chosen most often, and its share of the answers."""
    answers = ratings.filter(pc.is_valid(ratings[name]))
    counts = answers.group_by([key, name], use_threads=False).aggregate([([], "count_all")])
    ordered = counts.sort_by([(key, "ascending"), ("count_all", "descending"), (name, "ascending")])
    first = ordered.group_by(key, use_threads=False).aggregate(
        [(name, "first"), ("count_all", "max"), ("count_all", "sum")]
    )
    rows = pc.index_in(items[key], value_set=first[key].combine_chunks())
    of_item = first.take(rows.combine_chunks())
    share = pc.divide(of_item["count_all_max"].cast(pa.float64()), of_item["count_all_sum"].cast(pa.float64()))
    return of_item[f"{name}_first"], share


def _by_item(
    items: pa.Table,
    key: str,
    ratings: pa.Table,
    aggregations: Sequence[tuple[str | list[str], str, pc.FunctionOptions | None]],
) -> pa.Table:
    """The aggregations of each item's ratings, a row for each item."""
    grouped = ratings.group_by(key, use_threads=False).aggregate(list(aggregations))
    rows = pc.index_in(items[key], value_set=grouped[key].combine_chunks())
    return grouped.take(rows.combine_chunks())
