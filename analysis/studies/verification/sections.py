"""The sections of a verification report, as declarations: what is shown of which result."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from analysis.figures import groups
from analysis.figures.style import rows
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Item, NoteItem
from analysis.report.sections import (
    AGREEMENT,
    DRIFT,
    GROUPS,
    LIMITS,
    PARTICIPANTS,
    POWER,
    POWERED,
    SIDES,
    TEXTS,
    Result,
    SectionOf,
    groups_text,
)
from analysis.report.summary import measured
from analysis.report.tables import number
from analysis.report.words import INTERVALS, listed, slug
from analysis.studies.verification import interactive
from analysis.studies.verification.data import distances, study
from analysis.studies.verification.figures import (
    correlations,
    distance_violins,
    distances_by_kind,
    importance,
    latent_plane,
    similarity_by_kind,
    similarity_distance,
)
from analysis.studies.verification.model_sections import MODELS
from analysis.studies.verification.strips import draw_people_strips, draw_recognizer_strips
from analysis.studies.verification.tables.paper import table_1, table_2
from analysis.studies.verification.words import counted, threshold_words


def _plane_base(findings: Findings) -> tuple[str | None, str]:
    """The base whose samples are drawn on a plane, and else why there is none."""
    of = study(findings.published)
    if "latent" not in of.images or of.pairs.empty:
        return None, "The dataset has no table of images: no picture of a pair can be shown."
    base_id = str(of.pairs["base_id"].iloc[0])
    samples = of.pairs.loc[of.pairs["base_id"] == base_id, "sample_id"]
    if not {base_id, *samples} <= set(of.images["image_id"]):
        return None, "The images of the first base are not all in the table of images."
    return base_id, ""


def _samples_text(findings: Findings) -> list[str]:
    base_id, reason = _plane_base(findings)
    return ["Hover over a marker, or touch it, to see base and sample." if base_id else reason]


def _draw_plane(findings: Findings, contents: Contents) -> Iterator[Item]:
    """Figure 1."""
    base_id, _ = _plane_base(findings)
    if not base_id:
        return
    of = study(findings.published)
    in_base = of.images["image_id"].isin([base_id, *of.pairs.loc[of.pairs["base_id"] == base_id, "sample_id"]])
    latents = dict(zip(of.images.loc[in_base, "image_id"], of.images.loc[in_base, "latent"], strict=True))
    placed = latent_plane.plane(of.pairs, latents, base_id)
    explained = placed.attrs["explained"]
    farthest = placed["kind"].iloc[int(np.hypot(placed["x"].to_numpy(), placed["y"].to_numpy()).argmax())]
    yield contents.figure(
        "latent-plane",
        latent_plane.latent_plane(of.pairs, latents, of.pictures.decoded, base_id, source=contents.source),
        f"The samples of the base {base_id} on the first two principal components of their latents, which keep "
        f"{100 * sum(explained):.0f} % of their variance; the base is the origin. Distances on the plane are smaller "
        "than in the latent space.",
        f"Scatter plot of {len(placed)} samples of one base, with their images, by kind: {counted(placed)}. "
        f"Farthest from the base on this plane are the {farthest} samples.",
        interactive.latent_plane_plot(of.pairs, latents, base_id, source=contents.source),
    )


def _draw_distances(findings: Findings, contents: Contents) -> Iterator[Item]:
    of = study(findings.published)
    for name in of.recognizers:
        threshold = of.thresholds.get(name)
        medians = of.pairs.groupby("kind", observed=True)[f"{name}_distance"].median().dropna()
        yield contents.figure(
            f"distances-{slug(name)}",
            distances_by_kind.distances_by_kind(of.pairs, name, threshold, source=contents.source),
            f"Distance of {name} for every pair, by kind and level.",
            f"Dots in a column per kind and level. Median distance: {listed(medians)}.{threshold_words(threshold)}",
        )


def _correlations_caption(findings: Findings) -> str:
    return (
        "The same with Spearman's and all numbers. Pairs of one batch are not independent, and p, stars and "
        "spearman_p do not know of that; p_batches does. p_holm and honest_stars also know that the "
        f"{len(findings.tables['correlations'])} rows of this table are one family (Holm). {INTERVALS}"
    )


def _draw_correlations(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["correlations"]
    strongest = table.dropna(subset="pearson").sort_values("pearson", key=np.abs, ascending=False).head(3)
    text = ", ".join(f"{row.measure} ({row.kind}) {number(row.pearson)}" for row in rows(strongest))
    yield contents.figure(
        "correlations",
        correlations.correlations(table, source=contents.source),
        f"Pearson correlation with the identity rate. {INTERVALS}",
        f"Markers with intervals, a row per measure, a color per kind. Strongest: {text or 'none'}.",
    )


_COMPARE = "Another generator, other recognizers or other raters give other numbers: compare order and sign."


def _compared_caption(findings: Findings) -> str:
    table = findings.tables["compared_correlations"]
    same = int(table["same_sign"].eq(True).sum())
    return (
        f"The printed correlations of Table 2 beside those of this study, of which {same} of {len(table)} have the "
        f"same sign. {_COMPARE}"
    )


def _draw_similarity(findings: Findings, contents: Contents) -> Iterator[Item]:
    means = study(findings.published).rated_pairs.groupby("kind", observed=True)["similarity_mean"].mean().dropna()
    yield contents.figure(
        "similarity-by-kind",
        similarity_by_kind.similarity_by_kind(findings.tables["similarity_distribution"], source=contents.source),
        "Distribution of similarity by kind; every rating counts once.",
        f"A line per kind over similarity from 0 to 100. Mean similarity: {listed(means)}.",
    )


def _draw_recognizers(findings: Findings, contents: Contents) -> Iterator[Item]:
    """Figures 4b and 5."""
    of, source = study(findings.published), contents.source
    for name in of.recognizers if len(of.rated_pairs) else []:
        threshold = of.thresholds.get(name)
        both = of.rated_pairs[[f"{name}_distance", "similarity_mean"]].dropna()
        together = number(both.corr().to_numpy()[0, 1]) if len(both) > 2 else "not defined"
        yield contents.figure(
            f"similarity-distance-{slug(name)}",
            similarity_distance.similarity_distance(of.rated_pairs, name, threshold, source=source),
            f"Mean similarity against the distance of {name}; marker area grows with latent distance.",
            f"Scatter plot of {len(both)} pairs by kind; Pearson correlation {together}.{threshold_words(threshold)}",
            interactive.similarity_distance_plot(of.rated_pairs, name, threshold, source=source),
        )
        yield from _draw_violins(findings, contents, name)


def _draw_violins(findings: Findings, contents: Contents, name: str) -> Iterator[Item]:
    of = study(findings.published)
    threshold = of.thresholds.get(name)
    same, different = distance_violins.decisions(of.rated_pairs, name)
    if not len(same) + len(different):
        return
    medians = {
        side: number(float(np.median(values))) if len(values) else "none"
        for side, values in {"same": same, "different": different}.items()
    }
    text = (
        f"Split violins. {len(same)} ratings say same, at a median distance of {medians['same']}; {len(different)} say "
        f"different, at {medians['different']}.{threshold_words(threshold)}"
    )
    yield contents.figure(
        f"violins-{slug(name)}",
        distance_violins.distance_violins(of.rated_pairs, name, threshold, source=contents.source),
        f"Distance of {name} by kind, split by people's decision; width grows with the number of ratings.",
        f"{text} A violin per kind.",
    )
    if (of.rated_pairs["kind"] == "interpolation").any():
        yield contents.figure(
            f"violins-interpolation-{slug(name)}",
            distance_violins.interpolation_violins(of.rated_pairs, name, threshold, source=contents.source),
            f"Distance of {name} by level of interpolation, split by people's decision.",
            "Split violins of the interpolations alone, a violin per share of the way from the base."
            f"{threshold_words(threshold)}",
        )


def _disagreements_text(findings: Findings) -> list[str]:
    there = findings.has("disagreement") or findings.has("people_disagreement")
    return ["Open a pair to see all its scores."] if there else []


def _attributes_text(findings: Findings) -> list[str]:
    if not findings.has("image_attributes", "deepface"):
        return []
    return [
        "DeepFace sees the box in which an alignment found a face, turned until the eyes are level; it guesses by "
        "appearance."
    ]


def _draw_importance(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["attribute_importance"].sort_values("importance", ascending=False)
    if not findings.tables["attribute_model"]["r2"].gt(0).all():
        yield NoteItem(
            ["The forest tells similarity no better than its mean (R2 of 0 or less): nothing is drawn of it."]
        )
        return
    top = ", ".join(f"{row.attribute} {number(row.importance)}" for row in rows(table.head(3)))
    yield contents.figure(
        "attribute-importance",
        importance.importance(table, source=contents.source),
        "Permutation importance of attribute differences, with its standard deviation over permutations.",
        f"Bars, the most important attribute on top. Most important: {top}.",
    )


def _draw_groups(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["groups"].dropna(subset="group")
    for place, (name, of_grouping) in enumerate(table.groupby("grouping", sort=False), start=1):
        values = of_grouping["value"].dropna()
        span = f"from {number(values.min())} to {number(values.max())}" if len(values) else "unknown"
        yield contents.figure(
            f"groups-{place}-{slug(str(name))[:40]}",
            groups.groups(of_grouping, "rate", "recognizer", source=contents.source),
            f"Rates by {name}; small groups are merged and marked. Bars are 95 % intervals of each rate alone; whether "
            "groups differ is in the table, not in whether bars overlap.",
            f"Markers with intervals for {of_grouping['group'].nunique()} groups of {name}; rates {span}.",
        )


def _groups_text(findings: Findings) -> Sequence[str]:
    if not findings.has("groups"):
        return ()
    return [
        "A column of participants groups answers: right is what each said. A column of images or of their attributes "
        "groups pairs by their base, not by their sample: right is the majority. Numbers with more than 10 different "
        "values, or with fewer than 30 answers or pairs a value, are cut at their terciles over the participants or "
        "bases; groups of fewer than 30, or of fewer than 5 participants, are merged. Accept rates by participant "
        "are left out: they say which batches a group rated.",
        *groups_text(findings),
    ]


SAMPLES = SectionOf("samples", "Samples", [Result(draw=_draw_plane, of_people=False)], _samples_text)

SCORES = SectionOf(
    "scores",
    "Scores by kind",
    [
        Result(
            "scores_by_kind",
            "Means by kind and level as the paper prints them; of a model, the mean distance and in brackets the "
            "accept rate. Arrows up: larger is more alike.",
            file="table-1",
            frame=lambda findings: table_1(findings.tables["scores_by_kind"]),
            fitted=True,
        ),
        Result(
            "scores_by_kind",
            "Means by kind and level: people's ratings, and each model's distances, accept rates and failures.",
        ),
        Result("means", f"The means of the table before, with their intervals. {INTERVALS}"),
        Result(draw=_draw_distances, of_people=False),
        Result(
            "correlations",
            "Pearson correlation of each measure with the identity rate of a pair as the paper prints them: blank "
            "where p >= .05, * p < .05, ** p < .001, with p values that take pairs for independent, which they are "
            "not. Genuine pairs are left out but in the last row.",
            file="table-2",
            frame=lambda findings: table_2(findings.tables["correlations"]),
            fitted=True,
        ),
        Result("correlations", _correlations_caption, _draw_correlations),
        Result("compared_means", f"The printed means of Table 1 beside those of this study. {_COMPARE}"),
        Result("compared_correlations", _compared_caption),
    ],
)

SIMILARITY = SectionOf(
    "similarity",
    "Similarity, distance and decision",
    [
        Result("similarity_distribution", "Ratings by kind and bin of similarity.", _draw_similarity),
        Result(draw=_draw_recognizers),
    ],
)

DISAGREEMENTS = SectionOf(
    "disagreements",
    "Largest disagreements",
    [
        Result("disagreement", draw=draw_recognizer_strips),
        Result(
            "disagreement",
            "Signed disagreement of every rated pair, from -1 to 1; above 0 the model is closer. identity_disagreement "
            "(the paper's): inverted_distance (1 - distance / the recognizer's largest) minus the identity rate. "
            "disagreement (ours): the pair's place when pairs are ordered by distance minus its place when they are "
            "ordered by people's similarity.",
        ),
        Result("people_disagreement", draw=draw_people_strips),
        Result("people_disagreement", "How far people disagree among themselves, pair by pair."),
    ],
    _disagreements_text,
)

PEOPLE = SectionOf(
    "people",
    "People among themselves",
    [
        *AGREEMENT,
        Result(
            "identity_model",
            "Mixed-effects logistic model of the identity decision; random intercepts of participant and pair, and a "
            "random slope of the distance by participant. Intervals are Wald's; they do not know that pairs of a base "
            "share images.",
        ),
        POWERED,
        DRIFT,
        SIDES,
        Result(
            "response_time",
            "Time for an answer against how far a pair is from a model's threshold: doublings of the time per standard "
            "deviation of that distance, within persons. Below 0, pairs near the threshold take longer. "
            f"{INTERVALS}",
        ),
    ],
)

ATTRIBUTES = SectionOf(
    "attributes",
    "Attributes",
    [
        Result(
            "image_attributes",
            "What is known of every image: measured in it, said by DeepFace's models, or joined.",
            needs=("deepface",),
        ),
        Result(
            "deepface",
            "DeepFace's models, how many images each has an answer for, and why one was not asked.",
            needs=("image_attributes",),
        ),
        Result(
            "attribute_model",
            "A random forest from attribute differences to mean similarity; cross-validation grouped by batch.",
        ),
        Result(
            "attribute_importance",
            "Permutation importance and its spread; it says nothing where the forest's R2 is 0 or less.",
            _draw_importance,
            needs=("attribute_model",),
            frame=lambda findings: findings.tables["attribute_importance"].sort_values("importance", ascending=False),
        ),
    ],
    _attributes_text,
)

SECTIONS = (
    SAMPLES,
    PARTICIPANTS,
    SCORES,
    SIMILARITY,
    DISAGREEMENTS,
    MODELS,
    PEOPLE,
    ATTRIBUTES,
    TEXTS,
    replace(
        GROUPS,
        results=[
            Result(
                "groups",
                "Rates by group. The difference of the largest and the smallest rate is above 0 by chance alone: "
                "chance_difference is what it exceeds in 5 % of permutations of participants, bases or pairs within "
                "their batch, p is by the same permutations, and p_holm after Holm's correction for all differences of "
                f"this table, one family. {INTERVALS}",
                _draw_groups,
            )
        ],
        text=_groups_text,
    ),
    replace(POWER, title="Raters and pairs needed"),
    LIMITS,
)
"""The sections of a verification report, in its order."""


def names(findings: Findings) -> list[str]:
    """The distances beside the recognizers', and the attributes that are measured in images."""
    return [*distances(findings.answers.items), *measured(findings)]
