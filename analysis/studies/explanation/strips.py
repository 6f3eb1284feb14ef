"""Strips of items: what people find most and least alike, and where a measure and people part ways most."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.figures.style import rows
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Item
from analysis.report.words import slug
from analysis.studies.explanation.data import Explanations, study
from analysis.studies.explanation.figures.strip import LINES, strip
from analysis.studies.explanation.words import written

MOST = 8
"""Items in a strip at most."""


def draw_strips(findings: Findings, contents: Contents) -> Iterator[Item]:
    """The strips of a dataset with pictures; without ratings, some items as they come."""
    of = study(findings.published)
    items = of.couples.items
    with_pictures = items[[all(row[name] in of.pictures for name in LINES) for _, row in items.iterrows()]]
    try:
        joined = of.couples.joined()
    except MissingDataError:
        yield from _strip(of, "first", "The first couples of maps.", with_pictures.head(MOST), contents, None)
        return
    likeness = joined.groupby(of.key)["likeness"].mean()
    with_answers = with_pictures.assign(likeness=with_pictures[of.key].map(likeness)).dropna(subset="likeness")
    ordered = with_answers.sort_values(["likeness", of.key], ascending=[False, True], kind="stable")
    yield from _strip(of, "most-alike", "What people find most alike.", ordered.head(MOST), contents, None)
    yield from _strip(of, "least-alike", "What people find least alike.", ordered.iloc[::-1].head(MOST), contents, None)
    best = closest_measure(findings)
    if best is not None:
        gap = (_place(with_answers[best]) - _place(with_answers["likeness"])).rename("gap")
        apart = with_answers.assign(gap=gap, distance=gap.abs()).dropna(subset="gap")
        apart = apart.sort_values(["distance", of.key], ascending=[False, True], kind="stable").head(MOST)
        words = (
            f"Where people and {best}, of all measures the closest to them, part ways most: apart are an item's places "
            "when items are ordered by it and by people, from -1 to 1; above 0 the measure finds the maps more alike."
        )
        yield from _strip(of, f"apart-{slug(best)}", words, apart, contents, "gap")


def closest_measure(findings: Findings) -> str | None:
    """The measure that goes up most closely with people's mean likeness; None where none does."""
    if not findings.has("noise_ceiling"):
        return None
    table = findings.tables["noise_ceiling"]
    cases = table[(table["condition"] == "all") & (table["measure"] != "people") & (table["correlation"] > 0)]
    return None if cases.empty else str(cases.sort_values("correlation")["measure"].iloc[-1])


def _strip(
    of: Explanations, name: str, words: str, items: pd.DataFrame, contents: Contents, extra: str | None
) -> Iterator[Item]:
    if items.empty:
        return
    captions = [_caption(row, extra) for row in rows(items)]
    text = "; ".join(caption.replace("\n", ", ") for caption in captions)
    yield contents.figure(
        f"strip-{name}",
        strip(items, captions, of.pictures.decoded, source=contents.source),
        f"{words} Each column: the picture, the map of the network that is explained, and the other map.",
        f"{len(items)} items, each a picture above its two maps: {text}.",
    )


def _caption(row: Any, extra: str | None) -> str:
    pair = "\n".join(map(written, dict.fromkeys([row.explainer, row.other_explainer])))
    against = str(row.kind) if pd.isna(row.layer) else f"{row.kind} {row.layer}"
    lines = [pair, against]
    lines += [f"likeness {row.likeness:.0f}"] if hasattr(row, "likeness") else []
    return "\n".join(lines + ([f"apart {getattr(row, extra):+.2f}"] if extra else []))


def _place(values: "pd.Series[float]") -> "pd.Series[float]":
    """The place of each value among all, 0 to 1; equal ones share theirs."""
    n = max(int(values.notna().sum()) - 1, 1)
    return (values.rank() - 1) / np.float64(n)
