"""`ratings import`: exports of survey tools into the ratings of a study folder."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
from tqdm import tqdm

from builder.errors import RatingsError
from builder.ratings.clean import Cleaned, cleaned
from builder.ratings.collection import Collection, frame, read_collection, write_collection
from builder.ratings.export import Export, ExportFile, stacked
from builder.ratings.formats import read_file
from builder.ratings.formats.files import export_files
from builder.ratings.items import Design, read_design
from builder.ratings.mapping import Mapping, read_mapping
from builder.ratings.merge import Outcome, merged
from builder.ratings.privacy import participant_key
from builder.ratings.records import file_label
from builder.ratings.scales import check_scales
from builder.ratings.signature import is_signed
from builder.ratings.store import RatingsFolder
from builder.ratings.undo import with_import
from builder.tasks import Questionnaire, Scale
from builder.toml import literal

_TOGETHER = 100_000
"""Ratings above which files are cleaned without waiting for more."""


@dataclass(frozen=True)
class Import:
    """An import: each export's path and outcome, and those that were skipped with the reason; and the paths of those
    that have no place for answers.
    """

    outcomes: list[tuple[Path, Outcome]]
    skipped: list[tuple[Path, str]]
    of_people: frozenset[Path] = frozenset()

    def nothing(self) -> bool:
        """Whether ratings came and all of them were refused."""
        outcomes = [outcome for path, outcome in self.outcomes if path not in self.of_people]
        return any(each.refused for each in outcomes) and not any(
            each.added or each.completed or each.already for each in outcomes
        )

    def reasons(self) -> Counter[str]:
        """The reasons that stand in refused.csv, with how often each does."""
        return sum((outcome.reasons for _, outcome in self.outcomes), Counter())


@dataclass(frozen=True)
class _Read:
    """Some files: their paths, what refused.csv calls them, their rows under pseudonyms; and of what each said itself
    that which all files are looked at for.
    """

    paths: list[Path]
    labels: list[str]
    rows: Cleaned
    exports: list[Export]


def import_exports(
    folder: Path,
    exports: Sequence[Path],
    format_name: str = "auto",
    mapping: Path | None = None,
    skip_others: bool = False,
    *,
    source: str = "human",
) -> Import:
    """Merges exports into the ratings of a study folder, all of them or, on an error, none.

    Args:
        folder: The study folder.
        exports: Files, folders of files and archives.
        format_name: The reader, or "auto".
        mapping: A file that says what the exports do not.
        skip_others: Whether a file that cannot be read as an export is named and skipped.
        source: Whose answers they are, "human" or "expert".

    Raises:
        RatingsError: a file cannot be read as an export, naming file, line and column; or there is none that can.
        FolderError: this is no study folder, or it cannot be written.
    """
    design = read_design(folder)
    with RatingsFolder(folder, design.asks).locked():
        before = read_collection(folder, design.asks)
        after, imported = merged_exports(
            before, exports, design, participant_key(folder), format_name, mapping, skip_others, source
        )
        write_collection(folder, with_import(before, after), design)
    return imported


def merged_exports(
    collection: Collection,
    exports: Sequence[Path],
    design: Design,
    key: bytes,
    format_name: str,
    mapping: Path | None,
    skip_others: bool,
    source: str,
) -> tuple[Collection, Import]:
    """The folder's ratings with the exports merged into them, and what became of each; nothing is written."""
    meaning = read_mapping(mapping, design.asks) if mapping else None
    skipped: list[tuple[Path, str]] = []
    read = list(_read_all(exports, design, key, format_name, meaning, skipped if skip_others else None))
    _check_all(read, skipped, meaning, design.asks)
    outcomes: list[tuple[Path, Outcome]] = []
    for some in read:
        collection, counted = merged(collection, some.rows, design.asks, some.labels, source)
        outcomes += zip(some.paths, counted, strict=True)
    of_people = frozenset(
        path for some in read for path, export in zip(some.paths, some.exports, strict=True) if export.of_people
    )
    return collection, Import(outcomes, skipped, of_people)


