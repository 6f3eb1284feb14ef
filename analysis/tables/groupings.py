"""Which columns of a dataset can group its pairs or its answers, and the rates by those that are asked for."""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError, MissingDataError
from analysis.frames import Column, Table, flagged
from analysis.inference import holm
from analysis.tables.groups import groups
from analysis.tables.participants import years

DEFAULT = ("gender", "age", "continent")
"""Of the participants."""

_IDS = {"participant_id", "image_id", "pair_id"}


def groupings(
    participants: pd.DataFrame, images: pd.DataFrame, attributes: pd.DataFrame | None = None
) -> dict[str, pd.DataFrame]:
    """By its name every column that can group, with the id of what it belongs to, as `groups` takes it.

    Columns of participants, then of images, then of the attributes of images; a name that is taken is preceded by its
    table's, as in `images.batch`. Lists, such as latents and landmarks, cannot group; the participants' ages become
    years and their flags one text.
    """
    people = participants.assign(age=years(participants["age"]), flags=_flags(participants))
    tables = [("participants", "participant_id", people), ("images", "image_id", images)]
    tables += [("attributes", "image_id", attributes)] if attributes is not None else []
    found: dict[str, pd.DataFrame] = {}
    for table, key, rows in tables:
        for column in rows.columns:
            if column not in _IDS and not _has_lists(rows[column]):
                name = str(column) if column not in found else f"{table}.{column}"
                found[name] = rows[[key, column]].set_axis([key, name], axis="columns")
    return found


def check_groupings(wanted: Iterable[str], there: Collection[str]) -> None:
    """Checks that every name is one of a grouping.

    Raises:
        AnalysisError: one is not; names those that are.
    """
    for name in wanted:
        if name not in there:
            raise AnalysisError(f"group {name!r}: there is no such column; there are: {', '.join(sorted(there))}")


def groups_by(pairs: Table, ratings: Table, there: Mapping[str, pd.DataFrame], wanted: Iterable[str]) -> pd.DataFrame:
    """The table of `groups` by each name in `wanted`; one that makes none has a row with its reason alone.

    `p_holm` is p after Holm's correction for all differences of the table, a single family.

    Raises:
        MissingDataError: none makes a table.
    """
    tables, reasons = [], []
    for name in dict.fromkeys(wanted):
        try:
            if name not in there:
                raise MissingDataError(f"{name}: is not known of any image")
            tables.append(groups(pairs, ratings, there[name], name))
        except MissingDataError as reason:
            reasons.append({"grouping": name, "merged": False, "n": 0, "reason": str(reason)})
    if not tables:
        raise MissingDataError("; ".join(dict.fromkeys(str(row["reason"]) for row in reasons)))
    table = pd.concat([*tables, pd.DataFrame(reasons)], ignore_index=True)
    family = table.drop_duplicates(["grouping", "recognizer", "rate"]).index
    adjusted = pd.Series(holm(table.loc[family, "p"]), index=family)
    place = table.groupby(["grouping", "recognizer", "rate"], dropna=False, sort=False).ngroup()
    table.insert(list(table.columns).index("p") + 1, "p_holm", place.map(dict(enumerate(adjusted))))
    return table


def _flags(participants: pd.DataFrame) -> Column:
    """The reasons in one text, "none" where there are none."""
    flags = participants["flags"].where(flagged(participants["flags"]), None)
    return flags.map(lambda reasons: "none" if reasons is None else ", ".join(sorted(map(str, reasons))))


def _has_lists(column: Column) -> bool:
    return column.dtype == object and any(isinstance(value, list | tuple | dict | np.ndarray) for value in column)
