"""Checks that every source makes of labels and groups that others wrote."""

from collections.abc import Callable, Sequence
from pathlib import Path

from builder.errors import AssetError
from builder.frames import named, place, quoted


def check_labels(labels: Sequence[str], classes: Sequence[str], where: Callable[[int], str]) -> None:
    """Checks that every label is one of the classes.

    Args:
        labels: of each row.
        classes: names.
        where: what an error calls a row.

    Raises:
        AssetError: a label is none of them.
    """
    names = set(classes)
    for row, label in enumerate(labels):
        if label not in names:
            raise AssetError(
                f"{where(row)}: its label is {quoted(label)}, which no class is called: {named(classes)}. Correct "
                "it, or take the row out"
            )


def check_classes(classes: Sequence[str], where: object) -> None:
    """Checks that labels tell pictures apart.

    Raises:
        AssetError: there is one class.
    """
    if len(classes) == 1:
        raise AssetError(
            f"{where}: has one class, {quoted(classes[0])}; where there are labels, at least two are needed"
        )


def check_group(column: str, values: Sequence[str], where: str | Path, row: int = 0) -> None:
    """Checks that a column tells groups apart.

    Args:
        column: its name.
        values: of each picture.
        where: the file, or what else an error calls the table.
        row: of the first picture in the table.

    Raises:
        AssetError: all pictures have one value.
    """
    if len(set(values)) < 2:
        raise AssetError(
            f"{place(where, row)}: the column {column}, by which pictures are grouped, has one value, "
            f"{quoted(values[0])}, here and for all other pictures: name another column"
        )
