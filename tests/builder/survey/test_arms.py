"""A study with arms: one condition of a batch to a person, another one days later and not before."""

from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest

from builder.ratings.quality import flags
from builder.survey.database import open_database
from builder.survey.messages import DAY_MS, Consent, rating_message
from builder.survey.results import result_lines
from builder.survey.store import Arrival, Door, Refused, Store
from builder.survey.ticket import ticket_key
from tests.asks import ASKS
from tests.builder.ratings.conftest import design

ARMS = replace(ASKS, arms=("whole", "explained"), days_apart=3.0, texts=())
STORE, Rating = Store(ARMS), rating_message(ARMS)
KEY = ticket_key(bytes(32))
T0 = 1_800_000_000_000
ITEMS = {
    ARMS.sitting(batch, arm): frozenset([f"s-{batch:05d}-{arm}", f"s-{batch:05d}-both"])
    for batch in (0, 1)
    for arm in ARMS.arms
}


@pytest.fixture
def connection(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'survey.sqlite'}", "s", "0" * 64, ARMS)
    with engine.execution_options(writes=True).begin() as opened:
        yield opened
    engine.dispose()


def enter(connection, person, now, capacity=2):
    door = Door(list(ITEMS), capacity, KEY)
    entered = STORE.enter(connection, Arrival(person=person, session=f"{person}-s", token=None), door, now)
    if entered.participant["consented_at"] is None:
        STORE.consent(connection, entered.token, Consent(consent_version="1"), door, now)
    return entered


def take_part(connection, person, now):
    """Enters, rates everything and finishes; the sitting."""
    entered = enter(connection, person, now)
    sitting = entered.participant["batch"]
    for item in sorted(ITEMS[sitting]):
        rating = Rating(pair_id=item, similarity=50, identity=True, response_time_ms=1000, position=0)
        STORE.rate(connection, entered.token, rating, ITEMS, now)
    STORE.finish(connection, entered.token, ITEMS, now + 60_000)
    return sitting


def test_a_sitting_is_an_arm_of_a_batch():
    assert [ARMS.sitting(batch, arm) for batch in (0, 1) for arm in ARMS.arms] == [0, 1, 2, 3]
    assert [(ARMS.batch_of(each), ARMS.arm_of(each)) for each in range(4)] == [
        (0, "whole"),
        (0, "explained"),
        (1, "whole"),
        (1, "explained"),
    ]
    assert (ASKS.sitting(7), ASKS.batch_of(7), ASKS.arm_of(7)) == (7, 7, None)


def test_every_arm_has_its_people(connection):
    sittings = Counter(take_part(connection, f"p-{number}", T0) for number in range(8))
    assert sittings == {0: 2, 1: 2, 2: 2, 3: 2}
    with pytest.raises(Refused) as refused:
        enter(connection, "p-9", T0)
    assert refused.value.word == "full"


def test_the_other_arm_opens_after_its_days_and_not_before(connection):
    first = take_part(connection, "p-a", T0)
    finished = T0 + 60_000
    with pytest.raises(Refused) as refused:
        enter(connection, "p-a", finished + 3 * DAY_MS - 1)
    assert refused.value.word == "finished"
    second = take_part(connection, "p-a", finished + 3 * DAY_MS)
    assert ARMS.batch_of(second) == ARMS.batch_of(first)
    assert {ARMS.arm_of(first), ARMS.arm_of(second)} == {"whole", "explained"}
    with pytest.raises(Refused) as refused:
        enter(connection, "p-a", finished + 30 * DAY_MS)
    assert refused.value.word == "finished"


def test_who_moved_on_still_counts_for_the_first_arm(connection):
    first = take_part(connection, "p-a", T0)
    take_part(connection, "p-a", T0 + 4 * DAY_MS)
    others = Counter(take_part(connection, f"p-{number}", T0 + 5 * DAY_MS) for number in range(6))
    assert others[first] == 1  # of two, the other is p-a
    assert sum(others.values()) == 6
    with pytest.raises(Refused) as refused:  # eight places, two of them p-a's
        enter(connection, "p-9", T0 + 5 * DAY_MS)
    assert refused.value.word == "full"


def test_a_full_arm_is_not_offered(connection):
    first = take_part(connection, "p-a", T0)
    for number in range(7):
        take_part(connection, f"p-{number}", T0)
    with pytest.raises(Refused) as refused:
        enter(connection, "p-a", T0 + 10 * DAY_MS)
    assert (refused.value.word, ARMS.batch_of(first) in (0, 1)) == ("finished", True)


def test_results_have_one_person_and_the_batch_of_the_sitting(connection, tmp_path):
    sitting = take_part(connection, "p-a", T0)
    take_part(connection, "p-a", T0 + 4 * DAY_MS)
    connection.commit()
    engine = open_database(f"sqlite:///{tmp_path / 'survey.sqlite'}", "s", "0" * 64, ARMS)
    people = [line for line in result_lines(engine, "s", ARMS) if '"record": "participant"' in line]
    engine.dispose()
    assert len(people) == 1
    assert f'"batch": {ARMS.batch_of(sitting)},' in people[0]


def test_who_rated_one_arm_whole_has_not_too_few():
    plain = design(min_share=0.9)
    items = plain.items.assign(arm=["whole", "explained", "explained", None, "whole", "whole"])
    arms = replace(plain, items=items, asks=replace(plain.asks, arms=("whole", "explained")))
    ratings = {
        "participant_id": ["ann", "ann", "bob"],
        "pair_id": ["s-00000-g", "s-00000-o", "s-00000-p"],
        "similarity": [100.0, 40.0, 30.0],
        "identity": [True, False, False],
        "response_time_ms": [3000, 3000, 3000],
    }
    frame = pd.DataFrame(ratings).astype({"response_time_ms": "Int32", "identity": "bool"})
    found = flags(frame, arms, pd.Index(["ann", "bob"]))
    assert found.to_dict() == {"ann": [], "bob": ["too-few"]}
