import statistics

import pyarrow as pa
import pytest

from builder.publish import aggregates
from builder.publish.aggregates import aggregate_columns, counted, questions_in, source_of
from builder.tasks import Choice
from tests import schema
from tests.asks import ASKS

PAIRS = pa.table({"pair_id": ["a", "b", "c"]})


def ratings(rows: list[tuple[str, str, float, bool, str]]) -> pa.Table:
    names = ["pair_id", "participant_id", "similarity", "identity", "source"]
    filled = [dict(zip(names, row, strict=True)) | {"rating_id": str(at)} for at, row in enumerate(rows)]
    return pa.Table.from_pylist(filled, schema=schema.ratings().arrow_schema)


def rated(pairs: pa.Table, given: pa.Table, source: aggregates.Source) -> pa.Table:
    return aggregates.with_aggregates(pairs, "pair_id", given, ASKS.questions, source)


def participants(flags: dict[str, list[str]]) -> pa.Table:
    rows = [{"participant_id": name, "flags": found} for name, found in flags.items()]
    return pa.Table.from_pylist(rows, schema=schema.participants().arrow_schema)


def test_means_and_deviations_are_those_of_the_statistics_module():
    similarity, identity = [10.0, 35.5, 80.0, 81.25], [True, False, True, True]
    given = [("a", str(at), *both, "human") for at, both in enumerate(zip(similarity, identity, strict=True))]
    rows = rated(PAIRS, ratings([*given, ("b", "0", 7.0, False, "human")]), "human").to_pylist()
    assert rows[0] == pytest.approx(
        {
            "pair_id": "a",
            "similarity_mean": statistics.mean(similarity),
            "similarity_std": statistics.stdev(similarity),
            "identity_rate": 0.75,
            "identity_std": statistics.stdev([1, 0, 1, 1]),
            "n_ratings": 4,
            "ratings_source": "human",
        }
    )


def test_one_rating_has_no_deviation_and_none_is_null():
    rows = rated(PAIRS, ratings([("b", "0", 7.0, False, "human")]), "human").to_pylist()
    assert list(rows[1].values()) == ["b", 7.0, None, 0.0, None, 1, "human"]
    assert list(rows[2].values()) == ["c", None, None, None, None, 0, None]


def test_the_columns_are_those_of_the_schema():
    table = rated(PAIRS, ratings([("b", "0", 7.0, False, "human")]), "human")
    assert table.column_names[1:] == [
        "similarity_mean",
        "similarity_std",
        "identity_rate",
        "identity_std",
        "n_ratings",
        "ratings_source",
    ]
    assert table.schema.field("n_ratings").type == pa.int32()


def test_an_answer_that_was_not_asked_for_counts_nowhere():
    given = ratings([("a", "0", 10.0, True, "human"), ("a", "1", 30.0, False, "human")])
    given = given.set_column(
        given.column_names.index("identity"), given.schema.field("identity"), pa.array([True, None], pa.bool_())
    )
    row = rated(PAIRS, given, "human").to_pylist()[0]
    assert row["similarity_mean"] == 20.0
    assert (row["identity_rate"], row["identity_std"], row["n_ratings"]) == (1.0, None, 2)


def test_answers_are_counted_apart_where_ratings_do_not_tell_them():
    """Of `a` one identity is null; that nobody was asked of `b` its null rate says."""
    given = ratings([(pair, str(at), 10.0, True, "human") for at, pair in enumerate("aabb")])
    at = given.column_names.index("identity")
    answers = [pa.array(each, pa.bool_()) for each in ([True, None, None, None], [True, True, None, None])]
    uneven, even = (given.set_column(at, given.schema.field("identity"), each) for each in answers)
    assert aggregates.answered_unequally(uneven, "pair_id", ASKS.questions)
    assert not aggregates.answered_unequally(even, "pair_id", ASKS.questions)
    table = aggregates.with_aggregates(PAIRS, "pair_id", uneven, ASKS.questions, "human", by_question=True)
    assert table.column_names[-4:] == ["n_ratings", "n_similarity", "n_identity", "ratings_source"]
    assert table.select(table.column_names[-4:-1]).to_pydict() == {
        "n_ratings": [2, 2, 0], "n_similarity": [2, 2, 0], "n_identity": [1, 0, 0],
    }  # fmt: skip
    built, questions, by_question = aggregates.built_columns(table.schema)
    assert (built.names, [each.name for each in questions], by_question) == (["pair_id"], [*ASKS.names], True)
    assert list(aggregate_columns(questions, by_question=True)) == table.column_names[1:]


def test_of_a_choice_the_mode_and_its_share():
    given = pa.table({"item_id": [*"aaaaa", *"bbbb", "c"], "emotion": [*"xyyzy", *"yxyx", None]})
    items = pa.table({"item_id": ["b", "a", "c", "d"]})
    table = aggregates.with_aggregates(items, "item_id", given, (Choice("emotion", "Which?"),), "human")
    assert table.to_pylist() == [
        {"item_id": "b", "emotion_mode": "x", "emotion_share": 0.5, "n_ratings": 4, "ratings_source": "human"},
        {"item_id": "a", "emotion_mode": "y", "emotion_share": 0.6, "n_ratings": 5, "ratings_source": "human"},
        {"item_id": "c", "emotion_mode": None, "emotion_share": None, "n_ratings": 1, "ratings_source": "human"},
        {"item_id": "d", "emotion_mode": None, "emotion_share": None, "n_ratings": 0, "ratings_source": None},
    ]


def test_the_questions_are_told_by_the_columns_of_ratings():
    names = ["similarity_mean", "similarity_std", "identity_rate", "identity_std", "n_ratings", "ratings_source"]
    assert list(aggregate_columns(questions_in(schema.ratings().arrow_schema))) == names


def test_an_aggregate_is_of_one_source():
    human, simulated, model = (("a", source, 50.0, True, source) for source in ("human", "simulated", "model"))
    assert source_of(ratings([model, simulated, human])) == "human"
    assert source_of(ratings([model, simulated])) == "simulated"
    assert source_of(ratings([model])) is None
    everybody = participants({"human": [], "simulated": [], "model": []})
    of_source = counted(ratings([model, simulated, human]), everybody, "simulated", flagged_excluded=False)
    assert of_source["source"].to_pylist() == ["simulated"]


def test_flagged_participants_count_unless_excluded():
    given = ratings([("a", "quick", 0.0, False, "human"), ("a", "slow", 100.0, True, "human")])
    people = participants({"quick": ["speed"], "slow": []})
    assert counted(given, people, "human", flagged_excluded=False).num_rows == 2
    assert counted(given, people, "human", flagged_excluded=True)["participant_id"].to_pylist() == ["slow"]
