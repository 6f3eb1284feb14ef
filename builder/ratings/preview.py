"""`ratings import --dry-run`: what an import would do, and a draft of a mapping with the file's own columns in it."""

import re
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
from builder.ratings.mapping import keys_in, read_mapping
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
    draft = _draft(table, layout, items.asks) if layout else ""
    fields = keys_in(meaning, items.asks) if meaning else {}
    keys = [key for key, field in fields.items() if field not in ("columns", "where")]
    return f"{draft}\n# and what {mapping} says of {', '.join(keys)}" if keys else draft


def _draft(table: Table, layout: Layout, asks: Questionnaire) -> str:
    told: dict[str, dict[str, set[int]]] = {}
    used: set[int] = set(layout.participant)
    filters: dict[str, dict[str, None]] = {}
    for slot in layout.slots:
        if isinstance(slot.item, tuple):
            used |= set(slot.item)
            names = [literal(table.names[index]) for index in slot.item]
            text = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
            told.setdefault(asks.item, {})[text] = {slot.item[0]}
        for part, source in slot.parts.items():
            name = literal(_pattern(table.names[source.column], slot.item, asks))
            told.setdefault(slot.key(part), {}).setdefault(name, set()).add(source.column)
    keyed = [(slot.key(part), source) for slot in layout.slots for part, source in slot.parts.items()]
    for key, source in layout.facts.items():
        told.setdefault(key, {})[literal(table.names[source.column])] = {source.column}
    for key, source in (*keyed, *layout.facts.items()):
        used |= {source.column, *(where.column for where in source.where)}
        for where in source.where:
            words = ", ".join(literal(word) for word in sorted(where.words))
            filters.setdefault(key, {})[f"{_key(table.names[where.column])} = [{words}]"] = None
    lines = ["[columns]"]
    if len(layout.participant) == 1 and table.names[layout.participant[0]] != PERSON:
        lines.append(f"participant = {literal(table.names[layout.participant[0]])}")
    for key in column_keys(asks):
        most = sorted(told.get(key, {}).items(), key=lambda each: -len(each[1]))
        for number, (text, columns) in enumerate(most[:4]):
            times = f"  # {len(columns)} columns" if len(columns) > 1 else ""
            lines.append(f"{'# ' if number else ''}{key} = {text}{times}")
    others = answer_columns([name for index, name in enumerate(table.names) if index not in used and name])
    tables = [f"[where.{key}]\n" + "\n".join(of_key) for key, of_key in filters.items()]
    return "\n".join([*lines, *_others(others), *tables])


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
