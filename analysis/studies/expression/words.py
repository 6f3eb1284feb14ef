"""Sentences that captions of an expression report share."""

from analysis.report.findings import Findings
from analysis.studies.expression.data import Expression, study
from analysis.studies.expression.references import PEOPLE

SMALL = "A cell with fewer than 30 faces is marked in the column small, and stands in no difference."


def intervals(findings: Findings) -> str:
    """A caption's sentence on the intervals of rates, and what they take as a unit."""
    return unit(study(findings.published))


def unit(of: Expression) -> str:
    """The unit of dependence of intervals, and what they ignore."""
    if of.unit == "batches":
        return "95 % intervals leave out one batch after the other, for its faces share their raters."
    if of.unit == "persons":
        return "95 % intervals take the faces of one person as one unit; they ignore that few people labeled them."
    return (
        "95 % intervals take every face as a unit of its own, as if each were of another person, for the source does "
        "not say whom a face is of; they ignore that few people labeled them."
    )


def dependence(findings: Findings) -> str:
    """The dependence that intervals know of, in a clause."""
    of = study(findings.published)
    if of.unit == "batches":
        return "and know that faces of one batch share their raters"
    return (
        "and know that faces may be of one person" if of.unit == "persons" else "and take each face as another person's"
    )


def reference(of: Expression) -> str:
    """A clause on whose word is right."""
    if of.reference is None:
        return "nothing: nobody labeled the faces, and nobody was asked"
    if of.reference.of == PEOPLE:
        who = "simulated raters'" if of.source == "simulated" else "people's"
        return f"{who} answers by the rule {of.rule}"
    return f"the source's labels, of votes by the rule {of.rule}" if of.has_votes else "the source's labels"


def alone(findings: Findings) -> list[str]:
    """A sentence that says so where nothing but what models say is known."""
    if study(findings.published).reference is not None:
        return []
    return [
        "Nobody labeled the faces and nobody was asked: this report is about what models say alone, and not about "
        "whether it is right."
    ]
