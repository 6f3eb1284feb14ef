"""Which versions of a study were published where, and whose answers are in them.

`published/<version>-<target>.json` in the study folder, one file a version and target: version, target (the folder, or
the dataset on the Hub), the sorted participant_ids in it, and withdrawn, the reason or null. It is written before
anything leaves and is never published; `ratings forget` reads it to name the versions that still hold a person.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from builder.files import Folder


def record_version(root: Path, version: str, target: str, participant_ids: Iterable[str]) -> None:
    """Notes that a version goes to a target; the same again changes nothing.

    Raises:
        FolderError: there is no right to write.
    """
    _write(root, version, target, sorted(participant_ids), None)


def record_withdrawal(root: Path, version: str, target: str, why: str) -> None:
    """Notes that a version is withdrawn there: it holds nobody any more.

    Raises:
        FolderError: there is no right to write.
    """
    _write(root, version, target, [], why)


def _write(root: Path, version: str, target: str, participant_ids: list[str], withdrawn: str | None) -> None:
    record = {"version": version, "target": target, "participant_ids": participant_ids, "withdrawn": withdrawn}
    digest = hashlib.sha256(target.encode()).hexdigest()[:8]
    Folder(root).write({f"published/{version}-{digest}.json": json.dumps(record, indent=1).encode() + b"\n"})
