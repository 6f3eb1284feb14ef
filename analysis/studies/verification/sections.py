"""The sections of the report, each a function of the dataset and its results; what there is nothing for is left out."""

from collections.abc import Callable

import numpy as np

from analysis.figures import groups, people_agreement, power, strategies
from analysis.figures.style import rows
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Item, NoteItem, Section
from analysis.report.tables import number
from analysis.report.words import INTERVALS, counted, listed, slug, threshold_words
from analysis.studies.verification import interactive
from analysis.studies.verification.figures import (
    correlations,
    distance_violins,
    distances_by_kind,
    importance,
    latent_plane,
    similarity_by_kind,
    similarity_distance,
)
from analysis.studies.verification.model_sections import models
from analysis.studies.verification.strips import people_strips, recognizer_strips, strip_items
from analysis.studies.verification.tables.paper import table_1, table_2
from analysis.tables.strategies import quotes


def samples(found: Findings, contents: Contents) -> Section:
    """Figure 1."""
    published = found.published
    if "latent" not in published.images or published.pairs.empty:
        return Section("samples", "Samples", ["The dataset has no table of images: no picture of a pair can be shown."])
    base_id = str(published.pairs["base_id"].iloc[0])
    of_base = published.pairs[published.pairs["base_id"] == base_id]
    wanted = published.images["image_id"].isin([base_id, *of_base["sample_id"]])
    latents = dict(zip(published.images.loc[wanted, "image_id"], published.images.loc[wanted, "latent"], strict=True))
    if not {base_id, *of_base["sample_id"]} <= set(latents):
        return Section("samples", "Samples", ["The images of the first base are not all in the table of images."])
    placed = latent_plane.plane(published.pairs, latents, base_id)
    explained = placed.attrs["explained"]
    farthest = placed["kind"].iloc[int(np.hypot(placed["x"].to_numpy(), placed["y"].to_numpy()).argmax())]
    figure = contents.figure(
        "latent-plane",
        latent_plane.latent_plane(
            published.pairs, latents, published.pictures.decoded, base_id, source=contents.source
        ),
        f"The samples of the base {base_id} on the first two principal components of their latents, which keep "
        f"{sum(explained):.0%} of their variance; the base is the origin. Distances on the plane are smaller than in "
        "the latent space.",
        f"Scatter plot of {len(placed)} samples of one base, with their images, by kind: {counted(placed)}. "
        f"Farthest from the base on this plane are the {farthest} samples.",
        interactive.latent_plane_plot(published.pairs, latents, base_id, source=contents.source),
        still=True,
    )
    return Section("samples", "Samples", ["Hover over a marker, or touch it, to see base and sample."], [figure])


def participants(found: Findings, contents: Contents) -> Section:
    """How large the study is, and who rated."""
    items: list[Item] = []
    if found.has("overview"):
        caption = "The size of the study; where counts differ, the least, the median and the most of them."
        items.append(contents.table("overview", found.tables["overview"], caption))
    if found.has("participants"):
        items.append(contents.table("participants", found.tables["participants"], "Participants and their answers."))
    return Section("participants", "Study and participants", items=items)


def scores(found: Findings, contents: Contents) -> Section:
    """Table 1, Table 2, and the distances of every model."""
    items: list[Item] = []
    if found.has("scores_by_kind"):
        caption = (
            "Means by kind and level as the paper prints them; of a model, the mean distance and in brackets the "
            "accept rate. Arrows up: larger is more alike."
        )
        items.append(contents.table("table-1", table_1(found.tables["scores_by_kind"]), caption, fitted=True))
        caption = "Means by kind and level: people's ratings, and each model's distances, accept rates and failures."
        items.append(contents.table("scores-by-kind", found.tables["scores_by_kind"], caption))
    pairs, source = found.published.pairs, contents.source
    for name in found.published.recognizers:
        threshold = found.published.thresholds.get(name)
        medians = pairs.groupby("kind", observed=True)[f"{name}_distance"].median().dropna()
        items.append(
            contents.figure(
                f"distances-{slug(name)}",
                distances_by_kind.distances_by_kind(pairs, name, threshold, source=source),
                f"Distance of {name} for every pair, by kind and level.",
                f"Dots in a column per kind and level. Median distance: {listed(medians)}.{threshold_words(threshold)}",
            )
        )
    if found.has("correlations"):
        table = found.tables["correlations"]
        caption = (
            "Pearson correlation of each measure with the identity rate of a pair as the paper prints them: blank "
            "where p >= .05, * p < .05, ** p < .001, with p values that take pairs for independent, which they are "
            "not. Genuine pairs are left out but in the last row."
        )
        items.append(contents.table("table-2", table_2(table), caption, fitted=True))
        caption = (
            "The same with Spearman's and all numbers. Pairs of one batch are not independent, and p, stars and "
            "spearman_p do not know of that; p_batches does. p_holm and honest_stars also know that the "
            f"{len(table)} rows of this table are one family (Holm). {INTERVALS}"
        )
        items.append(contents.table("correlations", table, caption))
        strongest = table.dropna(subset="pearson").sort_values("pearson", key=np.abs, ascending=False).head(3)
        said = ", ".join(f"{row.measure} ({row.kind}) {number(row.pearson)}" for row in rows(strongest))
        items.append(
            contents.figure(
                "correlations",
                correlations.correlations(table, source=source),
                f"Pearson correlation with the identity rate. {INTERVALS}",
                f"Markers with intervals, a row per measure, a color per kind. Strongest: {said or 'none'}.",
            )
        )
    return Section("scores", "Scores by kind", items=[*items, *_compared(found, contents)])


