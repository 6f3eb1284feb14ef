"""The store, on SQLite and on a real PostgreSQL."""

import asyncio
import hashlib
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from builder.errors import SurveyError
from builder.survey.database import drop_unconsented, open_database
from builder.survey.items import Item, SurveyItems
from builder.survey.messages import Consent, Demographics
from builder.survey.results import progress, result_lines
from builder.survey.settings import SurveySettings
from builder.survey.store import GRACE_MS, SILENCE_MS, Arrival, Door, Refused
from builder.survey.ticket import ticket_key
from builder.survey.writer import Writer
from tests.asks import ASKS, STORE, TABLES, Rating, Strategies

participants, ratings = TABLES.participants, TABLES.ratings
PAIRS = {batch: frozenset(f"s-{batch:05d}-pair{n}" for n in range(3)) for batch in range(3)}
KEY = ticket_key(bytes(32))
GUESSED = "guessed"
AGREED = Consent(consent_version="1")
T0 = 1_800_000_000_000


@pytest.fixture
def engine(database):
    engine = open_database(database, "s", "0" * 64, ASKS)
    yield engine.execution_options(writes=True)
    engine.dispose()


def enter(engine, now=T0, capacity=2, batches=(0, 1, 2), forgotten=frozenset(), **arrival):
    known = {"person": None, "session": None, "token": None, **arrival}
    with engine.begin() as connection:
        return STORE.enter(connection, Arrival(**known), Door(batches, capacity, KEY, forgotten), now)


def consent(engine, token, now=T0, capacity=2, batches=(0, 1, 2), forgotten=frozenset(), said=AGREED):
    do(engine, STORE.consent, token, said, Door(batches, capacity, KEY, forgotten), now=now)


def arrive(engine, now=T0, capacity=2, batches=(0, 1, 2), **arrival):
    """Enters and consents, as the page does in one go."""
    entered = enter(engine, now, capacity, batches, **arrival)
    consent(engine, entered.token, now, capacity, batches)
    return entered


def rate_one(engine, entered, number=0, now=T0):
    do(engine, STORE.rate, entered.token, rating(f"s-{entered.participant['batch']:05d}-pair{number}"), PAIRS, now=now)


def do(engine, action, token, *arguments, now=T0):
    with engine.begin() as connection:
        return action(connection, token, *arguments, now)


def rating(pair_id, similarity=50, identity=True, **changes):
    return Rating(
        pair_id=pair_id, similarity=similarity, identity=identity, response_time_ms=1200.4, position=0, **changes
    )


def finished(engine, now=T0, **arrival):
    entered = arrive(engine, now=now, **arrival)
    for pair_id in PAIRS[entered.participant["batch"]]:
        do(engine, STORE.rate, entered.token, rating(pair_id), PAIRS, now=now)
    do(engine, STORE.finish, entered.token, PAIRS, now=now + 600_000)
    return entered


def refusal(act, *arguments, **keywords):
    with pytest.raises(Refused) as refused:
        act(*arguments, **keywords)
    return refused.value.word


def batches(engine):
    with engine.connect() as connection:
        return sorted(connection.scalars(sa.select(participants.c.batch)))


def test_the_emptiest_batch_is_assigned_until_every_batch_has_its_raters(engine):
    assigned = [arrive(engine).participant["batch"] for _ in range(6)]
    assert (set(assigned[:3]), set(assigned[3:])) == ({0, 1, 2}, {0, 1, 2})
    assert refusal(enter, engine) == "occupied"
    assert arrive(engine, capacity=3).participant["batch"] in (0, 1, 2)


def test_entering_reserves_nothing_and_keeps_nothing(engine):
    tickets = [enter(engine) for _ in range(60)]
    assert len({each.token for each in tickets}) == 60
    assert Counter(each.participant["batch"] for each in tickets).keys() == {0, 1, 2}  # spread, though none is held
    assert batches(engine) == []
    assert [arrive(engine).participant["batch"] for _ in range(6)]
    assert [refusal(consent, engine, each.token) for each in tickets] == ["occupied"] * 60
    assert len(batches(engine)) == 6


def test_who_enters_again_before_consenting_is_shown_the_same(engine):
    first = enter(engine, person="p-a", session="p-s")
    again = enter(engine, token=first.token, now=T0 + SILENCE_MS - 1)
    assert (again.token, again.participant) == (first.token, first.participant)
    assert enter(engine, token=first.token, now=T0 + SILENCE_MS).token != first.token
    assert enter(engine, token=first.token, person="p-a", session="p-t").token != first.token
    batch = first.participant["batch"]
    for _ in range(2):
        arrive(engine, batches=(batch,))
    assert enter(engine, token=first.token).participant["batch"] != batch  # which is full


