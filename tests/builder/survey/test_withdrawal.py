import json
import shutil

import pytest
import sqlalchemy as sa

from builder.cli import main
from builder.errors import RatingsError, SurveyError
from builder.ratings.databases import remember
from builder.ratings.forget import forget
from builder.ratings.privacy import other_pseudonyms, participant_key, pseudonym
from builder.shards import StudyFolder
from builder.survey import database as tables
from builder.survey.database import DATABASE_FILE, open_database
from builder.survey.messages import Consent
from builder.survey.results import result_lines, write_results
from builder.survey.store import Arrival, Door
from builder.survey.ticket import ticket_key
from tests.asks import ASKS, STORE, TABLES, Rating, Strategies
from tests.builder.survey.serving import Page, serving

TEXT = "the distance between eyebrows and hairline"


@pytest.fixture
def folder(small_folder, tmp_path):
    return shutil.copytree(small_folder, tmp_path / "study")


def answer(engine, person, pair_id):
    pairs = {0: frozenset([pair_id])}
    with engine.execution_options(writes=True).begin() as connection:
        door = Door([0], 10, ticket_key(bytes(32)))
        token = STORE.enter(connection, Arrival(person=person, session=None, token=None), door, 1000).token
        STORE.consent(connection, token, Consent(consent_version="1"), door, 1000)
        said = Rating(pair_id=pair_id, similarity=50, identity=True, response_time_ms=900, position=0)
        STORE.rate(connection, token, said, pairs, 1000)
        STORE.strategies(connection, token, Strategies(strategy_similarity=TEXT, strategy_identity=TEXT), 1000)


def people(engine):
    lines = [json.loads(line) for line in result_lines(engine, "small", ASKS)]
    return {line["participant_id"] for line in lines[1:]}


def test_who_withdraws_is_gone_from_the_survey_too(folder, database):
    study = StudyFolder(folder).study()
    own = str(folder / DATABASE_FILE) in database
    engine = open_database(database, study.name, study.hash(), ASKS)
    pair_id = StudyFolder(folder).read("pairs", 0)["pair_id"][0].as_py()
    ann, bob = (pseudonym(participant_key(folder), name) for name in ("ann", "bob"))
    for person in (ann, bob):
        answer(engine, person, pair_id)
    assert people(engine) == {ann, bob}
    with pytest.raises(RatingsError, match="'dora'"):
        forget(folder, "dora", None if own else database)
    gone = forget(folder, "ann", None if own else database)
    assert (gone.participant_id, gone.ratings, gone.answers) == (ann, 0, 1)
    assert people(engine) == {bob}
    engine.dispose()
    assert (folder / "ratings" / "forgotten.csv").read_text().splitlines()[1].startswith(ann)


def test_what_somebody_else_said_with_their_id_goes_too_and_a_participant_id_removes_one_alone(folder, database):
    study = StudyFolder(folder).study()
    engine = open_database(database, study.name, study.hash(), ASKS)
    named = None if str(folder / DATABASE_FILE) in database else database
    pair_id = StudyFolder(folder).read("pairs", 0)["pair_id"][0].as_py()
    key = participant_key(folder)
    first, second, third, _ = (pseudonym(key, "ann"), *other_pseudonyms(key, "ann"))
    bob = pseudonym(key, "bob")
    for person in (first, second, third, bob):
        answer(engine, person, pair_id)
    with engine.execution_options(writes=True).begin() as connection:
        for other in (second, third):
            row = {"participant_id": other, "disputed_id": first, "said_at": 1000}
            connection.execute(TABLES.disputes.insert(), row)
    gone = forget(folder, second, named)
    assert (gone.participant_id, gone.others, gone.answers) == (second, [], 1)
    assert people(engine) == {first, third, bob}
    gone = forget(folder, "ann", named)
    assert (gone.participant_id, gone.others, gone.answers) == (first, [second, third], 2)
    assert people(engine) == {bob}
    with engine.connect() as connection:
        assert connection.execute(sa.select(TABLES.disputes)).all() == []
    engine.dispose()
    removed = (folder / "ratings" / "forgotten.csv").read_text().splitlines()[1:]
    assert sorted(line.partition(",")[0] for line in removed) == sorted([first, second, third])


