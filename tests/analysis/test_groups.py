import numpy as np
import pandas as pd
import pytest

from analysis import AnalysisError, MissingDataError
from analysis.frames import rated
from analysis.tables.groups import OTHERS, groups
from analysis.tables.verification import decided
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
    clear = decided(rated(pairs, ratings), "dlib")
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
    counts = table.query("recognizer == 'dlib' and rate == 'accept'").set_index("group")["n"]
    assert counts.sum() == len(ratings)
    assert len(counts) == 3
    assert counts.min() >= 6 * 112


def of_bases(pairs: pd.DataFrame, values: list[object]) -> pd.DataFrame:
    bases = pd.unique(pairs["base_id"])
    return pd.DataFrame({"image_id": bases, "value": np.resize(np.array(values, object), len(bases))}).infer_objects()


def test_the_cuts_are_those_of_the_bases_whatever_a_model_acquired(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    bases = pd.unique(pairs["base_id"])
    lost = pairs["base_id"].isin([bases[0], bases[2]])
    failing = pairs.assign(dlib_distance=pairs["dlib_distance"].mask(lost), dlib_accept=pairs["dlib_accept"].mask(lost))
    values = [100.0, 10, 1, 2, 20, 200, 3, 30]
    table = groups(failing, ratings, of_bases(pairs, values), "value")
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    for _, found in table[table["rate"] == "accept"].groupby("recognizer"):
        edges = [[float(edge) for edge in group.split(" to ")] for group in found["group"]]
        np.testing.assert_allclose(edges, [[1, low], [low, high], [high, 200]], atol=0.01)  # by rising values
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
    assert counts.sum() == len(decided(rated(pairs, ratings), "dlib"))


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
