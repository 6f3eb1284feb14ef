"""Examples of classes: MMD-critic against its definition, and who is a prototype by what a classifier says."""

import itertools
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from builder.errors import StudyError
from builder.studies.classification import assignments, mmd
from builder.studies.classification.assignments import (
    Assignments,
    draw_assignments,
    draw_classes,
    draw_targets,
    method_of,
    square,
)
from builder.studies.classification.examples import (
    Candidates,
    ClassExamples,
    Example,
    _adversarial,
    _probable,
    _selection,
)
from builder.studies.classification.predicted import Predictions
from builder.studies.classification.study import ClassificationStudy
from builder.studies.classification.tasks import ASSIGNMENT_ARMS, CONDITIONS, WHOLE
from builder.survey.database import open_database
from builder.survey.messages import DAY_MS, Consent, rating_message
from builder.survey.store import Arrival, Door, Refused, Store
from builder.survey.ticket import ticket_key

POINTS = np.random.default_rng(0).normal(size=(200, 5)) * [3, 1, 1, 1, 1] + (np.arange(200) % 3)[:, None]


def objective(similar: np.ndarray, chosen: list[int]) -> float:
    """J of Kim, Khanna and Koyejo, equation 3, written out."""
    n, m = len(similar), len(chosen)
    first = sum(similar[i, j] for i in range(n) for j in chosen) * 2 / (n * m)
    return first - sum(similar[i, j] for i in chosen for j in chosen) / m**2


def criticized(similar: np.ndarray, of: list[int], chosen: list[int], weight: float) -> float:
    """L + r, equations 4 and 5, written out."""
    n = len(similar)
    parts = [abs(similar[:, c].sum() / n - sum(similar[p, c] for p in of) / len(of)) for c in chosen]
    return sum(parts) + weight * np.log(np.linalg.det(similar[np.ix_(chosen, chosen)]))


@pytest.mark.parametrize("weight", [1e-5, 0.5])
def test_mmd_critic_is_its_greedy_definition(weight: float) -> None:
    """On 200 random points, each next one is the one with the largest objective of all that are left."""
    squares = ((POINTS[:, None] - POINTS) ** 2).sum(axis=2)
    median = np.median([np.sqrt(squares[i, j]) for i, j in itertools.combinations(range(200), 2)])
    similar = np.exp(-squares / (2 * median**2))
    np.testing.assert_allclose(mmd.kernel(POINTS), similar, atol=1e-12)
    good = mmd.prototypes(similar, 4)
    for count in range(4):
        gains = [objective(similar, [*good[:count], j]) if j not in good[:count] else -np.inf for j in range(200)]
        assert good[count] == int(np.argmax(gains))
    bad = mmd.criticisms(similar, good, 3, weight)
    for count in range(3):
        taken = [*good, *bad[:count]]
        gains = [-np.inf if c in taken else criticized(similar, good, [*bad[:count], c], weight) for c in range(200)]
        assert bad[count] == int(np.argmax(gains))


def test_mmd_critic_is_the_program_of_its_authors() -> None:
    """The choice of github.com/BeenKim/MMD-critic (5e6b2b9) from the same matrix; its log det has the weight 1."""
    similar = mmd.kernel(POINTS)
    good = mmd.prototypes(similar, 6)
    assert good == [61, 142, 170, 6, 4, 81]
    assert mmd.criticisms(similar, good, 6, 1.0) == [87, 94, 86, 152, 189, 54]


def candidates(flips: list[float], probability: list[float]) -> Candidates:
    chance = np.array(probability)
    return Candidates(np.arange(len(flips)) + 100, chance, 2 * chance - 1, np.array(flips), np.zeros((len(flips), 2)))


def roles(made: list[Example]) -> dict[str, list[tuple[int, bool]]]:
    return {
        role: [(each.row, each.qualified) for each in made if each.role == role]
        for role in dict.fromkeys(e.role for e in made)
    }


def test_prototypes_keep_their_class_and_criticisms_lose_it_at_once() -> None:
    keep = np.inf
    of = candidates([keep] * 8 + [1] * 4 + [3] * 3, [0.8] * 15)
    made = _selection("a", "adversarial", of, *_adversarial(of), np.random.default_rng(0))
    found = roles(made)
    assert sorted(found["prototype"]) == [(row, True) for row in range(100, 108)]
    assert sorted(found["criticism"]) == [(row, True) for row in range(108, 112)]
    assert {(each.n_qualified, each.n_candidates) for each in made} == {(8, 15), (4, 15)}
    assert {each.score for each in made} == {None, 1.0}


