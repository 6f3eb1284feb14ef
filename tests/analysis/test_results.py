"""Everything at once, on whole studies and on those that lack something: reasons, never a traceback or a warning."""

import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import analysis.results  # noqa: F401
from analysis import AnalysisError, Published, results
from analysis.studies.verification import makers
from analysis.studies.verification.tables.identity_model import UNCLEAR
from tests.analysis import graphs
from tests.analysis.synthetic import draw_images, draw_pairs, draw_participants, draw_ratings, draw_study, published

NAMES = [
    *("overview", "participants", "scores_by_kind", "means", "correlations", "similarity_distribution"),
    "disagreement",
    *("people_disagreement", "attribute_model", "attribute_importance", "strategies", "agreement", "rater_agreement"),
    *("identity_model", "roc", "verification", "error_rates", "calibration", "calibration_fit", "error_consistency"),
    "psychometric",
    *(
        "confusion",
        "accuracy_difference",
        "noise_ceiling",
        "drift",
        "response_time",
        "compared_means",
        "compared_correlations",
    ),
    *("transfer", "groups", "variance_components", "power", "limits", "skipped", "image_attributes", "deepface"),
]

OF_OTHERS = ("controversial", "model_spread", "sides", "signal_detection", "signal_detection_spread")
"""Tables of studies that have such samples, or that change sides, and those that are made on request."""

MAIN_COLUMN = {
    "correlations": "pearson",
    "agreement": "value",
    "rater_agreement": "identity_kappa",
    "identity_model": "estimate",
    "verification": "auc",
    "error_rates": "value",
    "calibration_fit": "slope",
    "error_consistency": "kappa",
    "psychometric": "threshold",
    "confusion": "share",
    "noise_ceiling": "split_half",
    "drift": "slope",
    "response_time": "slope",
    "accuracy_difference": "squared_difference",
    "groups": "value",
    "variance_components": "residual",
    "power": "pairs",
}
"""Of the tables that say why it is not known."""


