"""Errors that a card counts, of a few rows."""

import pyarrow as pa

from builder.studies.classification.publish import Errors, errors


def test_a_classifier_with_many_classes_has_a_top5_error_however_few_it_names():
    """Two rows name six classes; that there are more is told by the column of a study that asks about all five."""
    rows = pa.table({"label": ["a", "b"], "one_classes": [list("bacde"), list("acdef")]})
    assert errors(rows, ["one"]) == [Errors("one", 2, 2, 2, None)]
    assert errors(rows.append_column("one_label_in_top5", pa.array([True, False])), ["one"]) == [
        Errors("one", 2, 2, 2, 1)
    ]
    unknown = pa.array([None, None], pa.bool_())
    assert errors(rows.append_column("one_label_in_top5", unknown), ["one"]) == [Errors("one", 2, 2, 2, None)]
