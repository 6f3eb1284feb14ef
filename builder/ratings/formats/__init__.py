"""Exports of survey tools, one file per format; a new format is a module in this package and a line in READERS."""

from pathlib import Path

from builder.errors import RatingsError
from builder.files import explained
from builder.ratings.export import Export, ExportFile, StudyPairs
from builder.ratings.formats import (
    formr,
    gorilla,
    jatos,
    jspsych,
    label_studio,
    limesurvey,
    mturk,
    own,
    plain,
    prolific,
    qualtrics_csv,
    qualtrics_json,
    sosci,
)
from builder.ratings.formats.reader import Reader
from builder.ratings.mapping import Mapping

MOST_BYTES = 1_000_000_000
"""Of one file; a larger one is no export of a study that people answered."""


class _People(Reader):
    """Prolific's demographics: participants without ratings, which have no layout."""

    def read(self, file: ExportFile, pairs: StudyPairs, mapping: Mapping | None = None) -> Export:
        return prolific.read(file, pairs, mapping)


READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        formr.READER,
        gorilla.READER,
        jatos.READER,
        jspsych.READER,
        label_studio.READER,
        limesurvey.READER,
        mturk.READER,
        own.READER,
        _People(prolific.NAME, recognizes_more=prolific.recognizes),
        qualtrics_csv.READER,
        qualtrics_json.READER,
        sosci.READER,
    )
}
"""Readers that recognize their format by something that no other format has."""

PLAIN = plain.READER
"""Reads any table with the project's own column names or a mapping; asked where no other reader recognizes a file."""


def read_export(path: Path, pairs: StudyPairs, format: str = "auto", mapping: Mapping | None = None) -> Export:
    """The content of one file of an export.

    Args:
        path: The file, at most MOST_BYTES long.
        pairs: The pair ids of the study.
        format: The name of a reader, or "auto" for the one that recognizes the file.
        mapping: What the file itself does not say.

    Raises:
        RatingsError: the file cannot be read, or is of no known format or of several.
    """
    file = _load(path)
    reader = _reader(file, mapping) if format == "auto" else _named(format)
    try:
        return reader.read(file, pairs, mapping)
    except RecursionError:
        raise RatingsError(f"{path}: JSON nested too deep") from None


def detect(file: ExportFile) -> str | None:
    """The name of the one format that recognizes the file, None where none does.

    Raises:
        RatingsError: several do.
    """
    names = [name for name, reader in READERS.items() if reader.recognizes(file)]
    if len(names) > 1:
        raise RatingsError(f"{file.path}: looks like {' and like '.join(names)}; say which with --format")
    return names[0] if names else None


def _reader(file: ExportFile, mapping: Mapping | None) -> Reader:
    name = detect(file)
    if name is not None:
        return READERS[name]
    if file.content.startswith(b"PK"):
        raise RatingsError(f"{file.path}: is a spreadsheet or a zip archive; save it as CSV, or unpack it")
    if mapping is None and not PLAIN.recognizes(file):
        raise RatingsError(
            f"{file.path}: is of no known format ({', '.join([*READERS, PLAIN.name])}); name its format with --format, "
            "or say in a mapping which columns hold what: --map mapping.toml"
        )
    return PLAIN


def _named(format: str) -> Reader:
    known = {**READERS, PLAIN.name: PLAIN}
    if format not in known:
        raise RatingsError(f"--format {format}: must be one of: auto, {', '.join(known)}")
    return known[format]


def _load(path: Path) -> ExportFile:
    with explained(path):
        if not path.is_file():
            raise RatingsError(f"{path}: {'is no file, name the exports in it' if path.exists() else 'no such file'}")
        if path.stat().st_size > MOST_BYTES:
            raise RatingsError(f"{path}: larger than {MOST_BYTES} bytes; split it")
        content = path.read_bytes()
        if not content.strip():
            raise RatingsError(f"{path}: is empty; export it again")
        return ExportFile(path, content)
