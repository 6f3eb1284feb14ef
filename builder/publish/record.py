"""The record of a study's published versions: where each is, and who is in it.

`published/<version>-<target>.json` in the study folder, one file a version and target: version, target (the folder, or
the dataset on the Hub), the participants in it by id with what it shows of their demographics, how many others in it
were forgotten since, and withdrawn, the reason or null. It is written before anything leaves and is never published:
`publish` reads it to know what earlier versions tell, `ratings forget` to name those that still hold a person.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from builder.errors import PublishError
from builder.files import Folder
from loading_script.tables import DEMOGRAPHICS

_FOLDER = "published"


class VersionRecord(BaseModel):
    """One file. Those that were written before demographics were noted have `participant_ids` alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    target: str
    participants: dict[str, dict[str, str | None]] = Field(default_factory=dict)
    participant_ids: tuple[str, ...] = ()
    forgotten: Annotated[int, Field(ge=0)] = 0
    withdrawn: str | None = None

    def holds(self, participant_id: str) -> bool:
        """Whether this participant is in the version."""
        return participant_id in self.participants or participant_id in self.participant_ids

    def table(self) -> pa.Table:
        """Everybody in the record: participant_id and DEMOGRAPHICS."""
        rows: list[dict[str, str | None]] = [{"participant_id": id_} for id_ in self.participant_ids]
        rows += [{"participant_id": id_, **values} for id_, values in self.participants.items()]
        columns = ["participant_id", *DEMOGRAPHICS]
        return pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in columns]))


def record_version(root: Path, version: str, target: str, participants: pa.Table) -> None:
    """Notes that a version with these `participants` goes to a target; the same again changes nothing.

    Raises:
        FolderError: there is no right to write.
    """
    rows = participants.select(["participant_id", *DEMOGRAPHICS]).sort_by("participant_id").to_pylist()
    people = {row.pop("participant_id"): row for row in rows}
    _write(root, _name(version, target), VersionRecord(version=version, target=target, participants=people))


def record_withdrawal(root: Path, version: str, target: str, why: str) -> None:
    """Notes that a version is withdrawn there: it holds nobody any more.

    Raises:
        FolderError: there is no right to write.
    """
    _write(root, _name(version, target), VersionRecord(version=version, target=target, withdrawn=why))


def forget_in_records(root: Path, participant_id: str) -> list[str]:
    """Takes a participant's id and demographics out of every record.

    Returns:
        The versions that still hold them or another who was forgotten, each with where it is.

    Raises:
        PublishError: a record is damaged.
        FolderError: there is no right to write.
    """
    still = []
    for name, record in _read(root):
        if record.holds(participant_id):
            others = {id_: values for id_, values in record.participants.items() if id_ != participant_id}
            ids = tuple(id_ for id_ in record.participant_ids if id_ != participant_id)
            gone = {"participants": others, "participant_ids": ids, "forgotten": record.forgotten + 1}
            record = record.model_copy(update=gone)
            _write(root, name, record)
        if record.forgotten and record.withdrawn is None:
            still.append(f"{record.version} in {record.target}")
    return still


def recorded(root: Path, versions: Sequence[str], target: str) -> dict[str, pa.Table]:
    """The records of some versions in a folder: participant_id and DEMOGRAPHICS, by version.

    A folder may have been moved: a version of which there is no record for it is looked for under other targets.

    Raises:
        PublishError: there is no record of one, or it is damaged.
    """
    by_name: dict[str, dict[str, VersionRecord]] = {}
    for _, record in _read(root):
        if record.withdrawn is None:
            by_name.setdefault(record.version, {})[record.target] = record
    tables = {}
    for version in versions:
        records = by_name.get(version, {})
        if target not in records and len(records) != 1:
            raise PublishError(
                f"{root / _FOLDER}: has no record of version {version} in {target}, so nobody can tell what a new "
                f"version would show beside it; put that file back, or withdraw {version} with publish --retract"
            )
        tables[version] = records.get(target, next(iter(records.values()))).table()
    return tables


def _name(version: str, target: str) -> str:
    digest = hashlib.sha256(target.encode()).hexdigest()[:8]
    return f"{_FOLDER}/{version}-{digest}.json"


def _read(root: Path) -> Iterator[tuple[str, VersionRecord]]:
    study = Folder(root)
    for name in sorted(each for each in study.listed(_FOLDER) if re.fullmatch(r"[^.].*\.json", each)):
        content = study.read(f"{_FOLDER}/{name}")
        try:
            yield f"{_FOLDER}/{name}", VersionRecord.model_validate_json(content)
        except ValidationError as error:
            path = root / _FOLDER / name
            raise PublishError(f"{path}: damaged: {error.errors()[0]['msg']}; put a copy in its place") from None


def _write(root: Path, name: str, record: VersionRecord) -> None:
    written = record.model_dump(exclude=None if record.participant_ids else {"participant_ids"})
    Folder(root).write({name: json.dumps(written, indent=1).encode() + b"\n"})