def _compared(found: Findings, contents: Contents) -> list[Item]:
    """Puts this study beside the printed figures of another, where they were asked for."""
    items: list[Item] = []
    words = "Another generator, other recognizers or other raters give other numbers: compare order and sign."
    if found.has("compared_means"):
        caption = f"The printed means of Table 1 beside those of this study. {words}"
        items.append(contents.table("compared-means", found.tables["compared_means"], caption))
    if found.has("compared_correlations"):
        table = found.tables["compared_correlations"]
        same = int(table["same_sign"].eq(True).sum())
        caption = (
            f"The printed correlations of Table 2 beside those of this study, of which {same} of {len(table)} have the "
            f"same sign. {words}"
        )
        items.append(contents.table("compared-correlations", table, caption))
    return items


def similarity(found: Findings, contents: Contents) -> Section:
    """Figures 4 and 5."""
    items: list[Item] = []
    rated, source = found.rated, contents.source
    if found.has("similarity_distribution"):
        means = rated.groupby("kind", observed=True)["similarity_mean"].mean().dropna()
        items.append(
            contents.figure(
                "similarity-by-kind",
                similarity_by_kind.similarity_by_kind(found.tables["similarity_distribution"], source=source),
                "Distribution of similarity by kind; every rating counts once.",
                f"A line per kind over similarity from 0 to 100. Mean similarity: {listed(means)}.",
            )
        )
        items.append(
            contents.table(
                "similarity-distribution",
                found.tables["similarity_distribution"],
                "Ratings by kind and bin of similarity.",
            )
        )
    for name in found.published.recognizers if len(rated) else []:
        threshold = found.published.thresholds.get(name)
        both = rated[[f"{name}_distance", "similarity_mean"]].dropna()
        together = number(both.corr().to_numpy()[0, 1]) if len(both) > 2 else "not defined"
        items.append(
            contents.figure(
                f"similarity-distance-{slug(name)}",
                similarity_distance.similarity_distance(rated, name, threshold, source=source),
                f"Mean similarity against the distance of {name}; marker area grows with latent distance.",
                f"Scatter plot of {len(both)} pairs by kind; Pearson correlation {together}."
                f"{threshold_words(threshold)}",
                interactive.similarity_distance_plot(rated, name, threshold, source=source),
            )
        )
        items.extend(_violins(found, contents, name))
    return Section("similarity", "Similarity, distance and decision", items=items)


def _violins(found: Findings, contents: Contents, name: str) -> list[Item]:
    threshold = found.published.thresholds.get(name)
    same, different = distance_violins.decisions(found.rated, name)
    if not len(same) + len(different):
        return []
    medians = {
        side: number(float(np.median(values))) if len(values) else "none"
        for side, values in {"same": same, "different": different}.items()
    }
    said = (
        f"Split violins. {len(same)} ratings say same, at a median distance of {medians['same']}; {len(different)} say "
        f"different, at {medians['different']}.{threshold_words(threshold)}"
    )
    items: list[Item] = [
        contents.figure(
            f"violins-{slug(name)}",
            distance_violins.distance_violins(found.rated, name, threshold, source=contents.source),
            f"Distance of {name} by kind, split by people's decision; width grows with the number of ratings.",
            f"{said} A violin per kind.",
        )
    ]
    if (found.rated["kind"] == "interpolation").any():
        items.append(
            contents.figure(
                f"violins-interpolation-{slug(name)}",
                distance_violins.interpolation_violins(found.rated, name, threshold, source=contents.source),
                f"Distance of {name} by level of interpolation, split by people's decision.",
                "Split violins of the interpolations alone, a violin per share of the way from the base."
                f"{threshold_words(threshold)}",
            )
        )
    return items


