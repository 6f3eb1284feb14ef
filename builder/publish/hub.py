"""Versions of a dataset on the Hugging Face Hub: sent whole, fetched, withdrawn.

A version is a tag, `v1.0.0`. Its files are sent first, in groups, each at rest on the Hub before the next; then one
commit makes main the version, and only when every file of that commit has the right hash it gets the tag. Whatever
stops in between, the same call finds what is there and goes on, so a tag always names a whole version.

What was withdrawn is in the history on main (`versions.json`), which outlives the tags.
"""

import fnmatch
import itertools
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import semver
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi
from huggingface_hub.errors import RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile

from builder.errors import PublishError
from builder.files import write_whole
from builder.publish.history import HISTORY, VERSION, History, history_files, read_history, withdrawal
from builder.publish.hub_session import retried, session, status_of
from loading_script.lands_between import PROVENANCE

MOST_FILES = 25_000
"""The Hub takes no more in one commit."""

GROUP_BYTES = 2**28
"""Bytes that are sent before they are made sure of; through Xet, what an interruption can cost."""

Operation = CommitOperationAdd | CommitOperationCopy | CommitOperationDelete

_GROUP_FILES = 256
_MOST_HISTORY = 2**24
_ATTRIBUTES, _CARD = ".gitattributes", "README.md"


class Difference(NamedTuple):
    """The difference between a folder and a revision, as paths."""

    changed: list[str]
    gone: list[str]


def upload(staged: Path, repo: str, version: str, *, private: bool) -> None:
    """Makes the folder `staged` version `version` of the dataset `repo`, "user/name".

    Sends no file that the Hub has, goes on where an earlier call was stopped, and does nothing where the version is
    there with the same files. What earlier versions had and this one lacks leaves main, and stays in their tags.

    Raises:
        PublishError: the version is there with other files, or was withdrawn; the Hub refuses or cannot be reached.
    """
    files = sum(path.is_file() for path in staged.rglob("*"))
    if files > MOST_FILES:
        raise PublishError(f"{staged}: {files} files, of which the Hub takes at most {MOST_FILES} in one commit")
    tag = f"v{version}"
    with session(repo) as api:
        retried(lambda: _create(api, repo, private=private))
        tags = retried(lambda: _tags(api, repo))
        if tag in tags:
            _check_same(repo, tag, retried(lambda: _compare(api, repo, tags[tag], staged)))
            return
        _check_history(repo, version, staged, retried(lambda: _history(api, repo, tags)))
        commit = retried(lambda: _bring_to_main(api, repo, version, staged))
        left = retried(lambda: _compare(api, repo, commit, staged))
        if any(left):
            raise PublishError(f"{repo}: not on the Hub as sent, so {tag} is not set: {_named(left)}; try again")
        retried(lambda: _tag(api, repo, tag, commit))


def fetch(repo: str, revision: str, into: Path) -> Path:
    """The files of a revision (a tag, a branch, a commit), in the empty folder `into`, their hashes compared.

    Raises:
        PublishError: there is no such dataset or revision, it is too large for the disk, names paths outside the
            folder, or cannot be fetched.
    """
    with session(repo) as api:
        return retried(lambda: _fetch(api, repo, revision, into))


def fetch_current(repo: str, into: Path) -> Path | None:
    """The newest version that is not withdrawn, in the empty folder `into`, with the history of all there were.

    Where every version was withdrawn, the history alone; None where nothing was ever published.

    Raises:
        PublishError: as `fetch`; the history is damaged.
    """
    with session(repo) as api:
        tags = retried(lambda: _tags(api, repo))
        history = retried(lambda: _history(api, repo, tags))
        present = _standing(tags, history)
        if present:
            retried(lambda: _fetch(api, repo, f"v{present[-1]}", into))
    if not present and not history:
        return None
    if history:
        write_whole(into / HISTORY, history_files(history)[HISTORY])
    return into


