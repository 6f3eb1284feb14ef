"""The parts of a published version that an expression study brings."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.images.rights import NAME, picture_rights
from builder.registry import split_model
from builder.studies import NamedModel, PictureRights, Prediction, PublishParts
from builder.studies.expression.schema import PREDICTED, VOTES
from builder.studies.expression.study import expression
from builder.studies.expression.tasks import EMOTIONS, VOTED
from builder.study import Study

if TYPE_CHECKING:  # what publishing needs is an extra
    import pyarrow as pa

    from builder.classifiers import Classifier
    from builder.publish.content import Content
    from builder.runtime import Runtime


@dataclass(frozen=True)
class Counts:
    """The counts of each of `EMOTIONS`, of another class, and of nothing in a column."""

    name: str
    emotions: list[int]
    others: int
    nothing: int


class ExpressionParts(PublishParts):
    """The card's text, its figures and picture."""

    tags = ("image-classification",)

    def card(self) -> str:
        """Blocks of the card's template."""
        return resources.files(__package__).joinpath("card.md").read_text("utf-8")

    def models(self, study: Study) -> list[NamedModel]:
        """The source of images, the classifiers, and those that predict groups."""
        described = expression(study)
        named = [NamedModel("source of images", "images", NAME, described.images.model)]
        named += [NamedModel("classifier", "classifiers", each.name, each.model) for each in described.classifiers]
        roles = [NamedModel("classifier of groups", "classifiers", each.name, each.model) for each in described.groups]
        return named + roles

    def rights(self, study: Study, runtime: "Runtime") -> PictureRights:
        """The rights in the source's pictures."""
        return picture_rights(expression(study).images, runtime)

    def classifiers(self, study: Study) -> "Mapping[str, Callable[[Runtime], Classifier]]":
        """The classifiers of emotions and those of groups."""
        described = expression(study)
        return {each.name: each.load for each in (*described.classifiers, *described.groups)}

    def predictions(self, study: Study, tables: "Mapping[str, pa.Table]") -> Iterator[Prediction]:
        """The predictions of every face and classifier; one that has no row of a face found none."""
        described = expression(study)
        names = [each.name for each in (*described.classifiers, *described.groups)]
        stated: dict[tuple[str, str], dict[str, float]] = {}
        for row in tables["predictions"].to_pylist():
            stated.setdefault((row["image_id"], row["classifier"]), {})[row["class"]] = row["probability"]
        for item in tables["items"].to_pylist():
            for name in names:
                of_face = stated.get((item["image_id"], name), {})
                top = item.get(f"{name}_class") or max(of_face, key=of_face.__getitem__, default=None)
                yield Prediction(f"predictions: {item['image_id']}", name, item["image_id"], top, of_face)

    def figures(self, content: "Content") -> dict[str, Any]:
        """The origin of the faces; labels, classes and predicted groups, counted."""
        study = expression(content.study)
        items = content.items
        labeled = any(items[column].null_count < items.num_rows for column in ("label", "dropped"))
        labels = [("label", "label")] if labeled else []
        columns = labels + [(each.name, f"{each.name}_class") for each in study.classifiers]
        groups = {each.name: items[f"{PREDICTED}{each.name}"].to_pylist() for each in study.groups}
        return {
            "generated": split_model(study.images.model)[0] == "generated",
            "labeled": labeled,
            "emotions": EMOTIONS,
            "voted": VOTED if VOTES in items.column_names else (),
            "by_emotion": [by_emotion(name, items[column]) for name, column in columns],
            "predicted_groups": [
                {"name": each.name, "min_confidence": each.min_confidence, "counts": _listed(groups[each.name])}
                for each in study.groups
            ],
        }

    def draw(self, root: Path, content: "Content") -> None:
        """Writes the picture of the card."""
        from builder.studies.expression.pictures import draw_faces

        draw_faces(content)


def by_emotion(name: str, values: "pa.ChunkedArray") -> Counts:
    """The values of a column with classes, counted."""
    counted = Counter(values.to_pylist())
    emotions = [counted[each] for each in EMOTIONS]
    nothing = counted[None]
    return Counts(name, emotions, counted.total() - sum(emotions) - nothing, nothing)


def _listed(groups: list[str | None]) -> list[tuple[str, int]]:
    """Groups with their numbers of faces, by name; faces in which nothing was found come last."""
    counted = Counter("no face found" if each is None else each for each in groups)
    return sorted(counted.items(), key=lambda each: (each[0] == "no face found", each[0]))
