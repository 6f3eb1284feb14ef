"""The parts of a published version that a classification study brings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.images.rights import NAME, picture_rights
from builder.studies import NamedModel, PictureRights, Prediction, PublishParts
from builder.studies.classification.schema import KINDS, MANY, in_top5
from builder.studies.classification.study import classification
from builder.study import Study

if TYPE_CHECKING:  # what publishing needs is an extra
    import pyarrow as pa

    from builder.classifiers import Classifier
    from builder.publish.content import Content
    from builder.runtime import Runtime


class ClassificationParts(PublishParts):
    """The card's text, its figures and picture."""

    tags = ("image-classification",)

    def card(self) -> str:
        """Blocks of the card's template."""
        return resources.files(__package__).joinpath("card.md").read_text("utf-8")

    def models(self, study: Study) -> list[NamedModel]:
        """The source of images, the classifiers, and the explainer of the explained arm."""
        described = classification(study)
        named = [NamedModel("source of images", "images", NAME, described.images.model)]
        named += [NamedModel("classifier", "classifiers", each.name, each.model) for each in described.classifiers]
        own = described.explained
        return named + ([] if own is None else [NamedModel("explainer", "explainers", "explained", own.model)])

    def rights(self, study: Study, runtime: "Runtime") -> PictureRights:
        """The rights in the source's pictures."""
        return picture_rights(classification(study).images, runtime)

    def classifiers(self, study: Study) -> "Mapping[str, Callable[[Runtime], Classifier]]":
        """The classifiers of the study file."""
        return {each.name: each.load for each in classification(study).classifiers}

    def predictions(self, study: Study, tables: "Mapping[str, pa.Table]") -> Iterator[Prediction]:
        """The predictions of every row, of every item, attacked images among them, and of every attack."""
        names = [each.name for each in classification(study).classifiers]
        for row in tables["predictions"].to_pylist():
            for name in names:
                classes, probabilities = row[f"{name}_classes"] or (), row[f"{name}_probabilities"] or ()
                top, stated = next(iter(classes), None), dict(zip(classes, probabilities, strict=True))
                yield Prediction(f"predictions: row {row['row']}", name, row["image_id"], top, stated)
        items = tables.get("items")
        for item in items.to_pylist() if items is not None else ():
            for name in names:
                if item[f"{name}_mistake"] is not None:  # else it could not be asked
                    yield Prediction(f"items: {item['item_id']}", name, item["image_id"], item[f"{name}_top1"], {})
        attacks = tables.get("attacks")
        for row in attacks.to_pylist() if attacks is not None else ():
            if row["image_id"] is not None:
                yield Prediction(f"attacks: row {row['row']}", row["classifier"], row["image_id"], row["class"], {})

    def figures(self, content: "Content") -> dict[str, Any]:
        """Errors by classifier, items by kind, and what attacks came to."""
        from builder.publish.content import read_items

        study = classification(content.study)
        specs = {spec.name: spec for spec in content.specs}
        predictions = read_items(content.folder, content.tables, specs["predictions"])
        attacked = any(part.table == "attacks" for part in content.tables)
        kinds = content.items["kind"].to_pylist()
        return {
            "errors": errors(predictions, [each.name for each in study.classifiers]),
            "kinds": {kind: kinds.count(label) for label, kind in enumerate(KINDS) if label in kinds},
            "attacks": attack_counts(read_items(content.folder, content.tables, specs["attacks"]))
            if attacked
            else None,
        }

    def draw(self, root: Path, content: "Content") -> None:
        """Writes the picture of the card."""
        from builder.studies.classification.pictures import draw_mistakes

        draw_mistakes(content)


def attack_counts(attacks: "pa.Table") -> dict[str, int]:
    """The numbers of attacks, and of those that succeeded: in 8 bits, and before rounding."""
    success = attacks["success"].to_pylist().count(True)
    floated = attacks.num_rows - attacks["float_class"].null_count
    return {"rows": attacks.num_rows, "success": success, "floated": floated}


@dataclass(frozen=True)
class Errors:
    """The rows that a classifier was asked about, in how many it found something, and how many of these it gets wrong
    by the label: top-1, and top-5 where it has more than 10 classes to choose from, else None.
    """

    classifier: str
    rows: int
    found: int
    top1: int
    top5: int | None


def errors(predictions: "pa.Table", classifiers: list[str]) -> list[Errors]:
    """Each classifier's errors; whether it has more than 10 classes is told by the column that says of each row whether
    the label is among the first five, or else by the classes that it names first.
    """
    labels = predictions["label"].to_pylist()
    rows = []
    for name in classifiers:
        classes = predictions[f"{name}_classes"].to_pylist()
        answered = [(label, first) for label, first in zip(labels, classes, strict=True) if first is not None]
        top1 = sum(label != first[0] for label, first in answered)
        top5 = sum(label not in first for label, first in answered)
        stated = in_top5(name) in predictions.column_names and predictions[in_top5(name)].null_count < len(labels)
        many = stated or len({each for _, first in answered for each in first}) > MANY
        rows.append(Errors(name, len(labels), len(answered), top1, top5 if many else None))
    return rows