def test_who_consents_and_does_not_rate_holds_a_slot_for_minutes(engine):
    idle, rates = arrive(engine, batches=(0,)), arrive(engine, batches=(0,))
    rate_one(engine, rates)
    later = T0 + GRACE_MS
    assert refusal(enter, engine, batches=(0,), now=later - 1) == "occupied"
    consent(engine, idle.token, now=later - 1)  # again
    next_one = enter(engine, batches=(0,), now=later)
    consent(engine, next_one.token, batches=(0,), now=later)
    assert refusal(enter, engine, batches=(0,), now=later) == "occupied"
    rate_one(engine, next_one, now=later)
    assert refusal(enter, engine, batches=(0,), now=later) == "full"  # enough have rated
    rate_one(engine, idle, now=later)  # who comes late is not sent away


def test_a_ticket_is_for_an_hour_and_cannot_be_made_or_changed(engine):
    ticket = enter(engine, person="p-a", session="p-s")
    fields = ticket.token.split(".")
    assert refusal(consent, engine, ticket.token, now=T0 + SILENCE_MS) == "token"
    changes = {0: "p-b", 1: "p-c", 2: "", 3: "7", 4: "1", 5: str(T0 + SILENCE_MS), 6: "0" * 64}
    for place, other in changes.items():
        forged = ".".join([*fields[:place], other, *fields[place + 1 :]])
        assert refusal(consent, engine, forged) == "token"
    for guess in ("", ".", "....." + "0" * 64, "é.é", GUESSED):
        assert refusal(consent, engine, guess) == "token"
    assert batches(engine) == []
    consent(engine, ticket.token, now=T0 + SILENCE_MS - 1)
    assert len(batches(engine)) == 1


def test_who_was_forgotten_is_told_at_the_door(engine):
    entered = enter(engine, person="p-a", session="p-s")
    gone = frozenset({"p-a"})
    assert refusal(enter, engine, person="p-a", session="p-s", forgotten=gone) == "forgotten"
    assert refusal(enter, engine, token=entered.token, forgotten=gone) == "forgotten"  # no platform names them again
    assert refusal(consent, engine, entered.token, forgotten=gone) == "forgotten"
    assert enter(engine, person="p-b", token=entered.token, forgotten=gone).participant["participant_id"] == "p-b"
    assert batches(engine) == []


def test_who_an_earlier_version_kept_on_entering_is_dropped_and_who_consented_goes_on(engine):
    token = "a-random-token-of-the-first-version"  # noqa: S105  not of anybody
    old = arrive(engine, person="p-a", session="p-s", batches=(0,))
    with engine.begin() as connection:
        row = dict(connection.execute(sa.select(participants)).mappings().one())
        row |= {"participant_id": "p-b", "token_sha256": "0" * 64, "consented_at": None}
        connection.execute(participants.insert(), row)
        mine = participants.c.participant_id == "p-a"
        digest = hashlib.sha256(token.encode()).hexdigest()
        connection.execute(participants.update().where(mine), {"token_sha256": digest})
    drop_unconsented(engine, ASKS)
    assert len(batches(engine)) == 1
    assert enter(engine, token=token).participant["seed"] == old.participant["seed"]
    do(engine, STORE.rate, token, rating("s-00000-pair0"), PAIRS)
    assert arrive(engine, person="p-b", session="p-t").participant["participant_id"] == "p-b"


def test_a_batch_with_fewer_is_filled_up_first(engine):
    for _ in range(2):
        arrive(engine, batches=(1,))
    assert sorted(arrive(engine).participant["batch"] for _ in range(4)) == [0, 0, 2, 2]


def test_a_slot_is_free_after_an_hour_of_silence_but_not_that_of_who_finished(engine):
    one, silent = finished(engine, batches=(0,)), arrive(engine, batches=(0,))
    rate_one(engine, silent)
    assert refusal(enter, engine, batches=(0,), now=T0 + SILENCE_MS - 1) == "full"
    assert arrive(engine, batches=(0,), now=T0 + SILENCE_MS).participant["batch"] == 0
    assert refusal(enter, engine, batches=(0,), now=T0 + SILENCE_MS) == "occupied"
    assert refusal(enter, engine, token=one.token) == "finished"


