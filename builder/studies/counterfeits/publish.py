"""The parts of a published version that a counterfeits study brings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.images.rights import NAME, picture_rights
from builder.studies import NamedModel, PictureRights, Prediction, PublishParts
from builder.studies.counterfeits.schema import COUNTERFEITS, IMAGE_KINDS, TRAINING
from builder.studies.counterfeits.study import counterfeits
from builder.study import Study

if TYPE_CHECKING:  # what publishing needs is an extra
    import pyarrow as pa

    from builder.classifiers import Classifier
    from builder.publish.content import Content
    from builder.runtime import Runtime


class CounterfeitsParts(PublishParts):
    """The card's text, its figures and picture."""

    tags = ("image-classification",)

    def card(self) -> str:
        """Blocks of the card's template."""
        return resources.files(__package__).joinpath("card.md").read_text("utf-8")

    def models(self, study: Study) -> list[NamedModel]:
        """The classifier, and the sources of the images that it knows and does not know."""
        own = counterfeits(study)
        return [
            NamedModel("training images", "images", "training_images", own.training_images.model),
            NamedModel("held out images", "images", NAME, own.held_out_images.model),
            NamedModel("classifier", "classifiers", own.classifier.name, own.classifier.model),
        ]

    def rights(self, study: Study, runtime: "Runtime") -> PictureRights:
        """The rights in the held-out images, which may be published where the training images may, too."""
        own = counterfeits(study)
        held_out, training = (picture_rights(each, runtime) for each in (own.held_out_images, own.training_images))
        return held_out if training.redistributable else held_out._replace(redistributable=False)

    def classifiers(self, study: Study) -> "Mapping[str, Callable[[Runtime], Classifier]]":
        """The one, before any defense."""
        own = counterfeits(study).classifier
        return {own.name: own.load}

    def predictions(self, study: Study, tables: "Mapping[str, pa.Table]") -> Iterator[Prediction]:
        """The predictions of every image, by the classifier before any defense."""
        name = counterfeits(study).classifier.name
        for row in tables["predictions"].to_pylist():
            if row["round"] == 0:
                stated = dict(zip(row["classes"], row["probabilities"], strict=True))
                where = f"predictions: {row['image_id']}"
                yield Prediction(where, name, row["image_id"], row["classes"][0], stated)

    def figures(self, content: "Content") -> dict[str, Any]:
        """The classifier's figures of each kind and round, and the generators that did not converge."""
        study = counterfeits(content.study)
        from builder.publish.content import read_items

        specs = {spec.name: spec for spec in content.specs}
        tables = {name: read_items(content.folder, content.tables, specs[name]) for name in ("images", "runs")}
        return {"said": said(tables["images"]), "rounds": study.all_rounds, "failed": failed(tables["runs"])}

    def draw(self, root: Path, content: "Content") -> None:
        """Writes the picture of the card."""
        from builder.studies.counterfeits.pictures import draw_counterfeits

        draw_counterfeits(content)


@dataclass(frozen=True)
class ClassifierFigures:
    """The classifier's figures of n images of a kind and round: the share of its wanted class (None where none was
    wanted), the mean confidence, and the shares above .9 and .99.
    """

    kind: str
    round: int
    n: int
    accuracy: float | None
    confidence: float
    above_9: float
    above_99: float


def said(images: "pa.Table") -> list[ClassifierFigures]:
    """The classifier's figures by kind and round, in the order of the kinds."""
    columns = {name: np.array(images[name].to_pylist(), object) for name in ("kind", "round", "class", "confidence")}
    wanted = np.array([a or b for a, b in zip(images["target"].to_pylist(), images["label"].to_pylist(), strict=True)])
    rows = []
    for place, kind in enumerate(IMAGE_KINDS):
        for number in sorted(set(columns["round"][columns["kind"] == place])):
            there = (columns["kind"] == place) & (columns["round"] == number)
            if kind == TRAINING:
                continue
            confidence = columns["confidence"][there].astype(np.float64)
            accuracy = None if kind == "noise" else float((columns["class"][there] == wanted[there]).mean())
            shares = [float((confidence > bound).mean()) for bound in (0.9, 0.99)]
            rows.append(
                ClassifierFigures(kind, int(number), int(there.sum()), accuracy, float(confidence.mean()), *shares)
            )
    return rows


def failed(runs: "pa.Table") -> list[str]:
    """The generators that did not converge, each by its batch, round and conditioning, and its least accuracy."""
    return [
        f"batch {run['batch']}, round {run['round']}, {COUNTERFEITS[run['kind']]} ({run['least_accuracy']:.2f})"
        for run in runs.to_pylist()
        if not run["converged"]
    ]
