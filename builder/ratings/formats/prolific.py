"""Prolific's demographic export: participants without ratings, which the merge joins by the participant."""

from dataclasses import replace

import pandas as pd

from builder.errors import RatingsError
from builder.ratings.export import (
    COUNTS,
    REJECTED,
    RETURNED,
    REVOKED,
    SUBMISSION_COLUMNS,
    Export,
    ExportFile,
    StudyItems,
    typed,
)
from builder.ratings.formats.answers import extracted
from builder.ratings.formats.layout import facts_of
from builder.ratings.formats.slots import Layout
from builder.ratings.formats.tabular import Table, by_status, head, table
from builder.ratings.mapping import Mapping

NAME = "prolific"

_PARTICIPANT = ["Participant id", "participant_id"]
_OWN = [{"submission id", "participant id", "status"}, {"session_id", "participant_id", "status", "time_taken"}]
"""Columns of the export as it is, and as it was until 2022."""

_LIVE = {"approved", "awaiting review", "awaiting_review", "partially approved", "partially_approved", "active"}
_LATE = {"timed-out", "timed_out", "timed out", "screened out", "screened_out", "no code"}
_WITHHELD = frozenset({"data_expired", "data expired", "rather not say", "prefer not to say", "not applicable"})
_REVOKED = "consent_revoked"
_FACTS = {
    "duration_s": ["Time taken", "time_taken"],
    "country": ["Country of residence", "Current Country of Residence", "current_country_of_residence"],
}


def recognizes(file: ExportFile) -> bool:
    """Whether the header has Prolific's own columns."""
    rows = head(file, 1)
    names = {name.casefold() for name in rows[0]} if rows else set()
    return any(own <= names for own in _OWN)


def read(file: ExportFile, items: StudyItems, mapping: Mapping | None) -> Export:
    """The participants whose submission counts.

    Who returned it, ran out of time or was rejected is refused, and so is who withdrew consent (CONSENT_REVOKED in any
    cell); `Export.submissions` tells them apart. DATA_EXPIRED means that Prolific deleted a detail: it is missing.

    Raises:
        RatingsError: as `tabular.table`; or there is no such column.
    """
    rows = table(file, mapping)
    participant = next((index for name in _PARTICIPANT if (index := rows.index(name)) is not None), None)
    if participant is None:
        raise RatingsError(f"{file.path}, line {rows.header_line}: no column Participant id")
    revoked = rows.cells.apply(lambda column: column.str.strip().str.casefold().eq(_REVOKED)).any(axis=1)
    submissions = _submissions(rows, participant, revoked)
    rows = rows.only(~revoked, "consent revoked", "")
    rows = by_status(
        rows, "Status", _LIVE, {"returned": {"returned"}, "rejected": {"rejected"}, "timed out or screened out": _LATE}
    )
    own = {key: name for key, names in _FACTS.items() for name in names if rows.index(name) is not None}
    layout = Layout((), (participant,), facts_of(rows, mapping, own, items.asks))
    export = extracted(rows, layout, mapping, _WITHHELD, items)
    return replace(export, submissions=submissions)


def _submissions(rows: Table, participant: int, revoked: "pd.Series[bool]") -> pd.DataFrame:
    """The submissions whose participant is named and whose status says whether they count."""
    ids = rows.cells[participant].str.strip()
    words = dict.fromkeys(_LIVE, COUNTS) | {"returned": RETURNED, "rejected": REJECTED}
    column = rows.column("Status")
    statuses = pd.Series("", index=ids.index) if column is None else column.str.strip().str.casefold()
    status = statuses.map(words).mask(revoked, REVOKED)
    named = ids.ne("") & ids.str.casefold().ne(_REVOKED) & status.notna()
    return typed(pd.DataFrame({"participant": ids[named], "status": status[named]}), SUBMISSION_COLUMNS)
