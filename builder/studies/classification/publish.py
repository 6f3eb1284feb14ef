"""What a published classification study says of itself, beside what every study says."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.images.rights import publishable
from builder.studies import NamedModel, PublishParts
from builder.studies.classification.schema import KINDS
from builder.studies.classification.study import classification
from builder.study import Study

if TYPE_CHECKING:  # what publishing needs is an extra
    import pyarrow as pa

    from builder.publish.content import Content


class ClassificationParts(PublishParts):
    """The card's text, its figures and picture."""

    tags = ("image-classification",)

    def card(self) -> str:
        """Blocks of the card's template."""
        return resources.files(__package__).joinpath("card.md").read_text("utf-8")

    def models(self, study: Study) -> list[NamedModel]:
        """The source of images and the classifiers."""
        described = classification(study)
        named = [NamedModel("source of images", "images", "images", described.images.model)]
        return named + [
            NamedModel("classifier", "classifiers", each.name, each.model) for each in described.classifiers
        ]

    def figures(self, content: "Content") -> dict[str, Any]:
        """Errors by classifier, items by kind, and what attacks came to.

        Raises:
            PublishError: the pictures may not be published.
        """
        from builder.publish.content import read_items

        study = classification(content.study)
        publishable(study.images)
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
    """How many attacks there are, and how many succeeded: in 8 bits, and before rounding."""
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
    """Each classifier's errors; whether there are more than 10 classes is told by the classes that it names first."""
    labels = predictions["label"].to_pylist()
    made = []
    for name in classifiers:
        classes = predictions[f"{name}_classes"].to_pylist()
        answered = [(label, first) for label, first in zip(labels, classes, strict=True) if first is not None]
        top1 = sum(label != first[0] for label, first in answered)
        top5 = sum(label not in first for label, first in answered)
        many = len({each for _, first in answered for each in first}) > 10
        made.append(Errors(name, len(labels), len(answered), top1, top5 if many else None))
    return made
