"""Nothing leaves that must not."""

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builder.errors import FolderError, PublishError
from builder.publish.gate import check_identifiers
from builder.ratings import texts
from builder.ratings.store import RatingsFolder
from builder.ratings.wordings import record
from builder.shards import StudyFolder
from tests.asks import ASKS
from tests.studies import rate, set_keys

pytestmark = pytest.mark.slow

STATED_OF_A_SURVEY = [
    *("purpose", "institution", "contact", "ethics_approval", "expected_minutes", "pay", "recruitment"),
    *("consent", "consent_version", "question_similarity", "question_identity"),
]


def published_rows(folder, table):
    return pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob(f"data/{table}/*.parquet"))])


def test_a_damaged_shard_is_not_published(publish, study, published):
    path = StudyFolder(study).shard_path("images", 1)
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    with pytest.raises(PublishError, match=r"1 batches are damaged, such as 1: .*SHA-256"):
        publish("1.0.0")
    assert list(published.iterdir()) == [published / ".publish.lock"]


def test_an_unfinished_study_is_not_published(publish, study):
    (study / "manifest" / "batch-00001.json").unlink()
    with pytest.raises(PublishError, match="1 of 2 batches are not built, such as 1"):
        publish("1.0.0")


def test_what_is_no_study_is_said(publish, study):
    shutil.rmtree(study)
    with pytest.raises(FolderError, match="no such file; name a study folder"):
        publish("1.0.0")


def test_license_and_authors_are_needed(publish, study):
    set_keys(study, publish={"license": None, "authors": []})
    with pytest.raises(PublishError, match=r"lacks .*: \[publish\] license, \[publish\] authors$"):
        publish("1.0.0")


def test_with_human_ratings_the_survey_must_be_described(publish, study):
    set_keys(study, survey=dict.fromkeys(STATED_OF_A_SURVEY))
    publish("1.0.0", dry_run=True)
    rate(study, 2)
    with pytest.raises(PublishError) as error:
        publish("1.0.0")
    said = ", ".join(f"[survey] {key}" for key in STATED_OF_A_SURVEY)
    assert str(error.value).endswith(f"lacks what the card must state: {said}")


def test_what_the_page_asked_need_not_be_said_again(publish, published, study):
    set_keys(study, survey={"question_similarity": None, "question_identity": None})
    rate(study, 2)
    with pytest.raises(
        PublishError, match=r"must state: \[survey\] question_similarity, \[survey\] question_identity$"
    ):
        publish("1.0.0")
    record(study, {"similarity": "How similar?", "identity": "The same person?"})
    record(study, {"similarity": "Wie ähnlich?", "identity": "The same person?"})
    publish("1.0.0")
    card = (published / "README.md").read_text()
    assert "> How similar? / Wie ähnlich?\n" in card
    assert "> The same person?\n" in card


def test_a_model_of_the_users_needs_a_stated_license(publish, study, monkeypatch):
    import builder.recognizers.dlib as module

    monkeypatch.delattr(module, "describe")
    with pytest.raises(PublishError, match=r"the license is not stated of dlib \(dlib\).*\[publish.licenses\]"):
        publish("1.0.0")
    set_keys(study, publish={"licenses": {"dlib": "that of my laboratory"}})
    outcome = publish("1.0.0")
    assert [model.license for model in outcome.prepared.provenance.models if model.name == "dlib"] == [
        "that of my laboratory"
    ]
    set_keys(study, publish={"licenses": {"vgg": "MIT"}})
    with pytest.raises(PublishError, match="vgg: no model of the study; there are: generator, dlib"):
        publish("2.0.0")


def test_splits_must_have_every_batch_once(publish, study):
    for splits, said in [
        ({"train": [0]}, "batch 1 is in no split"),
        ({"train": [0, 1], "test": [1]}, "batch 1 is in train and in test"),
        ({"train": [0, 1], "test": [2]}, "test has batch 2, which is not built"),
    ]:
        set_keys(study, publish={"splits": splits})
        with pytest.raises(PublishError, match=said):
            publish("1.0.0")


def test_simulated_ratings_go_out_by_name_only_and_model_ratings_never(publish, study, published, tmp_path):
    rate(study, 4, "simulated")
    rate(study, 2, "model")
    outcome = publish("1.0.0")
    assert outcome.prepared.left_out == ("80 simulated ratings", "40 model ratings")
    assert not (published / "data" / "ratings").exists()
    folder = tmp_path / "with"
    assert publish("1.0.0", folder, with_simulated=True).prepared.left_out == ("40 model ratings",)
    assert set(published_rows(folder, "ratings")["source"].to_pylist()) == {"simulated"}
    assert set(published_rows(folder, "pairs")["ratings_source"].to_pylist()) == {"simulated"}
    body = (folder / "README.md").read_text().split("---\n", 2)[2].lstrip()
    assert body.startswith("**This dataset contains simulated ratings")


