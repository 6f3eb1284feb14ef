"""The way from a dataset to the folder of a report."""

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
from tqdm import tqdm

from analysis.dataset import Published, load
from analysis.errors import AnalysisError
from analysis.figures.style import rows
from analysis.makers import answers_of
from analysis.registry import Analysis, analysis_of
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.folder import check_replaceable, write_folder
from analysis.report.page import FigureItem, Page, Section, render
from analysis.report.pictures import data_uri, images_in
from analysis.report.summary import summary
from analysis.report.tables import SOURCE_COLUMN
from analysis.results import results

HOVER_PIXELS = 128
"""Longer side at most of a picture beside the pointer."""


def make_report(
    dataset: str,
    out: Path,
    *,
    revision: str | None = None,
    exclude_flagged: bool = False,
    attributes: Path | None = None,
    groups: Sequence[str] = (),
    compare_with: str | None = None,
    signal_detection: bool = False,
) -> Path:
    """Writes index.html, figures/ (SVG and PNG) and tables/ (CSV and LaTeX) into the folder `out`.

    Args:
        dataset: A published folder, a study folder, or user/name on the Hub.
        out: Absent, empty, or an earlier report, which is replaced.
        revision: Of user/name.
        exclude_flagged: Leave out flagged participants and their ratings.
        attributes: A table of attributes with a column image_id, as CSV or Parquet.
        groups: Columns of participants, images or attributes, each a grouping beside the usual ones.
        compare_with: A study whose printed figures are put beside this one's, such as "paper".
        signal_detection: Sample the model of signal detection, too, which takes minutes.

    Returns:
        Path of index.html.

    Raises:
        AnalysisError: the dataset cannot be read, there is no such column, or `out` cannot be written.
    """
    out = Path(os.path.abspath(out))
    check_replaceable(out)
    joined = None if attributes is None else read_attributes(attributes)
    published = load(dataset, revision, exclude_flagged=exclude_flagged)
    if joined is not None and not joined["image_id"].isin(published.images["image_id"]).any():
        raise AnalysisError(f"{attributes}: has no row of any of the dataset's {len(published.images)} images")
    progress = functools.partial(tqdm, desc="tables", unit="table", disable=None)
    tables = results(
        published, joined, progress, groups=groups, compare_with=compare_with, signal_detection=signal_detection
    )
    files = report_files(published, tables)
    about = {"dataset": dataset, "revision": revision, "ratings_source": published.source}
    about |= {"version": published.version} if published.version else {}
    write_folder(out, files, about)
    return out / "index.html"


def read_attributes(path: Path) -> pd.DataFrame:
    """A table of attributes, one row per image; that of an earlier report is one.

    Raises:
        AnalysisError: it cannot be read, or has no column image_id, or two rows of one image.
    """
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={"image_id": str})
    except (OSError, ValueError, pa.ArrowException) as error:
        raise AnalysisError(f"{path}: cannot be read as {path.suffix or 'CSV'}: {error}") from error
    if "image_id" not in table or len(table.columns) < 2:
        raise AnalysisError(f"{path}: needs a column image_id and at least one attribute beside it")
    if table["image_id"].duplicated().any():
        twice = table.loc[table["image_id"].duplicated(), "image_id"].iloc[0]
        raise AnalysisError(
            f"{path}: has two rows of the image {str(twice)!r}; keep one, with a column for each attribute"
        )
    return table.drop(columns=SOURCE_COLUMN, errors="ignore")


def report_files(published: Published, tables: Mapping[str, pd.DataFrame]) -> dict[str, bytes]:
    """The content of every file of the report by its path, the same for the same dataset."""
    analysis = analysis_of(published.kind) or Analysis(published.kind)
    findings, parts = Findings(published, answers_of(published, analysis), tables), analysis.report()
    contents = Contents(
        published.source if published.source != "human" else None, set(parts.names(findings)), parts.spelling
    )
    results = [
        part.build(findings, contents) for part in tqdm(parts.sections, desc="figures", unit="section", disable=None)
    ]
    sections = [section for section in [summary(findings, contents, parts), *results] if section.text or section.items]
    page = Page(
        title=_title(published),
        dataset=published.name,
        version=published.version,
        revision=published.revision,
        source=contents.source,
        missing=_missing(published, tables),
        sections=sections,
        hover_images=_hover_images(published, sections),
    )
    return {"index.html": render(page), **contents.files}


def _title(published: Published) -> str:
    name = published.name.rstrip("/").rsplit("/", 1)[-1] or published.name
    return f"Where models and people part ways: {name}"


def _missing(published: Published, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    lines = []
    if analysis_of(published.kind) is None:
        lines.append(
            f"No analysis of studies of the kind {published.kind!r} is installed: this report has what any study has. "
            "If the package that brings this kind of study has an analysis of its own, install it and report again."
        )
    if published.withheld:
        lines.append(
            "The dataset is published without its pictures, which may not be redistributed: its card says where they "
            "are from. What would show them or measure them is left out."
        )
    if published.source is None:
        lines.append("The dataset has no ratings: this report has the models' part only.")
    lines += [
        f"{n} ratings of the source {source!r}: a report is of one source at a time."
        for source, n in published.other_sources.items()
    ]
    if published.excluded:
        flagged = f"{published.excluded} flagged participant{'' if published.excluded == 1 else 's'}"
        lines.append(f"{flagged} and their ratings, left out as asked.")
    skipped = tables.get("skipped", pd.DataFrame(columns=["table", "reason"]))
    of_reason: dict[str, list[str]] = {}
    for row in rows(skipped):
        of_reason.setdefault(row.reason, []).append(row.table.replace("_", " "))
    return lines + [f"{', '.join(names)}: {reason}" for reason, names in of_reason.items()]


def _hover_images(published: Published, sections: Sequence[Section]) -> dict[str, str]:
    items = [item for section in sections for item in section.items]
    plots = {item.name: item.plot for item in items if isinstance(item, FigureItem) and item.plot is not None}
    image_ids = [name for name in images_in(plots) if name in published.pictures]
    return {name: data_uri(published.pictures.decoded(name), HOVER_PIXELS) for name in image_ids}
