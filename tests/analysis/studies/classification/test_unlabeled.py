"""A study of pictures without labels, two and two."""

import pytest

from analysis import MissingDataError, results
from analysis.makers import answers_of
from analysis.report.findings import Findings
from analysis.studies.classification import ANALYSIS
from analysis.studies.classification.claims import claims, introduction
from analysis.studies.classification.data import Classification
from analysis.studies.classification.tables.errors import errors
from tests.analysis.studies.classification import made

FIRSTS, SECONDS = ["ball", "ball", "ball", "ball", "dog", "cat"], ["dog", "dog", "dog", "ball", "dog", None]


def study() -> Classification:
    """Six pairs without labels: three change from ball to dog, two stay, of the last one picture gave nothing."""
    said = [None if name is None else [name, "x"] for name in [*FIRSTS, *SECONDS]]
    rows = made.predictions([None] * 12, [n % 6 // 2 for n in range(12)], net=said)
    rows = rows.assign(pair=[f"p{n % 6}" for n in range(12)], side=["first"] * 6 + ["second"] * 6, attribute="shade")
    items = made.items(rows, [])
    return made.study(rows, items, made.ratings(items, []).astype({"relevant": "boolean"}))


def test_without_labels_nothing_is_an_error() -> None:
    with pytest.raises(MissingDataError, match="no labels"):
        errors(study())


def test_a_report_without_labels_and_items_opens_with_a_sentence() -> None:
    of = study()
    tables = results(of)
    assert tables["pairs_told_apart"].loc[0, ["pairs", "told_apart"]].to_list() == [5, 3]
    assert {"pairs_by_class", "predicted_shares"} <= set(tables)
    assert "errors" in set(tables["skipped"]["table"])
    found = Findings(of, answers_of(of, ANALYSIS), tables)
    assert introduction(found)[0] == "12 rows without labels were classified by classifier net."
    assert list(claims(found)) == []