def fetch_earlier(repo: str, table: str, into: Path) -> dict[str, Path]:
    """The provenance and the files of one table of every version but the newest, each in a folder in `into`.

    Returns:
        The folders by version, oldest first, without versions that are withdrawn.

    Raises:
        PublishError: as `fetch`.
    """
    with session(repo) as api:
        tags = retried(lambda: _tags(api, repo))
        earlier = _standing(tags, retried(lambda: _history(api, repo, tags)))[:-1]
        patterns = [PROVENANCE, f"data/{table}/*"]
        return {
            version: retried(partial(_fetch, api, repo, f"v{version}", into / version, patterns)) for version in earlier
        }


def retract(repo: str, version: str, why: str) -> None:
    """Withdraws a version: its tag and its files go, a line in main's changelog stays.

    Main becomes the newest version that is left. The stored objects that no other version and no branch has are deleted
    for good, main's history is squashed, and the tag goes last, so that the same call finishes an interrupted one.
    What stays: files that other versions share; where a newer version descends from the withdrawn commit, its texts
    (card, changelog), for those who know its hash; pull requests; the Hub's own conversion until it makes a new one;
    copies that people have.

    Raises:
        PublishError: there is no such version; no reason is given; the Hub refuses or cannot be reached.
    """
    tag = f"v{version}"
    with session(repo) as api:
        tags = retried(lambda: _tags(api, repo))
        history = retried(lambda: _history(api, repo, tags))
        if tag not in tags and version in _withdrawn(history):
            return
        if tag not in tags:
            there = ", ".join(_standing(tags, history)) or "none"
            raise PublishError(f"{repo} has no version {version[:40]}; it has: {there}")
        notes = _notes(history, version, why)
        left = {name: commit for name, commit in tags.items() if name != tag}
        standing = [other for other in _standing(tags, history) if other != version]
        source = tags[f"v{standing[-1]}"] if standing else None
        retried(lambda: _withdraw_from_main(api, repo, version, source, notes))
        retried(lambda: _delete_objects(api, repo, tags[tag], left))
        retried(lambda: api.super_squash_history(repo, repo_type="dataset", commit_message=f"Withdraw {version}"))
        retried(lambda: _delete_tag(api, repo, tag))


def _create(api: HfApi, repo: str, *, private: bool) -> None:
    api.create_repo(repo, repo_type="dataset", private=private, exist_ok=True)
    if private and not api.dataset_info(repo).private:
        raise PublishError(
            f"{repo} is there already and public; make it private on the Hub, or publish without --private"
        )


def _tags(api: HfApi, repo: str) -> dict[str, str]:
    """Commits by tag; none where there is no such dataset."""
    try:
        references = api.list_repo_refs(repo, repo_type="dataset")
    except RepositoryNotFoundError as error:
        if status_of(error) == 404:  # 401: without a right token, nobody is told what there is
            return {}
        raise
    return {tag.name: tag.target_commit for tag in references.tags}


def _versions(tags: Iterable[str]) -> list[str]:
    names = [tag[1:] for tag in tags if tag.startswith("v") and semver.Version.is_valid(tag[1:])]
    parsed = [version for version in map(semver.Version.parse, names) if not version.prerelease and not version.build]
    return [str(version) for version in sorted(parsed)]


def _compare(api: HfApi, repo: str, revision: str, folder: Path) -> Difference:
    checksums = api.verify_repo_checksums(repo, repo_type="dataset", revision=revision, local_dir=folder)
    changed = [mismatch["path"] for mismatch in checksums.mismatches] + checksums.extra_paths
    return Difference(sorted(changed), [path for path in checksums.missing_paths if path != _ATTRIBUTES])


def _named(difference: Difference) -> str:
    paths = difference.changed + difference.gone
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def _check_same(repo: str, tag: str, difference: Difference) -> None:
    if any(difference):
        raise PublishError(
            f"{repo} has a {tag} with other content, and a published version never changes: choose another version. "
            f"Different: {_named(difference)}"
        )