def test_who_was_silent_for_a_day_goes_on_though_the_slot_is_taken(engine):
    late = arrive(engine, batches=(0,), capacity=1)
    rate_one(engine, late)
    tomorrow = T0 + 24 * SILENCE_MS
    arrive(engine, batches=(0,), capacity=1, now=tomorrow)
    again = enter(engine, batches=(0,), capacity=1, now=tomorrow, token=late.token)
    assert again.participant["participant_id"] == late.participant["participant_id"]
    assert (again.token, again.answered) == (late.token, ["s-00000-pair0"])
    do(engine, STORE.rate, late.token, rating("s-00000-pair1"), PAIRS, now=tomorrow)


def test_every_answer_keeps_the_slot(engine):
    busy = arrive(engine, batches=(0,), capacity=1)
    for n in range(3):
        now = T0 + (n + 1) * (SILENCE_MS - 60_000)
        rate_one(engine, busy, n, now=now)
        assert refusal(enter, engine, batches=(0,), capacity=1, now=now + 60_000) == "full"


def test_a_person_is_never_assigned_twice(engine):
    first, second = (enter(engine, person="p-a", session="p-s") for _ in range(2))
    consent(engine, first.token)
    assert refusal(consent, engine, second.token) == "taken"
    again = enter(engine, person="p-a", session="p-s")  # as the page then does
    assert again.participant["seed"] == first.participant["seed"]
    assert len(batches(engine)) == 1
    assert refusal(do, engine, STORE.rate, first.token, rating("s-00000-pair0"), PAIRS) == "token"
    rate_one(engine, again)


def test_who_knows_anothers_id_alone_does_not_get_in(engine):
    mine = arrive(engine, person="p-a", session="p-s")
    assert refusal(enter, engine, person="p-a") == "taken"
    assert refusal(enter, engine, person="p-a", session="p-other") == "taken"
    assert refusal(enter, engine, person="p-a", token=GUESSED) == "taken"
    rate_one(engine, mine)


def test_who_enters_with_anothers_id_keeps_nobody_out(engine):
    thief = enter(engine, person="p-a", session="p-guessed")
    mine = arrive(engine, person="p-a", session="p-s")
    assert refusal(consent, engine, thief.token) == "taken"
    assert refusal(enter, engine, person="p-a", session="p-guessed") == "taken"
    rate_one(engine, mine)


def test_who_did_not_begin_says_so_and_both_keep_every_rating(engine):
    person = {"person": "p-a", "others": ("p-a1", "p-a2", "p-a3"), "capacity": 9}
    thief = arrive(engine, session="p-guessed", **person)
    rate_one(engine, thief)
    assert refusal(enter, engine, session="p-s", **person) == "taken"
    mine = arrive(engine, session="p-s", not_me=True, **person)
    assert mine.participant["participant_id"] == "p-a1"
    rate_one(engine, mine)
    rate_one(engine, thief, 1)
    assert enter(engine, session="p-s", **person).answered == [f"s-{mine.participant['batch']:05d}-pair0"]
    assert len(enter(engine, session="p-guessed", **person).answered) == 2
    assert refusal(enter, engine, session="p-other", **person) == "taken"
    records = [json.loads(line) for line in result_lines(engine, "s", ASKS)][1:]
    disputes = {row["participant_id"]: row.get("disputes") for row in records if row["record"] == "participant"}
    assert disputes == {"p-a": None, "p-a1": "p-a"}
    assert sum(row["record"] == "rating" for row in records) == 3
    pairs = {batch: tuple(Item(pair_id, "pair", ("a", "b")) for pair_id in sorted(PAIRS[batch])) for batch in PAIRS}
    items = SurveyItems("s", "verification", "0" * 64, SurveySettings(), ASKS, pairs, {})
    assert progress(engine, items, T0).disputes == [("p-a1", "p-a")]


def test_it_is_no_way_to_take_part_as_often_as_one_likes(engine):
    person = {"person": "p-a", "others": ("p-a1", "p-a2", "p-a3"), "not_me": True, "capacity": 9}
    ids = [arrive(engine, session=f"p-{n}", **person).participant["participant_id"] for n in range(4)]
    assert ids == ["p-a", "p-a1", "p-a2", "p-a3"]
    assert refusal(enter, engine, session="p-4", **person) == "taken"


def test_who_did_not_finish_under_their_id_is_told_so_and_may_say_it_too(engine):
    person = {"person": "p-a", "others": ("p-a1", "p-a2", "p-a3"), "batches": (0,), "capacity": 9}
    finished(engine, session="p-guessed", **person)
    assert refusal(enter, engine, session="p-s", **person) == "finished"
    mine = enter(engine, session="p-s", not_me=True, **person)
    kept = enter(engine, session="p-s", token=mine.token, **person)  # a reload before the consent
    assert (kept.token, kept.participant["participant_id"]) == (mine.token, "p-a1")
    consent(engine, kept.token, capacity=9)
    gone = frozenset({"p-a"})  # the researcher removed the other
    assert enter(engine, session="p-s", forgotten=gone, **person).participant["participant_id"] == "p-a1"


