import shutil
from collections import Counter

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.ratings.importing import import_exports
from builder.ratings.items import read_design
from builder.ratings.privacy import participant_key, pseudonym
from builder.ratings.records import WITHDRAWN
from builder.ratings.status import ratings_status
from builder.ratings.store import RatingsFolder
from builder.ratings.submissions import standing
from builder.ratings.undo import Reversal, undo
from builder.ratings.withdrawn import remove_withdrawn, withdrawn_people
from builder.shards import StudyFolder
from builder.survey.database import DATABASE_FILE, open_database
from tests.asks import ASKS
from tests.builder.ratings.test_importing import files, person, rating, results
from tests.builder.survey.test_withdrawal import answer, people
from tests.conftest import run_builder

NAMES = ("ann", "bob", "cem", "dora", "eve")


@pytest.fixture
def folder(small_folder, tmp_path):
    return shutil.copytree(small_folder, tmp_path / "study")


@pytest.fixture
def export(folder, tmp_path):
    """Two ratings of each of NAMES."""
    pairs = read_design(folder).items.index[:2]
    rows = [row for name in NAMES for row in (person(name, age=34), *(rating(name, each, 50, True) for each in pairs))]
    return results(tmp_path / "export.jsonl", *rows)


def demographics(path, *submissions):
    """Prolific's export of (participant, status, age)."""
    head = "Submission id,Participant id,Status,Time taken,Age,Country of residence"
    lines = [f"s{number},{name},{status},700,{age},Germany" for number, (name, status, age) in enumerate(submissions)]
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


SAID = [
    ("ann", "APPROVED", 34),
    ("bob", "RETURNED", 34),
    ("cem", "APPROVED", "CONSENT_REVOKED"),
    ("dora", "REJECTED", 34),
    ("eve", "RETURNED", 34),
    ("eve", "AWAITING REVIEW", 34),  # who came back
]


def raters(folder):
    key = participant_key(folder)
    names = {pseudonym(key, name): name for name in NAMES}
    return Counter(names[row["participant_id"]] for row in RatingsFolder(folder, ASKS).ratings().to_pylist())


def test_who_returned_revoked_or_was_rejected_is_listed_kept_out_and_removed(folder, export, tmp_path):
    prolific = demographics(tmp_path / "demographics.csv", *SAID)
    import_exports(folder, [export])
    ((_, outcome),) = import_exports(folder, [prolific]).outcomes
    assert outcome.reasons == {"consent revoked": 1, "returned": 2, "rejected": 1}
    assert set(raters(folder)) == set(NAMES)  # nothing goes unasked
    listed = withdrawn_people(folder)
    key = participant_key(folder)
    assert {row["participant_id"]: (row["status"], row["ratings"]) for row in listed.to_dict("records")} == {
        pseudonym(key, "bob"): ("returned", 2),
        pseudonym(key, "cem"): ("revoked", 2),
        pseudonym(key, "dora"): ("rejected", 2),
    }
    assert ratings_status(folder).withdrawn == {"returned": 1, "revoked": 1, "rejected": 1}
    gone = remove_withdrawn(folder)
    assert (gone.people, gone.ratings) == ({"revoked": 1, "returned": 1, "rejected": 1}, 6)
    assert raters(folder) == {"ann": 2, "eve": 2}
    assert len(RatingsFolder(folder, ASKS).participants()) == 2
    ((_, outcome),) = import_exports(folder, [export]).outcomes
    assert (outcome.read, outcome.added, outcome.already, outcome.refused) == (10, 0, 4, 6)
    assert outcome.reasons == {
        "participant returned the submission": 2,
        "participant revoked consent": 2,
        "submission was rejected": 2,
    }
    before = files(folder)
    import_exports(folder, [export, prolific])
    assert files(folder) == before
    assert not any(remove_withdrawn(folder).people.values())


def test_who_stands_outside_already_is_not_brought_in(folder, export, tmp_path):
    _, (_, outcome) = import_exports(folder, [demographics(tmp_path / "d.csv", *SAID), export]).outcomes
    assert (outcome.read, outcome.added, outcome.refused) == (10, 4, 6)
    assert raters(folder) == {"ann": 2, "eve": 2}
    assert len(RatingsFolder(folder, ASKS).participants()) == 2


def test_a_rejection_that_was_taken_back_lets_them_in_and_a_revoked_consent_stays(folder, export, tmp_path):
    import_exports(folder, [demographics(tmp_path / "d.csv", *SAID), export])
    later = [(name, "APPROVED", 34) for name in ("bob", "cem", "dora")]
    import_exports(folder, [demographics(tmp_path / "later.csv", *later), export])
    assert raters(folder) == {"ann": 2, "bob": 2, "dora": 2, "eve": 2}
    assert list(withdrawn_people(folder)["status"]) == ["revoked"]


