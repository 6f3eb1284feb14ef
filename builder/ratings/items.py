"""The design that the ratings of a study folder refer to: its items, what it asks of them, and its bounds."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from datasets import ClassLabel, Features

from builder.errors import RatingsError
from builder.ratings.export import StudyItems
from builder.ratings.settings import RatingsSettings
from builder.shards import StudyFolder
from builder.tasks import Questionnaire


@dataclass(frozen=True)
class Design:
    """The items and questions that ratings refer to.

    items: indexed by their ids; columns `batch` and `Questionnaire.item_columns`, labels as names.
    asks: all that is asked of them; settings: which of that was, and the bounds that flag a participant. study: the
    study's name.
    """

    items: pd.DataFrame
    asks: Questionnaire
    settings: RatingsSettings
    study: str | None = None

    @property
    def shown(self) -> pd.DataFrame:
        """The items of which something is asked."""
        tasks = self.asks.restricted(self.settings.questions).tasks
        if len(tasks) == 1:
            return self.items
        return self.items[self.items["task"].isin([task.name for task in tasks if task.questions])]

    def for_readers(self) -> StudyItems:
        """The study as a reader of exports may know it."""
        batches = {int(str(batch)): list(rows.index) for batch, rows in self.items.groupby("batch")}
        return StudyItems(batches, self.asks, self.study)


def read_design(folder: Path) -> Design:
    """The items and questions that the ratings of a study folder refer to; its items are those of the finished batches.

    Raises:
        FolderError: this is no study folder, or a shard is damaged.
        RatingsError: no batch is finished, or none has an item.
    """
    study_folder = StudyFolder(folder)
    finished = study_folder.finished()
    study = study_folder.study()
    if not finished:
        raise RatingsError(f"{folder}: no batch is built yet, so there is nothing to rate; run build first")
    asks = study.questionnaire()
    items = pd.concat([_of_batch(study_folder, batch, asks) for batch in finished])
    if items.empty:
        raise RatingsError(
            f"{folder}: its batches have no {asks.table}, so that nobody is asked anything: such a study is neither "
            f"rated nor published; what its models say is told by: python -m analysis report {folder}"
        )
    return Design(items, asks, study.ratings, study.name)


def _of_batch(study: StudyFolder, batch: int, asks: Questionnaire) -> pd.DataFrame:
    table = study.read(asks.table, batch)
    columns = dict.fromkeys([asks.key, "batch", *asks.item_columns()])
    features = Features.from_arrow_schema(table.schema)
    rows: pd.DataFrame = table.select(list(columns)).to_pandas().set_index(asks.key)
    labels = {name: features[name] for name in columns if isinstance(features[name], ClassLabel)}
    return rows.assign(**{name: rows[name].map(label.int2str) for name, label in labels.items()})
