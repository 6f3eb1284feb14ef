"""Zip archives of exports, unpacked in memory within bounds; no name in one leads anywhere."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from builder.errors import RatingsError
from builder.ratings.export import ExportFile

MOST_BYTES = 1_000_000_000
"""Bytes of all that is taken out of an archive, unpacked."""

_MOST_ENTRIES = 200_000
_MOST_EXPANSION, _LEAST_BYTES = 100, 50_000_000
"""The most that an archive may hold: so many times its size, or so many bytes, where that is more."""


def is_zip(file: ExportFile) -> bool:
    """Whether the file begins as a zip archive does."""
    return file.content.startswith(b"PK\x03\x04")


def entries(file: ExportFile) -> list[zipfile.ZipInfo]:
    """The entries of an archive.

    Raises:
        RatingsError: it is damaged, or of too many files.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise RatingsError(f"{file.path}: a damaged archive: {error}; export the results again") from error
    if len(infos) > _MOST_ENTRIES:
        raise RatingsError(f"{file.path}: an archive of more than {_MOST_ENTRIES} files; this is no export")
    return infos


def unpacked(
    file: ExportFile, members: Sequence[tuple[str, zipfile.ZipInfo]], most_bytes: int = MOST_BYTES
) -> Iterator[bytes]:
    """The contents of the entries, each with what a message calls it; nothing is written anywhere.

    Raises:
        RatingsError: one cannot be unpacked, or all are larger than they may be.
    """
    most = left = min(most_bytes, max(_LEAST_BYTES, _MOST_EXPANSION * len(file.content)))
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        for name, info in members:
            try:
                with archive.open(info) as source:
                    content = source.read(left + 1)
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
                raise RatingsError(f"{file.path}: {name}: cannot be unpacked: {error}") from error
            left -= len(content)
            if left < 0:
                raise RatingsError(f"{file.path}: unpacks to more than {most} bytes; export fewer results at once")
            yield content