def _read_all(
    exports: Sequence[Path],
    design: Design,
    key: bytes,
    format_name: str,
    meaning: Mapping | None,
    skipped: list[tuple[Path, str]] | None,
) -> Iterator[_Read]:
    """The content of the files, of many small ones together; no file stays in memory.

    A file that cannot be read is an error, or where there is such a list goes to `skipped`, with the reason.
    """
    items, asked = design.for_readers(), meaning.questions if meaning else None
    waiting: list[tuple[Path, str, Export]] = []
    rows = 0
    for file in tqdm(_files(exports), desc="exports", unit="file", disable=None, leave=False):
        try:
            export = read_file(file, items, format_name, meaning)
        except RatingsError as error:
            if skipped is None:
                raise
            skipped.append((file.path, str(error)))
            continue
        export = replace(export, pseudonyms=is_signed(file.content, key))
        waiting.append((file.path, file_label(file.content), export))
        rows += len(export.ratings)
        if rows > _TOGETHER:
            yield _together(waiting, design, key, asked)
            waiting, rows = [], 0
    if waiting:
        yield _together(waiting, design, key, asked)


def _together(
    files: Sequence[tuple[Path, str, Export]], design: Design, key: bytes, asked: tuple[str, ...] | None
) -> _Read:
    exports = [export for *_, export in files]
    return _Read(
        [path for path, *_ in files],
        [label for _, label, _ in files],
        cleaned(exports, design, key, asked),
        [_of_scales(export, design.asks) for export in exports],
    )


def _of_scales(export: Export, asks: Questionnaire) -> Export:
    """The part of an export that is looked at when all are read: answers on scales, and how many people gave them."""
    columns = ["participant", *(question.name for question in asks.questions if isinstance(question, Scale))]
    return replace(
        export,
        ratings=export.ratings[columns],
        participants=export.participants.iloc[:0],
        refused=export.refused.iloc[:0],
    )


def _files(exports: Sequence[Path]) -> Iterator[ExportFile]:
    for path in exports:
        yield from export_files(path)


def _check_all(
    read: Sequence[_Read],
    skipped: Sequence[tuple[Path, str]],
    meaning: Mapping | None,
    asks: Questionnaire,
) -> None:
    """Checks what is told by all files alone: keys of the mapping that say nothing of any, answers on another scale."""
    if not read:
        raise RatingsError(f"none of {len(skipped)} files could be read; {skipped[0][1] if skipped else ''}")
    exports = [export for each in read for export in each.exports if export.absent is not None]
    nowhere = sorted(set.intersection(*(set(export.absent or ()) for export in exports))) if exports else []
    if nowhere and meaning:
        columns = {f"columns.{key}": name for key, name in (meaning.columns.answers | meaning.columns.facts).items()}
        names = ", ".join(f"{key} = {literal(columns[key])}" if key in columns else key for key in nowhere)
        readers = " and ".join(sorted({export.reader for export in exports}))
        raise RatingsError(
            f"the mapping's {names} says nothing to the reader {readers}: no file has what it names; take it out, or "
            "correct it: --dry-run shows the columns that there are"
        )
    check_scales([both for each in read for both in zip(each.paths, each.exports, strict=True)], meaning, asks)


def add(folder: Path, ratings: pa.Table, participants: pa.Table) -> int:
    """Adds ratings that no person gave; those that are there already stay as they are.

    Returns:
        How many are new.

    Raises:
        FolderError: this is no study folder, or it cannot be written.
    """
    design = read_design(folder)
    with RatingsFolder(folder, design.asks).locked():
        collection = read_collection(folder, design.asks)
        new = frame(ratings).reindex(columns=collection.ratings.columns)
        new = new[~new["rating_id"].isin(collection.ratings["rating_id"])]
        raters = frame(participants).set_index("participant_id")
        raters = raters[~raters.index.isin(collection.participants.index)]
        people = pd.concat(
            [each for each in (collection.participants, raters) if len(each)] or [collection.participants]
        )
        collection = replace(collection, ratings=stacked([collection.ratings, new]), participants=people)
        write_collection(folder, collection, design)
    return len(new)