def disagreements(found: Findings, contents: Contents) -> Section:
    """Figure 6."""
    items: list[Item] = []
    if found.has("disagreement"):
        for name in found.published.recognizers:
            for strip in recognizer_strips(found.tables["disagreement"], name):
                items.extend(strip_items(strip, found.published, found.rated, contents))
        caption = (
            "Signed disagreement of every rated pair, from -1 to 1; above 0 the model is closer. identity_disagreement "
            "(the paper's): inverted_distance (1 - distance / the recognizer's largest) minus the identity rate. "
            "disagreement (ours): the pair's place when pairs are ordered by distance minus its place when they are "
            "ordered by people's similarity."
        )
        items.append(contents.table("disagreement", found.tables["disagreement"], caption))
    if found.has("people_disagreement"):
        for strip in people_strips(found.tables["people_disagreement"]):
            items.extend(strip_items(strip, found.published, found.rated, contents))
        caption = "How far people disagree among themselves, pair by pair."
        items.append(contents.table("people-disagreement", found.tables["people_disagreement"], caption))
    return Section(
        "disagreements", "Largest disagreements", ["Open a pair to see all its scores."] if items else [], items
    )


def attributes(found: Findings, contents: Contents) -> Section:
    """Section 5.5."""
    items: list[Item] = []
    text = []
    if found.has("image_attributes", "deepface"):
        text.append(
            "DeepFace sees the box in which an alignment found a face, turned until the eyes are level; it guesses by "
            "appearance."
        )
        caption = "What is known of every image: measured in it, said by DeepFace's models, or joined."
        items.append(contents.table("image-attributes", found.tables["image_attributes"], caption))
        caption = "DeepFace's models, how many images each has an answer for, and why one was not asked."
        items.append(contents.table("deepface", found.tables["deepface"], caption))
    if found.has("attribute_model"):
        caption = "A random forest from attribute differences to mean similarity; cross-validation grouped by batch."
        items.append(contents.table("attribute-model", found.tables["attribute_model"], caption))
    if found.has("attribute_importance"):
        table = found.tables["attribute_importance"].sort_values("importance", ascending=False)
        items.append(contents.table("attribute-importance", table, "Permutation importance and its spread."))
        top = ", ".join(f"{row.attribute} {number(row.importance)}" for row in rows(table.head(3)))
        items.append(
            contents.figure(
                "attribute-importance",
                importance.importance(table, source=contents.source),
                "Permutation importance of attribute differences, with its standard deviation over permutations.",
                f"Bars, the most important attribute on top. Most important: {top}.",
            )
        )
    return Section("attributes", "Attributes", text, items)


def strategy(found: Findings, contents: Contents) -> Section:
    """The strategies that people describe."""
    items: list[Item] = []
    if found.has("strategies"):
        table = found.tables["strategies"]
        items.append(contents.table("strategies", table, "How often each feature is named, by question."))
        often = table.sort_values("share", ascending=False).head(3)
        top = ", ".join(f"{row.feature} {row.share:.0%} ({row.question})" for row in rows(often))
        items.append(
            contents.figure(
                "strategies",
                strategies.strategies(table, source=contents.source),
                "Features that people name when asked how they judged.",
                f"Markers with intervals, a row per feature. Named most: {top}.",
            )
        )
        said = quotes(found.published.participants)
        items.append(contents.table("quotes", said, "The texts that were released, in alphabetical order."))
    return Section("strategies", "Strategies", items=items)


def people(found: Findings, contents: Contents) -> Section:
    """People among themselves."""
    items: list[Item] = []
    if found.has("agreement"):
        table = found.tables["agreement"]
        items.append(contents.table("agreement", table, f"Agreement among people. {INTERVALS}"))
        if found.has("rater_agreement"):
            raters = found.tables["rater_agreement"]
            known = table.dropna(subset="value")
            said = ", ".join(f"{row.statistic} ({row.question}) {number(row.value)}" for row in rows(known))
            items.append(
                contents.figure(
                    "people-agreement",
                    people_agreement.people_agreement(table, raters, source=contents.source),
                    "Left: statistics of agreement. Right: each rater against the rest.",
                    f"Markers with intervals: {said or 'none'}. Beside it a dot for each of {len(raters)} raters.",
                )
            )
            items.append(contents.table("rater-agreement", raters, "Each rater against the rest."))
    if found.has("identity_model"):
        caption = (
            "Mixed-effects logistic model of the identity decision; random intercepts of participant and pair, and a "
            "random slope of the distance by participant. Intervals are Wald's; they do not know that pairs of a base "
            "share images."
        )
        items.append(contents.table("identity-model", found.tables["identity_model"], caption))
    if found.has("drift"):
        caption = (
            "Drift: the change of an answer, and of the time for it (log2: -1 is half the time), per hundred pairs "
            f"that a person has rated, within persons and pairs. {INTERVALS}"
        )
        items.append(contents.table("drift", found.tables["drift"], caption))
    if found.has("response_time"):
        caption = (
            "Time for an answer against how far a pair is from a model's threshold: doublings of the time per standard "
            f"deviation of that distance, within persons. Below 0, pairs near the threshold take longer. {INTERVALS}"
        )
        items.append(contents.table("response-time", found.tables["response_time"], caption))
    return Section("people", "People among themselves", items=items)


