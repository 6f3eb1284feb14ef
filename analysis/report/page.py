"""The page: what is in it, and how it becomes one HTML file that needs nothing else."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

import jinja2
import pandas as pd
import plotly.offline
from markupsafe import Markup

from analysis.names import Spelling, written
from analysis.report import tables

MOST_ROWS, UNFOLDED_ROWS = 50, 16
"""Rows of a table on the page at most, the CSV has all; and those of a table that is not folded away."""


@dataclass(frozen=True)
class FigureItem:
    """A figure: as SVG in an address of its own, and, for two of them, as data for plotly, which takes its place.

    source: Whose the ratings behind it are; None where they are people's, or where none are.
    """

    name: str
    number: int
    caption: str
    alt: str
    uri: str
    width: int
    height: int
    plot: Mapping[str, Any] | None = None
    source: str | None = None
    part: Literal["figure"] = "figure"

    @property
    def file(self) -> str:
        """Path of its files in the report's folder, without the ending."""
        return f"figures/{self.name}"


@dataclass(frozen=True)
class TableItem:
    """A table, its values as they are shown."""

    name: str
    number: int
    caption: str
    columns: Sequence[Mapping[str, object]]
    rows: Sequence[Sequence[str]]
    left_out: int
    folded: bool
    source: str | None = None
    part: Literal["table"] = "table"

    @property
    def file(self) -> str:
        """Path of its files in the report's folder, without the ending."""
        return f"tables/{self.name}"


@dataclass(frozen=True)
class CardPicture:
    """A picture of a card: its name, what it shows for who does not see it, its address small and large."""

    name: str
    alt: str
    small: str
    large: str


@dataclass(frozen=True)
class Card:
    """An item in a strip, its one or two pictures, and all that is known of it."""

    key: str
    title: str
    what: str
    headline: str
    pictures: Sequence[CardPicture]
    scores: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class StripItem:
    """Items in the order to show them; they open on the page, `file` is a picture of them."""

    name: str
    number: int
    file: str
    caption: str
    cards: Sequence[Card]
    source: str | None = None
    part: Literal["strip"] = "strip"


@dataclass(frozen=True)
class NoteItem:
    """A list of sentences."""

    lines: Sequence[str]
    part: Literal["note"] = "note"


@dataclass(frozen=True)
class Statement:
    """A sentence, and the table that it is from."""

    text: str
    table: str
    number: int


@dataclass(frozen=True)
class SummaryItem:
    """The findings that are certain, and those that are not."""

    certain: Sequence[Statement]
    uncertain: Sequence[Statement]
    part: Literal["summary"] = "summary"


Item = FigureItem | TableItem | StripItem | NoteItem | SummaryItem


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    name: str
    title: str
    text: Sequence[str] = ()
    items: Sequence[Item] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """All that the page says; `source` is set only where the ratings are not people's."""

    title: str
    dataset: str
    revision: str | None
    source: str | None
    missing: Sequence[str]
    sections: Sequence[Section]
    hover_images: Mapping[str, str] = field(default_factory=dict)
    version: str | None = None


def table_item(
    name: str,
    number: int,
    caption: str,
    frame: pd.DataFrame,
    source: str | None = None,
    spelling: Spelling = written,
) -> TableItem:
    """The first MOST_ROWS rows of a table as they are shown; `source`: whose the ratings are, if not people's."""
    columns = [
        {"heading": tables.heading(column, spelling), "number": tables.is_number(frame[column])}
        for column in frame.columns
    ]
    rows = list(zip(*(tables.texts(frame[column].head(MOST_ROWS)) for column in frame.columns), strict=True))
    left_out, folded = max(len(frame) - MOST_ROWS, 0), len(frame) > UNFOLDED_ROWS
    return TableItem(name, number, caption, columns, rows, left_out, folded, source)


def svg_uri(svg: bytes) -> str:
    """An SVG as an address; in an `img`, where no script of it would run."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()


def render(page: Page) -> bytes:
    """The page as HTML: every text escaped, and a policy under which nothing is loaded and no other script runs."""
    templates = files("analysis.report") / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (templates / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    plots = _plots(page)
    scripts = [(templates / "report.js").read_text(encoding="utf-8")]
    if plots["plots"]:
        scripts.insert(0, plotly.offline.get_plotlyjs())
    scripts = [script.replace("\r\n", "\n").replace("\r", "\n") for script in scripts]  # as a browser hashes them
    html = environment.get_template("index.html.j2").render(
        **{
            name: getattr(page, name)
            for name in ("title", "dataset", "version", "revision", "source", "missing", "sections")
        },
        policy=_policy(scripts),
        style=Markup((templates / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - a file of ours
        scripts=[Markup(script) for script in scripts],  # noqa: S704 - plotly's and a file of ours
        plots=Markup(_json(plots)),  # noqa: S704 - see _json
    )
    return html.encode("utf-8", errors="replace")


def _plots(page: Page) -> dict[str, Any]:
    items = [item for section in page.sections for item in section.items]
    plots = {item.name: item.plot for item in items if isinstance(item, FigureItem) and item.plot is not None}
    return {"plots": plots, "images": page.hover_images}


def _json(value: object) -> str:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, sort_keys=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(scripts: Sequence[str]) -> str:
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}; "
        "base-uri 'none'; form-action 'none'"
    )
