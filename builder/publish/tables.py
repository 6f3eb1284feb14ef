"""The way from a study folder to the tables of a published version."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Features

from builder.errors import PublishError
from builder.publish.aggregates import answered_unequally, counted, rated_features, source_of, with_aggregates
from builder.publish.layout import Part
from builder.publish.pictures import without_pictures
from builder.publish.provenance import Aggregates
from builder.ratings.collection import flagged_tables, read_collection
from builder.ratings.items import read_design
from builder.ratings.schema import participant_features, rating_features
from builder.ratings.texts import unread
from builder.ratings.wordings import asked
from builder.shards import StudyFolder
from builder.studies import StudyKind, load_kind
from builder.study import Study
from loading_script.tables import SOURCES


@dataclass(frozen=True)
class People:
    """Ratings and participants that go out; `left_out` says in words what does not, `released` are the texts that
    somebody read and confirmed to identify nobody, and `unread` is how many others the table has. `wordings` are those
    of every question that is asked, as far as they are known.
    """

    ratings: pa.Table
    participants: pa.Table
    aggregates: Aggregates
    left_out: tuple[str, ...]
    released: frozenset[str]
    unread: int
    wordings: Mapping[str, tuple[str, ...]]


class ByItem:
    """Ratings by item. Those of a batch are found in time that grows with them, not with all that there are."""

    def __init__(self, ratings: pa.Table, key: str) -> None:
        self._ratings = ratings.combine_chunks()
        encoded = ratings[key].combine_chunks().dictionary_encode()
        codes = encoded.indices.to_numpy()
        self._code = {item: code for code, item in enumerate(encoded.dictionary.to_pylist())}
        self._rows = np.argsort(codes, kind="stable")
        self._ends = np.cumsum(np.bincount(codes, minlength=len(self._code)))

    def take(self, item_ids: pa.ChunkedArray) -> pa.Table:
        """The ratings of these items, in the order that they had; they can be taken once."""
        codes = [self._code.pop(item) for item in item_ids.to_pylist() if item in self._code]
        starts = [self._ends[code - 1] if code else 0 for code in codes]
        rows = [self._rows[start : self._ends[code]] for start, code in zip(starts, codes, strict=True)]
        return self._ratings.take(np.sort(np.concatenate([np.array([], np.int64), *rows])))

    def left(self) -> list[str]:
        """The items whose ratings were not taken."""
        return list(self._code)


def read_people(folder: StudyFolder, *, with_simulated: bool, flagged_excluded: bool) -> People:
    """The ratings of people and of experts in a study folder, the simulated ones where asked, and who gave them.

    Ratings of models are left out: what models say of an item is in its columns. Both are sorted by id, so that neither
    tells the order in which they came, and of the time of a rating the day is left.

    Raises:
        FolderError: the files are damaged.
    """
    design = read_design(folder.root)
    collection = read_collection(folder.root, design.asks)
    every_rating, participants = flagged_tables(collection, design)
    ratings, left_out = _of_sources(every_rating, ["human", "expert", *(["simulated"] if with_simulated else [])])
    rating = pc.is_in(participants["participant_id"], value_set=pc.unique(ratings["participant_id"]))
    participants = participants.filter(rating).sort_by("participant_id")
    waiting = unread(collection, design.asks)["participant_id"].isin(participants["participant_id"].to_pylist())
    source = source_of(ratings)
    aggregates = Aggregates(source=source, flagged_excluded=flagged_excluded and source is not None)
    return People(
        by_day(ratings.sort_by("rating_id")),
        participants,
        aggregates,
        tuple(left_out),
        frozenset(collection.released["text"]),
        int(waiting.sum()),
        asked(folder.root, folder.study()),
    )


def by_day(ratings: pa.Table) -> pa.Table:
    """Ratings with the day of each, at midnight UTC, in the place of its time, which a platform's own log has too."""
    at = ratings.column_names.index("rated_at")
    return ratings.set_column(at, ratings.schema.field(at), pc.floor_temporal(ratings["rated_at"], unit="day"))


