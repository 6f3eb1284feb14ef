"""A counterfeits study drawn from known parameters; nothing of it is real."""

import io

import numpy as np
import pandas as pd
from datasets import Dataset
from datasets import Image as ImageFeature
from PIL import Image

from analysis.dataset import Pictures
from analysis.studies.counterfeits import ANALYSIS
from analysis.studies.counterfeits.data import DETECTORS, MEASURES, TERMS, Counterfeits

BATCHES, EACH = 4, 10
CLASSES = ("3", "8")
KINDS = ["one_hot", "held_out", "noise", "training"]

SHIFT = {"one_hot": 3.0, "held_out": 0.0, "noise": 6.0}
"""What the mean of every distance and detector is above that of held-out images, whose values are standard normal."""


def _kind(values: list[str], order: list[str]) -> pd.Categorical:
    return pd.Categorical(values, categories=order, ordered=True)


def images(seed: int = 0) -> pd.DataFrame:
    """Of each batch, kind and class ten; of counterfeits of 3 every fifth is taken for an 8."""
    rng, rows = np.random.default_rng(seed), []
    for batch in range(BATCHES):
        for kind, shift in SHIFT.items():
            for name in CLASSES:
                for at in range(EACH):
                    wrong = kind == "one_hot" and name == "3" and at % 5 == 0
                    row = {"image_id": f"{batch}-{kind}-{name}-{at}", "batch": batch, "kind": kind, "round": 0}
                    row["target"] = name if kind == "one_hot" else None
                    row["label"] = name if kind == "held_out" else None
                    row |= {"class": "8" if wrong else name, "confidence": 0.995 if at % 2 else 0.9}
                    row |= {f"{measure}_distance": shift + rng.normal() for measure in MEASURES}
                    rows.append(row | {f"detector_{detector}": shift + rng.normal() for detector in DETECTORS})
        near = {"image_id": f"{batch}-training", "batch": batch, "kind": "training", "round": 0, "label": "8"}
        rows.append(near)
    table = pd.DataFrame(rows)
    return table.assign(kind=_kind(table["kind"].tolist(), KINDS))


def predictions(of: pd.DataFrame) -> pd.DataFrame:
    """What the study's classifier says, and that after a defense, which rejects counterfeits of 8."""
    rows = []
    for row in of[of["kind"] != "training"].to_dict("records"):
        rejected = "nothing" if row["kind"] == "one_hot" and row["target"] == "8" else row["class"]
        for number, first in enumerate((row["class"], rejected)):
            about = {"image_id": row["image_id"], "batch": row["batch"], "round": number}
            rows.append(about | {"classes": [first, "5"], "probabilities": [0.9, 0.1]})
    return pd.DataFrame(rows)


def spreads() -> pd.DataFrame:
    """Counterfeits lie 1.5 times as far apart as held-out images, and the nearest two of the first batch nearer."""
    rows = []
    for batch in range(BATCHES):
        for kind, apart in {"one_hot": 6.0, "held_out": 4.0}.items():
            for name in CLASSES:
                row = {"batch": batch, "kind": kind, "round": 0, "class": name, "n": EACH}
                nearest = 1.0 if kind == "one_hot" and batch == 0 else 3.0
                row |= {"pixels": apart + 0.1 * batch, "features": apart, "frechet": apart**2 + batch}
                row |= {"nearest_pixels": nearest, "nearest_features": nearest}
                rows.append(row | {"percentile_pixels": 2.0, "percentile_features": 2.0})
    table = pd.DataFrame(rows)
    return table.assign(kind=_kind(table["kind"].tolist(), KINDS))


def runs(failed: tuple[int, ...] = ()) -> pd.DataFrame:
    """A generator in each batch."""
    rows = []
    for batch in range(BATCHES):
        row = {"batch": batch, "round": 0, "kind": "one_hot", "accuracy": 0.9, "min_accuracy": 0.9, "confidence": 0.95}
        row |= {f"curve_{term}": [2.0 + batch, 1.0] if term != "cross_entropy" else [] for term in TERMS}
        rows.append(row | {"least_accuracy": 0.5 if batch in failed else 0.95, "converged": batch not in failed})
    table = pd.DataFrame(rows)
    return table.assign(kind=_kind(table["kind"].tolist(), ["one_hot"]))


def items(of: pd.DataFrame, failed: tuple[int, ...]) -> pd.DataFrame:
    """All counterfeits and, as controls, all held-out images."""
    shown = of[of["kind"].isin(["one_hot", "held_out"])]
    control = (shown["kind"] == "held_out").to_numpy()
    kinds = np.where(control, "control", "one_hot").tolist()
    converged = pd.Series([batch not in failed for batch in shown["batch"]], dtype="boolean").mask(control)
    columns = ["image_id", "batch", "round", "target", "class", "confidence", "label"]
    table = shown[columns].reset_index(drop=True).assign(kind=_kind(kinds, ["one_hot", "control"]))
    return table.assign(item_id=table["image_id"], converged=converged)


def ratings(of: pd.DataFrame, raters: int = 5) -> pd.DataFrame:
    """Controls get their label. Of counterfeits, two of five raters name the class of the classifier, three nothing."""
    rows = []
    for item in of.to_dict("records"):
        for rater in range(raters):
            control = item["kind"] == "control"
            choice = item["label"] if control else item["class"] if rater < 2 else "nothing"
            row = {"rating_id": f"{item['item_id']}/{rater}", "item_id": item["item_id"], "choice": choice}
            row |= {"participant_id": f"p{item['batch']}-{rater}", "certainty": 90.0 if control else 40.0 + rater}
            rows.append(row | {"response_time_ms": 2000, "position": 0, "rated_at": None, "source": "human"})
    return pd.DataFrame(rows)


def neighbors(of: pd.DataFrame) -> pd.DataFrame:
    """Every image's nearest is the training image of its batch."""
    rows = []
    for row in of[of["kind"] != "training"].to_dict("records"):
        near = {"neighbor_id": f"{row['batch']}-training", "label": "8", "batch": row["batch"]}
        rows += [{"image_id": row["image_id"], "measure": measure, "distance": 2.5} | near for measure in MEASURES]
    return pd.DataFrame(rows)


def study(failed: tuple[int, ...] = ()) -> Counterfeits:
    """The whole study; generators of the batches in `failed` did not converge."""
    content = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), 90, np.uint8)).save(content, "PNG")
    made = images()
    shown = items(made, failed)
    pictures = pd.DataFrame({"image_id": made["image_id"], "image": [{"bytes": content.getvalue()}] * len(made)})
    people = {"participant_id": sorted(set(ratings(shown)["participant_id"])), "source": "human", "duration_s": 600.0}
    participants = pd.DataFrame(people).assign(age=None, gender=None, continent=None, flags=[[]] * 5 * BATCHES)
    return Counterfeits(
        name="synthetic",
        revision=None,
        kind="counterfeits",
        key="item_id",
        items=shown,
        images=made,
        ratings=ratings(shown),
        participants=participants,
        model_ratings=pd.DataFrame(),
        pictures=Pictures(Dataset.from_pandas(pictures).cast_column("image", ImageFeature())),
        source="human",
        questions=ANALYSIS.questions,
        tables={
            "predictions": predictions(made),
            "runs": runs(failed),
            "neighbors": neighbors(made),
            "spreads": spreads(),
        },
        classifier="net",
    )