def test_human_and_simulated_ratings_never_mix_in_an_aggregate(publish, study, published):
    rate(study, 4, "simulated")
    rate(study, 6)
    publish("1.0.0", with_simulated=True)
    assert set(published_rows(published, "ratings")["source"].to_pylist()) == {"human", "simulated"}
    pairs = published_rows(published, "pairs")
    assert set(pairs["ratings_source"].to_pylist()) == {"human"}
    assert set(pairs["n_ratings"].to_pylist()) == {3}
    body = (published / "README.md").read_text().split("---\n", 2)[2].lstrip()
    assert body.startswith("**This dataset contains simulated ratings")


def test_free_texts_go_out_when_somebody_has_read_all_of_them(publish, study, published):
    rate(study, 6, read=False, strategy_identity="ask my neighbor Anna Huber, or www.example.org")
    with pytest.raises(PublishError, match=r"12 free texts were read by nobody(.|\n)*ratings texts .*study"):
        publish("1.0.0")
    listed = texts.show(study)
    assert listed["question"].tolist() == ["strategy_identity"] * 6 + ["strategy_similarity"] * 6
    assert listed["found"].tolist() == ["link"] * 6 + [""] * 6
    texts.decide(study, range(1, 7), [7])
    with pytest.raises(PublishError, match="5 free texts were read by nobody"):
        publish("1.0.0")
    texts.decide(study, [8, 9, 10, 11, 12])
    publish("1.0.0")
    people = published_rows(published, "participants")
    assert people["strategy_similarity"].to_pylist().count("I looked at the eyes.") == 5
    assert set(people["strategy_identity"].to_pylist()) == {"ask my neighbor Anna Huber, or www.example.org"}
    rate(study, 1, read=False, seed=1)
    with pytest.raises(PublishError, match="1 free texts were read by nobody"):
        publish("1.1.0")
    assert len(texts.show(study)) == 1


@pytest.mark.parametrize("identifier", ["jane@example.org", "5f0a1b2c3d4e5f6a7b8c9d0e", "A1B2C3D4E5F6G7"])
def test_an_id_of_a_platform_does_not_leave(publish, study, published, identifier):
    rate(study, 1, strategy_similarity=None)
    store = RatingsFolder(study, ASKS)
    tables = []
    for table in (store.ratings(), store.participants()):
        at = table.column_names.index("participant_id")
        ids = pa.array([identifier] * table.num_rows)
        tables.append(table.set_column(at, table.schema.field("participant_id"), ids))
    store.write(*tables)
    with pytest.raises(PublishError, match=r"data/.*, participant_id: holds what looks like"):
        publish("1.0.0")
    assert list(published.iterdir()) == [published / ".publish.lock"]


def test_an_identifier_in_the_card_or_the_changelog_is_found(tmp_path):
    (tmp_path / "CHANGELOG.md").write_text("- Withdrawn: jane@example.org asked for it\n- 10000000 rows\n")
    check_identifiers(tmp_path, ["jane@example.org"])
    with pytest.raises(PublishError, match=r"CHANGELOG.md, line 1: holds what looks like: e-mail address"):
        check_identifiers(tmp_path, ["Jane"])


def test_a_rating_of_an_unknown_pair_or_by_nobody_is_refused(publish, study):
    rate(study, 2)
    store = RatingsFolder(study, ASKS)
    store.write(store.ratings(), store.participants().slice(1))
    with pytest.raises(PublishError, match="is of nobody in the table participants"):
        publish("1.0.0")
    rate(study, 2, seed=1)
    at = store.ratings().column_names.index("pair_id")
    unknown = pa.array(["nothing"] * store.ratings().num_rows)
    rows = store.ratings().set_column(at, store.ratings().schema.field("pair_id"), unknown)
    people = store.participants()
    store.write(
        rows.filter(pa.compute.is_in(rows["participant_id"], people["participant_id"].combine_chunks())), people
    )
    with pytest.raises(PublishError, match="of pairs that no finished batch has, such as 'nothing'"):
        publish("1.0.0")


def test_no_folder_of_this_machine_is_published():
    from builder.publish.provenance import public_study

    study = {
        "generator": {"model": "stylegan2:/home/jane/ffhq.pkl", "sha256": "x"},
        "recognizers": [{"model": r"onnx:C:\Users\jane\r50.onnx"}, {"model": "onnx:hf://user/repo/file@1"}],
    }
    assert public_study(study) == {
        "generator": {"model": "stylegan2:ffhq.pkl", "sha256": "x"},
        "recognizers": [{"model": "onnx:r50.onnx"}, {"model": "onnx:hf://user/repo/file@1"}],
    }
