"""The parts of a published version that an explanation study brings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.images.rights import NAME, picture_rights
from builder.studies import NamedModel, PictureRights, Prediction, PublishParts
from builder.studies.explanation.schema import KINDS
from builder.studies.explanation.study import LPIPS_NAME, ExplanationStudy, explanation
from builder.study import Study

if TYPE_CHECKING:  # what publishing needs is an extra
    import pyarrow as pa

    from builder.classifiers import Classifier
    from builder.publish.content import Content
    from builder.runtime import Runtime

CURVES = ("spearman", "spearman_absolute")
"""The measures in the card's table."""


class ExplanationParts(PublishParts):
    """The card's text, its figures and picture."""

    tags = ("explainability",)

    def card(self) -> str:
        """Blocks of the card's template."""
        return resources.files(__package__).joinpath("card.md").read_text("utf-8")

    def models(self, study: Study) -> list[NamedModel]:
        """The source of images, the classifiers and the explainers."""
        described = explanation(study)
        return [
            NamedModel("source of images", "images", NAME, described.images.model),
            *(
                [NamedModel("training images", "images", "training_images", described.training_images.model)]
                if described.tuned
                else []
            ),
            *(NamedModel("classifier", "classifiers", each.name, each.model) for each in described.classifiers),
            *([NamedModel("distance", "distances", LPIPS_NAME, LPIPS_NAME)] if described.lpips else []),
            *(NamedModel("explainer", "explainers", each.name, each.model) for each in described.explainers),
        ]

    def rights(self, study: Study, runtime: "Runtime") -> PictureRights:
        """The rights in the source's pictures. A table is its owner's: charts of its rows stay where they are, and all
        pictures with them.
        """
        described = explanation(study)
        rights = picture_rights(described.images, runtime)
        return rights._replace(
            redistributable=rights.redistributable and not (described.of_rows and described.table.path)
        )

    def classifiers(self, study: Study) -> "Mapping[str, Callable[[Runtime], Classifier]]":
        """The classifiers of the study file; those that a batch trains are known to it alone."""
        return {each.name: each.load for each in explanation(study).classifiers}

    def predictions(self, study: Study, tables: "Mapping[str, pa.Table]") -> Iterator[Prediction]:
        """The predictions of every picture that an item shows, and of every changed one that keeps its class; of those
        networks that stand in the study file.
        """
        names = {each.name for each in explanation(study).classifiers}
        classes: dict[tuple[str, str], str] = {}
        for item in tables["items"].to_pylist():
            key = item["classifier"], item["image_id"]
            if item["check"] == "labels" or key[0] not in names or key in classes:
                continue
            classes[key] = item["class"]
            yield Prediction(f"items: {item['item_id']}", *key, item["class"], {item["class"]: item["probability"]})
        changed = tables.get("manipulations")
        for row in changed.to_pylist() if changed is not None else ():
            top = classes.get((row["classifier"], row["image_id"]))
            if top is not None and row["same_class"] and row["changed_id"] != row["image_id"]:
                yield Prediction(f"manipulations: {row['changed_id']}", row["classifier"], row["changed_id"], top, {})

    def figures(self, content: "Content") -> dict[str, Any]:
        """Items by kind, the measures with their ranges, and what became of each explainer."""
        from builder.publish.content import read_items
        from builder.studies.explanation.compare import MEASURES

        study = explanation(content.study)
        specs = {spec.name: spec for spec in content.specs}
        checked = any(part.table == "sanity" for part in content.tables)
        rows = read_items(content.folder, content.tables, specs["sanity"]) if checked else None
        kinds = content.items["kind"].to_pylist()
        tried = any(part.table == "runs" for part in content.tables)
        runs = read_items(content.folder, content.tables, specs["runs"]) if tried else None
        return {
            "manipulations": [] if runs is None else manipulations(runs),
            "kinds": {kind: kinds.count(label) for label, kind in enumerate(KINDS) if label in kinds},
            "measures": [(each.name, each.low, each.high, each.alike) for each in MEASURES],
            "checks": checks(study, content.items),
            "outcomes": [] if rows is None else outcomes(rows),
        }

    def draw(self, root: Path, content: "Content") -> None:
        """Writes the picture of the card."""
        from builder.studies.explanation.pictures import draw_items

        draw_items(content)


@dataclass(frozen=True)
class Outcome:
    """The fate of an explainer in a check: the mean of each of `CURVES` at the layer that is looked at last."""

    check: str
    classifier: str
    explainer: str
    pictures: int
    means: list[float | None]


def checks(study: ExplanationStudy, items: "pa.Table") -> Mapping[str, int]:
    """The batches of each check that are there."""
    batches = set(items["batch"].to_pylist())
    made = [study.check_of(batch).check for batch in batches]
    return {check: made.count(check) for check in dict.fromkeys(each.check for each in study.checks) if check in made}


@dataclass(frozen=True)
class Tried:
    """A manipulation of an explainer and one of its versions: means over all pictures and settings that were tried.

    fooled: the share of pictures that count as fooled; None of what is to change the class.
    """

    manipulation: str
    explainer: str
    version: str
    goal: str
    pictures: int
    same_class: float
    fooled: float | None
    before: float
    after: float


def manipulations(runs: "pa.Table") -> list[Tried]:
    """One for each manipulation, explainer and version, in the order of the rows."""
    by_check: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in runs.to_pylist():
        if row["goal_before"] is not None and row["goal_after"] is not None:
            by_check.setdefault((row["manipulation"], row["explainer"], row["version"]), []).append(row)
    return [
        Tried(
            *key,
            f"{rows[0]['goal']} ({rows[0]['wanted']})",
            sum(row["pictures"] for row in rows),
            _over_pictures(rows, "same_class"),
            None
            if rows[0]["fooled"] is None
            else sum(row["fooled"] for row in rows) / sum(row["pictures"] for row in rows),
            _over_pictures(rows, "goal_before"),
            _over_pictures(rows, "goal_after"),
        )
        for key, rows in by_check.items()
    ]


def _over_pictures(rows: list[dict[str, Any]], name: str) -> float:
    """The mean of a mean over pictures."""
    mean: float = sum(row[name] * row["pictures"] for row in rows) / sum(row["pictures"] for row in rows)
    return mean


def outcomes(sanity: "pa.Table") -> list[Outcome]:
    """One for each check, classifier and explainer, in the order of the rows; means over all pictures of which there is
    one.
    """
    rows = [row for row in sanity.to_pylist() if row["measure"] in CURVES]
    last: dict[tuple[str, str], int] = {}
    for row in rows:
        network = row["check"], row["classifier"]
        last[network] = max(row["place"], last.get(network, 0))
    by_check: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        if row["place"] == last[row["check"], row["classifier"]]:
            by_check.setdefault((row["check"], row["classifier"], row["explainer"]), []).append(row)
    return [
        Outcome(
            *key,
            sum(row["pictures"] for row in of_one if row["measure"] == CURVES[0]),
            [_mean([row for row in of_one if row["measure"] == name]) for name in CURVES],
        )
        for key, of_one in by_check.items()
    ]


def _mean(rows: list[dict[str, Any]]) -> float | None:
    """The mean over the pictures of which a measure is defined."""
    defined = [row for row in rows if row["mean"] is not None]
    total = sum(row["defined"] for row in defined)
    return sum(row["defined"] * row["mean"] for row in defined) / total if total else None
