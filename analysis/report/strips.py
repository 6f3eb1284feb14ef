"""Figure 6: strips of the largest disagreements, as figures and as pairs that open on the page."""

from typing import Any

import pandas as pd

from analysis.dataset import Published
from analysis.figures.disagreement_strip import disagreement_strip
from analysis.figures.style import rows
from analysis.report import tables
from analysis.report.contents import Contents
from analysis.report.interactive import data_uri, what
from analysis.report.page import Card, Item, StripItem
from analysis.report.words import slug

MOST = 8
"""Pairs of a strip."""

SMALL, LARGE = 144, 384
"""Pixels of a picture's longer side at most, in a strip and opened."""


def recognizer_strips(
    published: Published, rated: pd.DataFrame, disagreement: pd.DataFrame, recognizer: str, contents: Contents
) -> list[Item]:
    """The pairs that a model finds much closer than people do, and those that people find much closer than it does."""
    of_recognizer = disagreement[disagreement["recognizer"] == recognizer].dropna(subset="disagreement")
    ordered = of_recognizer.sort_values(["disagreement", "pair_id"], ascending=[False, True], kind="stable")
    closer = ordered[ordered["disagreement"] > 0].head(MOST)
    farther = ordered[ordered["disagreement"] < 0].iloc[::-1].head(MOST)
    strips = {
        "false-accepts": (closer, f"{recognizer} closer than people: candidate false accepts"),
        "false-rejects": (farther, f"People closer than {recognizer}: candidate false rejects"),
    }
    items: list[Item] = []
    for name, (chosen, title) in strips.items():
        scale = "Signed disagreement, from -1 to 1: positive where the model is closer than people."
        items.extend(
            _strip(
                published,
                rated,
                chosen,
                ("disagreement", f"{recognizer}_distance"),
                f"{name}-{recognizer}",
                title,
                scale,
                contents,
            )
        )
    return items


def people_strips(
    published: Published, rated: pd.DataFrame, disagreement: pd.DataFrame, contents: Contents
) -> list[Item]:
    """The pairs on which people disagree most among themselves, on similarity and on identity."""
    items: list[Item] = []
    for column, name, title, scale in [
        ("similarity_std", "similarity", "People among themselves: similarity", "Standard deviation of similarity."),
        ("identity_entropy", "identity", "People among themselves: identity", "Entropy of the decisions."),
    ]:
        known = disagreement.dropna(subset=column)
        ordered = known[known[column] > 0].sort_values([column, "pair_id"], ascending=[False, True], kind="stable")
        shown = (column, "identity_rate")
        items.extend(_strip(published, rated, ordered.head(MOST), shown, f"people-{name}", title, scale, contents))
    return items


def _strip(
    published: Published,
    rated: pd.DataFrame,
    chosen: pd.DataFrame,
    shown: tuple[str, ...],
    name: str,
    title: str,
    scale: str,
    contents: Contents,
) -> list[Item]:
    name = slug(name)
    extra = [column for column in chosen.columns if column not in rated.columns or column == "pair_id"]
    pairs = chosen[extra].merge(rated, on="pair_id", how="inner", validate="one_to_one")
    if pairs.empty:
        return []
    captions = [
        "\n".join([what(row), *(f"{tables.heading(each)} {tables.cell(getattr(row, each))}" for each in shown)])
        for row in rows(pairs)
    ]
    figure = contents.figure(
        f"strip-{name}",
        disagreement_strip(pairs, captions, published.pictures.decoded, title, source=contents.source),
        f"{title}. {scale}",
        f"{len(pairs)} pairs, base above sample, the largest disagreement first: "
        + "; ".join(caption.replace("\n", ", ") for caption in captions)
        + ".",
    )
    cards = [
        _card(published, row, f"{name}-{place}", caption)
        for (place, row), caption in zip(pairs.iterrows(), captions, strict=True)
    ]
    return [StripItem(name, figure.number, figure.file, figure.caption, cards)]


def _card(published: Published, row: "pd.Series[Any]", key: str, caption: str) -> Card:
    base, sample = (published.pictures.decoded(str(row[column])) for column in ("base_id", "sample_id"))
    first, *rest = caption.split("\n")
    return Card(
        key=f"pair-{key}",
        title=f"Pair {row['pair_id']}",
        what=first,
        headline=", ".join(rest),
        base=data_uri(base, SMALL),
        sample=data_uri(sample, SMALL),
        base_large=data_uri(base, LARGE),
        sample_large=data_uri(sample, LARGE),
        scores=[(tables.heading(name), tables.cell(value)) for name, value in row.items() if tables.cell(value)],
    )
