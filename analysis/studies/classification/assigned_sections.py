"""The section on classes that are shown by examples, and on images that people assign to them."""

from collections.abc import Iterator

import pandas as pd

from analysis.figures.style import rows
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Item
from analysis.report.sections import Result, SectionOf
from analysis.report.words import INTERVALS
from analysis.studies.classification.figures.assignment_success import assignment_success
from analysis.studies.classification.words import percent


def table_3(success: pd.DataFrame) -> pd.DataFrame:
    """Table 3 in percent. success: the table `assignment_success`."""
    return pd.DataFrame(
        {
            "condition": success["condition"],
            "mean_%": success["success"].map(percent),
            "standard_error_%": success["standard_error"].map(percent),
            "n": success["n"],
            "left_out": success["left_out"],
        }
    )


def _draw_success(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["assignment_success"].dropna(subset="success")
    if table.empty:
        return
    text = "; ".join(f"{row.condition} {percent(row.success)} %" for row in rows(table))
    yield contents.figure(
        "assignment-success",
        assignment_success(table, source=contents.source),
        "How often an image is assigned to its class, of six, by how the classes are shown. The upright line is "
        "chance, 1/6. Bars are 95 % intervals of each share alone; they ignore that the same people see all "
        "conditions, so that bars that overlap say nothing of whether two differ.",
        f"A marker a line. {text}.",
    )


def _text(findings: Findings) -> list[str]:
    if not findings.has("assignment_success"):
        return []
    return [
        "People saw an image and six classes, each shown by six images without its name, and said to which class the "
        "image belongs. An answer counts where it took 20 seconds to 3 minutes. Nobody saw an image twice."
    ]


ASSIGNMENTS = SectionOf(
    "assignments",
    "What a class is made of",
    [
        Result(
            "assignment_success",
            "Right assignments in percent, by how classes are shown; chance is 16.67. The standard error takes answers "
            "for independent, as the paper's Std does.",
            file="table-3",
            frame=lambda findings: table_3(findings.tables["assignment_success"]),
            fitted=True,
        ),
        Result(
            "assignment_success",
            "The same with all numbers, as shares. Intervals leave out people and classes in turn, and count once what "
            f"these share. {INTERVALS}",
            _draw_success,
        ),
        Result(
            "assignment_differences",
            "Whether two ways of showing classes differ. p_holm knows that all rows of this table are one family "
            f"(Holm). {INTERVALS}",
        ),
        Result(
            "compared_assignments",
            "The paper's printed figures below those of this study, in percent. Other classes, pictures and people "
            "give other numbers.",
        ),
        Result(
            "class_examples",
            "How many of the candidates of a class are what a method asks for, and how many examples stand in where "
            "fewer are than are shown: those that come nearest.",
        ),
        Result(
            "prevalence",
            "How frequent an attribute is among the examples of a class, beside all images of the class. low and high "
            "are Wilson's 95 % interval of the share among examples, which takes them for independent; p is of a "
            "permutation test, of as many of the class's images drawn at random; p_holm knows all rows as one family. "
            "What people say is known of the images that five or more were asked about: no other one counts there.",
        ),
    ],
    _text,
)
"""Sections of studies in which people assign images to classes."""
