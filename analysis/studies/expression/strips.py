"""Strips of the faces on which classifiers and people differ most."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.figures.style import rows
from analysis.report import tables
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Card, CardPicture, Item, StripItem
from analysis.report.pictures import data_uri
from analysis.report.words import slug
from analysis.studies.expression.data import Expression, study
from analysis.studies.expression.figures.strip import face_strip
from analysis.studies.expression.references import LABELS
from analysis.studies.expression.tables.disagreement import SURE, UNSEEN, of_people

MOST = 8
"""Faces in a strip at most."""

SMALL, LARGE = 144, 384
"""Pixels of a picture's longer side at most, in a strip and opened."""

_SHOWN = {"ratings_source", "image_id"}
"""Columns that are no score of a face."""

_WORDS = {
    SURE: "the classifier is much surer of its class than {who} are: ordered by its confidence minus the share of "
    "{who} that say the same.",
    UNSEEN: "the classifier gives little to what most {who} say: ordered by their share minus its probability.",
}


def draw_strips(findings: Findings, contents: Contents) -> Iterator[Item]:
    """The strips of every classifier."""
    of = study(findings.published)
    who = {LABELS: "labels"}.get(of_people(of), "people")
    for (name, sort), table in findings.tables["disagreement"].groupby(["classifier", "sort"], sort=False):
        first_rows = table[table["image_id"].isin(list(of.pictures))].head(MOST)
        if len(first_rows):
            yield _strip(first_rows, str(name), str(sort), who, findings, contents)


def _strip(faces: pd.DataFrame, name: str, sort: str, who: str, findings: Findings, contents: Contents) -> Item:
    of = study(findings.published)
    captions = [
        f"{name}: {row.said} {row.confidence:.2f}\n{who}: {row.seen} {100 * row.seen_by:.0f} %" for row in rows(faces)
    ]
    text = "; ".join(caption.replace("\n", ", ") for caption in captions)
    title, file = f"{name} {sort}", f"{slug(sort)}-{slug(name)}"
    figure = contents.figure(
        f"strip-{file}",
        face_strip(list(faces["image_id"]), captions, of.pictures.decoded, title, source=contents.source),
        f"{title}: {_WORDS[sort].format(who=who)} Below each face what {name} says, with its confidence, "
        f"and what most {who} say, with their share. Open a face to see all that is known of it.",
        f"{len(faces)} faces, the largest difference first: {text}.",
    )
    cards = [
        _card(of, row.dropna(), f"face-{file}-{place}", caption)
        for (place, row), caption in zip(faces.iterrows(), captions, strict=True)
    ]
    return StripItem(file, figure.number, figure.file, figure.caption, cards, figure.source)


def _card(of: Expression, row: "pd.Series[Any]", name: str, caption: str) -> Card:
    face = of.pictures.decoded(str(row["image_id"]))
    first, rest = caption.split("\n")
    scores = [(tables.heading(column), tables.cell(value)) for column, value in row.items() if column not in _SHOWN]
    picture = CardPicture("face", caption.replace("\n", ", "), data_uri(face, SMALL), data_uri(face, LARGE))
    return Card(name, f"Face {row[of.key]}", first, rest, [picture], scores)
