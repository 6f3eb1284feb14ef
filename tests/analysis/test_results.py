"""Everything at once, on whole studies and on those that lack something: reasons, never a traceback or a warning."""

import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import analysis.results  # noqa: F401
from analysis import Published, results
from tests.analysis.synthetic import draw_images, draw_pairs, draw_participants, draw_ratings, draw_study, published

NAMES = [
    *("participants", "scores_by_kind", "correlations", "similarity_distribution", "disagreement"),
    *("people_disagreement", "attribute_model", "attribute_importance", "strategies", "agreement", "rater_agreement"),
    *("identity_model", "roc", "verification", "error_rates", "calibration", "calibration_fit", "error_consistency"),
    *("transfer", "groups", "variance_components", "power", "limits", "skipped"),
]


MAIN_COLUMN = {
    "correlations": "pearson",
    "agreement": "value",
    "rater_agreement": "identity_kappa",
    "identity_model": "estimate",
    "verification": "auc",
    "error_rates": "value",
    "calibration_fit": "slope",
    "error_consistency": "kappa",
    "groups": "value",
    "variance_components": "residual",
    "power": "pairs",
}
"""Of the tables that say why it is not known."""


@pytest.fixture(autouse=True)
def no_warnings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("analysis.tables.forest.TREES", 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def whole() -> Published:
    return draw_study(batches=2, raters=4)


def documented() -> dict[str, list[str]]:
    """Table -> columns, from the list in the documentation of `analysis.results`."""
    found = {}
    for line in (sys.modules["analysis.results"].__doc__ or "").splitlines():
        if match := re.fullmatch(r"\| (\w+) \| .* \| (.+) \|", line):
            plain = re.sub(r", per recognizer .*| \(.*?\)", "", match[2])
            found[match[1]] = [column.strip() for column in plain.split(",")]
    found.pop("name")
    return found


def test_every_table_is_made_and_documented(whole: Published) -> None:
    made = results(whole)
    assert sorted(made) == sorted(NAMES) == sorted(documented())
    assert made["skipped"].empty
    for name, columns in documented().items():
        found = [column for column in made[name].columns if column != "ratings_source"]
        assert found[: len(columns)] == columns, name
        if name != "scores_by_kind":
            assert found == columns, name


def test_joined_attributes_are_groupings(whole: Published) -> None:
    ids = whole.images["image_id"]
    attributes = pd.DataFrame({"image_id": ids, "tone": np.resize(["dark", "light", "light"], len(ids))})
    made = results(whole, attributes)
    assert "tone" in set(made["groups"]["grouping"])
    assert "tone" in set(made["attribute_importance"]["attribute"])


def test_the_same_again(whole: Published) -> None:
    first, second = results(whole), results(whole)
    for name, table in first.items():
        pd.testing.assert_frame_equal(table, second[name])


def test_simulated_ratings_say_so(whole: Published) -> None:
    made = results(replace(whole, source="simulated"))
    for name, table in made.items():
        if name not in ("transfer", "limits", "skipped"):
            assert set(table["ratings_source"]) == {"simulated"}
    assert any("simulated" in statement for statement in made["limits"]["statement"])


def _without_ratings(study: Published) -> Published:
    none = {"ratings": study.ratings.iloc[:0], "participants": study.participants.iloc[:0]}
    return replace(study, **none, source=None)


def _one_rater(study: Published) -> Published:
    return replace(study, ratings=study.ratings[study.ratings["participant_id"] == "r0-0"])


def _one_rating(study: Published) -> Published:
    return replace(study, ratings=study.ratings.iloc[:1])


def _one_kind(study: Published) -> Published:
    return replace(study, pairs=study.pairs[study.pairs["kind"] == "genuine"].reset_index(drop=True))


def _a_kind_missing(study: Published) -> Published:
    return replace(study, pairs=study.pairs[study.pairs["kind"] != "optimized"].reset_index(drop=True))


def _all_the_same_person(study: Published) -> Published:
    return replace(study, ratings=study.ratings.assign(identity=True))


def _no_identity(study: Published) -> Published:
    return replace(study, ratings=study.ratings.assign(identity=pd.array([None] * len(study.ratings), "boolean")))


def _no_similarity(study: Published) -> Published:
    return replace(study, ratings=study.ratings.assign(similarity=np.nan))


def _constant_answers(study: Published) -> Published:
    return replace(study, ratings=study.ratings.assign(similarity=50.0, identity=False))


def _constant_columns(study: Published) -> Published:
    return replace(study, pairs=study.pairs.assign(dlib_distance=0.3, dlib_accept=True, latent_l2=1.0, lpips_alex=0.0))


def _nothing_acquired(study: Published) -> Published:
    unknown = pd.array([None] * len(study.pairs), "boolean")
    return replace(study, pairs=study.pairs.assign(dlib_distance=np.nan, dlib_accept=unknown))


def _no_recognizer(study: Published) -> Published:
    scores = [column for column in study.pairs if column.startswith(("dlib", "facenet512"))]
    return replace(study, pairs=study.pairs.drop(columns=scores))


def _one_base(study: Published) -> Published:
    return replace(study, pairs=study.pairs[study.pairs["base_id"] == "0-0"].reset_index(drop=True))


def _no_pairs(study: Published) -> Published:
    return replace(study, pairs=study.pairs.iloc[:0])


def _other_pairs(study: Published) -> Published:
    return replace(study, ratings=study.ratings.assign(pair_id="another"))


def _no_images(study: Published) -> Published:
    empty = published(study.pairs, study.ratings, study.participants, draw_images(study.pairs.iloc[:0]))
    return replace(study, images=study.images.iloc[:0], pictures=empty.pictures)


LACKING = [
    *(_without_ratings, _one_rater, _one_rating, _one_kind, _a_kind_missing, _all_the_same_person, _no_identity),
    *(_no_similarity, _constant_answers, _constant_columns, _nothing_acquired, _no_recognizer, _one_base, _no_pairs),
    *(_other_pairs, _no_images),
]


@pytest.mark.parametrize("lacking", LACKING)
def test_a_study_that_lacks_something(whole: Published, lacking: Callable[[Published], Published]) -> None:
    made = results(lacking(whole))
    skipped = made["skipped"]
    assert sorted([*made, *skipped["table"]]) == sorted(NAMES)
    assert (skipped["reason"].str.len() > 10).all()
    for name, table in made.items():
        assert name == "skipped" or len(table), name
        if name in MAIN_COLUMN:
            assert (table.loc[table[MAIN_COLUMN[name]].isna(), "reason"] != "").all(), name


def test_the_limits_of_a_study_without_ratings(whole: Published) -> None:
    statements = set(results(_without_ratings(whole))["limits"]["statement"])
    assert "no ratings: nothing here says what people see" in statements
    assert "8 bases: intervals that draw bases are too narrow with so few" in statements


def test_the_limits_of_a_study_in_part(whole: Published) -> None:
    negative = whole.pairs.loc[whole.pairs["kind"] == "negative", "pair_id"]
    optimized = whole.pairs.loc[whole.pairs["kind"] == "optimized", "pair_id"].iloc[:5]
    out = whole.ratings["pair_id"].isin([*negative, *optimized])
    statements = set(results(replace(whole, ratings=whole.ratings[~out], excluded=3))["limits"]["statement"])
    assert "none of the 24 negative pairs has a rating" in statements
    assert "5 of 72 optimized pairs have no rating and are in no figure about people" in statements
    assert "3 flagged participants and their ratings are left out" in statements
    assert any(statement.startswith("people agree too little on identity") for statement in statements)


@pytest.mark.slow
def test_a_study_of_the_size_of_the_paper() -> None:
    pairs = draw_pairs(10, ("dlib", "vgg_face", "facenet512", "openface"))
    ratings = draw_ratings(pairs)
    assert (len(pairs), len(ratings)) == (1120, 11200)
    made = results(published(pairs, ratings, draw_participants(ratings), draw_images(pairs)))
    assert made["skipped"].empty
    assert set(made["identity_model"]["reason"]) == {""}
