"""Whether the decisions of a published verification study are those of its distances."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc


def check_decisions(pairs: pa.Table, name: str, threshold: float) -> Iterator[str]:
    """The errors in the decisions of the recognizer `name`, a line each."""
    columns = f"{name}_distance", f"{name}_accept"
    if not set(columns) <= set(pairs.column_names):
        yield f"has no columns {' and '.join(columns)}"
        return
    distance, accept = (pairs[column] for column in columns)
    expected = pc.less_equal(distance.cast(pa.float64()), threshold)
    if not expected.equals(accept):
        yield f"{name}_accept: is not {name}_distance <= {threshold} in every row"
