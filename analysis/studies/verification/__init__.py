"""Verification: pairs of images, what recognizers and people say of them, and where they part ways."""

from typing import TYPE_CHECKING

from analysis.questions import Scale, YesNo
from analysis.registry import Analysis

if TYPE_CHECKING:  # naming the kind waits for no library of figures
    from analysis.dataset import Published, Record


def _read(published: "Published", record: "Record") -> "Published":
    from analysis.studies.verification.data import read

    return read(published, record)


ANALYSIS = Analysis(
    name="verification",
    tables=("searches",),
    questions=(Scale("similarity"), YesNo("identity")),
    read=_read,
)
