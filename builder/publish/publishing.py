"""`publish` and `publish --retract`: a version to a folder or to the Hub, and out of it again."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from builder.errors import PublishError
from builder.publish import hub
from builder.publish.folder import opened, replace_version, version_files, withdraw_version
from builder.publish.offered import offered_in_folder, offered_on_hub
from builder.publish.prepare import Options, Prepared, prepare
from builder.publish.provenance import File, file_of
from builder.publish.record import record_version, record_withdrawal


class Outcome(NamedTuple):
    """A version as it was prepared, and every file of it by its path."""

    prepared: Prepared
    files: dict[str, File]


def publish_to_folder(root: Path, folder: Path, version: str, options: Options, *, dry_run: bool = False) -> Outcome:
    """Makes `folder` a version of the study in `root`; a dry run changes nothing.

    Raises:
        PublishError: as `prepare`; or the folder holds something else, or lies in the study folder.
        FolderError: there is no room, or no right to write; the folder is as it was.
    """
    if folder.resolve().is_relative_to(root.resolve()):
        raise PublishError(f"{folder}: lies in the study folder, which stays private; name one outside it with --to")
    with tempfile.TemporaryDirectory() as scratch:
        if dry_run:
            previous, offered = (folder, offered_in_folder(root, folder)) if folder.is_dir() else (None, {})
            return _outcome(prepare(root, version, previous, Path(scratch), options, offered))
        with opened(folder):
            prepared = prepare(root, version, folder, Path(scratch), options, offered_in_folder(root, folder))
            outcome = _outcome(prepared)
            record_version(root, version, str(folder.absolute()), prepared.participants)
            if prepared.changes:
                replace_version(folder, prepared.folder)
            return outcome


def publish_to_hub(
    root: Path, repo: str, version: str, options: Options, *, private: bool = False, dry_run: bool = False
) -> Outcome:
    """Makes a version of the study in `root` the dataset `repo`, "user/name"; a dry run changes nothing there.

    Raises:
        PublishError: as `prepare`; or the Hub refuses or cannot be reached.
    """
    with tempfile.TemporaryDirectory() as scratch:
        before, earlier, staged = (Path(scratch, name) for name in ("before", "earlier", "staged"))
        before.mkdir()
        staged.mkdir()
        previous = hub.fetch_current(repo, before)
        offered = offered_on_hub(repo, earlier) if previous else {}
        prepared = prepare(root, version, previous, staged, replace(options, repo=repo), offered)
        outcome = _outcome(prepared)
        if not dry_run:
            record_version(root, version, repo, prepared.participants)
            if prepared.changes:
                hub.upload(prepared.folder, repo, version, private=private)
        return outcome


def withdraw_from_folder(folder: Path, version: str, why: str, root: Path | None) -> bool:
    """Withdraws a version from a published folder, and notes it in the study folder `root`.

    Returns:
        Whether it was the current one, so that its files are gone.

    Raises:
        PublishError: there is no such version, or no reason.
    """
    with opened(folder):
        current = withdraw_version(folder, version, why)
    if root:
        record_withdrawal(root, version, str(folder.absolute()), why)
    return current


def withdraw_from_hub(repo: str, version: str, why: str, root: Path | None) -> None:
    """Withdraws a version from the Hub, and notes it in the study folder `root`.

    Raises:
        PublishError: there is no such version, no reason, or the Hub refuses or cannot be reached.
    """
    hub.retract(repo, version, why)
    if root:
        record_withdrawal(root, version, repo, why)


def _outcome(prepared: Prepared) -> Outcome:
    return Outcome(
        prepared, {path: file_of((prepared.folder / path).read_bytes()) for path in version_files(prepared.folder)}
    )
