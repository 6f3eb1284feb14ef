import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import AnalysisError, MissingDataError, Published, load
from analysis.studies.verification import data
from analysis.studies.verification.tables.limits import limits
from tests.analysis.conftest import COLORS, Write, hand_made, images


def test_a_published_folder(study: Published) -> None:
    assert study.pairs["pair_id"].tolist() == hand_made()["pairs"]["pair_id"].tolist()
    assert study.kinds == ["genuine", "positive", "negative", "optimized"]
    assert study.recognizers == ["net"]
    assert study.distances == ["lpips_alex"]
    assert study.thresholds == {"net": 0.5}
    assert study.target == "net"
    assert study.source == "human"
    assert len(study.ratings) == 32
    assert len(study.participants) == 4
    assert study.pairs["net_accept"].isna().sum() == 1
    assert study.searches.empty


def test_pictures_are_the_published_bytes(study: Published) -> None:
    assert list(study.pictures) == list(COLORS)
    for image_id, gray in COLORS.items():
        assert study.pictures[image_id] == images().set_index("image_id").loc[image_id, "image"]["bytes"]
        assert np.unique(np.asarray(study.pictures.decoded(image_id))).tolist() == [gray]
    assert "image" not in study.images


def test_splits_are_read_together(write: Write) -> None:
    loaded = load(str(write(hand_made(), splits=("train", "test"))))
    assert sorted(loaded.pairs["pair_id"]) == sorted(hand_made()["pairs"]["pair_id"])
    assert len(loaded.ratings) == 32


def test_a_split_may_be_without_rows(write: Write) -> None:
    tables = hand_made()
    tables["participants"] = tables["participants"].iloc[:1]
    assert len(load(str(write(tables, splits=("train", "test")))).participants) == 1


def test_a_table_may_be_without_rows(write: Write) -> None:
    tables = hand_made()
    tables["ratings"] = tables["ratings"].iloc[:0]
    loaded = load(str(write(tables)))
    assert loaded.source is None
    assert loaded.ratings.empty


def test_sources_are_never_mixed(write: Write) -> None:
    tables = hand_made()
    sources = np.resize(["human", "simulated", "model"], len(tables["ratings"]))
    tables["ratings"]["source"] = sources
    loaded = load(str(write(tables)))
    assert loaded.source == "human"
    assert set(loaded.ratings["source"]) == {"human"}
    assert len(loaded.ratings) == (sources == "human").sum()
    assert set(loaded.model_ratings["source"]) == {"model"}
    assert len(loaded.model_ratings) == (sources == "model").sum()


def test_simulated_where_no_human_rated(write: Write) -> None:
    tables = hand_made()
    tables["ratings"]["source"] = ["simulated", "model"] * 16
    tables["participants"]["source"] = ["simulated", "simulated", "model", "model"]
    loaded = load(str(write(tables)))
    assert loaded.source == "simulated"
    assert loaded.participants["participant_id"].tolist() == ["r1", "r2"]


def test_models_alone_are_nobody(write: Write) -> None:
    tables = hand_made()
    tables["ratings"]["source"] = "model"
    loaded = load(str(write(tables)))
    assert loaded.source is None
    assert loaded.ratings.empty
    assert len(loaded.model_ratings) == 32


def test_without_ratings(write: Write) -> None:
    loaded = load(str(write({"pairs": hand_made()["pairs"]})))
    assert loaded.source is None
    assert loaded.ratings.empty
    assert loaded.participants.empty
    assert len(loaded.pictures) == 0


def test_flagged_participants_can_be_left_out(write: Write) -> None:
    loaded = load(str(write(hand_made())), exclude_flagged=True)
    assert loaded.excluded == 1
    assert sorted(set(loaded.ratings["participant_id"])) == ["r1", "r2", "r3"]
    assert loaded.participants["participant_id"].tolist() == ["r1", "r2", "r3"]


def test_ratings_of_other_sources_are_counted(write: Write) -> None:
    tables = hand_made()
    others = tables["ratings"].head(5).assign(source=["simulated", "simulated", "model", "model", "model"])
    others["rating_id"] += "/other"
    tables["ratings"] = pd.concat([tables["ratings"], others])
    loaded = load(str(write(tables)))
    assert loaded.source == "human"
    assert loaded.other_sources == {"model": 3, "simulated": 2}
    statements = set(limits(loaded)["statement"])
    assert "2 ratings of the source 'simulated' are left out: one source at a time" in statements


def test_published_means_are_not_used_beside_ratings(write: Write) -> None:
    """Where everybody is flagged and left out, nothing of them is left."""
    tables = hand_made()
    tables["participants"]["flags"] = [["speed"]] * 4
    tables["pairs"] = tables["pairs"].assign(
        similarity_mean=50.0,
        similarity_std=1.0,
        identity_rate=0.5,
        identity_std=0.5,
        n_ratings=4,
        ratings_source="human",
    )
    folder = str(write(tables))
    assert data.with_answers(load(folder).pairs, load(folder).ratings)["similarity_mean"].mean() == 55
    none = load(folder, exclude_flagged=True)
    with pytest.raises(MissingDataError):
        data.with_answers(none.pairs, none.ratings)