def test_who_withdrew_is_told_at_the_door_of_a_survey_that_runs(survey_folder, stub):
    ids = {"prolific_pid": "5f1e00000000000000000009", "session_id": "64aa00000000000000000009"}
    with serving(survey_folder, stub) as server, server.client() as client:
        first = Page(client, **ids)
        first.enter()
        first.consent()
        assert first.rate(0).json() == {"saved": True}
        assert forget(survey_folder, ids["prolific_pid"]).answers == 1
        again = Page(client, **ids | {"session_id": "64aa0000000000000000000a"})
        for page in (again, first, Page(client, prolific_pid=ids["prolific_pid"])):
            answer = page.enter()
            assert (answer.status_code, answer.json()) == (403, {"error": "forgotten"})
        assert first.consent().status_code == 403
        same_browser = Page(client)
        same_browser.token = first.token
        assert same_browser.enter().json() == {"error": "forgotten"}
        assert Page(client, prolific_pid="5f1e0000000000000000000a").enter().status_code == 200


def test_nothing_of_them_stays_in_the_file(folder):
    study = StudyFolder(folder).study()
    path = folder / DATABASE_FILE
    ann = pseudonym(participant_key(folder), "ann")
    engine = open_database(f"sqlite:///{path}", study.name, study.hash(), ASKS)
    answer(engine, ann, StudyFolder(folder).read("pairs", 0)["pair_id"][0].as_py())
    engine.dispose()
    assert TEXT.encode() in b"".join(file.read_bytes() for file in path.parent.glob("survey.sqlite*"))
    forget(folder, "ann")
    left = b"".join(file.read_bytes() for file in path.parent.glob("survey.sqlite*"))
    assert TEXT.encode() not in left
    assert ann.encode() not in left


def test_a_database_that_the_survey_used_is_remembered_without_its_password(folder, database, tmp_path):
    study = StudyFolder(folder).study()
    engine = open_database(database, study.name, study.hash(), ASKS)
    ann, bob = (pseudonym(participant_key(folder), name) for name in ("ann", "bob"))
    for person in (ann, bob):
        answer(engine, person, StudyFolder(folder).read("pairs", 0)["pair_id"][0].as_py())
    secret = sa.make_url(database)
    secret = secret if secret.drivername == "sqlite" else secret.set(password="geheim")  # noqa: S106
    write_results(folder, tmp_path / "results.jsonl", secret.render_as_string(hide_password=False))
    assert "geheim" not in (folder / "ratings" / "databases.txt").read_text()
    gone = forget(folder, "ann")
    assert (gone.answers, gone.remains) == (1, [])
    assert [each.partition(":")[0] for each in gone.beyond] == (["PostgreSQL"] if "postgres" in database else [])
    assert people(engine) == {bob}
    engine.dispose()


def test_a_database_that_cannot_be_opened_is_asked_for(folder):
    participant_key(folder)
    remember(folder, "postgresql://jane@127.0.0.1:1/survey")
    with pytest.raises(
        SurveyError, match=r"jane@127\.0\.0\.1(.|\n)*nobody was removed(.|\n)*--database(.|\n)*databases"
    ):
        forget(folder, "ann")
    assert not (folder / "ratings" / "forgotten.csv").exists()


def test_what_a_reader_keeps_in_the_log_is_said_and_the_same_command_ends_it(folder, monkeypatch, capsys):
    monkeypatch.setattr(tables, "NO_MORE_THAN_S", 0.2)
    study = StudyFolder(folder).study()
    path = folder / DATABASE_FILE
    ann = pseudonym(participant_key(folder), "ann")
    engine = open_database(f"sqlite:///{path}", study.name, study.hash(), ASKS)
    answer(engine, ann, StudyFolder(folder).read("pairs", 0)["pair_id"][0].as_py())
    command = ["ratings", "forget", str(folder), "ann"]
    with engine.connect() as reader:
        reader.execute(sa.select(TABLES.disputes)).all()
        assert main(command) == 1
    assert "NOT DONE YET" in capsys.readouterr().out
    assert main(command) == 0
    left = b"".join(file.read_bytes() for file in path.parent.glob("survey.sqlite*"))
    assert TEXT.encode() not in left
    assert ann.encode() not in left
    engine.dispose()


def test_a_transaction_that_sees_removed_rows_of_postgresql_is_said(folder, postgres_database, monkeypatch):
    monkeypatch.setattr(tables, "NO_MORE_THAN_S", 1)
    study = StudyFolder(folder).study()
    engine = open_database(postgres_database, study.name, study.hash(), ASKS)
    ann = pseudonym(participant_key(folder), "ann")
    answer(engine, ann, StudyFolder(folder).read("pairs", 0)["pair_id"][0].as_py())
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as reader:
        reader.execute(sa.select(sa.func.now()))
        (said,) = forget(folder, "ann", postgres_database).remains
        assert said.endswith("as long as a transaction from before is open")
    assert forget(folder, "ann", postgres_database).remains == []
    engine.dispose()
