"""Captions of an expression report that say what its tables hold."""

from analysis.report.findings import Findings
from analysis.studies.expression.data import study
from analysis.studies.expression.words import intervals, reference


def differences_caption(findings: Findings) -> str:
    """The caption of the differences between groups, with the size of each family."""
    table = findings.tables["differences"]
    single = table["grouping"].isin(study(findings.published).groupings)
    families = (table[single], "single groupings"), (table[~single], "two groupings together")
    sizes = [f"{rows['family'].iloc[0]} of {what}" for rows, what in families if len(rows)]
    return (
        "Differences and ratios between every two groups; of two groupings together, between those that share a group "
        "of either, such as women and men of one race. p_holm is after Holm's correction for all differences of a "
        f"family: {', and '.join(sizes)}. at_equal_shares is the difference where every emotion counts the same in "
        "both groups; by_imbalance is what is left of it: the part that comes of some emotions being more frequent. A "
        "TPR is of one emotion, so that imbalance does not move it. The interval of a difference is made of those of "
        "the two rates (MOVER) and takes groups as independent, which is conservative where they share raters. "
        f"{intervals(findings)}"
    )


def paper_caption(findings: Findings) -> str:
    """The caption of the printed figures, with what is right in this study."""
    return (
        'The figures that "Is She Smiling?" prints beside those of this study, where both have the emotion and the '
        "group. The paper read FERPlus by DeepFace and took the votes of people for right; here right is what follows "
        f"from {reference(study(findings.published))}. Another classifier, other faces or another word on what is "
        "right give other numbers. order says whether the two groups come in the printed order. "
        f"{intervals(findings)}"
    )