@pytest.fixture(autouse=True)
def no_warnings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("analysis.studies.verification.tables.forest.TREES", 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def whole() -> Published:
    return draw_study(batches=2, raters=10)


def documented() -> dict[str, list[str]]:
    """Table -> columns, from the lists in the documentation of `analysis.results` and of the makers of pairs."""
    found = {}
    shared = sys.modules["analysis.results"].__doc__ or ""
    for line in [*shared.splitlines(), *(makers.__doc__ or "").splitlines()]:
        if match := re.fullmatch(r"\| (\w+) \| .* \| (.+) \|", line):
            plain = re.sub(r", per (recognizer|alignment) .*| \(.*?\)", "", match[2])
            found[match[1]] = [column.strip() for column in plain.split(",")]
    found.pop("name")
    return found


def test_every_table_is_made_and_documented(whole: Published) -> None:
    made = results(whole, compare_with="paper")
    assert sorted(made) == sorted(NAMES)
    assert sorted(documented()) == sorted([*NAMES, "prediction_powered", *OF_OTHERS])
    assert made["skipped"].empty
    rated = whole.ratings[whole.ratings["pair_id"].isin(whole.pairs.loc[whole.pairs["batch"] == 0, "pair_id"])]
    made["prediction_powered"] = results(replace(whole, ratings=rated))["prediction_powered"]
    for name in made:
        columns = documented()[name]
        found = [column for column in made[name].columns if column != "ratings_source"]
        assert found[: len(columns)] == columns, name
        if name not in ("scores_by_kind", "image_attributes"):
            assert found == columns, name


def test_joined_attributes_are_groupings(whole: Published) -> None:
    ids = whole.images["image_id"]
    attributes = pd.DataFrame({"image_id": ids, "tone": np.resize(["dark", "light", "light"], len(ids))})
    made = results(whole, attributes)
    assert "tone" in set(made["groups"]["grouping"])
    assert "tone" in set(made["attribute_importance"]["attribute"])
    assert list(made["image_attributes"]["tone"]) == list(attributes["tone"])


@pytest.mark.skipif(not find_spec("deepface"), reason="deepface, an extra, is not installed")
def test_what_deepface_says_explains_and_groups(
    whole: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    graphs.write(tmp_path, "race", graphs.graph("race"))
    of_all = [[0, 0, 32, 32]] * len(whole.images)
    made = results(replace(whole, images=whole.images.assign(hog_box=of_all)), groups=["deepface_race_asian"])
    assert made["deepface"].set_index("attribute")["n_faces"].to_dict() == {
        **dict.fromkeys(["age", "gender", "emotion"], 0),
        "race": len(whole.images),
    }
    explaining = set(made["attribute_importance"]["attribute"])
    assert {"deepface_race_asian", "deepface_race_middle_eastern"} <= explaining
    assert "deepface_race" not in explaining  # the shares say it
    asian = made["groups"].query("grouping == 'deepface_race_asian' and rate == 'accept'")
    assert asian["group"].nunique() == 3


def test_any_column_of_images_and_participants_is_a_grouping(whole: Published) -> None:
    study = replace(whole, images=whole.images.assign(batch=np.resize([0, 1], len(whole.images)), seed=7))
    asked = ["images.batch", "brightness", "flags", "batch", "seed"]
    table = results(study, groups=asked)["groups"]
    made = table.dropna(subset="value")
    shown = ["gender", "age", "continent", *(name for name in asked if name not in ("flags", "seed"))]
    assert list(dict.fromkeys(made["grouping"])) == shown
    assert made.loc[made["grouping"] == "brightness", "group"].nunique() == 3
    assert set(made.loc[made["grouping"] == "batch", "group"]) == {"0", "1"}
    (reason,) = table.loc[table["grouping"] == "flags", "reason"]
    assert reason == "flags: fewer than two groups of 30 and 5 participants"  # two are flagged
    (reason,) = table.loc[table["grouping"] == "seed", "reason"]
    assert reason == "seed: fewer than two groups of 30"
    assert set(made.loc[made["grouping"] == "images.batch", "n"]) != set(made.loc[made["grouping"] == "batch", "n"])


@pytest.mark.parametrize("name", ["hair", "image_id", "hog_landmarks", "deepface_age"])
def test_a_column_that_is_not_there_is_refused_with_those_that_are(whole: Published, name: str) -> None:
    with pytest.raises(
        AnalysisError, match=f"group '{name}': there is no such column; there are: age, batch, blue, bright"
    ):
        results(whole, groups=["gender", name])


def test_the_same_again(whole: Published) -> None:
    first, second = results(whole), results(whole)
    for name, table in first.items():
        pd.testing.assert_frame_equal(table, second[name])


def test_simulated_ratings_say_so(whole: Published) -> None:
    made = results(replace(whole, source="simulated"))
    for name, table in made.items():
        if name not in ("image_attributes", "deepface", "transfer", "limits", "skipped"):
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
    return replace(study, items=study.pairs[study.pairs["kind"] == "genuine"].reset_index(drop=True))


def _a_kind_missing(study: Published) -> Published:
    return replace(study, items=study.pairs[study.pairs["kind"] != "optimized"].reset_index(drop=True))


def _all_the_same_person(study: Published) -> Published:
    return replace(study, ratings=study.ratings.assign(identity=True))


def _no_identity(study: Published) -> Published:
    return replace(study, ratings=study.ratings.assign(identity=pd.array([None] * len(study.ratings), "boolean")))


def _no_similarity(study: Published) -> Published:
    return replace(study, ratings=study.ratings.assign(similarity=np.nan))


def _constant_answers(study: Published) -> Published:
    return replace(study, ratings=study.ratings.assign(similarity=50.0, identity=False))


def _constant_columns(study: Published) -> Published:
    return replace(study, items=study.pairs.assign(dlib_distance=0.3, dlib_accept=True, latent_l2=1.0, lpips_alex=0.0))


def _nothing_acquired(study: Published) -> Published:
    unknown = pd.array([None] * len(study.pairs), "boolean")
    return replace(study, items=study.pairs.assign(dlib_distance=np.nan, dlib_accept=unknown))


def _no_recognizer(study: Published) -> Published:
    scores = [column for column in study.pairs if column.startswith(("dlib", "facenet512"))]
    return replace(study, items=study.pairs.drop(columns=scores))


def _one_base(study: Published) -> Published:
    return replace(study, items=study.pairs[study.pairs["base_id"] == "0-0"].reset_index(drop=True))


def _no_pairs(study: Published) -> Published:
    return replace(study, items=study.pairs.iloc[:0])


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
    made = results(lacking(whole), compare_with="paper")
    skipped = made["skipped"]
    partly = lacking in (_one_rater, _one_rating)
    assert sorted([*made, *skipped["table"]]) == sorted([*NAMES, *(["prediction_powered"] if partly else [])])
    assert (skipped["reason"].str.len() > 10).all()
    for name, table in made.items():
        assert name == "skipped" or len(table), name
        if name in MAIN_COLUMN:
            assert (table.loc[table[MAIN_COLUMN[name]].isna(), "reason"] != "").all(), name


def test_the_limits_of_a_study_without_ratings(whole: Published) -> None:
    statements = set(results(_without_ratings(whole))["limits"]["statement"])
    assert "no ratings: nothing here says what people see" in statements
    assert "independent batches: 2; an interval needs 3, so that there is none" in statements


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
    assert set(made["identity_model"]["reason"]) <= {"", UNCLEAR}
