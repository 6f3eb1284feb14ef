"""Figure 6: strips of the largest disagreements, as figures and as pairs that open on the page."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.figures.style import rows
from analysis.report import tables
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Card, CardPicture, Item, StripItem
from analysis.report.pictures import data_uri
from analysis.report.words import slug
from analysis.studies.verification.data import Verification, study
from analysis.studies.verification.figures.disagreement_strip import disagreement_strip
from analysis.studies.verification.interactive import what

MOST = 8
"""Pairs in a strip at most."""

NO_SCORES = {"pair_id", "batch", "base_id", "sample_id", "anchor_id", "search_id", "recognizer", "distance", "accept"}
"""Columns that name something, or that say again what `<name>_distance` and `<name>_accept` say."""

SMALL, LARGE = 144, 384
"""Pixels of a picture's longer side at most, in a strip and opened."""


@dataclass(frozen=True)
class Strip:
    """Rows of a table of disagreement in the order to show them, and the columns that stand below each pair."""

    name: str
    title: str
    scale: str
    table: pd.DataFrame
    columns: tuple[str, ...]


SCORES = {
    "identity_disagreement": (
        "",
        "The paper's score: the inverted distance (1 - distance / the largest of the rated pairs) minus the share of "
        "people who see one identity",
    ),
    "disagreement": (
        "ordered-",
        "Our score: the pair's place when pairs are ordered by the model's distance minus its place when they are "
        "ordered by people's mean similarity",
    ),
}
"""Scores of disagreement: the beginning of a strip's name, and the definition in words; the paper's first."""


def recognizer_strips(disagreement: pd.DataFrame, recognizer: str) -> list[Strip]:
    """The pairs that a model finds much closer than people do, and those that people find closer; by each score."""
    strips = []
    for score, (prefix, words) in SCORES.items():
        of_recognizer = disagreement[disagreement["recognizer"] == recognizer].dropna(subset=score)
        ordered = of_recognizer.sort_values([score, "pair_id"], ascending=[False, True], kind="stable")
        closer = ordered[(ordered[score] > 0) & (ordered["candidate"] != "false reject")].head(MOST)
        farther = ordered[(ordered[score] < 0) & (ordered["candidate"] != "false accept")].iloc[::-1].head(MOST)
        scale = (
            f"{words}; from -1 to 1, above 0 the model holds the pair closer than people do. A candidate false accept "
            "is accepted though most people see two persons, a candidate false reject rejected though most see one; "
            "pairs whose decisions say the opposite of their score are left out here, and stand in the table."
        )
        columns, name = (score, f"{recognizer}_distance", "candidate"), slug(recognizer)
        order = ", by order" if prefix else ""
        strips += [
            Strip(f"{prefix}model-closer-{name}", f"{recognizer} closer than people{order}", scale, closer, columns),
            Strip(f"{prefix}people-closer-{name}", f"People closer than {recognizer}{order}", scale, farther, columns),
        ]
    return strips


def people_strips(disagreement: pd.DataFrame) -> list[Strip]:
    """The pairs on which people disagree most among themselves, on similarity and on identity."""
    strips = []
    for column, question, scale in [
        ("similarity_std", "similarity", "Standard deviation of the answers, 0 to 100 (ddof 1)."),
        ("identity_std", "identity", "Standard deviation of the answers, same 1 and different 0 (ddof 1)."),
    ]:
        cases = disagreement[disagreement[column] > 0]
        ordered = cases.sort_values([column, "pair_id"], ascending=[False, True], kind="stable")
        title, columns = f"People among themselves: {question}", (column, "identity_rate")
        strips.append(Strip(f"people-{question}", title, scale, ordered.head(MOST), columns))
    return strips


def draw_recognizer_strips(findings: Findings, contents: Contents) -> Iterator[Item]:
    """The strips of every recognizer."""
    of = study(findings.published)
    for name in of.recognizers:
        for strip in recognizer_strips(findings.tables["disagreement"], name):
            yield from strip_items(strip, of, of.rated_pairs, contents)


def draw_people_strips(findings: Findings, contents: Contents) -> Iterator[Item]:
    """The strips of people among themselves."""
    of = study(findings.published)
    for strip in people_strips(findings.tables["people_disagreement"]):
        yield from strip_items(strip, of, of.rated_pairs, contents)


def strip_items(strip: Strip, published: Verification, rated_pairs: pd.DataFrame, contents: Contents) -> list[Item]:
    """The strip on the page, and as a figure in the report's folder; nothing where it has no pairs with images."""
    extra = [column for column in strip.table.columns if column not in rated_pairs.columns or column == "pair_id"]
    pairs = strip.table[extra].merge(rated_pairs, on="pair_id", how="inner", validate="one_to_one")
    pairs = pairs[pairs["base_id"].isin(published.pictures) & pairs["sample_id"].isin(published.pictures)]
    if pairs.empty:
        return []
    captions = [_caption(row, strip.columns) for row in rows(pairs)]
    text = "; ".join(caption.replace("\n", ", ") for caption in captions)
    figure = contents.figure(
        f"strip-{strip.name}",
        disagreement_strip(pairs, captions, published.pictures.decoded, strip.title, source=contents.source),
        f"{strip.title}. {strip.scale}",
        f"{len(pairs)} pairs, base above sample, the largest disagreement first: {text}.",
    )
    cards = [
        _card(published, row, f"pair-{strip.name}-{place}", caption)
        for (place, row), caption in zip(pairs.iterrows(), captions, strict=True)
    ]
    return [StripItem(strip.name, figure.number, figure.file, figure.caption, cards, figure.source)]


def _caption(row: Any, columns: tuple[str, ...]) -> str:
    values = {column: tables.cell(getattr(row, column)) for column in columns}
    return "\n".join([what(row), *(f"{tables.heading(name)} {value}" for name, value in values.items() if value)])


def _card(published: Verification, row: "pd.Series[Any]", key: str, caption: str) -> Card:
    base, sample = (published.pictures.decoded(str(row[column])) for column in ("base_id", "sample_id"))
    first, *rest = caption.split("\n")
    pictures = [
        CardPicture("base", "The base of the pair", data_uri(base, SMALL), data_uri(base, LARGE)),
        CardPicture(first, f"The sample of the pair: {first}", data_uri(sample, SMALL), data_uri(sample, LARGE)),
    ]
    return Card(
        key=key,
        title=f"Pair {row['pair_id']}",
        what=first,
        headline=", ".join(rest),
        pictures=pictures,
        scores=[(tables.heading(name), value) for name, value in _scores(row).items() if value],
    )


def _scores(row: "pd.Series[Any]") -> dict[str, str]:
    return {str(name): tables.texts(pd.Series([value]))[0] for name, value in row.items() if name not in NO_SCORES}
