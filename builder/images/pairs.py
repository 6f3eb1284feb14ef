"""`pairs:FILE`: matched pictures of the user's, two of which differ in one attribute, a pair in each row of a table.

The columns `first` and `second` are paths of pictures, relative to the table's folder, in which no link is followed;
`attribute` is what the two differ in. No picture is in two pairs, and nothing is labeled.
"""

from itertools import chain
from pathlib import Path

from builder.catalog import Entry
from builder.errors import AssetError, StudyError
from builder.frames import place, read_frame
from builder.images import ImageSource
from builder.images.folder import FolderSource, Listing, OfFiles, check_files
from builder.runtime import Runtime

SIDES = ("first", "second")

ATTRIBUTE = "attribute"

GROUPS = ("pair", "side", ATTRIBUTE)
"""The groups of a picture: its pair's row in the table, which one of the two it is, and what they differ in."""


class Settings(OfFiles):
    """The keys of `[images]` for pairs."""


def load(argument: str | None, own: Settings, runtime: Runtime) -> ImageSource:
    """The pictures that the table `argument` names, those of a pair behind each other.

    Raises:
        StudyError: no table is named.
        AssetError: it is no table of pairs: the error names file and row.
    """
    if not argument:
        raise StudyError("images.model: the table is missing; write pairs:FILE, a .csv or .parquet")
    path = Path(argument)
    frame = read_frame(path, [*SIDES, ATTRIBUTE])
    attributes = frame[ATTRIBUTE].tolist()
    if "" in attributes:
        raise AssetError(
            f"{place(path, attributes.index(''))}: {ATTRIBUTE} is empty; say what the two pictures differ in, or take "
            "the row out"
        )
    files = list(chain.from_iterable(zip(*(frame[side].tolist() for side in SIDES), strict=True)))
    check_files(path.parent, path.name, files, per_row=len(SIDES))
    of_each = {
        "pair": [str(row) for row in range(len(frame))],
        ATTRIBUTE: attributes,
    }
    groups = {name: [value for value in values for _ in SIDES] for name, values in of_each.items()}
    return FolderSource(path.parent, Listing(files, None, groups | {"side": list(SIDES) * len(frame)}), (), own)


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    return [Entry(f"{name}:FILE", "that of your pictures", "yours: a .csv or .parquet", "none")]
