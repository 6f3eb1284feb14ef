from dataclasses import astuple, replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.ratings import records
from builder.ratings.clean import cleaned
from builder.ratings.collection import Collection, frame
from builder.ratings.merge import merged
from builder.ratings.privacy import pseudonym
from tests import schema
from tests.asks import ASKS
from tests.builder.ratings.conftest import PAIRS, design, export_of

KEY = bytes(32)
NOTHING = Collection(
    frame(schema.ratings().arrow_schema.empty_table()),
    frame(schema.participants().arrow_schema.empty_table()).set_index("participant_id"),
    pd.DataFrame(columns=records.HELD_BACK, dtype="str"),
    pd.DataFrame(columns=records.RELEASED, dtype="str"),
    pd.DataFrame(columns=records.refused_lines("pair_id"), dtype="str"),
    pd.DataFrame(columns=records.FORGOTTEN, dtype="str"),
)


def take(held, export, file="a.csv", *, pseudonyms=False, asked=None, **settings):
    rows = cleaned([replace(export, pseudonyms=pseudonyms)], design(**settings), KEY, asked)
    after, outcomes = merged(held, rows, ASKS, [file])
    return after, outcomes[0]


def answers(held):
    by_id = {pseudonym(KEY, name): name for name in ("ann", "bob", "cem")}
    ratings = held.ratings
    return {
        (by_id[who], pair): (similarity, identity)
        for who, pair, similarity, identity in zip(
            ratings["participant_id"], ratings["pair_id"], ratings["similarity"], ratings["identity"], strict=True
        )
    }


def same(a, b):
    for ours, theirs in zip(astuple(a), astuple(b), strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)


FIRST = export_of(
    [("ann", "s-00000-g", 100, True, 2000, 0), ("ann", "s-00000-p", 80, True), ("bob", "s-00000-g", 97.5, False)]
)


def test_ratings_are_added_under_pseudonyms_with_their_source():
    held, outcome = take(NOTHING, FIRST)
    assert answers(held) == {
        ("ann", "s-00000-g"): (100, True),
        ("ann", "s-00000-p"): (80, True),
        ("bob", "s-00000-g"): (97.5, False),
    }
    assert set(held.ratings["source"]) == {"human"}
    assert held.ratings["rating_id"].is_unique
    assert list(held.ratings.loc[0, ["response_time_ms", "position"]]) == [2000, 0]
    assert list(held.participants.index) == [pseudonym(KEY, "ann"), pseudonym(KEY, "bob")]
    assert (outcome.read, outcome.added, outcome.already, outcome.refused, outcome.participants) == (3, 3, 0, 0, 2)


def test_the_same_export_again_changes_nothing():
    once, _ = take(NOTHING, FIRST)
    twice, outcome = take(once, FIRST)
    same(twice, once)
    assert (outcome.added, outcome.already, outcome.refused, outcome.participants) == (0, 3, 0, 0)


def test_a_later_export_adds_just_its_new_rows():
    once, _ = take(NOTHING, FIRST)
    later = export_of([("ann", "s-00000-g", 100, True), ("ann", "s-00000-n", 3, False), ("cem", "s-00001-g", 99, True)])
    held, outcome = take(once, later, "b.csv")
    assert (outcome.added, outcome.already, outcome.refused, outcome.participants) == (2, 1, 0, 1)
    assert len(held.ratings) == 5


@pytest.mark.parametrize("other", [("ann", "s-00000-p", 81, True), ("ann", "s-00000-p", 80, False)])
def test_a_contradicting_row_is_kept_out_and_reported(other):
    once, _ = take(NOTHING, FIRST)
    held, outcome = take(once, export_of([other]), "b.csv")
    assert answers(held) == answers(once)
    assert outcome.refused == 1
    assert held.refused.to_dict("records") == [
        {
            "file": "b.csv",
            "line": "2",
            "column": "similarity",
            "pair_id": "s-00000-p",
            "reason": "contradicts a rating already there",
        }
    ]


