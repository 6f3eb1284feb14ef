"""Classification studies made of a few lists; nothing of them is real."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from datasets import Dataset, Image
from PIL import Image as PILImage

from analysis import frames
from analysis.dataset import Pictures, Published, Record
from analysis.questions import Choice, YesNo
from analysis.studies.classification.data import Classification, read

KINDS = ["mistake", "agreed", "foil", "adversarial", "mistake_top5", "explained"]


def predictions(
    labels: Sequence[str | None], batch: Sequence[int], **classes: Sequence[Sequence[str] | None]
) -> pd.DataFrame:
    """A row r0, r1, ... per label; `classes` are the first five of each classifier."""
    rows = pd.DataFrame(
        {"row": [f"r{n}" for n in range(len(labels))], "batch": batch, "label": labels, "image_id": None}
    )
    for name, said in classes.items():
        rows[f"{name}_classes"] = list(said)
        rows[f"{name}_probabilities"] = [
            None if of is None else [1 / 2 ** (n + 1) for n in range(len(of))] for of in said
        ]
    return rows


def items(rows: pd.DataFrame, asked: Sequence[tuple[str, int, str, float]]) -> pd.DataFrame:
    """Items of rows of `predictions`: kind, number of the row, shown class, weight."""
    table = pd.DataFrame(asked, columns=["kind", "at", "shown_class", "weight"])
    of = rows.iloc[table["at"]].reset_index(drop=True)
    table = table.assign(**{name: of[name] for name in ("batch", "label", "row")})
    table["item_id"] = table["kind"] + "/" + table["row"] + "/" + table["shown_class"]
    table["image_id"] = table["row"].where(table["kind"] != "adversarial", table["row"] + "-attacked")
    for name in [str(column).removesuffix("_classes") for column in rows if str(column).endswith("_classes")]:
        first = [said[0] if said else None for said in of[f"{name}_classes"]]
        table[f"{name}_top1"] = pd.Series(first).where(table["kind"] != "adversarial", table["shown_class"])
        table[f"{name}_mistake"] = (table[f"{name}_top1"] == table["shown_class"]) & (
            table["shown_class"] != of["label"]
        )
    return table.drop(columns="at")


def with_explained(table: pd.DataFrame) -> pd.DataFrame:
    """The items, and behind them those of the other arm: the attacked images and the controls, explained."""
    table = table.assign(kind=table["kind"].astype(str))
    twins = table[table["kind"].isin(["adversarial", "agreed", "foil"])]
    said = [str(name) for name in table if str(name).endswith(("_top1", "_mistake"))]
    twins = twins.assign(
        item_id=twins["item_id"] + "-explained",
        image_id=twins["image_id"] + "-explained",
        kind=twins["kind"].replace("adversarial", "explained"),
        arm="explained",
        **dict.fromkeys(said, None),
    )
    return pd.concat([table.assign(arm="whole"), twins], ignore_index=True)


def explanations(table: pd.DataFrame, classifier: str, probabilities: Sequence[float]) -> pd.DataFrame:
    """The explanations of explained items, and of the images of theirs that were not attacked."""
    twins = table[table["arm"] == "explained"].drop_duplicates("image_id")
    attacked = twins[twins["kind"] == "explained"]
    before = attacked.assign(image_id=attacked["row"] + "-explained", shown_class=attacked["label"], kind="agreed")
    each = pd.concat([twins, before]).drop_duplicates("image_id")
    each = each.assign(attacked=each["kind"] == "explained", classifier=classifier)
    each = each.rename(columns={"shown_class": "class"})
    rows = each[["image_id", "row", "batch", "label", "classifier", "attacked", "class"]]
    ranks = [rows.assign(rank=rank, shown=rank > 0, probability=p) for rank, p in enumerate(probabilities)]
    return pd.concat(ranks, ignore_index=True)


def ratings(table: pd.DataFrame, answers: Mapping[str, Sequence[Any]] | Sequence[Sequence[Any]]) -> pd.DataFrame:
    """The answers to each item, one of every rater of its batch."""
    lists = [answers[name] for name in table["item_id"]] if isinstance(answers, Mapping) else answers
    each = pd.DataFrame({"item_id": table["item_id"], "batch": table["batch"], "relevant": list(lists)})
    each = each.explode("relevant", ignore_index=True).dropna(subset="item_id")
    rater = each.groupby("item_id").cumcount()
    made = each.assign(participant_id="p" + each["batch"].astype(str) + "-" + rater.astype(str), source="human")
    made = made.assign(
        rating_id=[f"a{n}" for n in range(len(made))], response_time_ms=2000, position=0, rated_at=pd.NaT
    )
    return made.drop(columns="batch")


def study(
    rows: pd.DataFrame,
    table: pd.DataFrame,
    answers: pd.DataFrame,
    attacks: pd.DataFrame | None = None,
    images: Dataset | None = None,
    explained: pd.DataFrame | None = None,
) -> Classification:
    """The tables as `analysis.load` gives them to `read`, and then those of people alone."""
    kinds = pd.Categorical(table["kind"], [kind for kind in KINDS if kind in set(table["kind"])], ordered=True)
    answers = frames.frame(answers)
    question = YesNo("relevant") if pd.api.types.is_bool_dtype(answers["relevant"].dtype) else Choice("relevant")
    people = sorted(answers.loc[answers["source"] != "expert", "participant_id"].unique())
    published = Published(
        name="made",
        revision=None,
        kind="classification",
        key="item_id",
        items=table.assign(kind=kinds),
        images=pd.DataFrame({"image_id": table["image_id"].unique()}),
        ratings=answers,
        participants=pd.DataFrame(
            {"participant_id": people, "source": "human", "age": None, "gender": None, "continent": None}
        ).assign(batch=0, duration_s=60.0, flags=[[] for _ in people]),
        model_ratings=pd.DataFrame(),
        pictures=Pictures(images),
        source="human" if len(people) else None,
        questions=(question,),
        tables={"predictions": rows}
        | ({} if attacks is None else {"attacks": attacks})
        | ({} if explained is None else {"explanations": explained}),
    )
    return read(published, Record({}, "made"))


def attacked(
    rows: pd.DataFrame, name: str, success: Sequence[bool], shown: str, floated: Sequence[bool]
) -> pd.DataFrame:
    """An attack on every row that the classifier gives its label, in their order."""
    right = [
        said is not None and said[0] == label
        for said, label in zip(rows[f"{name}_classes"], rows["label"], strict=True)
    ]
    table = rows.loc[right, ["row", "batch", "label"]].reset_index(drop=True)
    table = table.assign(classifier=name, success=list(success))
    table["class"] = np.where(table["success"], shown, table["label"])
    return table.assign(float_class=np.where(list(floated), shown, None), steps=1, float_steps=1, linf=0.1, l2=1.0)


def pictures(ids: Sequence[str]) -> Dataset:
    """A gray picture, 16 a side, for each id."""
    rows: dict[str, list[Any]] = {"image_id": list(ids), "image": []}
    for place in range(len(ids)):
        content = io.BytesIO()
        PILImage.fromarray(np.full((16, 16, 3), (10 + 7 * place) % 256, np.uint8)).save(content, "PNG")
        rows["image"].append({"bytes": content.getvalue(), "path": None})
    return Dataset.from_dict(rows).cast_column("image", Image())
