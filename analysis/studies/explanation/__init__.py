"""Explanation: what explanations of a classifier hang on, and how alike people find two of them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from analysis.questions import Scale
from analysis.registry import Analysis

if TYPE_CHECKING:  # naming the kind waits for no library of figures
    from analysis.dataset import Published, Record
    from analysis.makers import Maker, Options
    from analysis.report.summary import ReportParts


def _read(published: "Published", record: "Record") -> "Published":
    from analysis.studies.explanation.data import read

    return read(published)


def _measures(published: "Published") -> Mapping[str, str]:
    from analysis.studies.explanation.data import study

    return {name: name for name in study(published).measures}


def _makers(published: "Published", options: "Options") -> "Sequence[Maker]":
    from analysis.studies.explanation.data import study
    from analysis.studies.explanation.makers import makers

    return makers(study(published))


def _report() -> "ReportParts":
    from analysis.report.summary import ReportParts
    from analysis.studies.explanation.claims import claims, introduction
    from analysis.studies.explanation.sections import SECTIONS, names
    from analysis.studies.explanation.words import written

    return ReportParts(SECTIONS, introduction, claims, names=names, spelling=written)


ANALYSIS = Analysis(
    name="explanation",
    clusters={"batches": "batch", "images": "image_id"},
    tables=("comparisons", "sanity", "manipulations", "runs"),
    questions=(Scale("likeness", span=100.0),),
    read=_read,
    measures=_measures,
    makers=_makers,
    report=_report,
)
