"""A plain table in long or wide form, with a mapping or with the project's own column names."""

from builder.ratings.export import Export, ExportFile, StudyPairs
from builder.ratings.formats.answers import export_of, extracted
from builder.ratings.formats.expand import unpacked, with_json
from builder.ratings.formats.layout import PARTICIPANT_NAMES, Layout, facts_of, participant_of, tokens_of
from builder.ratings.formats.tabular import head, table
from builder.ratings.mapping import Mapping

NAME = "plain"


def recognizes(file: ExportFile) -> bool:
    """Whether the header has the project's own column names."""
    rows = head(file, 1)
    names = [name.casefold() for name in rows[0]] if rows else []
    words = {word for name in names for word in tokens_of(name)}
    return any(name in PARTICIPANT_NAMES for name in names) and bool(words & {"similarity", "identity"})


def read(file: ExportFile, pairs: StudyPairs, mapping: Mapping | None) -> Export:
    """The content; a mapping that names facts of the participants and no answers reads just these.

    Raises:
        RatingsError: as `answers.export_of`.
    """
    rows, mapping = unpacked(with_json(table(file, mapping)), pairs, mapping)
    if mapping and mapping.columns.only_facts():
        facts = facts_of(rows, mapping, {})
        return extracted(rows, Layout((), participant_of(rows, mapping, ()), facts), mapping)
    return export_of(rows, pairs, mapping)
