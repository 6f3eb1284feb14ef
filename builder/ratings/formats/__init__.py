"""Exports of survey tools, one file per format; a new format is a module in this package and a line in READERS."""

import itertools
from dataclasses import replace
from pathlib import Path

from builder.errors import RatingsError
from builder.ratings.column_keys import fact_keys
from builder.ratings.export import Export, ExportFile, StudyItems
from builder.ratings.formats import (
    formr,
    gorilla,
    jatos,
    jspsych,
    label_studio,
    labjs,
    limesurvey,
    mturk,
    own,
    plain,
    prolific,
    psychopy,
    qualtrics_csv,
    qualtrics_json,
    sosci,
    tabular,
)
from builder.ratings.formats.files import as_text, export_files
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.slots import Layout
from builder.ratings.formats.tabular import Table
from builder.ratings.formats.unknown import unknown_format
from builder.ratings.mapping import Mapping, keys_in
from builder.tasks import Questionnaire

_OF_FILES = ("encoding", "delimiter", "decimal_comma")
"""Keys of a mapping that say how a file of people, too, is written."""


class _People(Reader):
    """Prolific's demographics: participants without ratings, which have no layout."""

    def laid_out(
        self, file: ExportFile, items: StudyItems, mapping: Mapping | None
    ) -> tuple[Table, Layout | None, Mapping | None]:
        return tabular.table(file, mapping), None, mapping

    def read(self, file: ExportFile, items: StudyItems, mapping: Mapping | None = None) -> Export:
        export = prolific.read(file, items, mapping)
        return replace(export, of_people=True, absent=_of_answers(mapping, items.asks) if mapping else ())


def _of_answers(mapping: Mapping, asks: Questionnaire) -> tuple[str, ...]:
    """The keys of a mapping that say something of answers or of who gave them, as they stand in its file."""
    of_people = [f"{table}.{key}" for table in ("columns", "where") for key in fact_keys(asks)]
    return tuple(key for key in keys_in(mapping, asks) if key not in {*_OF_FILES, *of_people})


READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        formr.READER,
        gorilla.READER,
        jatos.READER,
        jspsych.READER,
        label_studio.READER,
        labjs.READER,
        limesurvey.READER,
        mturk.READER,
        own.READER,
        _People(prolific.NAME, recognizes_more=prolific.recognizes),
        psychopy.READER,
        qualtrics_csv.READER,
        qualtrics_json.READER,
        sosci.READER,
    )
}
"""Readers that recognize their format by something that no other format has."""

PLAIN = plain.READER
"""Reads any table with the project's own column names or a mapping; asked where no other reader recognizes a file."""


def read_export(path: Path, items: StudyItems, format: str = "auto", mapping: Mapping | None = None) -> Export:
    """The content of one file of an export; as `read_file`.

    Raises:
        RatingsError: as `read_file`, or it is a folder or an archive of several.
    """
    several = list(itertools.islice(export_files(path), 2))
    if len(several) > 1:
        raise RatingsError(f"{path}: holds several files")
    return read_file(several[0], items, format, mapping)


def read_file(file: ExportFile, items: StudyItems, format: str = "auto", mapping: Mapping | None = None) -> Export:
    """The content of one file of an export.

    Args:
        file: The file.
        items: The items of the study, and what it asks.
        format: The name of a reader, or "auto" for the one that recognizes the file.
        mapping: What the file itself does not say.

    Raises:
        RatingsError: the file cannot be read, or is of no known format or of several.
    """
    text = as_text(file)
    reader = reader_of(text, format, mapping, items.asks)
    try:
        return replace(reader.read(text, items, mapping), reader=reader.name)
    except RecursionError:
        raise RatingsError(f"{file.path}: JSON nested too deep") from None


def reader_of(file: ExportFile, format: str, mapping: Mapping | None, asks: Questionnaire) -> Reader:
    """The reader of a name, or with "auto" the one that recognizes the file.

    Raises:
        RatingsError: there is none of this name; none recognizes it, or several do.
    """
    return _reader(file, mapping, asks) if format == "auto" else _named(format)


def detect(file: ExportFile) -> str | None:
    """The name of the one format that recognizes the file, None where none does.

    Raises:
        RatingsError: several do.
    """
    names = [name for name, reader in READERS.items() if reader.recognizes(file)]
    if len(names) > 1:
        raise RatingsError(f"{file.path}: looks like {' and like '.join(names)}; say which with --format")
    return names[0] if names else None


def _reader(file: ExportFile, mapping: Mapping | None, asks: Questionnaire) -> Reader:
    name = detect(file)
    if name is not None:
        return READERS[name]
    if mapping is None and not plain.recognizes(file, asks):
        raise RatingsError(f"{file.path}: {unknown_format(file, [*READERS, PLAIN.name], asks)}")
    return PLAIN


def _named(format: str) -> Reader:
    readers = {**READERS, PLAIN.name: PLAIN}
    if format not in readers:
        raise RatingsError(f"--format {format}: must be one of: auto, {', '.join(readers)}")
    return readers[format]
