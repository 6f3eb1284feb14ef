"""Expression: faces, what classifiers say of their emotion and what people or labels say, group by group."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.questions import Choice, Scale
from analysis.registry import Analysis, Noun

if TYPE_CHECKING:  # naming the kind waits for no library of figures
    from analysis.dataset import Published, Record
    from analysis.makers import Maker, Options
    from analysis.report.summary import ReportParts


def _read(published: "Published", record: "Record") -> "Published":
    from analysis.studies.expression.data import read

    return read(published, record)


def _makers(published: "Published", options: "Options") -> "Sequence[Maker]":
    from analysis.studies.expression.data import study
    from analysis.studies.expression.makers import makers

    return makers(study(published), options)


def _report() -> "ReportParts":
    from analysis.report.summary import ReportParts
    from analysis.studies.expression.claims import claims, introduction
    from analysis.studies.expression.sections import SECTIONS
    from analysis.studies.expression.words import dependence

    return ReportParts(SECTIONS, introduction, claims, dependence)


ANALYSIS = Analysis(
    name="expression",
    item=Noun("face", "faces"),
    clusters={"batches": "batch"},
    condition=None,
    tables=("predictions",),
    questions=(Choice("emotion"), Scale("strength", span=100.0)),
    read=_read,
    makers=_makers,
    report=_report,
)
