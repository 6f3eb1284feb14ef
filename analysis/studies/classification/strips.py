"""Figure 3: strips of the mistakes that people side with, as figures and as items that open on the page."""

from collections.abc import Hashable, Iterator
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
from analysis.studies.classification.data import ADVERSARIAL, Classification, study
from analysis.studies.classification.figures.mistake_strip import mistake_strip
from analysis.studies.classification.words import wrapped

MOST = 8
"""Items in a strip at most."""

SMALL, LARGE = 144, 384
"""Pixels of a picture's longer side at most, in a strip and opened."""

_NOT_SHOWN = {"item_id", "image_id", "unit", "level", "weight", "top5_weight"}


@dataclass(frozen=True)
class Strip:
    """Rows of the table `mistakes` in the order to show them."""

    name: str
    title: str
    scale: str
    table: pd.DataFrame


def draw_accepted(findings: Findings, contents: Contents) -> Iterator[Item]:
    """A strip for every classifier, of its mistakes that people side with."""
    of, table = study(findings.published), findings.tables["mistakes"]
    for name in of.classifiers:
        errs = table["classifiers"].map(lambda names, name=name: name in names.split(", "))
        mistakes = table[table["accepted"] & errs & (table["kind"] == "mistake")]
        scale = "At least 4 of 5 say that the class is relevant for the image, which has another label"
        strip = Strip(f"accepted-{slug(name)}", f"Mistakes of {name} that people side with", scale, mistakes)
        yield from strip_items(strip, of, contents)


def draw_attacked(findings: Findings, contents: Contents) -> Iterator[Item]:
    """The adversarial examples whose class most people accept."""
    table = findings.tables["mistakes"]
    attacks = table[(table["kind"] == ADVERSARIAL) & (table["n_yes"] > 0)]
    scale = "Those come first that most people accept: whose class they say is relevant for the attacked image"
    strip = Strip("adversarial", "Adversarial examples, by the share of yes", scale, attacks)
    yield from strip_items(strip, study(findings.published), contents)


def strip_items(strip: Strip, of: Classification, contents: Contents) -> list[Item]:
    """The strip on the page, and as a figure in the report's folder; nothing where it has no items with images."""
    items = strip.table[strip.table["image_id"].isin(of.pictures)].head(MOST).reset_index(drop=True)
    if items.empty:
        return []
    captions = [_caption(row) for row in rows(items)]
    text = "; ".join(caption.replace("\n", ", ") for caption in captions)
    more = len(strip.table) - len(items)
    rest = f" {more} more are in the table of mistakes." if more else ""
    lines = [wrapped(*caption.split("\n")) for caption in captions]
    figure = contents.figure(
        f"strip-{strip.name}",
        mistake_strip(list(items["image_id"]), lines, of.pictures.decoded, strip.title, source=contents.source),
        f"{strip.title}. {strip.scale}.{rest}",
        f"{len(items)} pictures: {text}.",
    )
    cards = [
        _card(of, row, f"item-{strip.name}-{place}", caption)
        for place, (row, caption) in enumerate(zip(items.to_dict("records"), captions, strict=True))
    ]
    return [StripItem(strip.name, figure.number, figure.file, figure.caption, cards, figure.source)]


def _caption(row: Any) -> str:
    return f"{row.shown_class}?\nlabel: {row.label}\n{row.n_yes} of {row.n_answers} say yes"


def _card(of: Classification, row: dict[Hashable, Any], key: str, caption: str) -> Card:
    first, *rest = caption.split("\n")
    picture = of.pictures.decoded(str(row["image_id"]))
    alt = f"A picture with the label {row['label']}"
    card_picture = CardPicture(first, alt, data_uri(picture, SMALL), data_uri(picture, LARGE))
    return Card(key, f"Item {row['item_id']}", first, ", ".join(rest), [card_picture], _scores(of, row))


def _scores(of: Classification, row: dict[Hashable, Any]) -> list[tuple[str, str]]:
    """All that is known of an item."""
    item = of.judged.set_index("item_id").loc[row["item_id"]]
    scores = {str(name): value for name, value in row.items() if name not in _NOT_SHOWN}
    scores |= {str(name): value for name, value in item.items() if str(name).endswith(("_top1", "_probability"))}
    texts = {name: tables.texts(pd.Series([value]))[0] for name, value in scores.items()}
    return [(tables.heading(name), text) for name, text in texts.items() if text]
