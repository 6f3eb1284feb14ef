"""`ratings import --dry-run`: what an import would do, and a draft of a mapping with the file's own columns in it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from builder.errors import RatingsError
from builder.ratings.collection import read_collection
from builder.ratings.column_keys import column_keys
from builder.ratings.completion import differing
from builder.ratings.export import StudyItems
from builder.ratings.formats import reader_of
from builder.ratings.formats.files import as_text, export_files
from builder.ratings.formats.people import PERSON
from builder.ratings.formats.slots import Layout
from builder.ratings.formats.tabular import Table
from builder.ratings.formats.unknown import answer_columns, columns_met
from builder.ratings.importing import Import, merged_exports
from builder.ratings.items import read_design
from builder.ratings.mapping import read_mapping
from builder.ratings.privacy import KEY_FILE, participant_key
from builder.tasks import Questionnaire
from builder.toml import literal

_FIRST = 5


@dataclass(frozen=True)
class Preview:
    """A preview of an import: its outcomes, or why it would do nothing; the first ratings that it would add, as they
    would be stored; and a draft of a mapping for the first file.
    """

    imported: Import | None
    error: str
    first: pd.DataFrame
    draft: str


def preview(
    folder: Path,
    exports: Sequence[Path],
    format_name: str = "auto",
    mapping: Path | None = None,
    skip_others: bool = False,
    *,
    source: str = "human",
) -> Preview:
    """The preview of `import_exports` with the same arguments; writes nothing.

    Raises:
        FolderError: this is no study folder.
        RatingsError: the mapping cannot be read, or the first file is none that anything is told of.
    """
    design = read_design(folder)
    collection = read_collection(folder, design.asks)
    key = participant_key(folder) if (folder / "ratings" / KEY_FILE).exists() else bytes(32)
    draft = draft_mapping(exports[0], design.for_readers(), format_name, mapping)
    try:
        after, imported = merged_exports(collection, exports, design, key, format_name, mapping, skip_others, source)
    except RatingsError as error:
        return Preview(None, str(error), collection.ratings.iloc[:0], draft)
    changed = {rating for old in differing(collection.ratings, after.ratings).values() for rating in old.index}
    ids = after.ratings["rating_id"]
    new = after.ratings[~ids.isin(collection.ratings["rating_id"]) | ids.isin(changed)]
    return Preview(imported, "", new.head(_FIRST), draft)


def draft_mapping(path: Path, items: StudyItems, format_name: str, mapping: Path | None) -> str:
    """The lines of a mapping that says what is told of a file's columns, and which others there are."""
    file = as_text(next(export_files(path)))
    meaning = read_mapping(mapping, items.asks) if mapping else None
    try:
        reader = reader_of(file, format_name, meaning, items.asks)
        table, layout, _ = reader.laid_out(file, items, meaning)
    except RatingsError:
        return _empty_draft(columns_met(file), items.asks)
    return _draft(table, layout, items.asks) if layout else ""


def _draft(table: Table, layout: Layout, asks: Questionnaire) -> str:
    told: dict[str, Counter[str]] = {}
    used: set[int] = set(layout.participant)
    filters: dict[str, str] = {}
    for slot in layout.slots:
        if isinstance(slot.item, tuple):
            used |= set(slot.item)
            told.setdefault(asks.item, Counter())[table.names[slot.item[0]]] += 1
        for key, source in slot.parts.items():
            used |= {source.column, *(where.column for where in source.where)}
            told.setdefault(slot.key(key), Counter())[_pattern(table.names[source.column], slot.item, asks)] += 1
            for where in source.where:
                words = ", ".join(literal(word) for word in sorted(where.words))
                filters[f"[where.{key}]\n{_key(table.names[where.column])} = [{words}]"] = ""
    for key, source in layout.facts.items():
        used.add(source.column)
        told.setdefault(key, Counter())[table.names[source.column]] += 1
    lines = ["[columns]"]
    if len(layout.participant) == 1 and table.names[layout.participant[0]] != PERSON:
        lines.append(f"participant = {literal(table.names[layout.participant[0]])}")
    for key in column_keys(asks):
        for number, (name, count) in enumerate(told.get(key, Counter()).most_common(4)):
            times = f"  # {count} columns" if count > 1 else ""
            lines.append(f"{'# ' if number else ''}{key} = {literal(name)}{times}")
    others = answer_columns([name for index, name in enumerate(table.names) if index not in used and name])
    return "\n".join([*lines, *_others(others), *filters])


def _pattern(name: str, item: str | tuple[int, ...], asks: Questionnaire) -> str:
    if isinstance(item, str):
        for written in (item, re.sub(r"[.-]", "_", item)):
            name = name.replace(written, f"{{{asks.item}}}")
    return name


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else literal(name)


def _empty_draft(names: Sequence[str], asks: Questionnaire) -> str:
    keys = ["participant", asks.item, *asks.names]
    return "\n".join(
        ["[columns]", *(f'{key} = ""  # the name of a column' for key in keys), *_others(answer_columns(names))]
    )


def _others(names: Sequence[str]) -> list[str]:
    return ["# columns that nothing is told of:", *(f"#   {literal(name)}" for name in names[:40])] if names else []
