"""Expression studies in memory."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.dataset import Pictures
from analysis.questions import Choice, Question, Scale
from analysis.studies.expression.data import Expression
from analysis.studies.expression.references import EMOTIONS
from builder.studies.expression.simulate import RaterModel, rate, shown


def faces(
    labels: Sequence[str | None],
    said: Mapping[str, Sequence[str | None]],
    *,
    votes: Sequence[Sequence[int]] | None = None,
    ratings: pd.DataFrame | None = None,
    source: str = "human",
    per_batch: int = 112,
    probabilities: bool = False,
    rule: str = "majority",
    **columns: Any,
) -> Expression:
    """A study of faces with these labels; `said` is what classifiers say, None where they find no face."""
    n = len(labels)
    shares = [None if label is None else [float(label == emotion) for emotion in EMOTIONS] for label in labels]
    items = pd.DataFrame(
        {
            "item_id": [f"face{number}" for number in range(n)],
            "batch": np.arange(n) // per_batch,
            "image_id": [f"image{number}" for number in range(n)],
            "label": pd.Series(labels, dtype=object),
            "label_shares": pd.Series(shares, dtype=object),
            "dropped": pd.Series([None] * n, dtype=object),
        }
    )
    if votes is not None:
        items["votes"] = pd.Series(list(votes), dtype=object)
    for name, values in columns.items():
        items[name] = values
    for name, classes in said.items():
        items[f"{name}_class"] = pd.Series(classes, dtype=object)
        items[f"{name}_confidence"] = np.where(items[f"{name}_class"].notna(), 0.7, np.nan)
        items[f"{name}_found"] = items[f"{name}_class"].notna().astype("boolean")
    questions: tuple[Question, ...] = (Choice("emotion"), Scale("strength", span=100.0))
    if ratings is None:
        ratings = pd.DataFrame(columns=["rating_id", "participant_id", "source", "item_id", "emotion", "strength"])
    elif "perceived_gender" in ratings:
        questions += (Choice("perceived_gender"),)
    people = pd.DataFrame({"participant_id": ratings["participant_id"].unique()})
    people = people.assign(source=source, age=None, gender=None, continent=None, duration_s=1.0, batch=0)
    people["flags"] = [[] for _ in people.index]
    return Expression(
        name="faces",
        revision=None,
        kind="expression",
        key="item_id",
        items=items,
        images=items[["image_id"]],
        ratings=ratings,
        participants=people,
        model_ratings=ratings.head(0),
        pictures=Pictures(None),
        source=source if len(ratings) else None,
        questions=questions,
        tables={"predictions": predictions(items, said)} if probabilities else {},
        rule=rule,  # type: ignore[arg-type]
    )


def predictions(items: pd.DataFrame, said: Mapping[str, Sequence[str | None]]) -> pd.DataFrame:
    """The class that a classifier says has 0.7, every other one 0.05."""
    rows = []
    for name, classes in said.items():
        for image_id, given in zip(items["image_id"], classes, strict=True):
            if given is not None:
                of = {"image_id": image_id, "classifier": name}
                rows += [of | {"class": each, "probability": 0.7 if each == given else 0.05} for each in EMOTIONS]
    return pd.DataFrame(rows, columns=["image_id", "classifier", "class", "probability"])


def answers(emotions: Sequence[Sequence[str]], per_batch: int = 112) -> pd.DataFrame:
    """A row per answer: those to each face in turn, the first by the first rater of its batch, and so on."""
    rows = [
        {
            "rating_id": f"{face}/{rater}",
            "item_id": f"face{face}",
            "participant_id": f"rater{face // per_batch}-{rater}",
            "source": "human",
            "emotion": answer,
            "strength": 50.0,
            "response_time_ms": 1000,
            "position": face % per_batch,
        }
        for face, of_face in enumerate(emotions)
        for rater, answer in enumerate(of_face)
    ]
    return pd.DataFrame(rows)


def drawn(n: int, seed: int = 0, classifiers: Sequence[str] = ("fer", "other")) -> Expression:
    """A labeled study of n faces in two groups, women and men, with race; a classifier that is right of women more
    often, and another that finds no face in a tenth.
    """
    rng = np.random.default_rng(seed)
    right = {"female": 0.6, "male": 0.5}
    gender = rng.choice(["female", "male"], n)
    race = rng.choice(["Asian", "Black", "White"], n, p=[0.2, 0.2, 0.6])
    labels = rng.choice(EMOTIONS, n, p=[0.1, 0.05, 0.1, 0.3, 0.1, 0.1, 0.25])
    hit = rng.random(n) < np.array([right[each] for each in gender])
    said = np.where(hit, labels, rng.choice(EMOTIONS, n))
    other = np.where(rng.random(n) < 0.5, labels, rng.choice([*EMOTIONS, "contempt"], n)).astype(object)
    other[rng.random(n) < 0.1] = None
    return faces(
        labels.tolist(),
        {name: classes.tolist() for name, classes in (("fer", said), ("other", other)) if name in classifiers},
        group_gender=gender,
        group_race=race,
        probabilities=True,
    )


def simulated(batches: int, raters: int = 10, seed: int = 0, per_batch: int = 112) -> Expression:
    """A study of faces that nobody labeled, rated by the simulated raters of the builder; what a classifier says is
    drawn, and so is a predicted gender.
    """
    rng, model = np.random.default_rng(seed), RaterModel()
    n = batches * per_batch
    said = rng.choice(EMOTIONS, n, p=[0.12, 0.05, 0.05, 0.25, 0.18, 0.08, 0.27])
    rows = []
    for batch in range(batches):
        own = range(batch * per_batch, (batch + 1) * per_batch)
        emotions = shown([None] * per_batch, said[list(own)].tolist(), rng, model)
        for rater in range(raters):
            given = rate(emotions, rng, model)
            rows.append(
                pd.DataFrame(
                    {
                        "rating_id": [f"{face}/{rater}" for face in own],
                        "item_id": [f"face{face}" for face in own],
                        "participant_id": f"rater{batch}-{rater}",
                        "source": "simulated",
                        **given,
                    }
                )
            )
    gender = rng.choice(["female", "male", "unsure"], n, p=[0.4, 0.45, 0.15])
    return faces(
        [None] * n,
        {"fer": said.tolist()},
        ratings=pd.concat(rows, ignore_index=True),
        source="simulated",
        per_batch=per_batch,
        probabilities=True,
        predicted_gender=gender,
        predicted_gender_confidence=0.9,
    )