def group(found: Findings, contents: Contents) -> Section:
    """The same rates by group."""
    if not found.has("groups"):
        return Section("groups", "Groups")
    table = found.tables["groups"]
    caption = (
        "Rates by group. The difference of the largest and the smallest rate is above 0 by chance alone: "
        "chance_difference is what it exceeds in 5 % of permutations of participants, bases or pairs within their "
        "batch, p is by the same permutations, and p_holm after Holm's correction for all differences of this table, "
        "one family. "
        f"{INTERVALS}"
    )
    items: list[Item] = [contents.table("groups", table, caption)]
    made = table.dropna(subset="group")
    for place, (name, of_grouping) in enumerate(made.groupby("grouping", sort=False), start=1):
        values = of_grouping["value"].dropna()
        span = f"from {number(values.min())} to {number(values.max())}" if len(values) else "unknown"
        items.append(
            contents.figure(
                f"groups-{place}-{slug(str(name))[:40]}",
                groups.groups(of_grouping, source=contents.source),
                f"Rates by {name}; small groups are merged and marked.",
                f"Markers with intervals for {of_grouping['group'].nunique()} groups of {name}; rates {span}.",
            )
        )
    text = [
        "A column of participants groups answers: right is what each said. A column of images or of their attributes "
        "groups pairs by their base, not by their sample: right is the majority. Numbers with more than 10 different "
        "values, or with fewer than 30 answers or pairs a value, are cut at their terciles over the participants or "
        "bases; groups of fewer than 30, or of fewer than 5 participants, are merged. Accept rates by participant "
        "are left out: they say which batches a group rated."
    ]
    text += [f"Not shown: {reason}." for reason in table.loc[table["group"].isna(), "reason"]]
    return Section("groups", "Groups", text, items)


POWER = (
    "Batches, and so pairs, needed for a 95 % interval of a kind's mean of a wanted width: every batch has other pairs "
    "and other raters, each of whom rates all of its pairs, as in this study."
)


def planning(found: Findings, contents: Contents) -> Section:
    """Power."""
    items: list[Item] = []
    if found.has("variance_components"):
        caption = "Variance of ratings between batches, between the pairs of a batch, between raters, and the rest."
        items.append(contents.table("variance-components", found.tables["variance_components"], caption))
    if found.has("power"):
        table = found.tables["power"]
        items.append(contents.table("power", table, POWER))
        kind = str(table.groupby("kind", observed=True, sort=False)["pairs"].max().fillna(0).idxmax())
        of_kind = table[table["kind"] == kind]
        items.append(
            contents.figure(
                "power",
                power.power(of_kind, source=contents.source),
                f"Pairs needed for a 95 % interval of a wanted width, by raters per pair: {kind}, which needs most.",
                f"A line per width of the interval, falling with the number of raters from "
                f"{of_kind['raters'].min()} to {of_kind['raters'].max()}; pairs needed from "
                f"{number(of_kind['pairs'].min())} to {number(of_kind['pairs'].max())}.",
            )
        )
    return Section("power", "Raters and pairs needed", items=items)


def limits(found: Findings, contents: Contents) -> Section:
    """The limits of the dataset."""
    items: list[Item] = []
    if found.has("limits"):
        table = found.tables["limits"]
        contents.table("limits", table, "What this dataset cannot show, from its own numbers.")
        items.append(NoteItem(list(table["statement"])))
    return Section("limits", "What this dataset cannot show", items=items)


MakeSection = Callable[[Findings, Contents], Section]

SECTIONS: list[MakeSection] = [
    samples,
    participants,
    scores,
    similarity,
    disagreements,
    models,
    people,
    attributes,
    strategy,
    group,
    planning,
    limits,
]
"""In the order of the report."""