def test_published_means_stand_in_for_ratings_that_are_not_there(write: Write) -> None:
    pairs = hand_made()["pairs"].assign(
        similarity_mean=50.0,
        similarity_std=1.0,
        identity_rate=0.5,
        identity_std=0.5,
        n_ratings=4,
        ratings_source="simulated",
    )
    loaded = load(str(write({"pairs": pairs})))
    assert loaded.source == "simulated"
    assert (data.with_answers(loaded.pairs, loaded.ratings)["similarity_mean"] == 50).all()


def test_thresholds_that_are_not_stated_follow_from_the_decisions(write: Write) -> None:
    folder = write(hand_made())
    (folder / "provenance.json").unlink()
    loaded = load(str(folder))
    assert loaded.thresholds["net"] == pytest.approx(0.3)
    assert loaded.target is None


@pytest.mark.parametrize("content", ["[]", "{", '{"study": {}}', '{"study": {"recognizers": 3}}', "[" * 100_000])
def test_a_damaged_provenance_is_named(write: Write, content: str) -> None:
    folder = write(hand_made())
    (folder / "provenance.json").write_text(content)
    with pytest.raises(AnalysisError, match=r"provenance\.json.*verify"):
        load(str(folder))


def test_what_is_no_dataset(tmp_path: Path, write: Write) -> None:
    for absent in (str(tmp_path / "absent"), "no-such-folder", "tests/no-such-folder", "a/b/c"):
        with pytest.raises(AnalysisError, match="no such folder"):
            load(absent)
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(AnalysisError, match="is a file"):
        load(str(tmp_path / "a.csv"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(AnalysisError, match=r"no README\.md"):
        load(str(tmp_path / "empty"))
    with pytest.raises(AnalysisError, match="no table of items"):
        load(str(write({"ratings": hand_made()["ratings"]})))


def test_a_damaged_table_is_an_error(write: Write) -> None:
    folder = write(hand_made())
    (folder / "data" / "pairs" / "train.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(AnalysisError, match="cannot be read"):
        load(str(folder))


def test_only_parquet_and_arrow_are_read(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("pair_id\na\n")
    configs = "---\nconfigs:\n- config_name: pairs\n  data_files: pairs.csv\n---\n"
    (tmp_path / "README.md").write_text(configs)
    with pytest.raises(AnalysisError, match="neither Parquet nor Arrow"):
        load(str(tmp_path))


def test_an_image_that_is_none(write: Write) -> None:
    tables = hand_made() | {"images": images()}
    tables["images"].at[0, "image"] = {"bytes": b"no image", "path": None}
    loaded = load(str(write(tables)))
    with pytest.raises(AnalysisError, match="'a': is no PNG that can be read"):
        loaded.pictures.decoded("a")


def test_a_folder_that_changed_is_read_anew(write: Write) -> None:
    tables = hand_made() | {"images": images()}
    before = load(str(write(tables)))
    changed = write({"pairs": tables["pairs"].assign(level=0.7)})
    assert set(load(str(changed)).pairs["level"]) == {0.7}
    assert np.unique(np.asarray(before.pictures.decoded("a"))).tolist() == [COLORS["a"]]  # still there


@pytest.mark.slow
def test_a_study_folder(small_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(small_folder, tmp_path / "study")
    loaded = load(str(folder))
    assert loaded.source is None
    assert loaded.target == "dlib"
    assert set(loaded.pairs["base_id"]) <= set(loaded.pictures)
    assert loaded.kinds == ["genuine", "positive", "negative", "interpolation", "optimized"]
    accepted = loaded.pairs["dlib_distance"] <= loaded.thresholds["dlib"]
    known = loaded.pairs["dlib_accept"].notna()
    pd.testing.assert_series_equal(
        loaded.pairs.loc[known, "dlib_accept"].astype(bool), accepted[known], check_names=False
    )
    assert not loaded.searches.empty


@pytest.mark.slow
def test_a_study_folder_with_ratings_is_to_be_published_first(small_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(small_folder, tmp_path / "study")
    (folder / "ratings").mkdir(exist_ok=True)
    (folder / "ratings" / "ratings.arrow").write_bytes(b"")
    with pytest.raises(AnalysisError, match=r"is a study folder, .*: python -m builder publish .* --to .*-dataset"):
        load(str(folder))


def test_a_folder_is_of_the_version_that_it_says(write: Write) -> None:
    folder = write(hand_made())
    assert load(str(folder)).version is None
    with pytest.raises(AnalysisError, match=r"is a study folder, which has no versions, and not v1\.0\.0"):
        load(str(folder), "v1.0.0")
    record = json.loads((folder / "provenance.json").read_text()) if (folder / "provenance.json").exists() else {}
    (folder / "provenance.json").write_text(json.dumps(record | {"version": "1.0.1"}))
    for revision in (None, "v1.0.1", "1.0.1"):
        assert load(str(folder), revision).version == "1.0.1"
    with pytest.raises(AnalysisError, match=r"is version 1\.0\.1, and not v1\.0\.0: .*leave --revision out"):
        load(str(folder), "v1.0.0")
