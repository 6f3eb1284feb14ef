"""The section on pictures without labels: what classifiers say of them (Figure 10a), and of pairs (Figure 8)."""

from collections.abc import Hashable, Iterator
from typing import Any

import pandas as pd

from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Item
from analysis.report.sections import Result, SectionOf
from analysis.report.tables import number
from analysis.report.words import slug
from analysis.studies.classification.data import Classification, study
from analysis.studies.classification.figures.mistake_strip import mistake_strip
from analysis.studies.classification.figures.picture_pairs import picture_pairs
from analysis.studies.classification.words import wrapped

MOST = 8
"""Pictures, or pairs of them, in a strip at most."""

FIRST = 3
"""Classes of a picture in its caption; of one in a pair the first alone."""


def _draw_predictions(findings: Findings, contents: Contents) -> Iterator[Item]:
    """Pictures with the classes that a classifier gives them, a strip for each classifier."""
    of = study(findings.published)
    there = of.predictions[of.predictions["image_id"].isin(of.pictures)]
    if there.empty:
        return
    for name in of.classifiers:
        draw = _draw_pairs if "pair" in there else _draw_rows
        yield draw(of, there, name, contents)


def _draw_rows(of: Classification, there: pd.DataFrame, name: str, contents: Contents) -> Item:
    shown = there.head(MOST)
    captions = [_classes(row, name, FIRST) for row in shown.to_dict("records")]
    title = f"What {name} says of pictures without labels"
    return contents.figure(
        f"predictions-{slug(name)}",
        mistake_strip(
            list(shown["image_id"]), [wrapped(*lines) for lines in captions], of.pictures.decoded, title, source=None
        ),
        f"{title}: its first classes, and how probable it finds them. The pictures are drawn at random.",
        f"{len(shown)} pictures: {'; '.join(', '.join(lines) for lines in captions)}.",
    )


def _draw_pairs(of: Classification, there: pd.DataFrame, name: str, contents: Contents) -> Item:
    first, second = (there[there["side"] == side] for side in ("first", "second"))
    shown = first.merge(second, on=["pair", "attribute"], suffixes=("", "_of_second")).head(MOST)
    above, below = (shown["image_id"], shown["image_id_of_second"])
    captions = [(_classes(row, name, 1), _classes(row, name, 1, "_of_second")) for row in shown.to_dict("records")]
    title = f"What {name} says of the two pictures of a pair"
    text = "; ".join(f"{', '.join(one)} and {', '.join(other)}" for one, other in captions)
    return contents.figure(
        f"predictions-{slug(name)}",
        picture_pairs(
            list(zip(above, below, strict=True)),
            [(wrapped(*one), wrapped(*other)) for one, other in captions],
            of.pictures.decoded,
            title,
            source=None,
        ),
        f"{title}: its first class, and how probable it finds it. The pairs are drawn at random.",
        f"{len(shown)} pairs of pictures: {text}.",
    )


def _classes(row: dict[Hashable, Any], name: str, most: int, side: str = "") -> list[str]:
    classes, shares = (row[f"{name}_{what}{side}"] for what in ("classes", "probabilities"))
    if classes is None or not len(classes):
        return ["nothing found"]
    return [f"{label} {number(share)}" for label, share in zip(classes[:most], shares[:most], strict=True)]


UNLABELED = SectionOf(
    "predictions",
    "Pictures without labels",
    [
        Result(
            "pairs_told_apart",
            "How often a classifier gives the two pictures of a pair, which differ in one attribute, different "
            "classes, with Wilson's 95 % intervals, which take pairs for independent.",
        ),
        Result(
            "pairs_by_class",
            "Which class goes to one picture of a pair alone, and to which: McNemar's exact test. p takes pairs for "
            "independent; p_holm knows the classes of one classifier and attribute as one family.",
        ),
        Result("predicted_shares", draw=_draw_predictions),
        Result("predicted_shares", "The classes that each classifier gives to pictures without labels."),
    ],
)
