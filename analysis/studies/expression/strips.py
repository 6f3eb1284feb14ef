"""Strips of the faces on which classifiers and people differ most."""

from collections.abc import Iterator

import pandas as pd

from analysis.figures.style import rows
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Item
from analysis.report.words import slug
from analysis.studies.expression.data import study
from analysis.studies.expression.figures.strip import face_strip
from analysis.studies.expression.references import LABELS
from analysis.studies.expression.tables.disagreement import SURE, UNSEEN, of_people

MOST = 8
"""Faces in a strip at most."""

_WORDS = {
    SURE: "The classifier is much surer of its class than {who} are: ordered by its confidence minus the share of "
    "{who} that say the same.",
    UNSEEN: "The classifier gives little to what most {who} say: ordered by their share minus its probability.",
}


def draw_strips(found: Findings, contents: Contents) -> Iterator[Item]:
    """The strips of every classifier."""
    of = study(found.published)
    who = {LABELS: "labels"}.get(of_people(of), "people")
    for (name, sort), table in found.tables["disagreement"].groupby(["classifier", "sort"], sort=False):
        shown = table[table["image_id"].isin(list(of.pictures))].head(MOST)
        if len(shown):
            yield _strip(shown, str(name), str(sort), who, found, contents)


def _strip(shown: pd.DataFrame, name: str, sort: str, who: str, found: Findings, contents: Contents) -> Item:
    of = study(found.published)
    captions = [f"{name}: {row.said} {row.confidence:.2f}\n{who}: {row.seen} {row.seen_by:.0%}" for row in rows(shown)]
    said = "; ".join(caption.replace("\n", ", ") for caption in captions)
    title = f"{name} {sort}"
    return contents.figure(
        f"strip-{slug(sort)}-{slug(name)}",
        face_strip(list(shown["image_id"]), captions, of.pictures.decoded, title, source=contents.source),
        f"{_WORDS[sort].format(who=who)} Below each face what {name} says, with its confidence, and what most {who} "
        "say, with their share.",
        f"{len(shown)} faces, the largest difference first: {said}.",
    )