def test_where_too_few_qualify_the_nearest_by_step_and_then_margin_take_their_place() -> None:
    of = candidates([np.inf, 9, 9, 9, 7, 7, 5, 3, 2, 2], [0.9, 0.6, 0.8, 0.7, 0.9, 0.6, 0.9, 0.9, 0.9, 0.6])
    found = roles(_selection("a", "adversarial", of, *_adversarial(of), np.random.default_rng(0)))
    assert found["prototype"] == [(100, True), *((row, False) for row in (102, 103, 101, 104, 105))]
    assert found["criticism"] == [(109, False), (108, False), (107, False)]


def test_by_probability_nine_tenths_is_sure_and_one_tenth_is_not() -> None:
    of = candidates([1] * 8, [0.95, 0.91, 0.92, 0.2, 0.3, 0.09, 0.4, 0.5])
    found = roles(_selection("a", "probability", of, *_probable(of), np.random.default_rng(0)))
    assert sorted(found["prototype"][:3]) == [(100, True), (101, True), (102, True)]
    assert found["prototype"][3:] == [(107, False), (106, False), (104, False)]
    assert found["criticism"] == [(105, True), (103, False), (104, False)]


def test_conditions_are_a_latin_square() -> None:
    """Of seven images in turn, each arm shows each condition once; each image has each condition once."""
    table = [dict(square(number)) for number in range(7)]
    for arm in ASSIGNMENT_ARMS:
        assert sorted(row[arm] for row in table) == sorted(CONDITIONS)
    for row in table:
        assert sorted(row.values()) == sorted(CONDITIONS)
    assert {method_of(each) for each in CONDITIONS} == {"adversarial", "mmd", "probability", "random"}


def test_targets_are_of_all_classes_in_turn_and_no_examples() -> None:
    predicted = Predictions(list(range(12)), [f"r{n}" for n in range(12)], ["a", "b", "c"] * 4, {})
    shown = Example("a", "random", "prototype", 1, 3, None, True, 4, 4)
    examples = {"a": ClassExamples("a", (shown,)), "b": ClassExamples("b", ()), "c": ClassExamples("c", ())}
    targets = draw_targets(7, predicted, examples, np.random.default_rng(0))
    assert Counter(predicted.labels[at] for at in targets) == {"a": 3, "b": 2, "c": 2}
    assert 3 not in targets
    names = list("abcdefgh")
    for label in names:
        drawn = draw_classes(label, names, np.random.default_rng(1))
        assert len(set(drawn)) == 6
        assert label in drawn
    assert Assignments([], []).rows == []


def test_where_all_pictures_are_examples_none_is_left_to_assign(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = tuple(Example("a", "random", "prototype", rank, rank - 1, None, True, 6, 6) for rank in range(1, 7))
    monkeypatch.setattr(assignments, "examples_of", lambda own, models, seed, name: ClassExamples(name, examples))
    predicted = Predictions(list(range(6)), [f"r{n}" for n in range(6)], ["a"] * 6, {})
    study = ClassificationStudy(name="s", assignment={"classifier": "digits_cnn"})
    models = SimpleNamespace(rows=dict.fromkeys("abcdef", range(6)))
    with pytest.raises(StudyError, match=r"assignment: every picture of batch 3 is an example .* add pictures"):
        draw_assignments(study, models, predicted, 3)


def test_nobody_sees_an_image_twice(tmp_path) -> None:
    """Who assigned images gets the other arms after their days, and never another one of assignments."""
    keys = {"attack": {"classifier": "digits_cnn"}, "explained": {}, "assignment": {"classifier": "digits_cnn"}}
    asks = ClassificationStudy(name="s", **keys).asks()
    assert asks.arms == ("whole", "explained", *ASSIGNMENT_ARMS)
    items = {number: frozenset([f"i{number}"]) for number in range(len(asks.arms))}
    store, said = Store(asks), rating_message(asks)
    engine = open_database(f"sqlite:///{tmp_path / 's.sqlite'}", "s", "0" * 64, asks)
    arms, now = [], 1_800_000_000_000
    with engine.execution_options(writes=True).begin() as connection:
        while True:
            door = Door([2, 4, 5, 0, 1] if arms else [2], 9, ticket_key(bytes(32)))
            try:
                entered = store.enter(connection, Arrival(person="p", session="p-s", token=None), door, now)
            except Refused:
                break
            if not arms:
                store.consent(connection, entered.token, Consent(consent_version="1"), door, now)
            sitting = entered.participant["batch"]
            rating = said(item_id=f"i{sitting}", relevant=None, assigned=None, response_time_ms=1, position=0)
            store.rate(connection, entered.token, rating, items, now)
            store.finish(connection, entered.token, items, now)
            arms.append(asks.arm_of(sitting))
            now += 3 * DAY_MS + 1
    engine.dispose()
    assert arms[0] == "assignment-1"
    assert sorted(arms[1:]) == ["explained", WHOLE]
