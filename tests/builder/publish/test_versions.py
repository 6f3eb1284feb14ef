"""Versions in a folder: what changed is found, small steps are refused, what is interrupted is completed."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest

from analysis.studies.verification.data import with_answers
from builder.errors import PublishError
from builder.publish.folder import opened, replace_version
from builder.publish.publishing import withdraw_from_folder
from builder.publish.verify import verify
from builder.ratings.store import RatingsFolder
from builder.shards import StudyFolder
from tests.asks import ASKS
from tests.builder.publish.test_verify import forge, replaced
from tests.studies import rate, set_keys

pytestmark = pytest.mark.slow


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def keep_batches(study: Path, batches: list[int]) -> None:
    """Makes a study one of which no more was built."""
    for path in [*study.glob("manifest/batch-*.json"), *study.glob("shards/*/batch-*.arrow")]:
        if int(path.stem.split("-")[1]) not in batches:
            path.unlink()
    text = (study / "study.toml").read_text()
    (study / "study.toml").write_text(text.replace("batches = 2", f"batches = {len(batches)}"))


def rewrite(study: Path, table: str, rows: pa.Table, batch: int = 0) -> None:
    """Replaces a table of a finished batch."""
    folder = StudyFolder(study)
    held = folder.batch_manifest(batch, folder.manifest().study_hash)
    tables = {shard.table: folder.read(shard.table, batch) for shard in held.shards} | {table: rows}
    folder.write_batch(
        batch,
        tables,
        seeds=held.seeds,
        passed_over=held.passed_over,
        environment=held.environment,
        micro_batches=held.micro_batches,
        timings=held.timings,
    )


def test_the_same_study_gives_the_same_bytes(publish, tmp_path, published, study):
    rate(study, 12)
    publish("1.0.0")
    publish("1.0.0", tmp_path / "again")
    assert bytes_of(published) == bytes_of(tmp_path / "again")
    assert (published / "VERSION").read_text() == "1.0.0\n"


def test_the_same_version_with_the_same_content_does_nothing(publish, published):
    publish("1.0.0")
    before = {path: path.stat().st_mtime_ns for path in published.rglob("*") if path.name != ".publish.lock"}
    assert publish("1.0.0").prepared.changes == ()
    assert {path: path.stat().st_mtime_ns for path in published.rglob("*") if path.name != ".publish.lock"} == before


def test_the_same_version_with_other_content_is_refused(publish, published, study):
    publish("1.0.0")
    before = bytes_of(published)
    rate(study, 2)
    with pytest.raises(PublishError, match=r"1\.0\.0 is published already, with other content; the lowest .* 1\.1\.0"):
        publish("1.0.0")
    assert bytes_of(published) == before


def test_another_version_without_changes_is_refused(publish):
    publish("1.0.0")
    with pytest.raises(PublishError, match=r"nothing changed since version 1\.0\.0"):
        publish("1.0.1")


def test_new_ratings_are_a_patch(publish, study, published):
    rate(study, 12)
    publish("1.0.0")
    rate(study, 2, seed=1)
    with pytest.raises(PublishError, match=r"1\.0\.0 is published already"):
        publish("1.0.0")
    outcome = publish("1.0.1")
    assert [change.note for change in outcome.prepared.changes] == [
        "ratings: 40 rows added",
        "participants: 2 rows added",
    ]
    assert {change.step for change in outcome.prepared.changes} == {"patch"}
    assert verify(published) == []


def test_the_first_ratings_add_columns_which_is_a_minor(publish, study):
    publish("1.0.0")
    rate(study, 12)
    with pytest.raises(PublishError, match=r"1\.0\.1 is too low: what changed needs a minor.*1\.1\.0"):
        publish("1.0.1")
    assert publish("1.1.0").prepared.changes[0].note.startswith("pairs: columns added: similarity_mean")


def test_new_batches_are_a_minor(publish, study, small_folder, published):
    keep_batches(study, [0])
    publish("1.0.0")
    shutil.copytree(small_folder / "shards", study / "shards", dirs_exist_ok=True)
    shutil.copytree(small_folder / "manifest", study / "manifest", dirs_exist_ok=True)
    (study / "study.toml").write_text((study / "study.toml").read_text().replace("batches = 1", "batches = 2"))
    with pytest.raises(PublishError, match="needs a minor"):
        publish("1.0.9")
    before = bytes_of(published)
    assert publish("1.1.0").prepared.changes == (("minor", "1 batch added: 1"),)
    after = bytes_of(published)
    assert {path: after[path] for path in before if path.startswith("data/")} == {
        path: hash_ for path, hash_ in before.items() if path.startswith("data/")
    }


def test_a_new_column_is_a_minor(publish, study):
    publish("1.0.0")
    for batch in (0, 1):
        rows = StudyFolder(study).read("pairs", batch)
        rewrite(
            study, "pairs", rows.append_column("lpips_squeeze", pa.array([0.5] * rows.num_rows, pa.float32())), batch
        )
    with pytest.raises(PublishError, match="needs a minor"):
        publish("1.0.1")


def test_changed_pairs_are_a_major(publish, study):
    publish("1.0.0")
    rows = StudyFolder(study).read("pairs", 0)
    at = rows.column_names.index("latent_l2")
    rewrite(study, "pairs", rows.set_column(at, "latent_l2", pa.array([1.5] * rows.num_rows, pa.float32())))
    with pytest.raises(PublishError, match=r"needs a major.*2\.0\.0(.|\n)*pairs: latent_l2 changed"):
        publish("1.9.0")
    publish("2.0.0")


def test_a_batch_in_another_split_is_a_major(publish, study):
    publish("1.0.0")
    set_keys(study, publish={"splits": {"train": [0], "test": [1]}})
    with pytest.raises(PublishError, match=r"needs a major(.|\n)*1 batch moved to another split: 1"):
        publish("1.1.0")


def test_removed_ratings_are_a_major(publish, study):
    rate(study, 12)
    publish("1.0.0")
    store = RatingsFolder(study, ASKS)
    gone = store.participants()["participant_id"][0].as_py()
    store.write(
        store.ratings().filter(pa.compute.not_equal(store.ratings()["participant_id"], gone)),
        store.participants().filter(pa.compute.not_equal(store.participants()["participant_id"], gone)),
    )
    with pytest.raises(PublishError, match=r"needs a major(.|\n)*ratings: 20 rows removed"):
        publish("1.1.0")


def test_answers_are_counted_by_question_where_some_have_fewer(publish, study, published, tmp_path):
    """With `datasets` alone, in card and data dictionary; and `verify` counts again. New columns are a minor."""
    cache, store = str(tmp_path / "cache"), RatingsFolder(study, ASKS)
    rate(study, 12)
    publish("1.0.0")
    assert "n_identity" not in datasets.load_dataset(str(published), split="train", cache_dir=cache).column_names
    old = set(store.ratings()["rating_id"].to_pylist())
    rate(study, 4, seed=1)
    rows = store.ratings().to_pylist()
    rows = [row if at % 3 or row["rating_id"] in old else row | {"identity": None} for at, row in enumerate(rows)]
    store.write(pa.Table.from_pylist(rows, store.ratings().schema), store.participants())
    with pytest.raises(PublishError, match=r"needs a minor(.|\n)*pairs: columns added: n_similarity, n_identity"):
        publish("1.0.1")
    publish("1.1.0")
    loaded = datasets.load_dataset(str(published), split="train", cache_dir=cache).to_pandas().set_index("pair_id")
    ratings = datasets.load_dataset(str(published), "ratings", split="train", cache_dir=cache).to_pandas()
    answers = ratings.groupby("pair_id")[["similarity", "identity"]].count().loc[loaded.index]
    assert loaded["n_similarity"].tolist() == loaded["n_ratings"].tolist() == answers["similarity"].tolist()
    assert loaded["n_identity"].tolist() == answers["identity"].tolist() != answers["similarity"].tolist()
    card = (published / "README.md").read_text()
    assert "`identity_std`, `n_ratings`, `n_similarity`, `n_identity`) are of" in card
    assert f"- answers: {len(ratings)} to `similarity`, {answers['identity'].sum()} to `identity`\n" in card
    assert "| `n_identity` | int32 |  | answers to `identity` among these ratings |" in card
    assert with_answers(loaded.reset_index())["n_identity"].tolist() == answers["identity"].tolist()
    assert verify(published) == []
    path = "data/pairs/train-000000.parquet"
    forge(published, path, replaced("n_identity", lambda values: [11, *values[1:]]))
    assert "pairs: n_identity is not that of the ratings in 1 rows" in verify(published)


def test_aggregates_of_other_ratings_are_a_major(publish, study):
    rate(study, 12)
    publish("1.0.0")
    with pytest.raises(PublishError, match=r"needs a major(.|\n)*are of human ratings without flagged participants"):
        publish("1.1.0", flagged_excluded=True)


def test_what_the_card_states_is_a_patch(publish, study):
    publish("1.0.0")
    set_keys(study, publish={"title": "Another title"})
    assert publish("1.0.1").prepared.changes == (("patch", "card: publish.title changed"),)


def test_a_larger_step_than_needed_is_taken(publish, study, published):
    publish("1.0.0")
    set_keys(study, publish={"title": "Another title"})
    publish("3.0.0")
    assert (published / "CHANGELOG.md").read_text().startswith("# Changelog\n\n## 3.0.0\n")


@pytest.mark.parametrize("version", ["1.0", "v1.0.0", "1.0.0-rc.1", "01.0.0", "1.0.0\n", "1.0.9999999999"])
def test_a_version_is_three_numbers(publish, version):
    with pytest.raises(PublishError, match="must be three numbers"):
        publish(version)


def test_a_dry_run_changes_nothing(publish, study, published):
    before = bytes_of(study)
    outcome = publish("1.0.0", dry_run=True)
    assert not published.exists()
    assert bytes_of(study) == before
    publish("1.0.0")
    assert {path: file.sha256 for path, file in outcome.files.items()} == bytes_of(published)


def test_a_withdrawn_version_leaves_a_line_and_the_next_is_a_major(publish, study, published):
    rate(study, 12)
    publish("1.0.0")
    assert withdraw_from_folder(published, "1.0.0", "A participant <b>withdrew</b>.", study)
    assert sorted(bytes_of(published)) == ["CHANGELOG.md", "README.md", "versions.json"]
    assert r"- Withdrawn: A participant \<b\>withdrew\</b\>." in (published / "CHANGELOG.md").read_text()
    with pytest.raises(PublishError, match=r"1\.1\.0 is too low: version 1\.0\.0 was withdrawn.*2\.0\.0"):
        publish("1.1.0")
    with pytest.raises(PublishError, match="its version was withdrawn"):
        verify(published)
    publish("2.0.0")
    assert verify(published) == []
    assert "Withdrawn" in (published / "CHANGELOG.md").read_text()


def test_an_older_version_can_be_withdrawn_and_the_current_one_stays(publish, study, published):
    publish("1.0.0")
    set_keys(study, publish={"title": "Another title"})
    publish("1.0.1")
    assert not withdraw_from_folder(published, "1.0.0", "It was wrong.", study)
    assert verify(published) == []
    assert publish("1.0.1").prepared.changes == ()
    set_keys(study, publish={"title": "A third title"})
    with pytest.raises(PublishError, match="the next one is a major"):
        publish("1.0.2")


def test_only_what_was_published_can_be_withdrawn_and_with_a_reason(publish, published):
    publish("1.0.0")
    with pytest.raises(PublishError, match=r"2\.0\.0 was never published here; there are: 1\.0\.0"):
        withdraw_from_folder(published, "2.0.0", "why", None)
    with pytest.raises(PublishError, match="--why"):
        withdraw_from_folder(published, "1.0.0", " ", None)


def test_whose_answers_are_in_a_version_is_noted_in_the_study(publish, study, published):
    rate(study, 4)
    publish("1.0.0")
    (path,) = (study / "published").iterdir()
    record = json.loads(path.read_text())
    ids = sorted(RatingsFolder(study, ASKS).participants()["participant_id"].to_pylist())
    people = {id_: {"age": None, "gender": None, "continent": None} for id_ in ids}
    noted = {"version": "1.0.0", "target": str(published), "forgotten": 0, "withdrawn": None}
    assert record == {**noted, "participants": people}
    withdraw_from_folder(published, "1.0.0", "why", study)
    assert json.loads(path.read_text())["participants"] == {}


def test_files_of_others_stay_and_a_folder_of_others_is_refused(publish, published, study, tmp_path):
    (published / ".git").mkdir(parents=True)
    (published / ".git" / "HEAD").write_text("ref")
    publish("1.0.0")
    rate(study, 2)
    publish("1.1.0")
    assert (published / ".git" / "HEAD").read_text() == "ref"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("")
    with pytest.raises(PublishError, match=r"holds 'thesis\.tex' and no dataset"):
        publish("1.0.0", tmp_path / "other")


def test_stopped_at_any_moment_it_is_the_old_or_becomes_the_new_version(
    publish, study, published, monkeypatch, tmp_path
):
    publish("1.0.0")
    old = bytes_of(published)
    shutil.copytree(published, tmp_path / "old")
    rate(study, 12)
    publish("1.1.0")
    new = bytes_of(published)
    ended = []
    for stop in range(1000):
        folder = shutil.copytree(tmp_path / "old", tmp_path / f"stopped-{stop}")
        left = iter(range(stop))
        with monkeypatch.context() as patched:
            for module, name in ((os, "replace"), (os, "rename"), (os, "unlink")):
                patched.setattr(module, name, _stops_after(left, getattr(module, name)))
            try:
                with opened(folder):
                    replace_version(folder, published)
                break
            except KeyboardInterrupt:
                pass
        with opened(folder):
            pass
        ended.append(bytes_of(folder))
        assert not list(folder.glob(".publishing*"))
    assert ended.count(old) > 5
    assert ended.count(new) > 5
    assert ended.count(old) + ended.count(new) == len(ended)


def _stops_after(left: Iterator[int], function: Callable[..., Any]) -> Callable[..., Any]:
    def stopping(*arguments: Any, **named: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return function(*arguments, **named)

    return stopping


def test_two_at_once_are_refused(publish, published):
    with opened(published), pytest.raises(PublishError, match="another publish is at work"):
        publish("1.0.0")