def test_of_two_answers_in_one_file_the_first_is_kept():
    export = export_of(
        [("ann", "s-00000-p", 80, True), ("ann", "s-00000-p", 20, False), ("ann", "s-00000-p", 80, True)]
    )
    held, outcome = take(NOTHING, export)
    assert answers(held) == {("ann", "s-00000-p"): (80, True)}
    assert (outcome.added, outcome.already, outcome.refused) == (1, 1, 1)
    assert outcome.reasons == {"second answer to a pair, the first is kept": 1}


ALIKE = export_of([("ann", "s-00000-p", 80, None, 2000, 4), ("bob", "s-00000-g", 9, None, 500, 1)])
SAME = export_of([("bob", "s-00000-g", None, False, 300, 7), ("ann", "s-00000-p", None, True, None, 2)])


def halves(*exports):
    """The collection after exports that ask one question each, and the outcomes."""
    held, outcomes = NOTHING, []
    for export in exports:
        asked = ("similarity",) if export.ratings["similarity"].notna().all() else ("identity",)
        held, outcome = take(held, export, f"{asked[0]}.csv", asked=asked)
        outcomes.append(outcome)
    return held, outcomes


@pytest.mark.parametrize("order", [(ALIKE, SAME), (SAME, ALIKE)])
def test_questions_asked_apart_complete_a_row_in_any_order(order):
    held, outcomes = halves(*order)
    assert answers(held) == {("ann", "s-00000-p"): (80, True), ("bob", "s-00000-g"): (9, False)}
    rows = held.ratings.set_index("pair_id")[["response_time_ms", "position"]].astype("int64")
    assert rows.loc["s-00000-p"].tolist() == [2000, 2]
    assert rows.loc["s-00000-g"].tolist() == [800, 1]
    assert [(each.read, each.added, each.completed, each.refused) for each in outcomes] == [(2, 2, 0, 0), (2, 0, 2, 0)]
    again, outcomes = halves(*order, *order)
    same(again, held)
    assert [each.already for each in outcomes] == [0, 0, 2, 2]


def test_an_answer_told_with_another_question_is_one_trial():
    fuller = export_of([("ann", "s-00000-p", 80, True, 2000, 4)])
    once, _ = halves(ALIKE)
    held, outcome = take(once, fuller)
    assert answers(held)["ann", "s-00000-p"] == (80, True)
    assert held.ratings["response_time_ms"].tolist() == [2000, 500]
    assert (outcome.completed, outcome.added) == (1, 0)


def test_what_completes_an_answer_but_differs_in_another_contradicts():
    once, _ = halves(ALIKE)
    held, outcome = take(once, export_of([("ann", "s-00000-p", 81, True)]))
    assert answers(held) == answers(once)
    assert outcome.reasons == {"contradicts a rating already there": 1}


def test_of_a_file_an_earlier_row_is_completed_and_a_differing_one_refused():
    rows = [("ann", "s-00000-p", 80, None), ("ann", "s-00000-p", 80, True), ("ann", "s-00000-p", 80, False)]
    held, outcome = take(NOTHING, export_of(rows), asked=("similarity",))
    assert answers(held) == {("ann", "s-00000-p"): (80, True)}
    assert (outcome.read, outcome.added, outcome.completed, outcome.refused) == (3, 1, 1, 1)
    assert outcome.reasons == {"second answer to a pair, the first is kept": 1}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("ann", "s-00009-g", 50, True), "unknown pair"),
        (("ann", None, 50, True), "unknown pair"),
        (("ann", "s-00000-g", -0.5, True), "similarity outside 0 to 100"),
        (("ann", "s-00000-g", 100.01, True), "similarity outside 0 to 100"),
        (("ann", "s-00000-g", float("inf"), True), "similarity outside 0 to 100"),
        (("ann", "s-00000-g", None, True), "similarity missing"),
        (("ann", "s-00000-g", 50, None), "identity missing"),
    ],
)
def test_what_is_no_rating_is_refused_with_its_reason(row, reason):
    held, outcome = take(NOTHING, export_of([("bob", "s-00000-g", 90, True), row]))
    assert answers(held) == {("bob", "s-00000-g"): (90, True)}
    assert (outcome.read, outcome.added, outcome.refused, outcome.reasons) == (2, 1, 1, {reason: 1})
    assert list(held.refused["line"]) == ["3"]


