"""Counterfeits: images that a classifier is sure of, how far they are from what it knows, what people see in them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from analysis.questions import Choice, Scale
from analysis.registry import Analysis

if TYPE_CHECKING:  # naming the kind waits for no library of figures
    from analysis.dataset import Published, Record
    from analysis.makers import Maker, Options
    from analysis.report.summary import ReportParts


def _read(published: "Published", record: "Record") -> "Published":
    from analysis.studies.counterfeits.data import read

    return read(published, record)


def _measures(published: "Published") -> Mapping[str, str]:
    return {"confidence": "confidence"}


def _makers(published: "Published", options: "Options") -> "Sequence[Maker]":
    from analysis.studies.counterfeits.data import study
    from analysis.studies.counterfeits.makers import makers

    return makers(study(published))


def _report() -> "ReportParts":
    from analysis.report.summary import ReportParts
    from analysis.studies.counterfeits.claims import claims, introduction
    from analysis.studies.counterfeits.sections import SECTIONS, names
    from analysis.studies.counterfeits.words import written

    return ReportParts(SECTIONS, introduction, claims, names=names, spelling=written)


ANALYSIS = Analysis(
    name="counterfeits",
    tables=("predictions", "runs", "neighbors", "spreads"),
    questions=(Choice("choice"), Scale("certainty", span=100.0)),
    read=_read,
    measures=_measures,
    makers=_makers,
    report=_report,
)
