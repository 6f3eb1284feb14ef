from dataclasses import replace

import pytest

from builder.errors import RatingsError
from builder.ratings.export import StudyItems
from builder.ratings.formats.layout import layout_of
from builder.ratings.formats.meaning import Meaning
from builder.ratings.formats.names import ItemFinder
from builder.ratings.formats.slots import Slot
from builder.ratings.formats.tabular import table
from tests.asks import ASKS
from tests.builder.ratings.formats.exports import GENUINE, INTERPOLATION, OPTIMIZED, PAIRS, file


def columns(slot: Slot) -> dict[str, int]:
    return {part: source.column for part, source in slot.parts.items()}


@pytest.mark.parametrize("pair", [pair for ids in PAIRS.by_batch.values() for pair in ids])
@pytest.mark.parametrize(
    "template", ["similarity_{}", "{}_identity", "Answer.similarity-{}", "similarity[{}]", "{}.yes"]
)
def test_every_pair_is_found_alone(pair: str, template: str) -> None:
    finder = ItemFinder(PAIRS, {})
    assert finder.find(template.format(pair))[0] == {pair}
    underscores = template.format(pair.replace("-", "_").replace(".", "_"))
    assert finder.find(underscores)[0] == {pair}


@pytest.mark.parametrize(
    "name",
    [
        f"similarity_very-{GENUINE}",  # of the study very-small
        "similarity_very_small_00000_base0_genuine",
        "similarity_small-00000-base0-interpolation-base1-0.255",
        "similarity_small-00000-base0-positive-d0-0.2-1",
        "small",
    ],
)
def test_a_longer_id_is_another(name: str) -> None:
    assert ItemFinder(PAIRS, {}).find(name)[0] == set()


def test_underscores_that_may_mean_two_pairs() -> None:
    pairs = StudyItems({0: ["s-00000-base0-positive-d0-1", "s-00000-base0-positive-d0-1.5"]}, ASKS)
    rows = table(file("participant,similarity_s_00000_base0_positive_d0_1_5\np,3\n"))
    with pytest.raises(RatingsError, match=r"column 2, .*, may name the pairs s-0.*-1 and s-0.*-1\.5; say which"):
        layout_of(rows, pairs, None, Meaning())
    exact = table(file("participant,similarity_s-00000-base0-positive-d0-1.5\np,3\n"))
    assert layout_of(exact, pairs, None, Meaning()).slots[0].item == "s-00000-base0-positive-d0-1.5"


def test_a_column_of_both_words() -> None:
    rows = table(file(f"participant,similarity_identity_{GENUINE}\np,3\n"))
    with pytest.raises(RatingsError, match=r"column 2, .* speaks of similarity and identity"):
        layout_of(rows, PAIRS, None, Meaning())


def test_a_second_column_for_the_same_answer_is_a_second_answer() -> None:
    rows = table(file(f"participant,similarity_{OPTIMIZED},identity_{OPTIMIZED},similarity_{OPTIMIZED}\np,3,yes,4\n"))
    slots = layout_of(rows, PAIRS, None, Meaning()).slots
    assert [(slot.item, columns(slot)) for slot in slots] == [
        (OPTIMIZED, {"similarity": 1, "identity": 2}),
        (OPTIMIZED, {"similarity": 3}),
    ]


@pytest.mark.parametrize("name", ["time_{}_First Click", "similarity_{}_DO_1", "Question time: similarity {}"])
def test_columns_beside_a_question_are_no_answers(name: str) -> None:
    rows = table(file(f"participant,similarity_{OPTIMIZED},{name.format(OPTIMIZED)}\np,3,4\n"))
    layout = layout_of(rows, PAIRS, None, Meaning())
    assert [columns(slot) for slot in layout.slots] == [{"similarity": 1}]
    assert layout.refused == ()


def test_a_question_in_words_is_no_display_order() -> None:
    rows = table(file(f"participant,How similar do they look? [similarity {OPTIMIZED}]\np,3\n"))
    assert columns(layout_of(rows, PAIRS, None, Meaning()).slots[0]) == {"similarity": 1}


def test_a_label_names_the_pair_and_the_part() -> None:
    rows = table(file("participant,Q1_1,Q2,Q3\np,3,yes,x\n"))
    labels = ("", f"How similar do they look? similarity {OPTIMIZED}", f"identity: {OPTIMIZED}", "Your identity?")
    layout = layout_of(replace(rows, labels=labels), PAIRS, None, Meaning())
    assert [(slot.item, columns(slot)) for slot in layout.slots] == [(OPTIMIZED, {"similarity": 1, "identity": 2})]
    assert layout.refused == ()


def test_nobody_named() -> None:
    rows = table(file(f"name,similarity_{INTERPOLATION}\np,3\n"))
    with pytest.raises(RatingsError, match=r"line 1: no column names the participant; say in a mapping"):
        layout_of(rows, PAIRS, None, Meaning())
