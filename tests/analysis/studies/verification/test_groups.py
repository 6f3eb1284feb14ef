import functools

import numpy as np
import pandas as pd
import pytest

from analysis import AnalysisError, MissingDataError
from analysis.studies.verification.data import with_answers
from analysis.studies.verification.tables.groups import groups
from analysis.studies.verification.tables.verification import decided
from analysis.tables.groupings import by_each
from analysis.tables.groups import OTHERS
from tests.analysis.synthetic import draw_pairs, draw_participants, draw_ratings


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    return draw_pairs(batches=2)


@pytest.fixture(scope="module")
def ratings(pairs: pd.DataFrame) -> pd.DataFrame:
    return draw_ratings(pairs)


def test_groups_of_images_are_those_of_the_base(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    bases = pd.unique(pairs["base_id"])
    images = pd.DataFrame({"image_id": bases, "tone": np.resize(["dark", "light"], len(bases))})
    table = groups(pairs, ratings, images, "tone").set_index(["group", "recognizer", "rate"])
    clear = decided(with_answers(pairs, ratings), "dlib")
    for tone in ("dark", "light"):
        of_group = clear[clear["base_id"].isin(images.loc[images["tone"] == tone, "image_id"])]
        different = of_group[~of_group["same"]]
        found = table.loc[(tone, "dlib", "false accept")]
        assert found["n"] == len(different)
        assert found["value"] == pytest.approx(different["accept"].mean())
        assert table.loc[(tone, "dlib", "accept"), "value"] == pytest.approx(of_group["accept"].mean())
    values = [table.loc[(tone, "dlib", "false reject"), "value"] for tone in ("dark", "light")]
    assert table.loc[("dark", "dlib", "false reject"), "difference"] == pytest.approx(max(values) - min(values))
    assert table.loc[("dark", "dlib", "false reject"), "ratio"] == pytest.approx(min(values) / max(values))


def test_small_groups_are_merged_and_marked(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    of_pair = pd.DataFrame({"pair_id": pairs["pair_id"], "site": "large"})
    of_pair.loc[:19, "site"] = "small"
    of_pair.loc[20:39, "site"] = "smaller"
    table = groups(pairs, ratings, of_pair, "site")
    assert set(table["group"]) == {"large", OTHERS}
    assert set(table.loc[table["merged"], "group"]) == {OTHERS}
    with pytest.raises(MissingDataError, match="site: fewer than two groups of 60"):
        groups(pairs, ratings, of_pair, "site", smallest=60)


def test_numbers_are_cut_at_their_terciles(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    people = draw_participants(ratings).assign(age=np.arange(20.0, 40.0))
    table = groups(pairs, ratings, people, "age")
    counts = table.query("recognizer == 'dlib'").groupby("group")[["n", "n_units"]].agg({"n": "sum", "n_units": "max"})
    assert counts["n"].sum() == len(ratings)
    assert counts.index.tolist() == ["20 to 26", "27 to 32", "33 to 39"]
    assert counts["n_units"].tolist() == [7, 6, 7]


def test_one_person_is_no_group(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    people = draw_participants(ratings).assign(gender=["a"] * 8 + ["b"] * 8 + ["c"] + ["d"] * 3)
    assert set(groups(pairs, ratings, people, "gender")["group"]) == {"a", "b"}  # not even together are c and d five
    alone = people.assign(gender=["a"] * 19 + ["b"])
    with pytest.raises(MissingDataError, match="gender: fewer than two groups of 30 and 5 participants"):
        groups(pairs, ratings, alone, "gender")


def test_groups_without_a_difference_and_with_one() -> None:
    pairs = draw_pairs(batches=4, recognizers=("dlib",))
    ratings = draw_ratings(pairs)
    people = draw_participants(ratings)
    people["gender"] = np.resize(["a", "b"], len(people))
    table = groups(pairs, ratings, people, "gender").set_index(["rate", "group"])
    none = table.loc[("false accept", "a")]
    assert none["difference_low"] == 0
    assert none["p"] > 0.05
    assert 0 < none["difference"] < none["difference_high"]
    strict = ratings["participant_id"].isin(people.loc[people["gender"] == "b", "participant_id"])
    distance = ratings.join(pairs.set_index("pair_id")["dlib_distance"], on="pair_id")["dlib_distance"]
    ratings.loc[strict & (distance > 0.3), "identity"] = False
    table = groups(pairs, ratings, people, "gender").set_index(["rate", "group"])
    found = table.loc[("false accept", "a")]
    assert found["difference_low"] > 0
    assert found["difference"] > found["chance_difference"]
    assert found["p"] == 0.001  # none of 999 permutations is as far apart
    assert table.loc[("false accept", "b"), "interval"] == "jackknife of 4 batches"


def test_differences_of_a_table_are_one_family(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    people = draw_participants(ratings)
    there = {name: people[["participant_id", name]] for name in ("gender", "continent")}
    make = functools.partial(groups, pairs, ratings)
    table = by_each(make, there, ["gender", "continent", "absent"], ("recognizer", "rate"))
    family = table.dropna(subset="p").drop_duplicates(["grouping", "recognizer", "rate"]).sort_values("p")
    assert len(family) == 8
    expected = np.maximum.accumulate(family["p"].to_numpy() * np.arange(8, 0, -1)).clip(max=1)
    assert family["p_holm"].to_numpy() == pytest.approx(expected)
    assert table.loc[table["grouping"] == "absent", "p_holm"].isna().all()


def of_bases(pairs: pd.DataFrame, values: list[object]) -> pd.DataFrame:
    bases = pd.unique(pairs["base_id"])
    return pd.DataFrame({"image_id": bases, "value": np.resize(np.array(values, object), len(bases))}).infer_objects()


def test_the_cuts_are_those_of_the_bases_whatever_a_model_acquired(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    bases = pd.unique(pairs["base_id"])
    lost = pairs["base_id"].isin([bases[0], bases[2]])
    failing = pairs.assign(dlib_distance=pairs["dlib_distance"].mask(lost), dlib_accept=pairs["dlib_accept"].mask(lost))
    values = [100.0, 10, 1, 2, 20, 200, 3, 30]
    table = groups(failing, ratings, of_bases(pairs, values), "value")
    for _, found in table[table["rate"] == "accept"].groupby("recognizer"):
        edges = [[float(edge) for edge in group.split(" to ")] for group in found["group"]]
        assert edges == [[1, 3], [10, 20], [30, 200]]  # by rising values
    lost_rows = table.query("rate == 'accept'").groupby("recognizer")["n"].sum()
    assert lost_rows["dlib"] < lost_rows["facenet512"]


def test_numbers_of_few_values_are_groups_and_those_that_are_none_have_no_group(
    pairs: pd.DataFrame, ratings: pd.DataFrame
) -> None:
    table = groups(pairs, ratings, of_bases(pairs, [2, 10, 2, 10, np.nan, np.inf, 2, 10]), "value")
    assert list(dict.fromkeys(table["group"])) == ["2", "10"]
    known = of_bases(pairs, [True, False])
    assert set(groups(pairs, ratings, known, "value")["group"]) == {"True", "False"}


def test_all_but_the_largest_groups_are_merged(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    of_pair = pd.DataFrame(
        {"pair_id": pairs["pair_id"], "site": np.resize(list("abcdefghijklmnopqrstuvwxyz"), len(pairs))}
    )
    table = groups(pairs, ratings, of_pair, "site", smallest=3)
    assert table["group"].nunique() == 21
    assert OTHERS in set(table["group"])
    counts = table.query("recognizer == 'dlib' and rate == 'accept'")["n"]
    assert counts.sum() == len(decided(with_answers(pairs, ratings), "dlib"))


def test_a_group_without_such_rows_has_a_reason(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    of_pair = pd.DataFrame({"pair_id": pairs["pair_id"], "kind": pairs["kind"].astype(str)})
    table = groups(pairs, ratings, of_pair, "kind", smallest=1).set_index(["group", "recognizer", "rate"])
    found = table.loc[("genuine", "dlib", "false accept")]
    assert found["n"] == 0
    assert np.isnan(found["value"])
    assert found["reason"] == "no such row"
    assert np.isfinite(found["difference"])


def test_what_is_no_grouping(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    with pytest.raises(AnalysisError, match="grouping 'age'"):
        groups(pairs, ratings, pd.DataFrame({"participant_id": ["r"]}), "age")
    with pytest.raises(AnalysisError, match="grouping 'age'"):
        groups(pairs, ratings, pd.DataFrame({"age": [3]}), "age")
