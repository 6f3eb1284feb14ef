"""The pairs of a study folder as ratings refer to them."""

from pathlib import Path

import pandas as pd
from datasets import Features

from builder.errors import RatingsError
from builder.ratings.export import StudyPairs
from builder.shards import StudyFolder


def read_pairs(folder: Path) -> pd.DataFrame:
    """One row per pair of the finished batches, indexed by pair_id: batch, and kind by name.

    Raises:
        FolderError: this is no study folder, or a shard is damaged.
        RatingsError: no batch is finished.
    """
    study = StudyFolder(folder)
    finished = study.finished()
    study.manifest()
    if not finished:
        raise RatingsError(f"{folder}: no batch is built yet, so there is nothing to rate; run build first")
    return pd.concat([_of_batch(study, batch) for batch in finished])


def by_batch(pairs: pd.DataFrame) -> StudyPairs:
    """What a reader of exports may know of the pairs."""
    return StudyPairs({int(str(batch)): list(rows.index) for batch, rows in pairs.groupby("batch")})


def _of_batch(study: StudyFolder, batch: int) -> pd.DataFrame:
    table = study.read("pairs", batch)
    kind = Features.from_arrow_schema(table.schema)["kind"]
    rows: pd.DataFrame = table.select(["pair_id", "batch", "kind"]).to_pandas().set_index("pair_id")
    return rows.assign(kind=rows["kind"].map(kind.int2str))