def split_of_batches(study: Study, batches: list[int]) -> dict[int, str]:
    """The split of each batch.

    Raises:
        PublishError: a batch is in no split or in two, or one that is not built is in a split.
    """
    splits = study.publish.splits or {"train": tuple(batches)}
    built, split_of = set(batches), dict[int, str]()
    for split, members in splits.items():
        for batch in members:
            if split_of.setdefault(batch, split) != split:
                raise PublishError(f"[publish] splits: batch {batch} is in {split_of[batch]} and in {split}")
            if batch not in built:
                raise PublishError(f"[publish] splits: {split} has batch {batch}, which is not built")
    missing = [batch for batch in batches if batch not in split_of]
    if missing:
        raise PublishError(f"[publish] splits: batch {missing[0]} is in no split; every batch needs one")
    return split_of


def published_tables(
    folder: StudyFolder, people: People, split_of: Mapping[int, str], *, withheld: bool = False
) -> Iterator[tuple[Part, pa.Table, Features]]:
    """Every part of the version that has rows, a batch at a time: where it lies, its rows, its features.

    A rating is in the split of its item, a participant in that of the batch they rated most. Pictures may be withheld.

    Raises:
        PublishError: a rating names an item that is not in the study.
    """
    asks, kind = folder.study().questionnaire(), load_kind(folder.study().study)
    ratings, source = ByItem(people.ratings, asks.key), people.aggregates.source
    if source:
        excluded = people.aggregates.flagged_excluded
        of_source = counted(people.ratings, people.participants, source, flagged_excluded=excluded)
        aggregated = ByItem(of_source, asks.key)
        by_question = answered_unequally(of_source, asks.key, asks.questions)
    for batch, split in sorted(split_of.items()):
        for spec in kind.tables:
            table = spec.name
            if spec.optional and not folder.holds(table, batch):
                continue
            rows = folder.read(table, batch)
            features = Features.from_arrow_schema(rows.schema)
            if table == asks.table:
                answers = ratings.take(rows[asks.key])
                if source:
                    counting = aggregated.take(rows[asks.key])
                    yield from _derived(kind, rows, counting, split, batch)
                    rows = with_aggregates(rows, asks.key, counting, asks.questions, source, by_question=by_question)
                    features = rated_features(features, asks.questions, by_question=by_question)
                if answers.num_rows:
                    yield Part("ratings", split, batch), answers, rating_features(asks)
            if withheld:
                rows, features = without_pictures(spec, rows, features)
            if rows.num_rows:
                yield Part(table, split, batch), rows, features
    left = ratings.left()
    if left:
        raise PublishError(
            f"ratings: there are some of {asks.table} that no finished batch has, such as {left[0]!r}; build the "
            "batches that were rated"
        )
    yield from _participants(people.participants, split_of, participant_features(asks))


def _derived(
    kind: StudyKind, items: pa.Table, ratings: pa.Table, split: str, batch: int
) -> Iterator[tuple[Part, pa.Table, Features]]:
    light = items.drop_columns(list(kind.tables[0].large))
    for spec in kind.derived:
        rows = kind.derive(spec.name, light, ratings)
        if rows.num_rows:
            yield Part(spec.name, split, batch), rows, Features.from_arrow_schema(rows.schema)


def _participants(
    participants: pa.Table, split_of: Mapping[int, str], features: Features
) -> Iterator[tuple[Part, pa.Table, Features]]:
    first = next(iter(split_of.values()))
    splits = pa.array([split_of.get(batch, first) for batch in participants["batch"].to_pylist()], pa.string())
    for split in dict.fromkeys(split_of.values()):
        people = participants.filter(pc.equal(splits, split))
        if people.num_rows:
            yield Part("participants", split, None), people, features


def _of_sources(ratings: pa.Table, sources: list[str]) -> tuple[pa.Table, list[str]]:
    others = [source for source in SOURCES if source not in sources]
    counts = {source: pc.sum(pc.equal(ratings["source"], source)).as_py() or 0 for source in others}
    counts_in_words = [f"{count} {source} ratings" for source, count in counts.items() if count]
    return ratings.filter(pc.is_in(ratings["source"], value_set=pa.array(sources))), counts_in_words