def test_where_links_are_signed_only_whom_the_platform_vouches_for_begins(engine):
    def enter_signed(**arrival):
        with engine.begin() as connection:
            known = {"person": None, "session": None, "token": None, **arrival}
            return STORE.enter(connection, Arrival(**known), Door((0, 1, 2), 2, KEY, signed=True), T0)

    for arrival in ({}, {"person": "p-a"}, {"person": "p-a", "not_me": True, "others": ("p-a1",)}):
        assert refusal(enter_signed, **arrival) == "link"
    mine = enter_signed(person="p-a", session="p-s", vouched=True)
    assert enter_signed(token=mine.token).token == mine.token  # a reload, from an address without the link
    consent(engine, mine.token)
    assert enter_signed(token=mine.token).token == mine.token
    again = enter_signed(person="p-a", session="p-t", vouched=True)  # another submission of the same person
    assert again.participant["seed"] == mine.participant["seed"]
    assert len(batches(engine)) == 1


def test_where_the_platform_gave_no_session_an_id_opens_nothing_that_was_begun(engine):
    enter(engine, person="p-a")  # the answer is lost, and asked for again
    mine = arrive(engine, person="p-a")
    assert refusal(enter, engine, person="p-a") == "taken"
    assert refusal(enter, engine, person="p-a", session="p-any") == "taken"
    assert enter(engine, person="p-a", token=mine.token).token == mine.token


def test_on_a_shared_computer_the_next_person_is_not_taken_for_the_last(engine):
    first = arrive(engine, person="p-a", session="p-s")
    second = arrive(engine, person="p-b", session="p-t", token=first.token)
    assert second.participant["participant_id"] == "p-b"
    assert second.token != first.token
    assert finished(engine, person="p-c").participant["participant_id"] == "p-c"
    assert refusal(enter, engine, person="p-c", session="p-another") == "finished"


def test_a_rating_is_kept_once_and_never_changed(engine):
    entered = enter(engine, batches=(0,))
    pair = "s-00000-pair0"
    assert refusal(do, engine, STORE.rate, entered.token, rating(pair), PAIRS) == "token"
    consent(engine, entered.token)
    do(engine, STORE.rate, entered.token, rating(pair), PAIRS)
    do(engine, STORE.rate, entered.token, rating(pair), PAIRS, now=T0 + 5)
    assert refusal(do, engine, STORE.rate, entered.token, rating(pair, 51), PAIRS) == "answered"
    assert refusal(do, engine, STORE.rate, entered.token, rating(pair, 50, False), PAIRS) == "answered"
    assert refusal(do, engine, STORE.rate, entered.token, rating("s-00001-pair0"), PAIRS) == "item"
    assert refusal(do, engine, STORE.rate, "guessed", rating(pair), PAIRS) == "token"
    with engine.connect() as connection:
        rows = connection.execute(sa.select(ratings)).mappings().all()
    assert [dict(row) for row in rows] == [
        {
            "participant_id": entered.participant["participant_id"],
            "pair_id": pair,
            "similarity": 50.0,
            "identity": True,
            "response_time_ms": 1200,
            "position": 0,
            "rated_at": T0,
        }
    ]


def test_only_who_rated_every_pair_can_finish_and_then_nothing_changes(engine):
    entered = arrive(engine, batches=(0,))
    for pair_id in sorted(PAIRS[0]):
        assert refusal(do, engine, STORE.finish, entered.token, PAIRS) == "unfinished"
        do(engine, STORE.rate, entered.token, rating(pair_id), PAIRS)
    do(engine, STORE.finish, entered.token, PAIRS, now=T0 + 1)
    do(engine, STORE.finish, entered.token, PAIRS, now=T0 + 2)
    do(engine, STORE.rate, entered.token, rating("s-00000-pair0"), PAIRS)  # a page that did not hear the answer
    said = Strategies(strategy_similarity="a", strategy_identity="b")
    assert refusal(do, engine, STORE.strategies, entered.token, said) == "finished"
    with engine.connect() as connection:
        assert connection.scalars(sa.select(participants.c.finished_at)).all() == [T0 + 1]