def test_the_answers_in_the_survey_go_with_who_withdrew_and_not_with_who_was_rejected(folder, tmp_path):
    study, key = StudyFolder(folder).study(), participant_key(folder)
    engine = open_database(f"sqlite:///{folder / DATABASE_FILE}", study.name, study.hash(), ASKS)
    ids = {name: pseudonym(key, name) for name in NAMES}
    for name in NAMES:
        answer(engine, ids[name], StudyFolder(folder).read("pairs", 0)["pair_id"][0].as_py())
    import_exports(folder, [demographics(tmp_path / "d.csv", *SAID)])
    gone = remove_withdrawn(folder)
    assert (gone.people, gone.ratings, gone.answers) == ({"revoked": 1, "returned": 1, "rejected": 0}, 0, 2)
    assert people(engine) == {ids["ann"], ids["dora"], ids["eve"]}
    engine.dispose()


def test_the_command_names_how_many(folder, export, tmp_path):
    said = run_builder("ratings", "import", folder, export, demographics(tmp_path / "d.csv", *SAID))
    assert "6 of them" in said.stdout
    assert "ratings withdrawn" in said.stdout
    listed = run_builder("ratings", "withdrawn", folder)
    assert "3 people whose submission does not count: returned 1, revoked 1, rejected 1; --remove" in listed.stdout
    assert listed.stdout.count("2 ratings here") == 3
    assert "rejected 1, returned 1, revoked 1" in run_builder("ratings", "status", folder).stdout
    gone = run_builder("ratings", "withdrawn", folder, "--remove")
    assert "removed 3 people (revoked 1, returned 1, rejected 1) with 6 ratings" in gone.stdout
    again = run_builder("ratings", "withdrawn", folder, "--remove")
    assert (again.returncode, "nobody was removed" in again.stdout) == (1, True)


def test_an_import_that_is_taken_back_says_nothing_of_submissions_any_more(folder, export, tmp_path):
    import_exports(folder, [export])
    import_exports(folder, [demographics(tmp_path / "first.csv", ("ann", "RETURNED", 34), ("bob", "REJECTED", 34))])
    before, listed = files(folder), withdrawn_people(folder)
    later = [("ann", "APPROVED", 34), ("bob", "RETURNED", 34), ("cem", "APPROVED", "CONSENT_REVOKED")]
    import_exports(folder, [demographics(tmp_path / "later.csv", *later)])
    assert sorted(withdrawn_people(folder)["status"]) == ["returned", "revoked"]
    assert undo(folder) == Reversal(ratings=0, participants=0, refused=2, submissions=3)
    assert files(folder) == before
    pd.testing.assert_frame_equal(withdrawn_people(folder), listed)
    said = run_builder("ratings", "undo", folder)
    assert "and 2 submissions stand as before" in said.stdout
    assert withdrawn_people(folder).empty
    assert raters(folder) == dict.fromkeys(NAMES, 2)  # the import before it was of ratings, and is here


def test_who_was_taken_out_as_rejected_may_come_back_when_that_import_is_taken_back(folder, export, tmp_path):
    import_exports(folder, [export])
    import_exports(folder, [demographics(tmp_path / "d.csv", ("dora", "REJECTED", 34))])
    remove_withdrawn(folder)
    assert set(raters(folder)) == set(NAMES) - {"dora"}
    undo(folder)
    import_exports(folder, [export])
    assert raters(folder) == dict.fromkeys(NAMES, 2)


STATUSES = ("revoked", "returned", "rejected", "counts")


@settings(max_examples=50)
@given(st.lists(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(STATUSES)), max_size=4), max_size=4))
def test_the_last_export_counts_but_for_a_revoked_consent(exports):
    known = pd.DataFrame(columns=WITHDRAWN, dtype="str")
    for export in exports:
        said = pd.DataFrame(export, columns=WITHDRAWN, dtype="str")
        once = standing(known, said)
        pd.testing.assert_frame_equal(standing(once, said), once)
        known = once
    for name in "ab":
        ever = [status for export in exports for who, status in export if who == name]
        last = next(([s for who, s in each if who == name] for each in reversed(exports) if name in dict(each)), [])
        if "revoked" in ever:
            expected = ["revoked"]
        elif not last or "counts" in last:
            expected = []
        else:
            expected = ["returned" if "returned" in last else "rejected"]
        assert list(known["status"][known["participant_id"] == name]) == expected


def test_the_export_of_an_earlier_form_says_the_same(folder, tmp_path):
    old = tmp_path / "old.csv"
    old.write_text("session_id,participant_id,status,time_taken,age\ns1,ann,RETURNED,7,30\ns2,bob,REJECTED,7,30\n")
    import_exports(folder, [old])
    assert sorted(withdrawn_people(folder)["status"]) == ["rejected", "returned"]
