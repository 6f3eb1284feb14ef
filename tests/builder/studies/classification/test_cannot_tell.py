"""A third answer, where a study asks for it, is an answer everywhere and a vote nowhere."""

from pathlib import Path

import numpy as np
import pytest
from datasets import load_dataset

from builder.cli import main
from builder.errors import StudyError
from builder.publish.prepare import Options
from builder.publish.publishing import publish_to_folder
from builder.publish.verify import verify
from builder.ratings.store import RatingsFolder
from builder.runtime import Runtime
from builder.studies import kind_texts
from builder.studies.classification.simulate import from_model, simulate
from builder.studies.classification.study import ClassificationStudy
from builder.studies.classification.tasks import ASKS, ASKS_IF_TOLD
from builder.survey.texts import read_texts
from builder.toml import check
from tests.builder.studies.classification import small


def test_the_question_is_as_before_where_nothing_is_said():
    without, said_no = (
        ClassificationStudy(name="a"),
        check(ClassificationStudy, {"name": "a", "cannot_tell": False}, ""),
    )
    assert without.questionnaire() is ASKS
    assert without.hash() == said_no.hash()
    asked = check(ClassificationStudy, {"name": "a", "cannot_tell": True}, "")
    assert asked.questionnaire() is ASKS_IF_TOLD
    assert asked.hash() != without.hash()
    with pytest.raises(StudyError, match="cannot_tell = 1"):
        check(ClassificationStudy, {"name": "a", "cannot_tell": 1}, "study.toml")


@pytest.mark.parametrize(
    ("language", "labels"),
    [("en", ["yes", "no", "I cannot tell"]), ("de", ["ja", "nein", "Das kann ich nicht sagen"])],
)
def test_the_answers_have_labels_in_each_language(language: str, labels: list[str]):
    own = kind_texts("classification")
    texts = read_texts(language, ASKS_IF_TOLD, own)
    assert [texts[f"rating_relevant_{each}"] for each in ("yes", "no", "cannot_tell")] == labels
    assert "rating_relevant_yes" not in read_texts(language, ASKS, own)


def test_who_cannot_tell_has_answered_and_not_voted(tmp_path: Path, runtime: Runtime, capsys):
    folder = small.build(tmp_path, runtime, cannot_tell=True)
    ids = small.item_ids(folder)
    says = {("a/2.png", "b"): "yyyyn-", ("b/2.png", "a"): "yyyy--", ("a/0.png", "a"): "-----y"}
    words = {"y": "yes", "n": "No", "-": "I cannot tell"}
    small.rate(
        folder,
        ((f"p{who}", ids[item], words[each]) for item, said in says.items() for who, each in enumerate(said)),
    )
    small.rate(folder, [("p0", ids["b/3.png", "a"], "cannot_tell"), ("p1", ids["b/3.png", "a"], "perhaps")])
    stored = RatingsFolder(folder, ASKS_IF_TOLD).ratings()["relevant"].to_pylist()
    assert {word: stored.count(word) for word in set(stored)} == {"yes": 9, "no": 1, "cannot_tell": 9}
    main(["ratings", "status", str(folder)])
    assert "attention 5," in capsys.readouterr().out  # five cannot tell what a control shows
    publish_to_folder(folder, tmp_path / "dataset", "1.0.0", Options())
    assert verify(tmp_path / "dataset") == []
    card = (tmp_path / "dataset" / "README.md").read_text()
    assert "the last is no vote in `labels`" in card
    labels = load_dataset(str(tmp_path / "dataset"), "labels", split="train", cache_dir=str(tmp_path / "cache"))
    assert [(row["row"], row["class"], row["n_yes"], row["n"]) for row in labels] == [("a/2.png", "b", 4, 5)]


def test_simulated_raters_and_models_answer_in_words(tmp_path: Path, runtime: Runtime):
    folder = small.build(tmp_path, runtime, cannot_tell=True)
    ratings, _ = simulate(folder, 200, 0)
    said = np.array(ratings["relevant"].to_pylist())
    assert set(said) == {"yes", "no", "cannot_tell"}
    assert (said == "cannot_tell").mean() == pytest.approx(0.05, abs=0.02)
    answers, _, _ = from_model(folder, "said")
    assert (
        dict(zip(answers["item_id"].to_pylist(), answers["relevant"].to_pylist(), strict=True)).items()
        >= {
            small.item_ids(folder)["a/2.png", "b"]: "yes",
        }.items()
    )
