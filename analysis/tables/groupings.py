"""Columns of a dataset that can group its items or its answers, and the figures by those that are asked for."""

from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError, MissingDataError
from analysis.frames import Column, flagged
from analysis.inference import holm
from analysis.tables.groups import PERSON
from analysis.tables.participants import years

DEFAULT = ("gender", "age", "continent")
"""Columns of the participants that are groupings in every report."""


def groupings(tables: Mapping[str, tuple[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """Every column that can group, by its name, with the id of what it is about, as `grouping_of` takes it.

    tables: by name, such as participants and images, the column with the id of a row, and the rows; a name that is
        taken is preceded by its table's, as in `images.batch`. Lists, such as latents and landmarks, and ids cannot
        group; the participants' ages become years and their flags one text.
    """
    ids = {key for key, _ in tables.values()}
    by_name: dict[str, pd.DataFrame] = {}
    for table, (key, rows) in tables.items():
        rows = _people(rows) if key == PERSON else rows
        for column in rows.columns:
            if column not in ids and not _has_lists(rows[column]):
                name = str(column) if column not in by_name else f"{table}.{column}"
                by_name[name] = rows[[key, column]].set_axis([key, name], axis="columns")
    return by_name


def check_groupings(names: Iterable[str], there: Collection[str]) -> None:
    """Checks that every name is one of a grouping.

    Raises:
        AnalysisError: one is not; names those that are.
    """
    for name in names:
        if name not in there:
            raise AnalysisError(f"group {name!r}: there is no such column; there are: {', '.join(sorted(there))}")


def by_each(
    make: Callable[[pd.DataFrame, str], pd.DataFrame],
    there: Mapping[str, pd.DataFrame],
    names: Iterable[str],
    of: tuple[str, str],
) -> pd.DataFrame:
    """The tables that `make` makes of the grouping of each name in `wanted`, together; one that makes none has a row
    with its reason alone.

    make: from a table with the column and its name to a table such as `figures_by_group` gives. of: the columns of it
        that say what is grouped, such as question and figure.

    `p_holm` is p after Holm's correction for all differences of the table, a single family.

    Raises:
        MissingDataError: none makes a table.
    """
    tables, reasons = [], []
    for name in dict.fromkeys(names):
        try:
            if name not in there:
                raise MissingDataError(f"{name}: is not known of any image")
            tables.append(make(there[name], name))
        except MissingDataError as reason:
            reasons.append({"grouping": name, "merged": False, "n": 0, "reason": str(reason)})
    if not tables:
        raise MissingDataError("; ".join(dict.fromkeys(str(row["reason"]) for row in reasons)))
    table = pd.concat([*tables, pd.DataFrame(reasons)], ignore_index=True)
    family = ["grouping", *of]
    first = table.drop_duplicates(family).index
    adjusted = pd.Series(holm(table.loc[first, "p"]), index=first)
    place = table.groupby(family, dropna=False, sort=False).ngroup()
    table.insert(list(table.columns).index("p") + 1, "p_holm", place.map(dict(enumerate(adjusted))))
    return table


def _people(participants: pd.DataFrame) -> pd.DataFrame:
    return participants.assign(age=years(participants["age"]), flags=_flags(participants))


def _flags(participants: pd.DataFrame) -> Column:
    """The reasons in one text, "none" where there are none."""
    flags = participants["flags"].where(flagged(participants["flags"]), None)
    return flags.map(lambda reasons: "none" if reasons is None else ", ".join(sorted(map(str, reasons))))


def _has_lists(column: Column) -> bool:
    return column.dtype == object and any(isinstance(value, list | tuple | dict | np.ndarray) for value in column)