def test_many_at_once_take_no_more_slots_than_there_are(database):
    def enter_alone(number):
        engine = open_database(database, "s", "0" * 64, ASKS)  # as another process would
        try:
            return arrive(engine.execution_options(writes=True), person=f"p-{number % 20}").participant["batch"]
        except Refused as refused:
            return refused.word
        finally:
            engine.dispose()

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(enter_alone, range(40)))
    engine = open_database(database, "s", "0" * 64, ASKS)
    assert batches(engine) == [0, 0, 1, 1, 2, 2]
    assert {"occupied", 0, 1, 2} <= set(outcomes) <= {"occupied", "taken", 0, 1, 2}
    engine.dispose()


def test_one_commit_serves_many_and_one_that_fails_costs_no_other(engine):
    entered = [enter(engine, capacity=9) for _ in range(9)]
    door = Door((0, 1, 2), 9, KEY)

    def breaks(connection):
        connection.execute(participants.update().values(seed=7))
        connection.execute(sa.text("SELECT no_such_column FROM survey"))

    async def all_together():
        writer = Writer(engine)
        consents = [
            writer.do(lambda connection, token=each.token: STORE.consent(connection, token, AGREED, door, T0))
            for each in entered
        ]
        wrong = writer.do(lambda connection: STORE.consent(connection, "guessed", AGREED, door, T0))
        return await asyncio.gather(*consents[:5], writer.do(breaks), wrong, *consents[5:], return_exceptions=True)

    outcomes = asyncio.run(all_together())
    assert isinstance(outcomes[5], sa.exc.DBAPIError)
    assert isinstance(outcomes[6], Refused)
    assert outcomes[:5] + outcomes[7:] == [None] * 9
    with engine.connect() as connection:
        assert connection.scalars(sa.select(participants.c.consented_at)).all() == [T0] * 9
        assert 7 not in connection.scalars(sa.select(participants.c.seed)).all()


def test_a_database_is_of_one_study(database):
    open_database(database, "s", "0" * 64, ASKS).dispose()
    with pytest.raises(SurveyError, match="another study, 's'"):
        open_database(database, "t", "1" * 64, ASKS)


def test_results_and_progress_count_what_is_there(engine):
    done = finished(engine, person="p-done", batches=(0,))
    now = T0 + 600_000
    rates = enter(engine, person="p-rates", batches=(0,), now=now)
    consent(engine, rates.token, now=now, said=Consent(consent_version="2"))
    said = Demographics(age=34, gender="female", country="DE", continent=None)
    do(engine, STORE.demographics, rates.token, said, now=now)
    do(engine, STORE.rate, rates.token, rating("s-00000-pair1", 73.5, False), PAIRS, now=now)
    arrive(engine, person="p-silent", batches=(1,), now=now - SILENCE_MS)

    pairs = {batch: tuple(Item(pair_id, "pair", ("a", "b")) for pair_id in sorted(PAIRS[batch])) for batch in PAIRS}
    shown = progress(engine, SurveyItems("s", "verification", "0" * 64, SurveySettings(), ASKS, pairs, {}), now)
    assert (shown.ratings, shown.in_progress, shown.silent, shown.finished) == (4, 1, 1, 1)
    assert shown.median_minutes == 10
    assert shown.ratings_of_items == {0: 6, 1: 2, 2: 1}
    assert shown.batches[0].ratings_of_items == {1: 2, 2: 1}
    assert [(each.batch, each.in_progress, each.silent, each.finished) for each in shown.batches] == [
        (0, 1, 0, 1),
        (1, 0, 1, 0),
        (2, 0, 0, 0),
    ]

    first, *records = [json.loads(line) for line in result_lines(engine, "s", ASKS)]
    assert first == {"format": "lands-between-survey", "version": 1, "study": "s"}
    people = {row["participant_id"]: row for row in records if row["record"] == "participant"}
    assert people.keys() == {"p-done", "p-rates", "p-silent"}
    assert people["p-rates"] == {
        "record": "participant",
        "participant_id": "p-rates",
        "batch": 0,
        "age": 34,
        "gender": "female",
        "country": "DE",
        "continent": None,
        "consent_version": "2",
        "started_at": "2027-01-15T08:10:00.000+00:00",
        "finished_at": None,
        "duration_s": None,
        "strategy_similarity": None,
        "strategy_identity": None,
    }
    assert (people["p-done"]["duration_s"], people["p-done"]["finished_at"]) == (600, "2027-01-15T08:10:00.000+00:00")
    assert sum(row["record"] == "rating" for row in records) == 4
    assert records[-1] == {
        "record": "rating",
        "participant_id": "p-rates",
        "pair_id": "s-00000-pair1",
        "similarity": 73.5,
        "identity": False,
        "response_time_ms": 1200,
        "position": 0,
        "rated_at": "2027-01-15T08:10:00.000+00:00",
    }
    assert done.token not in json.dumps(records)
