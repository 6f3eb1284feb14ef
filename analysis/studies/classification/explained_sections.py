"""The section on explained images: of attacked images no more is shown than the parts that speak for their class."""

from collections.abc import Iterator

import pandas as pd

from analysis.figures.style import rows
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Item
from analysis.report.sections import Result, SectionOf
from analysis.report.tables import number
from analysis.report.words import INTERVALS, listed, slug
from analysis.studies.classification.data import ACCEPTED, OF, Classification, study
from analysis.studies.classification.figures.explanation_path import explanation_path
from analysis.studies.classification.figures.image_paths import ImagePath, image_paths
from analysis.studies.classification.figures.picture_pairs import picture_pairs
from analysis.studies.classification.figures.positive_answers import positive_answers
from analysis.studies.classification.strips import MOST
from analysis.studies.classification.tables.explained import TO_YES
from analysis.studies.classification.verdicts import ATTACKED, ATTACKED_EXPLAINED
from analysis.studies.classification.words import wrapped


def _draw_answers(findings: Findings, contents: Contents) -> Iterator[Item]:
    """Figure 4: the arms beside each other."""
    table = findings.tables["positive_answers"]
    arms = {ATTACKED: "whole", ATTACKED_EXPLAINED: "explained"}
    both = table[table["measure"].isin(arms)]
    several = both["classifier"].nunique() > 1
    named = both["measure"].map(arms)
    points = both.assign(classifier=both["classifier"] + ", " + named if several else named, measure=ATTACKED)
    all_yes = points[points["yes"] == OF].set_index("classifier")["share"]
    yield contents.figure(
        "positive-answers-of-arms",
        positive_answers(points, source=contents.source),
        f"Share of successful attacks by number of positive answers of {OF}, of images shown whole and explained. Bars "
        "are 95 % intervals of each share alone; they ignore that both arms are of the same images, so that bars that "
        "overlap say nothing of whether two differ.",
        f"Markers with intervals from 0 to {OF} positive answers. Share of attacks to which all say yes: "
        f"{listed(all_yes)}.",
    )


def _draw_turned(findings: Findings, contents: Contents) -> Iterator[Item]:
    """The images that people side with where they are explained, and do not where they are whole."""
    of, table = study(findings.published), findings.tables["explained_pairs"]
    turned = table[(table["turned"] == TO_YES) & table["image_id"].isin(of.pictures)]
    first_rows = turned.head(MOST)
    if first_rows.empty:
        return
    captions = [
        (
            wrapped(f"{row.shown_class}?", f"label: {row.label}", f"{row.n_yes} of {row.n_answers} say yes"),
            f"{row.explained_n_yes} of {row.explained_n_answers} say yes",
        )
        for row in rows(first_rows)
    ]
    title = "Attacked images that turn from no to yes when explained"
    more = f" {len(turned) - len(first_rows)} more are in the table." if len(turned) > len(first_rows) else ""
    text = "; ".join(f"{row.shown_class}, {row.n_yes} and then {row.explained_n_yes} yes" for row in rows(first_rows))
    yield contents.figure(
        "turned-to-yes",
        picture_pairs(
            list(zip(first_rows["image_id"], first_rows["explained_id"], strict=True)),
            captions,
            of.pictures.decoded,
            title,
            source=contents.source,
        ),
        f"{title}: above the whole image, below what speaks for the class. At least {ACCEPTED} of {OF} say below, and "
        f"not above, that the class is relevant.{more}",
        f"{len(first_rows)} pairs of pictures: {text}.",
    )


def _draw_explanations(findings: Findings, contents: Contents) -> Iterator[Item]:
    """Figure 5: what speaks for the label before the attack, and for the class after it."""
    of = study(findings.published)
    pairs = _before_and_after(of)
    pairs = pairs[pairs["before_id"].isin(of.pictures) & pairs["after_id"].isin(of.pictures)]
    for classifier, of_classifier in pairs.groupby("classifier", sort=False):
        first_rows = of_classifier.head(MOST)
        yield contents.figure(
            f"explanations-{slug(str(classifier))}",
            picture_pairs(
                list(zip(first_rows["before_id"], first_rows["after_id"], strict=True)),
                [
                    (wrapped(f"{row.label} (before)"), wrapped(f"{row.shown_class} (attacked)"))
                    for row in rows(first_rows)
                ],
                of.pictures.decoded,
                f"Explanations of {classifier}, before and after the attack",
                source=None,
            ),
            f"What speaks for the answer of {classifier}: above, for its label in the image before the attack; below, "
            "for its class in the attacked one. The rest is gray.",
            f"{len(first_rows)} pairs of pictures: "
            + "; ".join(f"{row.label}, attacked {row.shown_class}" for row in rows(first_rows))
            + ".",
        )