def test_what_a_reader_refused_is_counted_and_kept():
    export = export_of(refused=[{"line": 7, "column": "Status", "pair_id": "", "reason": "preview or test"}])
    held, outcome = take(NOTHING, export)
    assert (outcome.read, outcome.refused) == (1, 1)
    assert held.refused.to_dict("records") == [
        {"file": "a.csv", "line": "7", "column": "Status", "pair_id": "", "reason": "preview or test"}
    ]


def test_an_impossible_time_is_left_out_and_its_rating_kept():
    held, outcome = take(
        NOTHING, export_of([("ann", "s-00000-g", 90, True, -5, 3), ("ann", "s-00000-p", 9, True, 1e12, -1)])
    )
    assert held.ratings["response_time_ms"].isna().all()
    assert list(held.ratings["position"].fillna(-9)) == [3, -9]
    assert (outcome.added, outcome.refused) == (2, 0)
    assert outcome.reasons == {"response time not understood, left out": 2, "position not understood, left out": 1}


def test_a_text_in_the_place_of_a_pair_id_is_not_written_down():
    held, _ = take(NOTHING, export_of([("ann", "=HYPERLINK(jane@example.org)", 50, True)]))
    assert list(held.refused["pair_id"]) == [""]


def test_demographics_are_joined_whichever_file_comes_first():
    said = export_of(participants=[{"participant": "ann", "age": "34", "gender": "Woman", "country": "Germany"}])
    one, _ = take(take(NOTHING, FIRST)[0], said, "prolific.csv")
    other, _ = take(take(NOTHING, said, "prolific.csv")[0], FIRST)
    for held in (one, other):
        ann = held.participants.loc[pseudonym(KEY, "ann")]
        assert list(ann[["age", "gender", "continent"]]) == ["34", "female", "Europe"]
        assert "Germany" not in held.participants.to_csv()
    pd.testing.assert_frame_equal(one.participants.sort_index(), other.participants.sort_index())


def test_another_age_than_the_known_one_is_reported_and_left_out():
    once, _ = take(NOTHING, export_of(participants=[{"participant": "ann", "age": "34"}]))
    held, outcome = take(once, export_of(participants=[{"participant": "ann", "age": "43", "gender": "f"}]))
    assert list(held.participants.loc[pseudonym(KEY, "ann"), ["age", "gender"]]) == ["34", "female"]
    assert outcome.reasons == {"another age than the one already there, left out": 1}


def test_what_is_not_understood_of_a_person_is_left_out_and_reported():
    said = {"participant": "ann", "age": "old", "gender": "7", "country": "Atlantis", "continent": "-"}
    held, outcome = take(NOTHING, export_of(participants=[said]))
    assert held.participants.loc[pseudonym(KEY, "ann"), ["age", "gender", "continent"]].isna().all()
    assert outcome.reasons == {
        f"{name} not understood, left out": 1 for name in ("age", "gender", "country", "continent")
    }


def test_ages_are_binned_where_the_study_says_so():
    people = [{"participant": "ann", "age": "34"}, {"participant": "bob", "age": "25-34"}]
    held, _ = take(NOTHING, export_of(participants=people), age_bin=10)
    assert list(held.participants["age"]) == ["30-39", "20-39"]


def test_a_text_that_may_identify_somebody_is_held_back():
    said = {"participant": "ann", "strategy_similarity": "eyes", "strategy_identity": "ask ann@example.org"}
    held, _ = take(NOTHING, export_of(participants=[said]))
    ann = held.participants.loc[pseudonym(KEY, "ann")]
    assert ann["strategy_similarity"] == "eyes"
    assert pd.isna(ann["strategy_identity"])
    assert held.held_back.to_dict("records") == [
        {
            "participant_id": pseudonym(KEY, "ann"),
            "question": "strategy_identity",
            "found": "e-mail address; link",
            "text": "ask ann@example.org",
        }
    ]
    again, _ = take(held, export_of(participants=[said]))
    same(again, held)


def test_who_was_removed_does_not_come_back():
    gone = pd.DataFrame([[pseudonym(KEY, "ann"), "2026-01-01", "2"]], columns=records.FORGOTTEN)
    said = [{"participant": "ann", "age": "34", "strategy_identity": "www.ann.example.org"}]
    held, outcome = take(
        replace(NOTHING, forgotten=gone), replace(FIRST, participants=export_of([], said).participants)
    )
    assert set(answers(held)) == {("bob", "s-00000-g")}
    assert list(held.participants.index) == [pseudonym(KEY, "bob")]
    assert held.held_back.empty
    assert (outcome.added, outcome.refused, outcome.reasons) == (1, 2, {"participant was removed": 2})


