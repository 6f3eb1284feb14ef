"""The way from a study folder to the whole folder of a published version."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter

from builder.errors import PublishError
from builder.files import write_whole
from builder.publish import gate
from builder.publish.anonymity import NOTHING, Earlier, anonymized, blanked
from builder.publish.card import card, citation, own_links
from builder.publish.changes import DAYS, Change, Version, changes, needed_step
from builder.publish.content import Content, read_items
from builder.publish.history import (
    HISTORY_FILES,
    VERSION,
    History,
    history_files,
    least_version,
    parse_version,
    published,
    read_history,
    standing,
)
from builder.publish.layout import Part, Table, parquet
from builder.publish.models import models_of, pictures_of
from builder.publish.provenance import (
    FORMAT,
    WEIGHTS,
    Batch,
    File,
    Pictures,
    Provenance,
    file_of,
    public_study,
    read_provenance,
    to_json,
)
from builder.publish.tables import People, published_tables, read_people, split_of_batches
from builder.runtime import start_runtime
from builder.shards import StudyFolder
from builder.studies import PictureRights, load_kind
from builder.study import Study
from builder.survey.settings import wording_key
from loading_script.lands_between import PROVENANCE
from loading_script.tables import DEMOGRAPHICS

_STATED = ["title", "license", "authors"]
"""Keys of `[publish]` that the card states."""


@dataclass(frozen=True)
class Options:
    """Whether simulated ratings go out too, whether aggregates are without those of flagged participants, and the name
    on the Hub, "user/name", of what goes there.
    """

    with_simulated: bool = False
    flagged_excluded: bool = False
    repo: str | None = None


@dataclass(frozen=True)
class Prepared:
    """A version, ready to go: its folder, what changed, what was left out in words, the participants in it, and the
    earlier versions that tell the time of each rating.

    `changes` is empty where the version before is this one; the folder is then that version's own.
    """

    folder: Path
    provenance: Provenance
    changes: tuple[Change, ...]
    left_out: tuple[str, ...]
    participants: pa.Table
    with_times: tuple[str, ...]


def prepare(
    root: Path,
    version: str,
    previous: Path | None,
    into: Path,
    options: Options,
    offered: Mapping[str, pa.Table] | None = None,
) -> Prepared:
    """Writes the folder of a version.

    Args:
        root: the study folder.
        version: X.Y.Z.
        previous: the published folder of the version before; None, or one without versions, where there is none.
        into: an empty folder.
        options: what goes out.
        offered: the participants of the versions before that one, oldest first: participant_id and DEMOGRAPHICS.

    Raises:
        PublishError: the version is too low for what changed, or something does not pass the gate.
        FolderError: the study folder is damaged.
    """
    parse_version(version)
    history = read_history(previous) if previous else ()
    before = _version(previous)
    folder = StudyFolder(root)
    study = folder.study()
    split_of = split_of_batches(study, gate.check_shards(folder))
    people = read_people(folder, with_simulated=options.with_simulated, flagged_excluded=options.flagged_excluded)
    rights = load_kind(study.study).publish().rights(study, start_runtime("cpu"))
    gate.check_statements(study, people)
    gate.check_license(study, rights)
    gate.check_texts(root, people)
    offered = dict(offered or {}) | ({before.provenance.version: before.participants()} if before else {})
    earlier = _earlier(offered, before)
    people, draft = _described(folder, study, version, people, split_of, earlier, rights)
    gate.check_people(people, study.publish.k, earlier)
    tables = _write_tables(folder, people, split_of, into, withheld=draft.withheld)
    for name, sha256 in folder.manifest().weights.items():
        write_whole(into / WEIGHTS / f"{name}.safetensors", folder.weights(name, sha256))
    provenance = draft.model_copy(update={"files": _files(into, tables)})
    changes_since = _changes(before, Version(into, provenance), history)
    if before and before.provenance.version == version and not changes_since:
        times = _with_times(history, offered)
        return Prepared(before.folder, before.provenance, (), people.left_out, people.participants, times)
    _check_version(version, before, history, changes_since)
    history = published(history, version, [change.note for change in changes_since])
    items, *_ = load_kind(study.study).tables
    content = Content(into, study, provenance, tables, people, read_items(into, tables, items), options.repo)
    _write_rest(root, content, history)
    gate.check_identifiers(into, [*_stated_texts(provenance), *own_links(study)], people.released)
    provenance = provenance.model_copy(update={"files": _files(into, tables)})
    write_whole(into / PROVENANCE, to_json(TypeAdapter(Provenance), provenance))
    times = _with_times(history, offered)
    return Prepared(into, provenance, tuple(changes_since), people.left_out, people.participants, times)


def _version(folder: Path | None) -> Version | None:
    """The version in a published folder; None where there is none, or the one that was there is withdrawn."""
    if not folder or not (folder / PROVENANCE).exists():
        return None
    return Version(folder, read_provenance(folder))


def _described(
    folder: StudyFolder,
    study: Study,
    version: str,
    people: People,
    split_of: Mapping[int, str],
    earlier: Earlier,
    rights: PictureRights | None,
) -> tuple[People, Provenance]:
    """The people with coarser demographics, and the provenance without files."""
    participants, demographics = anonymized(people.participants, study.publish.k, earlier)
    left_out = (*people.left_out, *_blanked(people.participants, participants, study.publish.k, earlier))
    manifest, models = folder.manifest(), models_of(study, rights)
    pictures = pictures_of(rights, models)
    if rights and pictures and pictures.withheld:
        left_out = (*left_out, _withheld(pictures, rights.remedy))
    built = {batch: folder.batch_manifest(batch, manifest.study_hash) for batch in sorted(split_of)}
    provenance = Provenance(
        format=FORMAT,
        version=version,
        study=public_study(manifest.study),
        study_hash=manifest.study_hash,
        micro_batches=manifest.micro_batches,
        environment=manifest.environment,
        statements=_statements(study, people),
        models=models,
        pictures=pictures,
        batches=tuple(
            Batch(batch=batch, split=split_of[batch], seeds=record.seeds, seeds_passed_over=record.passed_over)
            for batch, record in built.items()
        ),
        aggregates=people.aggregates,
        demographics=demographics,
        files={},
    )
    return replace(people, participants=participants, left_out=left_out), provenance


def _earlier(offered: Mapping[str, pa.Table], before: Version | None) -> Earlier:
    """The readable part of the versions that there are, the newest last."""
    if not offered:
        return NOTHING
    tables = tuple(offered.values())
    members = tuple(frozenset(table["participant_id"].to_pylist()) for table in tables)
    return Earlier(members, tables[-1], before.provenance.demographics.age_years if before else 1)


def _with_times(history: History, offered: Mapping[str, pa.Table]) -> tuple[str, ...]:
    """The versions that are offered from before the first that says no more than the day of a rating."""
    first = next((at for at, event in enumerate(history) if DAYS in event.notes), 0)
    before = {event.version for event in history[:first]}
    versions = [version for version in standing(history) if version in before]
    return tuple(version for version in versions if version not in offered or offered[version].num_rows)


def _withheld(pictures: Pictures, remedy: str) -> str:
    """Says that pictures are left out, and why."""
    return (
        f"all pictures, which may not be redistributed ({pictures.license}): row ids and SHA-256 take their place"
        + (f"; {remedy}" if remedy else "")
    )


def _blanked(original: pa.Table, coarse: pa.Table, k: int, earlier: Earlier) -> list[str]:
    """Says where newcomers lose all demographics for being too few, which waiting for more would have kept."""
    before = frozenset[str]().union(*earlier.members)
    new = [id_ for id_ in blanked(original, coarse) if id_ not in before]
    if not new or not before:
        return []
    columns = ", ".join(DEMOGRAPHICS)
    return [
        f"{columns} of {len(new)} participants who came new: fewer than {k} of these share them, and versions can be "
        f"compared; once published without, they stay so: to keep them, publish when more have come"
    ]


def _statements(study: Study, people: People) -> dict[str, dict[str, Any]]:
    written = study.model_dump(mode="json", include={"publish", "survey"})
    stated = {"publish": {key: written["publish"][key] for key in _STATED}}
    if people.aggregates.source == "human":
        stated["survey"] = {key: written["survey"][key] for key in gate.NEEDED_FOR_PEOPLE}
        stated["survey"] |= {wording_key(name): " / ".join(texts) for name, texts in people.wordings.items()}
    return stated


def _write_tables(
    folder: StudyFolder, people: People, split_of: Mapping[int, str], into: Path, *, withheld: bool
) -> dict[Part, Table]:
    tables = {}
    for part, rows, features in published_tables(folder, people, split_of, withheld=withheld):
        content = parquet(rows, features)
        write_whole(into / part.path, content)
        tables[part] = Table(features, rows.num_rows, rows.nbytes, len(content))
    return tables


def _changes(before: Version | None, new: Version, history: History) -> list[Change]:
    if before:
        return changes(before, new)
    return [Change("major", "published anew, after a withdrawal" if history else "first version")]


def _check_version(version: str, before: Version | None, history: History, changes_since: list[Change]) -> None:
    if before and not changes_since:
        raise PublishError(f"nothing changed since version {before.provenance.version}, which is published already")
    step = needed_step(changes_since)
    least = least_version(history, step)
    if least is None or parse_version(version) >= least:
        return
    notes = "".join(f"\n  {change.step}: {change.note}" for change in changes_since)
    if before and before.provenance.version == version:
        why = "is published already, with other content"
    elif history[-1].event == "withdrawn":
        why = f"is too low: version {history[-1].version} was withdrawn, and the next one is a major"
    else:
        why = f"is too low: what changed needs a {step}"
    raise PublishError(f"version {version} {why}; the lowest that can be published is {least}. Changed:{notes}")


def _write_rest(root: Path, content: Content, history: History) -> None:
    """Everything but the tables and the provenance."""
    if not content.provenance.withheld:
        load_kind(content.study.study).publish().draw(root, content)
    files = history_files(history) | {
        "README.md": card(content).encode(),
        "CITATION.cff": citation(content),
        VERSION: f"{content.provenance.version}\n".encode(),
    }
    for path, written in files.items():
        write_whole(content.folder / path, written)


def _files(folder: Path, tables: Mapping[Part, Table]) -> dict[str, File]:
    """Every file of this version by its path; of a table with its rows."""
    rows = {part.path: table.rows for part, table in tables.items()}
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {path: file_of((folder / path).read_bytes(), rows.get(path)) for path in paths if path not in HISTORY_FILES}


def _strings(value: Any) -> Iterator[str]:
    """Every text in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _stated_texts(provenance: Provenance) -> list[str]:
    """Texts that the researcher and the models' authors wrote to be published, settings, and versions of software."""
    stated: list[str] = [*provenance.environment.values(), *_strings(provenance.study)]
    stated += [text for model in provenance.models for text in (model.model, model.license)]
    for table in provenance.statements.values():
        for value in table.values():
            stated += [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
    return stated