def _before_and_after(of: Classification) -> pd.DataFrame:
    """The explained images of rows of which both are: classifier, row, label, shown_class, before_id, after_id."""
    heads = of.explanations[of.explanations["rank"] == 0]
    attacked = heads["attacked"].astype(bool)
    keys = ["classifier", "row", "label"]
    before = heads.loc[~attacked, [*keys, "image_id"]].rename(columns={"image_id": "before_id"})
    after = heads.loc[attacked, [*keys, "class", "image_id"]]
    return before.merge(after.rename(columns={"image_id": "after_id", "class": "shown_class"}), on=keys)


def _draw_paths(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["explanation_paths"]
    last = table.groupby(["classifier", "image"], sort=False).tail(1)
    text = "; ".join(f"{row.classifier}, {row.image}: {number(row.probability)}" for row in rows(last))
    yield contents.figure(
        "explanation-paths",
        explanation_path(table),
        "How probable the class is to the classifier as superpixels are uncovered in the order of their weights, on "
        "average over images; the rest is gray. Bars are 95 % intervals of each mean alone; they ignore that the means "
        "of a line are of the same images.",
        f"Rising lines. Probability at their ends: {text}.",
    )
    yield from _draw_image_paths(findings, contents)


def _draw_image_paths(findings: Findings, contents: Contents) -> Iterator[Item]:
    """The paths of the first attacked images of each classifier."""
    of = study(findings.published)
    table = of.explanations[of.explanations["attacked"].astype(bool) & of.explanations["image_id"].isin(of.pictures)]
    for classifier, of_classifier in table.groupby("classifier", sort=False):
        paths = [
            ImagePath(str(image_id), wrapped(f"{path['class'].iloc[0]}?"), path["probability"].tolist())
            for image_id, path in of_classifier.sort_values("rank").groupby("image_id", sort=True)
        ][:MOST]
        title = f"Explanation paths of attacked images, {classifier}"
        text = "; ".join(f"{path.probabilities[0]:.2f} to {path.probabilities[-1]:.2f}" for path in paths)
        yield contents.figure(
            f"image-paths-{slug(str(classifier))}",
            image_paths(paths, of.pictures.decoded, title),
            f"{title}, the first {len(paths)} by name: what is shown of each image in the end, and below how probable "
            f"its class is to {classifier} as its superpixels are uncovered in the order of their weights.",
            f"{len(paths)} pictures, each above a line. Probability of the class at its ends: {text}.",
        )


def _text(findings: Findings) -> list[str]:
    if not findings.has("explanation_paths"):
        return []
    return [
        "In another arm, no more of an attacked image is shown than the superpixels with the largest positive weights "
        "for the class that the classifier gives it. Nobody saw both in one sitting."
    ]


EXPLAINED_IMAGES = SectionOf(
    "explained",
    "Adversarial examples, explained",
    [
        Result(
            "arm_difference",
            "Whether people side more with the class of an attacked image where they see the parts that speak for it: "
            "explained minus whole, image by image, so that what the two arms share in images falls out. to_yes and "
            f"to_no are images that turn. {INTERVALS} Where batches count unequally, the degrees of freedom are "
            "those of their effective number.",
        ),
        Result("positive_answers", draw=_draw_answers, needs=("explained_pairs",)),
        Result("explained_pairs", draw=_draw_turned),
        Result("explained_pairs", "Every attacked image that people were asked about both whole and explained."),
        Result("explanation_paths", draw=_draw_explanations),
        Result(
            "explanation_paths",
            "The probability of the class with so many superpixels shown, of n images that have so many with a weight. "
            f"{INTERVALS}",
            _draw_paths,
        ),
    ],
    _text,
)
"""Sections of studies whose attacked images are shown explained, too."""
