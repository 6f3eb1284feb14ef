"""Contents of a report in the making: the items of the page, numbered, and the files beside it."""

import copy
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.names import Spelling, written
from analysis.report import tables
from analysis.report.page import FigureItem, TableItem, svg_uri, table_item


class Contents:
    """Numbers figures and tables in the order in which they come and keeps their files.

    source: Whose the ratings are, where they are not people's; every file then says so.
    files: Content by path in the report's folder.
    table_numbers, figure_numbers: The number of each table and figure by its name.
    names: Of measures, methods and the like, which the page writes in words; those of the study's models it leaves.
    spelling: How the kind of study writes them.
    """

    def __init__(self, source: str | None, names: Collection[str] = (), spelling: Spelling = written) -> None:
        self.source = source
        self.names = frozenset(names)
        self.spelling = spelling
        self.files: dict[str, bytes] = {}
        self.table_numbers: dict[str, int] = {}
        self.figure_numbers: dict[str, int] = {}

    def without_source(self) -> "Contents":
        """The same contents, to add what rests on no rating: nothing says whose the ratings are."""
        other = copy.copy(self)
        other.source = None
        return other

    def figure(
        self,
        name: str,
        figure: Figure,
        caption: str,
        alt: str,
        plot: Mapping[str, Any] | None = None,
    ) -> FigureItem:
        """Keeps figures/<name>.svg and .png.

        Args:
            name: Of the files, [a-z0-9-]+.
            figure: The figure.
            caption: Below it.
            alt: What it shows, for who does not see it.
            plot: The same for plotly, on the page in its place.
        """
        self.figure_numbers[name] = len(self.figure_numbers) + 1
        caption, alt = self.spelling.text(caption, self.names), self.spelling.text(alt, self.names)
        words = f"{self.source.capitalize()} ratings. {alt}" if self.source else alt
        svg = style.svg(figure, self._title(caption), words)
        self.files[f"figures/{name}.svg"] = svg
        self.files[f"figures/{name}.png"] = style.png(figure, self._title(caption), words)
        width, height = (round(inches * 96) for inches in figure.get_size_inches())
        number = self.figure_numbers[name]
        return FigureItem(name, number, caption, words, svg_uri(svg), width, height, plot, self.source)

    def table(self, name: str, frame: pd.DataFrame, caption: str, *, fitted: bool = False) -> TableItem:
        """Keeps tables/<name>.csv and .tex; `fitted` tables are scaled to a page's width in LaTeX.

        The CSV has the columns as they are; the page and LaTeX have them in the order of `tables.in_reading_order`.
        """
        self.table_numbers[name] = len(self.table_numbers) + 1
        self.files[f"tables/{name}.csv"] = tables.to_csv(frame, self.source)
        omissions = [tables.SOURCE_COLUMN]  # by the caption
        if "reason" in frame and frame["reason"].isin(["", None]).all():
            omissions.append("reason")  # that nothing is missing, by every row
        caption = self.spelling.text(caption, {*self.names, *map(str, frame.columns)})
        columns = tables.in_reading_order(frame.drop(columns=omissions, errors="ignore").map(self._cell))
        self.files[f"tables/{name}.tex"] = tables.to_latex(
            columns, self._title(caption), name, fitted=fitted, spelling=self.spelling
        )
        return table_item(name, self.table_numbers[name], caption, columns, self.source, self.spelling)

    def _cell(self, value: object) -> object:
        return self.spelling.text(value, self.names) if isinstance(value, str) else value

    def _title(self, caption: str) -> str:
        return f"{self.source.capitalize()} ratings. {caption}" if self.source else caption
