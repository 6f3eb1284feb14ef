"""Verification: pairs of images, what recognizers and people say of them, and where they part ways."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from analysis.questions import Scale, YesNo
from analysis.registry import Analysis, Noun

if TYPE_CHECKING:  # naming the kind waits for no library of figures
    from analysis.dataset import Published, Record
    from analysis.makers import Maker, Options
    from analysis.report.summary import ReportParts


def _read(published: "Published", record: "Record") -> "Published":
    from analysis.studies.verification.data import read

    return read(published, record)


def _measures(published: "Published") -> Mapping[str, str]:
    from analysis.studies.verification.data import measures

    return measures(published.items)


def _makers(published: "Published", options: "Options") -> "Sequence[Maker]":
    from analysis.studies.verification.data import study
    from analysis.studies.verification.makers import makers

    return makers(study(published), options)


def _report() -> "ReportParts":
    from analysis.report.summary import ReportParts
    from analysis.studies.verification.claims import claims, introduction
    from analysis.studies.verification.sections import SECTIONS, names

    return ReportParts(SECTIONS, introduction, claims, names=names)


ANALYSIS = Analysis(
    name="verification",
    item=Noun("pair", "pairs"),
    clusters={"batches": "batch", "bases": "base_id"},
    tables=("searches",),
    questions=(Scale("similarity", span=100.0), YesNo("identity")),
    read=_read,
    measures=_measures,
    makers=_makers,
    report=_report,
)
