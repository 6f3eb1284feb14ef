"""Classification: what classifiers say of pictures, and whether people side with their mistakes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from analysis.questions import YesNo
from analysis.registry import Analysis

if TYPE_CHECKING:  # naming the kind waits for no library of figures
    from analysis.dataset import Published, Record
    from analysis.makers import Maker, Options
    from analysis.report.summary import ReportParts


def _read(published: "Published", record: "Record") -> "Published":
    from analysis.studies.classification.data import read

    return read(published, record)


def _measures(published: "Published") -> Mapping[str, str]:
    from analysis.studies.classification.data import measures, study

    return measures(study(published))


def _makers(published: "Published", options: "Options") -> "Sequence[Maker]":
    from analysis.studies.classification.data import study
    from analysis.studies.classification.makers import makers

    return makers(study(published), options)


def _report() -> "ReportParts":
    from analysis.report.summary import ReportParts
    from analysis.studies.classification.claims import claims, introduction
    from analysis.studies.classification.sections import SECTIONS

    return ReportParts(SECTIONS, introduction, claims)


ANALYSIS = Analysis(
    name="classification",
    clusters={"batches": "batch", "classes": "label"},
    tables=("predictions", "attacks", "explanations", "examples"),
    without_items=("item_id", "batch", "kind", "row", "label", "shown_class", "weight", "image_id"),
    questions=(YesNo("relevant"),),
    read=_read,
    measures=_measures,
    makers=_makers,
    report=_report,
)
