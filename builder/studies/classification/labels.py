"""The table `labels`: the classes that people accepted for a row, with their votes.

After "Are we done with ImageNet?" (Beyer et al.), whose labels a row may have several of, and none.
"""

import pyarrow as pa
import pyarrow.compute as pc

from builder.studies.classification import schema
from builder.studies.classification.tasks import KEY, NO, RELEVANT, WHOLE, YES

LEAST_ANSWERS = 5
"""An item with fewer valid answers counts as one that nobody was asked about."""

ACCEPTED = 0.8
"""The share of yes from which a class is accepted: four of five, as in "ConvNets and ImageNet Beyond Accuracy"."""


def accepted_classes(items: pa.Table, ratings: pa.Table) -> pa.Table:
    """The classes that at least one of five or more people accepted, of items that show a row's own picture.

    Args:
        items: of a study or a part of it, without pictures.
        ratings: of one source.
    """
    yes = _yes(ratings[RELEVANT.name])
    votes = pa.table({KEY: ratings[KEY], "yes": yes}).filter(pc.is_valid(yes))
    counts = votes.group_by(KEY, use_threads=False).aggregate([("yes", "sum"), ("yes", "count")])
    of_item = {row[KEY]: (row["yes_sum"], row["yes_count"]) for row in counts.to_pylist()}
    source = ratings["source"][0].as_py() if ratings.num_rows else None
    rows = []
    changed = [schema.KINDS.index(kind) for kind in ("adversarial", "explained")]
    items = items.append_column("whole", _whole(items))
    for item in items.select([KEY, "kind", "row", "batch", "label", "shown_class", "whole"]).to_pylist():
        n_yes, n = of_item.get(item[KEY], (0, 0))
        if n < LEAST_ANSWERS or not n_yes or item["kind"] in changed or not item["whole"]:
            continue
        yes = {"class": item["shown_class"], "n_yes": n_yes, "n": n, "share": n_yes / n}
        rows.append({**item, **yes, "accepted": n_yes / n >= ACCEPTED, "ratings_source": source})
    return pa.Table.from_pylist(rows, schema.labels().arrow_schema)


def _whole(items: pa.Table) -> pa.ChunkedArray:
    """Whether each item shows all of a picture."""
    if "arm" not in items.column_names:
        return pa.chunked_array([pa.array([True] * items.num_rows, pa.bool_())])
    return pc.equal(items["arm"], WHOLE)


def _yes(answers: pa.ChunkedArray) -> pa.ChunkedArray:
    """1 for yes, 0 for no, null for any other answer; where one can say that one cannot tell, answers are words."""
    if not pa.types.is_boolean(answers.type):
        valid = pc.is_in(answers, value_set=pa.array([YES, NO]))
        answers = pc.if_else(valid, pc.equal(answers, YES), None)
    return answers.cast(pa.int32())
