"""What the report shows of the forest from attributes to similarity."""

from typing import Any

import pandas as pd
import pytest

from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import FigureItem, NoteItem
from analysis.studies.verification.sections import SECTIONS

SECTION = next(section for section in SECTIONS if section.name == "attributes")


def items(r2: float) -> list[Any]:
    tables = {
        "attribute_model": pd.DataFrame({"r2": [r2]}),
        "attribute_importance": pd.DataFrame(
            {"attribute": ["hog_yaw", "red"], "importance": [0.1, 0.3], "importance_std": [0.01, 0.02]}
        ),
    }
    findings = Findings(published=None, answers=None, tables=tables)  # type: ignore[arg-type]
    return list(SECTION.build(findings, Contents(None, {"hog_yaw"})).items)


@pytest.mark.parametrize("r2", [0.0, -0.2])
def test_a_forest_no_better_than_the_mean_is_not_drawn(r2: float) -> None:
    (note,) = [item for item in items(r2) if isinstance(item, NoteItem)]
    assert "no better than its mean (R2 of 0 or less)" in note.lines[0]
    assert not [item for item in items(r2) if isinstance(item, FigureItem)]


def test_a_forest_that_knows_more_is_drawn_the_most_important_on_top() -> None:
    (figure,) = [item for item in items(0.2) if isinstance(item, FigureItem)]
    assert "Most important: red 0.300, yaw (HOG) 0.100." in figure.alt