def _check_history(repo: str, version: str, staged: Path, history: History) -> None:
    gone = _withdrawn(history)
    if version in gone:
        raise PublishError(f"{repo}: version {version} was withdrawn and cannot come back; choose another version")
    lost = gone - _withdrawn(read_history(staged))
    if lost:
        raise PublishError(f"{staged / HISTORY} must tell what was withdrawn from {repo}: {', '.join(sorted(lost))}")


def _withdrawn(history: History) -> set[str]:
    return {event.version for event in history if event.event == "withdrawn"}


def _standing(tags: Iterable[str], history: History) -> list[str]:
    """The versions that are there to stay, oldest first."""
    gone = _withdrawn(history)
    return [version for version in _versions(tags) if version not in gone]


def _history(api: HfApi, repo: str, tags: Iterable[str]) -> History:
    """The history on main, without a version whose upload was not finished."""
    with tempfile.TemporaryDirectory() as folder:
        _fetch_history(api, repo, Path(folder))
        history = read_history(Path(folder))
    versions = {*_versions(tags), *_withdrawn(history)}
    return tuple(event for event in history if event.version in versions)


def _fetch_history(api: HfApi, repo: str, into: Path) -> None:
    try:
        head = _head(api, repo)
    except RepositoryNotFoundError as error:
        if status_of(error) == 404:
            return
        raise
    paths = api.get_paths_info(repo, [HISTORY], revision=head, repo_type="dataset")
    if paths and isinstance(paths[0], RepoFile):
        if paths[0].size > _MOST_HISTORY:
            raise PublishError(f"{repo}: {HISTORY} has {paths[0].size} bytes; `publish` writes no such file")
        api.hf_hub_download(repo, HISTORY, revision=head, repo_type="dataset", local_dir=into)


def _notes(history: History, version: str, why: str) -> dict[str, bytes]:
    """The files of a withdrawal: the history, the changelog, and a notice in place of the card."""
    with tempfile.TemporaryDirectory() as folder:
        write_whole(Path(folder) / HISTORY, history_files(history)[HISTORY])
        write_whole(Path(folder) / VERSION, version.encode())
        return withdrawal(Path(folder), version, why)[0]


def _bring_to_main(api: HfApi, repo: str, version: str, staged: Path) -> str:
    """The commit of main that has the files of `staged`, made where main does not have them yet."""
    head = _head(api, repo)
    changed, gone = _compare(api, repo, head, staged)
    if not changed and not gone:
        return head
    additions = [CommitOperationAdd(path, staged / path) for path in changed]
    for group in _groups(additions):
        api.preupload_lfs_files(repo, group, repo_type="dataset", free_memory=False)
    operations: list[Operation] = [*additions, *(CommitOperationDelete(path, is_folder=False) for path in gone)]
    message = f"Version {version}"
    return api.create_commit(repo, operations, commit_message=message, repo_type="dataset", parent_commit=head).oid


def _head(api: HfApi, repo: str) -> str:
    return str(api.dataset_info(repo).sha)


