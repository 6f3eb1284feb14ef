"""The sections of a counterfeits report, as declarations: what is shown of which result."""

from collections.abc import Iterator, Sequence

import pandas as pd

from analysis.figures.style import rows
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Item
from analysis.report.sections import (
    AGREEMENT,
    CEILING,
    DRIFT,
    GROUPS,
    LIMITS,
    PARTICIPANTS,
    POWER,
    Result,
    SectionOf,
)
from analysis.report.tables import number
from analysis.report.words import INTERVALS
from analysis.studies.counterfeits.data import ALL, CONTROL, MEASURES, Counterfeits, study
from analysis.studies.counterfeits.figures import curves, distances, roc, shares, strip

MOST = 10
"""Counterfeits in a strip."""


def _over_all(table: pd.DataFrame) -> pd.DataFrame:
    """The rows over all classes and all confidences, with `images`: kind and round in one."""
    for column in {"class", "confidence"} & set(table.select_dtypes(exclude="number").columns):
        table = table[table[column] == ALL]
    return table.assign(images=shares.named(table))


def _said(table: pd.DataFrame, column: str) -> str:
    return ", ".join(f"{row.images} {number(getattr(row, column))}" for row in rows(table)) or "none"


def _draw_seen(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = _over_all(findings.tables["seen"])
    columns = {"as_classifier": "the classifier's class", "nothing": "none of the classes"}
    yield contents.figure(
        "seen",
        shares.shares(table, columns, "images", "share of people's answers", source=contents.source),
        "What people see in the images: the class that the classifier names, or nothing of the kind. Controls are "
        "images "
        f"of the world. {INTERVALS}",
        f"Markers with intervals, a row per kind and round. The classifier's class: {_said(table, 'as_classifier')}. "
        f"None: {_said(table, 'nothing')}.",
    )
    by_confidence = findings.tables["seen"].query("confidence != 'all' and kind != @CONTROL")
    if len(by_confidence):
        ranges = by_confidence.assign(images=shares.named(by_confidence) + ": " + by_confidence["confidence"])
        yield contents.figure(
            "seen-by-confidence",
            shares.shares(ranges, columns, "images", "share of people's answers", source=contents.source),
            f"The same of counterfeits by how sure the classifier is. {INTERVALS}",
            f"Markers with intervals, a row per kind, round and range of confidence. {_said(ranges, 'as_classifier')}.",
        )


def _failed_text(findings: Findings) -> Sequence[str]:
    failed = study(findings.published).failed
    if not len(failed):
        return ["All generators converged: in every class, at least the study's share of the images gets it."]
    return [
        f"{len(failed)} of {len(study(findings.published).tables['runs'])} generators did not converge: of some class, "
        "fewer of their images than the study's bound get it. They are in the tables of this section and of the next "
        "ones, and in nothing that is said of people."
    ]


def _draw_inversion(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = _over_all(findings.tables["inversion"])
    columns = {"accuracy": "gets the wanted class", "above_99": "confidence above .99"}
    yield contents.figure(
        "inversion",
        shares.shares(table, columns, "images", "share of images", source=contents.source),
        f"Images that get the class that was wanted, and of which the classifier is sure. {INTERVALS}",
        f"Markers with intervals. Above .99: {_said(table, 'above_99')}.",
    )


def _draw_curves(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["curves"]
    last = table[(table["term"] == "kl") & (table["step"] == table["step"].max())]
    ends = _said(last.assign(images=shares.named(last)), "mean")
    yield contents.figure(
        "curves",
        curves.curves(table, source=contents.source),
        "The terms of the loss at each step of training, before their weights: the mean over the batches, in a band "
        "from "
        "the least to the most.",
        f"A panel per term, a line per kind and round. The divergence ends at: {ends}.",
    )


def _draw_distances(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = _over_all(findings.tables["distance"])
    medians = "; ".join(f"{measure}: {_said(table[table['measure'] == measure], 'median')}" for measure in MEASURES)
    yield contents.figure(
        "distances",
        distances.distances(study(findings.published).classified, source=contents.source),
        "Distance to the nearest training image, in pixels (units of 0..1, Euclidean), in the classifier's features "
        "and by "
        "LPIPS; whiskers at 5 and 95 %. Dashed: where 95 % of held-out images end.",
        f"Boxes, a row per kind and round of images. Medians in {medians}.",
    )


def _draw_strip(findings: Findings, contents: Contents) -> Iterator[Item]:
    of = study(findings.published)
    columns = _surest(of)
    if not columns:
        return
    yield contents.figure(
        "neighbors",
        strip.strip(columns, of.pictures.decoded, source=contents.source),
        "Counterfeits that people saw, of each class the one that the classifier is most sure of, with what it says; "
        "below "
        "each the nearest training image by each measure, with its label and distance.",
        f"{len(columns)} counterfeits: {'; '.join(column.caption for column in columns)}. "
        "Below each three training images.",
    )


def _surest(of: Counterfeits) -> list[strip.Column]:
    """The item of each class that the classifier is most sure of."""
    counterfeits = of.shown[(of.shown["kind"] != CONTROL) & (of.shown["round"] == 0)]
    first = counterfeits.sort_values(["confidence", of.key], ascending=[False, True]).drop_duplicates("class")
    near = of.tables["neighbors"].dropna(subset="neighbor_id")
    columns = []
    for row in first.sort_values("class").head(MOST).to_dict("records"):
        beside = {
            str(each["measure"]): (str(each["neighbor_id"]), f"{each['label']}, {number(each['distance'])}")
            for each in near[near["image_id"] == row["image_id"]].to_dict("records")
            if each["neighbor_id"] in of.pictures
        }
        if row["image_id"] in of.pictures:
            columns.append(strip.Column(row["image_id"], f"{row['class']}: {100 * row['confidence']:.1f} %", beside))
    return columns


def _draw_roc(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["detectors"]
    best = table.loc[table.groupby(["kind", "round"], observed=True)["auroc"].idxmax()]
    text = ", ".join(f"{row.kind}, round {row.round}: {row.detector} {number(row.auroc)}" for row in rows(best))
    yield contents.figure(
        "detectors",
        roc.roc(findings.tables["detector_roc"], source=contents.source),
        "Share of the images of each kind that a detector catches, by the share of held-out images that it takes for "
        "one.",
        f"A panel per kind and round, a line per detector. Best by the area: {text}.",
    )


def _draw_defense(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["defense"]
    table = table.assign(images=shares.named(table) + ", classifier " + table["classifier"].astype(str))
    columns = {"passes": "gets the wanted class", "rejects": "is rejected"}
    yield contents.figure(
        "defense",
        shares.shares(table, columns, "images", "share of images", source=contents.source),
        "Images that pass the study's classifier (0) and that which was trained again with counterfeits as one more "
        "class. "
        f"{INTERVALS}",
        f"Markers with intervals. Passes: {_said(table, 'passes')}.",
    )


SEEN = SectionOf(
    "seen",
    "What people see",
    [
        Result(
            "seen",
            "What people see in the images, by kind and round, by the classifier's class and by its confidence. "
            "as_classifier: shares of answers that name the class that the classifier names; nothing: that name none; "
            f"another: the rest. {INTERVALS}",
            _draw_seen,
        )
    ],
)

INVERSION = SectionOf(
    "inversion",
    "What the classifier says",
    [
        Result(
            "inversion",
            "Share of images that get the wanted class (of held-out images their label), mean confidence of the "
            f"classifier, and shares of images of which it is surer than .9, .99 and .999. {INTERVALS}",
            _draw_inversion,
        ),
        Result(
            "convergence",
            "The generators: accuracy over all classes, and of the class in which it is least; below min_accuracy "
            "there, "
            "a generator did not converge.",
        ),
        Result("curves", draw=_draw_curves),
    ],
    _failed_text,
)

DISTANCE = SectionOf(
    "distance",
    "Distance from what the classifier knows",
    [
        Result(
            "distance",
            "Distance to the nearest training image, beside that of held-out images of the same class. beyond: share "
            "of "
            f"images that are farther than held_out_far, which 95 % of those do not reach. {INTERVALS}",
            _draw_distances,
        ),
        Result("distance", draw=_draw_strip),
        Result(
            "diversity",
            "How far two images of a class are apart on average, and the nearest two, in pixels and features; frechet: "
            "squared Fréchet distance of their features from those of training images (compare for equal n). real: the "
            "first percentile over all twos of held-out images; twins: how often the nearest two are nearer than "
            "that in "
            f"pixels. {INTERVALS}",
        ),
    ],
)

DETECTORS = SectionOf(
    "detectors",
    "Would anything have caught it?",
    [
        Result(
            "detectors",
            "Detectors between held-out images and those of each kind: area under the curve, and the share that is "
            "caught "
            f"where 5 % of held-out images are taken for one. {INTERVALS}",
            _draw_roc,
        ),
        Result("detector_roc"),
    ],
)

DEFENSE = SectionOf(
    "defense",
    "A remedy",
    [
        Result(
            "defense",
            "Images that the study's classifier (0) and the ones that were trained again give the wanted class (of "
            "held-out "
            f"images their label), and that they reject. {INTERVALS}",
            _draw_defense,
        )
    ],
)

PEOPLE = SectionOf(
    "people",
    "People among themselves, and with the classifier",
    [
        *AGREEMENT,
        CEILING,
        Result(
            "error_consistency",
            "Error consistency: Cohen's kappa of who errs where, against the majority of the other people and, of "
            f"controls, the label. {INTERVALS}",
        ),
        DRIFT,
    ],
)

SECTIONS = (SEEN, INVERSION, DISTANCE, DETECTORS, DEFENSE, PARTICIPANTS, PEOPLE, GROUPS, POWER, LIMITS)
"""The sections, in the order of the report."""


def names(findings: Findings) -> list[str]:
    """The conditionings and other kinds of images, and the detectors."""
    named = findings.tables["detectors"]["detector"] if findings.has("detectors") else ()
    return [*map(str, findings.published.images["kind"].unique()), *map(str, named)]
