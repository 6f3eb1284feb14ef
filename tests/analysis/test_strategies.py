import tomllib
from importlib import resources

import pandas as pd
import pytest

from analysis import AnalysisError, MissingDataError
from analysis.tables.strategies import LANGUAGES, features, quotes, strategies, terms

EXAMPLES = [
    ("I looked at the eyes.", {"eyes"}),
    ("Eye color first, then the nose", {"eye_color", "nose"}),
    ("eye  colour and the eyes", {"eye_color", "eyes"}),
    ("Hairstyle and hair colour", {"hair", "hair_color"}),
    ("early in the research I disappeared", set()),  # neither ear nor hair
    ("The shape of the face, skin tone, wrinkles", {"face_shape", "skin_color", "skin"}),
    ("FACIAL HAIR", {"beard"}),
    ("Augenfarbe, Mund und Lippen", {"eye_color", "mouth"}),
    ("Form des Gesichts und die Stirn", {"face_shape", "forehead"}),
    ("älter oder jünger, Augenbrauen", {"age", "eyebrows"}),
]


@pytest.mark.parametrize(("text", "named"), EXAMPLES)
def test_what_a_text_names(text: str, named: set[str]) -> None:
    assert features(text, terms()) == named


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lists_can_be_used(language: str) -> None:
    listed = tomllib.loads(resources.files("analysis").joinpath("terms", f"{language}.toml").read_text("utf-8"))
    everything = [term for names in listed.values() for term in names]
    assert len(set(everything)) == len(everything)
    assert all(term == term.lower().strip() and term.strip("*") for term in everything)
    assert list(listed) == list(terms(["en"]))


def test_own_terms() -> None:
    people = pd.DataFrame({"strategy_similarity": ["The aura!", None, "aural", "nothing"], "strategy_identity": None})
    table = strategies(people, {"aura": ["aura"], "none": ["nope"]})
    assert table["n"].tolist() == [1, 0]
    assert table["n_texts"].tolist() == [3, 3]
    assert table["share"].tolist() == pytest.approx([1 / 3, 0])
    assert set(table["question"]) == {"similarity"}


def test_quotes_are_released_texts_and_no_more() -> None:
    people = pd.DataFrame(
        {
            "participant_id": ["r1", "r2", "r3"],
            "strategy_similarity": ["the nose", "Eyes", None],
            "strategy_identity": [" ", None, "chin"],
        }
    )
    table = quotes(people)
    assert table["text"].tolist() == ["Eyes", "the nose", "chin"]
    assert table["features"].tolist() == [["eyes"], ["nose"], ["chin"]]
    assert "participant_id" not in table


def test_without_texts() -> None:
    with pytest.raises(MissingDataError, match="no text"):
        strategies(pd.DataFrame({"strategy_similarity": [None, " "], "strategy_identity": [None, None]}))
    with pytest.raises(AnalysisError, match="language 'xx'"):
        terms(["xx"])
