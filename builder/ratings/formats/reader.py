"""A reader of one format, as a declaration: how the format is recognized, and what its columns mean.

A file goes one way: bytes -> table (text cells with line numbers) -> layout (what each column answers) -> rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from dataclasses import field as default

from builder.errors import RatingsError
from builder.ratings.export import Export, ExportFile, StudyItems, empty_export
from builder.ratings.formats import tabular
from builder.ratings.formats.answers import extracted
from builder.ratings.formats.expand import expanded
from builder.ratings.formats.json_records import is_json
from builder.ratings.formats.layout import layout_of
from builder.ratings.formats.meaning import Meaning
from builder.ratings.formats.slots import Layout
from builder.ratings.formats.tabular import Table
from builder.ratings.mapping import Mapping, keys_in
from builder.tasks import Questionnaire

_OF_FILE = ("encoding", "delimiter")
_OF_TEXT = (*_OF_FILE, "decimal_comma")
"""Keys of a mapping that say how a text is written; JSON says it itself, and the former a spreadsheet does."""


@dataclass(frozen=True, eq=False)
class Reader:
    """A reader of one format.

    name: what `--format` calls it.
    header: names that the first record of a delimited file has, all of them, and that no other format has.
    recognizes: whether a file is certainly of this format, where its header does not tell; raises nothing but
        RatingsError.
    table: the table of a file, with only what people answered; refine: adds to it what depends on what is asked.
    meaning: what the columns mean, which may depend on what is asked.
    missing: what the tool writes where there is no answer, in lower case.
    unused: keys of a mapping that this format has no use for.
    may_be_empty: whether the tool writes files of people who rated nothing.
    ours: whether a table is of our own survey or page, which ask every question on the study's scale.
    """

    name: str
    header: frozenset[str] = frozenset()
    recognizes_more: Callable[[ExportFile], bool] | None = None
    table: Callable[[ExportFile, Mapping | None], Table] = tabular.table
    refine: Callable[[Table, Questionnaire], Table] | None = None
    meaning: Meaning | Callable[[Questionnaire], Meaning] = default(default_factory=Meaning)
    missing: frozenset[str] = frozenset()
    unused: tuple[str, ...] = ()
    may_be_empty: Callable[[Table], bool] = default(default=lambda table: False)
    ours: Callable[[Table], bool] = default(default=lambda table: False)

    def recognizes(self, file: ExportFile) -> bool:
        """Whether the file is certainly of this format, told from its beginning; raises nothing but RatingsError."""
        if self.recognizes_more:
            return self.recognizes_more(file)
        rows = tabular.head(file, 1)
        return bool(self.header) and bool(rows) and set(rows[0]) >= self.header

    def read(self, file: ExportFile, items: StudyItems, mapping: Mapping | None = None) -> Export:
        """The content of a file.

        Raises:
            RatingsError: the file as a whole cannot be read, with the line and the column where there is one; it has
                no answer; or the mapping says what this format has no use for.
        """
        table, layout, mapping = self.laid_out(file, items, mapping)
        if layout is None:
            return empty_export(items.asks)
        export = extracted(table, layout, mapping, self.missing, items)
        if layout.slots and not len(export.ratings) and not _tells(export) and not self.may_be_empty(table):
            raise RatingsError(_no_answers(table, layout))
        return replace(export, on_scale=self.ours(table), of_people=not layout.slots)

    def laid_out(
        self, file: ExportFile, items: StudyItems, mapping: Mapping | None
    ) -> tuple[Table, Layout | None, Mapping | None]:
        """The table of a file, its layout, and the mapping as one for this table; no layout where it has no lines and
        may have none.
        """
        self._check(file, mapping, items.asks)
        table = self.table(file, mapping)
        self._check(file, mapping, items.asks)  # of an archive it is known by now whether all in it is JSON
        if self.refine:
            table = self.refine(table, items.asks)
        table, mapping = expanded(table, items, mapping)
        empty = self.may_be_empty(table)
        if empty and not len(table.lines):
            return table, None, mapping
        meaning = self.meaning if isinstance(self.meaning, Meaning) else self.meaning(items.asks)
        return table, layout_of(table, items, mapping, meaning, empty), mapping

    def _check(self, file: ExportFile, mapping: Mapping | None, asks: Questionnaire) -> None:
        kind = "JSON" if is_json(file) else file.memo.get("kind")
        unused = {*self.unused, *(_OF_TEXT if kind == "JSON" else _OF_FILE if kind else ())}
        ignored = [key for key, field in keys_in(mapping, asks).items() if field in unused] if mapping else []
        if ignored:
            raise RatingsError(
                f"{file.path}: the mapping's {', '.join(ignored)} says nothing to the reader {self.name}"
                f"{f', which reads {kind}' if kind else ''}; take it out"
            )


def _tells(export: Export) -> bool:
    """Whether an export without ratings has a line that was refused, or says something of a participant."""
    people = export.participants.drop(columns=["line", "participant"])
    return bool(len(export.refused)) or bool(people.notna().any(axis=None))


def _no_answers(table: Table, layout: Layout) -> str:
    sources = [source for slot in layout.slots for source in slot.parts.values()]
    columns = dict.fromkeys(table.names[source.column] for source in sources)
    filters = dict.fromkeys(table.names[where.column] for source in sources for where in source.where)
    names = ", ".join(list(columns)[:5])
    where = f", in the lines chosen by {', '.join(filters)}" if filters else ""
    return (
        f"{table.path}: {len(table.lines)} lines and no answer: columns {names}{where} are empty. Where the answers "
        "stand elsewhere, say in a mapping which columns hold them"
    )
