"""The opening of an explanation report: what was explained, what was asked, and the questions that each report asks."""

from collections.abc import Iterator

import pandas as pd

from analysis.report.findings import Findings
from analysis.report.summary import Claim, agreement_claims, who_was_asked
from analysis.studies.explanation.data import EDGES, study

LEFT = 0.5
"""The correlation above which most of an explanation is left."""

MEASURE = "spearman_absolute"


def introduction(findings: Findings) -> list[str]:
    """Sentences on what was explained and compared, and who was asked what."""
    of = study(findings.published)
    explainers = [name for name in of.explainers if name != EDGES]
    classifiers = ", ".join(dict.fromkeys(of.comparisons["classifier"].astype(str)))
    pictures = of.comparisons["image_id"].nunique()
    compared = (
        f"{len(explainers)} explainers ({', '.join(explainers)}) explained what {classifiers} said of {pictures} "
        "pictures; their maps were compared with those of networks that know nothing, and with one another."
    )
    if not findings.has("properties"):
        return [compared, who_was_asked(findings, "how alike two maps are (0 to 100)")]
    tried = findings.tables["properties"]
    names = ", ".join(dict.fromkeys(tried["manipulation"]))
    lies = (
        f"{tried['manipulation'].nunique()} manipulations ({names}) changed pictures or the network so that "
        "explanations lie, each beside its no-op."
    )
    question = "how alike two maps are (0 to 100), whether two pictures differ, or which map they would trust"
    return [compared, lies, who_was_asked(findings, question)]


def claims(findings: Findings) -> Iterator[Claim]:
    """Claims: the rest of each explanation at the end of the cascade; whether each manipulation exceeds its no-op;
    whether each measure goes with what people see; whether people agree.
    """
    if findings.has("curves"):
        yield from _curves(findings.tables["curves"])
    if findings.has("beyond_noise"):
        yield from _manipulations(findings.tables["beyond_noise"])
    if findings.has("noise_ceiling"):
        yield from _measures(findings.tables["noise_ceiling"])
    yield from agreement_claims(findings)


def _curves(table: pd.DataFrame) -> Iterator[Claim]:
    rows = table[(table["check"] == "cascading") & (table["measure"] == MEASURE) & (table["explainer"] != EDGES)]
    for row in rows[rows["place"] == rows["place"].max()].to_dict("records"):
        what = (
            f"of {row['classifier']}'s explanation by {row['explainer']} is left where all weights from the output to "
            f"the layer {row['layer']} are drawn anew"
        )
        yield Claim(
            *("curves", "Spearman's correlation of absolute values", row["mean"], row["low"], row["high"], LEFT),
            above=f"Most {what}",
            below=f"Little {what}",
            whether=f"how much {what}",
            freedom=max(row["batches"] - 1, 1),
        )


def _manipulations(table: pd.DataFrame) -> Iterator[Claim]:
    for row in table.to_dict("records"):
        what = f"{row['manipulation']} of {row['classifier']}'s explanations by {row['explainer']} ({row['setting']})"
        than = f"nearer to its goal ({row['goal']}) than its no-op does"
        yield Claim(
            *("beyond-noise", "difference of the gains", row["difference"], row["low"], row["high"], 0.0),
            above=f"{what} comes {than}",
            below=f"{what} comes less near to its goal ({row['goal']}) than its no-op does",
            whether=f"whether {what} comes {than}",
        )


def _measures(table: pd.DataFrame) -> Iterator[Claim]:
    rows = table[(table["condition"] == "all") & (table["measure"] != "people")]
    for row in rows.to_dict("records"):
        yield Claim(
            *("noise-ceiling", "correlation", row["correlation"], row["low"], row["high"], 0.0),
            above=f"The larger {row['measure']}, the more alike people find two maps",
            below=f"The smaller {row['measure']}, the more alike people find two maps",
            whether=f"whether {row['measure']} goes with how alike people find two maps",
        )