def test_a_pseudonym_of_our_own_survey_stays_what_it_is():
    own = pseudonym(KEY, "ann")
    held, _ = take(NOTHING, export_of([(own, "s-00000-g", 90, True)]), pseudonyms=True)
    again, outcome = take(held, export_of(participants=[{"participant": "ann", "age": "34"}]))
    assert list(again.participants.index) == [own]
    assert outcome.participants == 0


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ann", "bob", "cem"]),
            st.sampled_from([*PAIRS.index, "unknown"]),
            st.sampled_from([None, -1, 0, 50, 100, 101]),
            st.sampled_from([None, True, False]),
        ),
        max_size=12,
    ),
    st.integers(0, 12),
)
def test_every_rating_is_in_the_store_or_in_the_report_however_exports_are_cut(ratings, cut):
    held, outcomes = NOTHING, []
    for part in (ratings[:cut], ratings[cut:]):
        held, outcome = take(held, export_of(part))
        outcomes.append(outcome)
        assert outcome.read == len(part) == outcome.added + outcome.already + outcome.refused
    whole, _ = take(NOTHING, export_of(ratings))
    assert answers(held) == answers(whole)
    assert len(held.ratings) == sum(each.added for each in outcomes)
    assert set(answers(held)) <= {each[:2] for each in ratings}


SAID = st.fixed_dictionaries(
    {
        "participant": st.sampled_from(["ann", "bob", "cem", "dan"]),
        "age": st.sampled_from([None, "34", "35", "old"]),
        "strategy_identity": st.sampled_from([None, "eyes", "www.ann.example.org"]),
    }
)
RATED = st.tuples(
    st.sampled_from(["ann", "bob", "cem", pseudonym(KEY, "dan")]),
    st.sampled_from(["s-00000-g", "s-00001-n", "unknown"]),
    st.sampled_from([50, 101]),
    st.booleans(),
)
SUBMITTED = st.tuples(st.sampled_from(["ann", "bob"]), st.sampled_from(["returned", "counts", "revoked"]))
FILES = st.lists(
    st.tuples(
        st.lists(RATED, max_size=4),
        st.lists(SAID, max_size=2, unique_by=lambda said: said["participant"]),
        st.lists(SUBMITTED, max_size=1),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=15)
@given(FILES)
def test_files_together_are_merged_as_if_one_came_after_the_other(files):
    exports = [
        replace(
            export_of(rated, said, [{"line": 9, "column": "Status", "reason": "preview or test"}]),
            submissions=pd.DataFrame(submitted, columns=["participant", "status"], dtype="str"),
            pseudonyms=signed,
        )
        for rated, said, submitted, signed in files
    ]
    one, outcomes = NOTHING, []
    for number, export in enumerate(exports):
        one, outcome = take(one, export, f"{number}.csv", pseudonyms=export.pseudonyms)
        outcomes.append(outcome)
    rows = cleaned(exports, design(), KEY)
    together, counted = merged(NOTHING, rows, ASKS, [f"{number}.csv" for number in range(len(exports))])
    same(together, one)
    assert counted == outcomes


def test_what_was_refused_is_noted_once_however_often_it_comes():
    refused = {"line": 7, "column": "Status", "pair_id": None, "reason": "preview or test"}
    export = export_of([("ann", "s-00009-g", 50, True)], refused=[refused])
    once, _ = take(NOTHING, export)
    stored = once.refused.fillna("").astype("str")  # as it is read back
    twice, _ = take(replace(once, refused=stored), export)
    assert len(twice.refused) == 2


def test_an_address_is_the_same_person_in_capitals():
    once, _ = take(NOTHING, export_of([("Ann@example.org", "s-00000-g", 50, True)]))
    _, outcome = take(once, export_of([("ann@EXAMPLE.org", "s-00000-g", 50, True)]))
    assert (outcome.already, outcome.participants) == (1, 0)
