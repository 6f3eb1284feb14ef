"""The sections of an explanation report on manipulations: what lies, and whether people see it."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.figures.style import rows
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Item
from analysis.report.sections import Result, SectionOf
from analysis.report.tables import number
from analysis.report.words import INTERVALS, listed, slug
from analysis.studies.explanation.data import HIDDEN, study
from analysis.studies.explanation.data import LIKENESS as ALIKE
from analysis.studies.explanation.figures import manipulation_strip, room, transfer_matrix
from analysis.studies.explanation.tables.noticed import SCORE
from analysis.studies.explanation.tables.properties import LIKENESS
from analysis.studies.explanation.words import written

IN_STRIP = {"manipulated": 5, "no_op": 2}
"""Items of each kind in a strip."""


def strongest(findings: Findings) -> pd.DataFrame:
    """The cells of `transfer` in the measure LIKENESS, of what changes the class in HIDDEN, of each manipulation with
    the setting that does most to the maps that it is made for. `beyond` is the likeness lost, or the success won,
    beyond the no-op.
    """
    table = findings.tables["transfer"]
    hides = table["measure"] == HIDDEN
    other = table["manipulation"].isin(table.loc[hides, "manipulation"])
    table = table.assign(beyond=table["difference"].where(hides, -table["difference"]))
    table = table[hides | (table["measure"].eq(LIKENESS) & ~other)]
    aimed = table[table["of"] == table["explainer"]].sort_values("beyond", ascending=False, kind="stable")
    best = aimed.drop_duplicates(["manipulation", "classifier", "explainer"])
    return table.merge(best[["manipulation", "classifier", "explainer", "setting"]])


def _draw_transfer(findings: Findings, contents: Contents) -> Iterator[Item]:
    of = study(findings.published)
    for classifier, part in strongest(findings).groupby("classifier", sort=False):
        there = [name for name in of.explainers if name in set(part["of"])]
        named = part.assign(cell=part["manipulation"] + " of " + part["explainer"] + ", " + part["of"])
        lost = named.set_index("cell")["beyond"].sort_values(ascending=False)
        cells = part.drop_duplicates(["manipulation", "explainer"])
        settings = "; ".join(f"{row.manipulation} of {row.explainer}: {row.setting}" for row in rows(cells))
        yield contents.figure(
            f"transfer-{slug(str(classifier))}",
            transfer_matrix.transfer_matrix(part, there, source=None),
            f"Which explanations of {classifier} each manipulation changes: how much less alike the map is to what it "
            "was (Spearman's correlation of absolute values) than after its no-op. The class stays"
            f"{_hiding(part)}. Framed is the explainer that the manipulation is made for; the other cells show whether "
            f"it fools others, too. Shown is the setting that does most to it ({settings}).",
            f"Heat map of {len(cells)} manipulations and {len(there)} explainers. Most is done by "
            f"{listed(lost.head(3))}.",
        )


def _hiding(part: pd.DataFrame) -> str:
    """A clause on what changes the class; empty where nothing does."""
    names = list(dict.fromkeys(part.loc[part["measure"] == HIDDEN, "manipulation"]))
    if not names:
        return ""
    return (
        f", but of {' and '.join(names)}, which changes it: there a cell is how much more of the new class's map lies "
        "beside what changed it (0 where the class stayed) than after its no-op"
    )


def _draw_room(findings: Findings, contents: Contents) -> Iterator[Item]:
    left = findings.tables["room"]
    seen = findings.tables["noticed"] if findings.has("noticed") else None
    curve = _curve(findings)
    lowest = left[left["version"] == "manipulated"].sort_values("likeness").head(1)
    text = ", ".join(
        f"{row.manipulation} of {row.explainer} at {row.l_inf:.3f} ({number(row.likeness)})" for row in rows(lowest)
    )
    half = "" if curve is None else f" Half of the people see a difference at an L-inf of {curve['threshold']:.3f}."
    yield contents.figure(
        "room",
        room.room(left, seen, curve, source=contents.source if seen is not None else None),
        "The room in which one can be lied to unseen. Above, the share of people who see a difference between the two "
        "pictures; below, how alike the explanation is to what it was (Spearman's correlation of absolute values, mean "
        "over pictures). Left of the dashed line most people see nothing.",
        f"Lines by L-inf.{half} The least of an explanation is left by {text}.",
    )


def _curve(findings: Findings) -> "pd.Series[Any] | None":
    if not findings.has("difference_thresholds"):
        return None
    table = findings.tables["difference_thresholds"]
    cases = table[(table["condition"] == "all") & table["threshold"].notna()]
    return None if cases.empty else cases.iloc[0]


def _draw_strips(findings: Findings, contents: Contents) -> Iterator[Item]:
    of = study(findings.published)
    if "manipulation" not in of.items or SCORE not in of.items:
        return
    items = of.items[of.items["task"] == ALIKE]
    there = [all(row[name] in of.pictures for name in manipulation_strip.LINES) for _, row in items.iterrows()]
    items = items[there].dropna(subset=["manipulation", LIKENESS])
    for name, part in items.groupby("manipulation", sort=False):
        ordered = part.sort_values([LIKENESS, of.key], kind="stable")
        columns = pd.concat([ordered[ordered["kind"] == kind].head(most) for kind, most in IN_STRIP.items()])
        if columns.empty:
            continue
        captions = [_caption(row) for row in rows(columns)]
        text = "; ".join(caption.replace("\n", ", ") for caption in captions)
        yield contents.figure(
            f"strip-{slug(str(name))}",
            manipulation_strip.manipulation_strip(columns, captions, of.pictures.decoded, source=None),
            f"{name}: the items whose maps it changed most, and at the right its no-op. Each column: the "
            "picture, what became of it, the map of each, and how far these are apart.",
            f"{len(columns)} items: {text}.",
        )


def _caption(row: Any) -> str:
    alike = f"alike {getattr(row, LIKENESS):.2f}"
    size = "" if pd.isna(getattr(row, SCORE)) else f" {getattr(row, SCORE):.3f}"
    return f"{written(row.explainer)}\n{written(row.kind)}{size}\n{alike}"


def _text(findings: Findings) -> list[str]:
    if not findings.has("properties"):
        return []
    return [
        "Each manipulation is made for one explainer's maps. Its no-op stands beside it, which costs as much and is "
        "after nothing: noise of signs, of the same L-inf in each picture, or the same training of the network with "
        "lambda 0. Networks were trained on other pictures than those that are shown. How long a search or a training "
        "takes is in the log of a build, batch by batch, as the steps manipulate and no_op: a dataset's bytes must not "
        "depend on it.",
    ]


def _properties_caption(findings: Findings) -> str:
    rates = findings.tables["properties"].dropna(subset="fooled_below")
    thresholds = rates.drop_duplicates("explainer").set_index("explainer")["fooled_below"]
    return (
        "All that each setting of each manipulation did, beside its no-op: whether the class stays, the largest change "
        "of a probability, how far the pictures are apart (0..1), the goal before and after, how alike the maps of the "
        "manipulated explainer are, and in which direction each is success. fsr is the fooling success rate: the share "
        "of pictures that keep their class and whose map is no more like what it was (Spearman's correlation of "
        f"absolute values) than its explainer's threshold{f' ({listed(thresholds)})' if len(thresholds) else ''}; of "
        "rows, in which the sensitive column is not the first; what is to change the class has none. What it took are "
        "steps, those that a search or a training made, and parameters_changed, those of the network that are others "
        "after it. Means over pictures; median, lowest and highest of goal_after are over batches, each with a seed of "
        "its own."
    )


MANIPULATIONS = SectionOf(
    "manipulations",
    "Explanations that lie",
    [
        Result(
            "transfer",
            "How alike maps are to what they were, after each manipulation and after its no-op, by every explainer and "
            "measure. difference is the first less the second. hidden, of what changes the class alone, is how much of "
            f"the new class's map lies beside what changed it, 0 where the class stayed. {INTERVALS}",
            _draw_transfer,
        ),
        Result(
            "beyond_noise",
            "Whether each setting of each manipulation came nearer to its goal than its no-op, picture by picture; "
            "gains count in the wanted direction. Each batch has pictures and a seed of its own: median, "
            f"lowest and highest are of their means. {INTERVALS}",
        ),
        Result(
            "properties",
            _properties_caption,
        ),
        Result(
            "generalization",
            "The goal of each manipulation of the model, and of its no-op, of pictures that trained it and of others: "
            "the half of them that is nearest to the training's, and the half that is far away. distance is that to "
            "the nearest picture of the training, Euclidean between the inputs of the network's last layer. "
            f"{INTERVALS}",
        ),
        Result("settings_tried", "Every setting that was tried, in every batch."),
        Result(draw=_draw_strips),
    ],
    _text,
)

SEEN = SectionOf(
    "seen",
    "What people see of it",
    [
        Result(
            "room",
            f"What is left of each explanation by the size of the change. {INTERVALS}",
            _draw_room,
            of_people=True,
        ),
        Result(
            "difference_thresholds",
            "Psychometric functions: the L-inf at which half of the people see a difference between a picture and what "
            f"became of it. {INTERVALS}",
        ),
        Result("noticed", f"The share of people who see a difference, by kind and L-inf. {INTERVALS}"),
        Result(
            "trusted",
            "The share of answers that trust the explanation of the changed picture more than that of the picture as "
            f"it is; by chance 0.5. {INTERVALS}",
        ),
    ],
)
