"""The sections of an explanation report, as declarations: what is shown of which result."""

from collections.abc import Iterator
from typing import Any

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
    SIDES,
    Result,
    SectionOf,
)
from analysis.report.tables import number
from analysis.report.words import INTERVALS, listed, slug
from analysis.studies.explanation.data import EDGES, study
from analysis.studies.explanation.figures import agreement_matrix, curves, likeness
from analysis.studies.explanation.manipulations import MANIPULATIONS, SEEN
from analysis.studies.explanation.strips import draw_strips
from analysis.studies.explanation.tables.noticed import SCORE


def _words(check: str) -> str:
    return {
        "cascading": "the weights of a layer, and of all between it and the output, drawn anew",
        "independent": "the weights of one layer drawn anew",
    }[check]


def _draw_curves(findings: Findings, contents: Contents) -> Iterator[Item]:
    of, table = study(findings.published), findings.tables["curves"]
    explainers = [name for name in of.explainers if name != EDGES]
    by_check = table[table["check"].isin(["cascading", "independent"])].groupby(["check", "classifier"], sort=False)
    for (check, classifier), part in by_check:
        last = part[(part["place"] == part["place"].max()) & (part["measure"] == "spearman_absolute")]
        left = last[last["explainer"] != EDGES].set_index("explainer")["mean"].dropna().sort_values(ascending=False)
        yield contents.figure(
            f"curves-{slug(str(check))}-{slug(str(classifier))}",
            curves.curves(part, [name for name in explainers if name in set(part["explainer"])], EDGES, source=None),
            f"What is left of each explanation of {classifier} with {_words(str(check))}: Spearman's correlation with "
            "the map of the trained network, layers from the output (left) to the input. An explanation that hangs on "
            f"what was learned falls to 0{_flat(part)}. Bands are 95 % intervals over batches.",
            f"A small plot per explainer. At the last layer, of absolute values: {listed(left)}.",
        )


def _flat(part: pd.DataFrame) -> str:
    """The words of the edge detector, which rows of a table have none of."""
    return "; an edge detector, which sees no network, stays at 1" if (part["explainer"] == EDGES).any() else ""


def _curves_shown(findings: Findings) -> pd.DataFrame:
    """The table with the measures first that are drawn."""
    table = findings.tables["curves"]
    has_curve = table["measure"].isin([*curves.MEASURES])
    return pd.concat([table[has_curve], table[~has_curve]], ignore_index=True)


def _draw_agreement(findings: Findings, contents: Contents) -> Iterator[Item]:
    of = study(findings.published)
    for classifier, part in findings.tables["explainer_agreement"].groupby("classifier", sort=False):
        there = [name for name in of.explainers if name in set(part["first"]) | set(part["second"])]
        both = part[part["measure"] == agreement_matrix.ABOVE].assign(
            couple=lambda table: table["first"] + " and " + table["second"]
        )
        most = both.set_index("couple")["mean"].sort_values(ascending=False)
        yield contents.figure(
            f"explainer-agreement-{slug(str(classifier))}",
            agreement_matrix.agreement_matrix(part, there, source=None),
            f"How far every two explainers of {classifier} agree, mean over pictures; the edge detector sees no "
            "network.",
            f"Heat map of {len(there)} explainers. Of absolute values the most alike: {listed(most.head(3))}; the "
            f"least: {listed(most.tail(3))}.",
        )


def _draw_likeness(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["noise_ceiling"]
    of_all = table[table["condition"] == "all"]
    sizes = of_all[of_all["measure"] != "people"].set_index("measure")["correlation"].abs().dropna()
    ceiling = of_all.loc[of_all["measure"] == "people", "split_half"].iloc[0]
    yield contents.figure(
        "likeness",
        likeness.likeness(of_all, source=contents.source),
        "Which measure sees as people do: the size of its correlation with people's mean likeness, controls left out. "
        "The dashed line is the largest that the noise of their answers lets any measure reach. For the mean squared "
        "errors, which are smaller the more alike maps are, the sign is turned. Bars and band are 95 % intervals.",
        f"Markers with intervals, a row per measure: {listed(sizes.sort_values(ascending=False))}. Ceiling: "
        f"{number(float(ceiling))}.",
    )


def _differences_caption(findings: Findings) -> str:
    table = findings.tables["measure_differences"]
    sure = int(table["p_holm"].lt(0.05).sum())
    return (
        f"Every two measures: which goes more closely with people's mean likeness. Of {len(table)} differences {sure} "
        f"are certain when all count as one family (Holm, 5 %). {INTERVALS}"
    )


def _shown_differences(findings: Findings) -> pd.DataFrame:
    return findings.tables["measure_differences"].sort_values("p", kind="stable").reset_index(drop=True)


def _sanity_text(findings: Findings) -> list[str]:
    if not findings.has("curves"):
        return []
    table = findings.tables["curves"]
    same = table.drop_duplicates(["check", "classifier", "place"])
    several = same["classifier"].nunique() > 1
    text = ", ".join(
        f"{f'{row.classifier}, ' if several else ''}{_network(row)} {100 * row.same_class:.0f} %" for row in rows(same)
    )
    return [
        "Explained is always the class that the first network gives, whichever network is looked at. Networks that "
        f"took its place give that class to so many pictures: {text}.",
    ]


def _network(row: Any) -> str:
    return str(row.check) if pd.isna(row.layer) else f"{row.check} {row.layer}"


RANGES = (
    "Correlations (spearman, pearson, hog_pearson) and ssim lie in -1 to 1 and top_k in 0 to 1, and 1 is the same map; "
    "mse lies in 0 to 4, of absolute values in 0 to 1, and 0 is the same map. Each map is divided by its largest "
    "absolute value before."
)
"""The ranges of the measures between maps, and what their directions mean."""

SANITY = SectionOf(
    "sanity",
    "What is left of an explanation",
    [
        Result(
            "curves",
            "How alike maps are to those of networks that took the trained one's place, by every measure; labels is of "
            "a network that knows pictures by permuted labels. place counts layers from the output. n counts pictures "
            "of which the measure is defined: a map of one value everywhere correlates with none. same_class is the "
            f"share of pictures to which that network gives the same class. {RANGES} {INTERVALS}",
            _draw_curves,
            frame=_curves_shown,
        )
    ],
    _sanity_text,
)

EXPLAINERS = SectionOf(
    "explainers",
    "Explainers among themselves",
    [
        Result(
            "explainer_agreement",
            f"How alike the maps of every two explainers of one decision are, by every measure. {RANGES} {INTERVALS}",
            _draw_agreement,
        )
    ],
)

MEASURES = SectionOf(
    "measures",
    "Measures and people",
    [
        Result("noise_ceiling", CEILING.caption, _draw_likeness),
        Result("measure_differences", _differences_caption, frame=_shown_differences),
        Result(draw=draw_strips),
    ],
)

PEOPLE = SectionOf("people", "People among themselves", [*AGREEMENT, DRIFT, SIDES])

SECTIONS = (PARTICIPANTS, MANIPULATIONS, SEEN, SANITY, EXPLAINERS, MEASURES, PEOPLE, GROUPS, POWER, LIMITS)
"""The sections of an explanation report, in its order."""


def names(findings: Findings) -> list[str]:
    """The explainers, the measures, the kinds of items and the manipulations, and the size of a change."""
    of, tables = study(findings.published), findings.published.tables
    lies = pd.concat([table["manipulation"] for table in tables.values() if "manipulation" in table] or [pd.Series()])
    return [*of.explainers, *of.measures, *of.items["kind"].dropna().unique(), *lies.dropna().unique(), SCORE]