def _groups(additions: list[CommitOperationAdd]) -> Iterator[list[CommitOperationAdd]]:
    group: list[CommitOperationAdd] = []
    size = 0
    for addition in additions:
        if group and (len(group) == _GROUP_FILES or size + addition.upload_info.size > GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(addition)
        size += addition.upload_info.size
    if group:
        yield group


def _tag(api: HfApi, repo: str, tag: str, commit: str) -> None:
    api.create_tag(repo, tag=tag, revision=commit, repo_type="dataset", exist_ok=True)
    if _tags(api, repo).get(tag) != commit:
        raise PublishError(f"{repo}: somebody else set {tag} meanwhile, on other content; choose another version")


def _fetch(api: HfApi, repo: str, revision: str, into: Path, patterns: Sequence[str] = ("*",)) -> Path:
    """The files of a revision whose paths match one of `patterns`, in `into`, their hashes compared."""
    commit = api.dataset_info(repo, revision=revision).sha
    files = {path: file for path, file in _files(api, repo, str(commit)).items() if _matches(path, patterns)}
    for path in map(PurePosixPath, files):
        if path.is_absolute() or ".." in path.parts or "\\" in str(path):
            raise PublishError(f"{repo}: {revision} has a file outside its folder: {path}")
    into.mkdir(parents=True, exist_ok=True)
    size, free = sum(file.size for file in files.values()), shutil.disk_usage(into).free
    if size > free:
        raise PublishError(f"{into}: {repo} {revision} has {size / 1e9:.2f} GB, and {free / 1e9:.2f} GB are free")
    api.snapshot_download(
        repo,
        repo_type="dataset",
        revision=commit,
        local_dir=into,
        allow_patterns=list(patterns),
        ignore_patterns=[_ATTRIBUTES],
    )
    shutil.rmtree(into / ".cache" / "huggingface", ignore_errors=True)
    changed, gone = _compare(api, repo, str(commit), into)
    damaged = Difference(changed, [path for path in gone if path in files])
    if any(damaged):
        raise PublishError(f"{into}: not as on the Hub: {_named(damaged)}; remove the folder and try again")
    return into


def _matches(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def _files(api: HfApi, repo: str, revision: str) -> dict[str, RepoFile]:
    entries = api.list_repo_tree(repo, recursive=True, revision=revision, repo_type="dataset")
    entries_of_files = (entry for entry in entries if isinstance(entry, RepoFile) and entry.path != _ATTRIBUTES)
    files = {entry.path: entry for entry in itertools.islice(entries_of_files, MOST_FILES + 1)}
    if len(files) > MOST_FILES:
        raise PublishError(f"{repo} has more files than the {MOST_FILES} of a published version at {revision}")
    return files


def _withdraw_from_main(api: HfApi, repo: str, version: str, source: str | None, notes: dict[str, bytes]) -> None:
    """One commit after which main has the files of `source`, if any, and the notes in place of its own."""
    head = _head(api, repo)
    sources = _files(api, repo, source) if source else {}
    written = {path: content for path, content in notes.items() if not (source and path == _CARD)}
    present = _files(api, repo, head)
    restored = [
        CommitOperationCopy(path, path, src_revision=source)
        for path, file in sources.items()
        if path not in written and (path not in present or present[path].blob_id != file.blob_id)
    ]
    removed = [CommitOperationDelete(path, is_folder=False) for path in present if path not in {*sources, *written}]
    noted = [CommitOperationAdd(path, content) for path, content in written.items()]
    operations: list[Operation] = [*restored, *removed, *noted]
    message = f"Withdraw {version}"
    api.create_commit(repo, operations, commit_message=message, repo_type="dataset", parent_commit=head)


def _delete_objects(api: HfApi, repo: str, commit: str, left: dict[str, str]) -> None:
    """Deletes for good what only the tree of `commit` names.

    History is not rewritten: that would move the commits of the versions that stay. Its pointers lead nowhere then.
    """
    branches = api.list_repo_refs(repo, repo_type="dataset").branches
    kept_commits = {*left.values(), *(branch.target_commit for branch in branches)}
    others = {oid for other in kept_commits for oid in _objects(api, repo, other)}
    doomed = _objects(api, repo, commit) - others
    listed = [file for file in api.list_lfs_files(repo, repo_type="dataset") if file.oid in doomed]
    api.permanently_delete_lfs_files(repo, listed, repo_type="dataset", rewrite_history=False)


def _objects(api: HfApi, repo: str, revision: str) -> set[str]:
    return {file.lfs.sha256 for file in _files(api, repo, revision).values() if file.lfs is not None}


def _delete_tag(api: HfApi, repo: str, tag: str) -> None:
    if tag in _tags(api, repo):
        api.delete_tag(repo, tag=tag, repo_type="dataset")
