"""Groups of a source's rows that stand in a table of their own."""

from collections.abc import Mapping
from pathlib import Path

from builder.errors import AssetError
from builder.frames import named, place, quoted, read_frame
from builder.images import Image, ImageSource
from builder.images.checks import check_group

ID = "row_id"


class Joined:
    """Satisfies `builder.images.ImageSource`: another source, whose rows have further groups."""

    def __init__(self, source: ImageSource, groups: dict[str, list[str]]) -> None:
        """groups: by column, the value of each row."""
        self._source, self._groups = source, groups
        self.classes, self.redistributable = source.classes, source.redistributable
        self.license, self.demands = source.license, source.demands

    def rows(self) -> int:
        """The number of the source's rows."""
        return self._source.rows()

    def image(self, row: int) -> Image:
        """The source's picture."""
        return self._source.image(row)

    def row_id(self, row: int) -> str:
        """The source's."""
        return self._source.row_id(row)

    def label(self, row: int) -> int | None:
        """The source's."""
        return self._source.label(row)

    def votes(self, row: int) -> tuple[int, ...] | None:
        """The source's."""
        return self._source.votes(row)

    def groups(self, row: int) -> Mapping[str, str]:
        """The source's and the table's."""
        return {**self._source.groups(row), **{column: values[row] for column, values in self._groups.items()}}


def join_groups(source: ImageSource, table: str) -> Joined:
    """A source whose rows have the groups that a table says; of more rows the table may say more.

    Raises:
        AssetError: it is no such table, lacks a row, has one twice, or a column with one value.
    """
    path = Path(table)
    frame = read_frame(path)
    if ID not in frame:
        raise AssetError(f"{path}: has no column {ID}; it has {named(frame.columns)}")
    at: dict[str, int] = {}
    for row, each in enumerate(frame[ID]):
        if each in at:
            raise AssetError(
                f"{place(path, row)}: {ID} is {quoted(each)}, as in row {at[each]}; keep one row for each picture"
            )
        at[each] = row
    ids = [source.row_id(row) for row in range(source.rows())]
    missing = [each for each in ids if each not in at]
    if missing:
        raise AssetError(
            f"{path}: has no row for {len(missing)} of {len(ids)} pictures, whose {ID} is "
            f"{named(map(quoted, missing))}; add them"
        )
    joined = frame.iloc[[at[each] for each in ids]]
    groups: dict[str, list[str]] = {str(column): joined[column].tolist() for column in frame if column != ID}
    taken = set(groups) & set(source.groups(0))
    if taken or not groups:
        what = f"{named(sorted(taken))} is a group of the source already" if taken else f"no column beside {ID}"
        raise AssetError(f"{path}: {what}; name columns of groups of their own")
    for column, values in groups.items():
        check_group(column, values, path, at[ids[0]])
    return Joined(source, groups)
