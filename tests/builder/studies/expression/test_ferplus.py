"""FERPlus's table in `tests/data`, read as a source and counted by hand under each rule.

Its rows: all agree; nine votes; a tie; contempt; unknown; no face; spread; single votes beside a clear one; single
votes alone; nobody; neutral before unknown; four that tie; three emotions; disgust and fear with one for contempt.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest

from builder.images import ImageSource
from builder.images.settings import ImageSettings
from builder.runtime import Runtime
from builder.studies.expression.pipeline import Label, voted_labels
from builder.studies.expression.tasks import EMOTIONS
from loading_script.votes import RULES

DATA = Path(__file__).parents[3] / "data" / "ferplus" / "fer2013new.csv"

USAGE = ["Training"] * 6 + ["PublicTest"] * 5 + ["PrivateTest"] * 3

COUNTED = {
    "majority": [
        *("happy", "neutral", "unclear", "contempt", "unknown", "no face"),
        *("unclear", "neutral", "unclear", "no votes", "unclear"),
        *("unclear", "unclear", "unclear"),
    ],
    "plurality": [
        *("happy", "neutral", "unclear", "contempt", "unknown", "no face"),
        *("neutral", "neutral", "unclear", "no votes", "neutral"),
        *("unclear", "neutral", "fear"),
    ],
}
"""What each face counts as where a rule names one emotion; five of nine are more than half, five of ten are not."""

SHARED = {
    "probabilistic": [
        {"happy": 1},
        {"neutral": 5 / 9, "happy": 3 / 9, "sad": 1 / 9},
        {"neutral": 0.5, "happy": 0.5},
        {"neutral": 0.3},  # the rest is contempt
        {"neutral": 0.1, "happy": 0.1, "sad": 0.1, "fear": 0.1},  # unknown
        {},
        {"neutral": 0.4, "happy": 0.3, "surprise": 0.2, "sad": 0.1},
        {"neutral": 0.8, "happy": 0.1, "sad": 0.1},
        dict.fromkeys(EMOTIONS, 0.1),
        {},
        {"neutral": 0.4, "angry": 0.2},
        {"neutral": 0.2, "happy": 0.2, "surprise": 0.2, "sad": 0.2},
        {"neutral": 0.5, "sad": 0.2, "angry": 0.2},
        {"disgust": 0.4, "fear": 0.5},
    ],
    # The same without single votes, and with no more than three emotions.
    "ferplus": [
        {"happy": 1},
        {"neutral": 5 / 8, "happy": 3 / 8},
        {"neutral": 0.5, "happy": 0.5},
        {"neutral": 0.3},
        {},
        {},
        {"neutral": 4 / 7, "happy": 3 / 7},
        {"neutral": 1},
        {},
        {},
        {},  # four of nine votes that count are no more than half
        {},  # four emotions
        {"neutral": 5 / 9, "sad": 2 / 9, "angry": 2 / 9},
        {"disgust": 4 / 9, "fear": 5 / 9},
    ],
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, runtime: Runtime) -> ImageSource:
    folder = tmp_path_factory.mktemp("ferplus")
    shutil.copy(DATA, folder)
    pixels = " ".join(["0"] * 48**2)
    (folder / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *(f"0,{pixels},{part}" for part in USAGE)]))
    return ImageSettings(model=f"fer2013:{folder / 'fer2013.csv'}").load(runtime)


def labels(source: ImageSource, rule: str) -> list[Label]:
    return voted_labels(source, range(source.rows()), rule)


@pytest.mark.parametrize("rule", COUNTED)
def test_every_face_counts_as_counted_by_hand(source: ImageSource, rule: str):
    made = labels(source, rule)
    assert [each.emotion or each.dropped for each in made] == COUNTED[rule]
    assert all((each.emotion is None) == (each.dropped is not None) for each in made)


@pytest.mark.parametrize("rule", SHARED)
def test_every_face_counts_by_the_shares_counted_by_hand(source: ImageSource, rule: str):
    for made, wanted in zip(labels(source, rule), SHARED[rule], strict=True):
        shares = dict(zip(EMOTIONS, made.shares, strict=True))
        assert {name: share for name, share in shares.items() if share} == pytest.approx(wanted)
        assert (made.dropped is None) == bool(wanted)


def test_the_reasons_are_those_of_the_votes(source: ImageSource):
    reasons = {rule: [each.dropped for each in labels(source, rule) if each.dropped] for rule in SHARED}
    assert reasons == {
        "probabilistic": ["no face", "no votes"],
        "ferplus": ["unknown", "no face", "unclear", "no votes", "unclear", "unclear"],
    }


@pytest.mark.parametrize("rule", RULES)
def test_votes_are_kept_whatever_the_rule_with_their_oddities(source: ImageSource, rule: str):
    votes = np.array([each.votes for each in labels(source, rule)])
    assert votes.sum(axis=1).tolist() == [10, 9, 10, 10, 10, 10, 10, 10, 10, 0, 10, 10, 10, 10]
    assert votes[3].tolist() == [0, 0, 0, 0, 0, 0, 3, 7, 0, 0]
    assert votes[10].tolist() == [2, 0, 0, 0, 0, 0, 4, 0, 3, 1]
    assert [each.agreed for each in labels(source, rule)] == ["happy", *[None] * 13]
