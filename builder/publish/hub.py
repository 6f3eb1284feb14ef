"""Versions of a dataset on the Hugging Face Hub: sent whole, fetched, withdrawn.

A version is a tag, `v1.0.0`. Its files are sent first, in groups, each at rest on the Hub before the next; then one
commit makes main the version, and only when every file of that commit has the right hash it gets the tag. Whatever
stops in between, the same call finds what is there and goes on, so a tag always names a whole version.
"""

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import semver
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi
from huggingface_hub.errors import RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile

from builder.errors import PublishError
from builder.publish.hub_session import retried, session, status_of

CHANGELOG = "CHANGELOG.md"

MOST_FILES = 25_000
"""The Hub takes no more in one commit."""

GROUP_BYTES = 2**28
"""How much is sent before it is made sure of; through Xet, what an interruption can cost."""

Operation = CommitOperationAdd | CommitOperationCopy | CommitOperationDelete

_GROUP_FILES = 256
_MOST_CHANGELOG = 2**20
_MOST_WHY = 500
_ATTRIBUTES = ".gitattributes"
_WITHDRAWN = re.compile(r"^- (\S+) was withdrawn on \S+: ", re.MULTILINE)


class Difference(NamedTuple):
    """How a folder and a revision differ, as paths."""

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
        tagged = retried(lambda: _tags(api, repo)).get(tag)
        if tagged is not None:
            _check_same(repo, tag, retried(lambda: _compare(api, repo, tagged, staged)))
            return
        _check_notes(repo, version, staged, retried(lambda: _changelog(api, repo)))
        commit = retried(lambda: _bring_to_main(api, repo, version, staged))
        left = retried(lambda: _compare(api, repo, commit, staged))
        if any(left):
            raise PublishError(f"{repo}: not on the Hub as sent, so {tag} is not set: {_named(left)}; try again")
        retried(lambda: _tag(api, repo, tag, commit))


def versions(repo: str) -> list[str]:
    """The versions that `repo` has, oldest first, without the `v` of their tags; none where there is no such dataset.

    Raises:
        PublishError: the Hub refuses or cannot be reached.
    """
    with session(repo) as api:
        return _versions(retried(lambda: _tags(api, repo)))


def changelog(repo: str) -> str:
    """CHANGELOG.md of main, with a line for every version that was withdrawn; empty where there is none.

    Raises:
        PublishError: the Hub refuses or cannot be reached; the file is larger than any changelog.
    """
    with session(repo) as api:
        return retried(lambda: _changelog(api, repo))


def withdrawn(changelog: str) -> list[str]:
    """The versions that a changelog says were withdrawn."""
    return _WITHDRAWN.findall(changelog)


def fetch(repo: str, revision: str, into: Path) -> Path:
    """The files of a revision (a tag, a branch, a commit), in the folder `into`, their hashes compared.

    Raises:
        PublishError: there is no such dataset or revision, it is too large for the disk, names paths outside the
            folder, or cannot be fetched.
    """
    with session(repo) as api:
        return retried(lambda: _fetch(api, repo, revision, into))


def fetch_current(repo: str, into: Path) -> Path | None:
    """The files of the newest version, in the folder `into`; None where the dataset or any version is not there yet.

    Raises:
        PublishError: as `fetch`.
    """
    present = versions(repo)
    return fetch(repo, f"v{present[-1]}", into) if present else None


def retract(repo: str, version: str, why: str) -> None:
    """Withdraws a version: its tag and its files go, a line in main's CHANGELOG.md stays.

    Main becomes the newest version that is left. The stored objects that no other version and no branch has are deleted
    for good, main's history is squashed, and the tag goes last, so that the same call finishes an interrupted one.
    What stays: files that other versions share; where a newer version descends from the withdrawn commit, its texts
    (card, changelog), for those who know its hash; pull requests; the Hub's own conversion until it makes a new one;
    copies that people have.

    Raises:
        PublishError: there is no such version; the reason is empty or too long; the Hub refuses or cannot be reached.
    """
    why = " ".join(why.split())
    if not 0 < len(why) <= _MOST_WHY:
        raise PublishError(f"the reason of a withdrawal takes 1 to {_MOST_WHY} characters")
    tag = f"v{version}"
    with session(repo) as api:
        tags = retried(lambda: _tags(api, repo))
        if tag not in tags:
            if version in withdrawn(retried(lambda: _changelog(api, repo))):
                return
            raise PublishError(f"{repo} has no version {version}; it has: {', '.join(_versions(tags)) or 'none'}")
        left = {name: commit for name, commit in tags.items() if name != tag}
        retried(lambda: _withdraw_from_main(api, repo, version, why, left))
        retried(lambda: _delete_objects(api, repo, tags[tag], left))
        retried(lambda: api.super_squash_history(repo, repo_type="dataset", commit_message=f"Withdraw {version}"))
        retried(lambda: _delete_tag(api, repo, tag))


def note_withdrawal(changelog: str, version: str, why: str) -> str:
    """The changelog with a line on the withdrawal below its title."""
    note = f"- {version} was withdrawn on {datetime.now(UTC).date()}: {why}\n"
    title, _, rest = (changelog.strip() or "# Changelog").partition("\n")
    return f"{title}\n\n{note}\n{rest.strip()}".strip() + "\n"


def _create(api: HfApi, repo: str, *, private: bool) -> None:
    api.create_repo(repo, repo_type="dataset", private=private, exist_ok=True)
    if private and not api.dataset_info(repo).private:
        raise PublishError(
            f"{repo} is there already and public; make it private on the Hub, or publish without --private"
        )


def _tags(api: HfApi, repo: str) -> dict[str, str]:
    """Commits by tag; none where there is no such dataset."""
    try:
        found = api.list_repo_refs(repo, repo_type="dataset")
    except RepositoryNotFoundError as error:
        if status_of(error) == 404:  # 401: without a right token, nobody is told what there is
            return {}
        raise
    return {tag.name: tag.target_commit for tag in found.tags}


def _versions(tags: Iterable[str]) -> list[str]:
    names = [tag[1:] for tag in tags if tag.startswith("v") and semver.Version.is_valid(tag[1:])]
    return sorted(names, key=semver.Version.parse)


def _compare(api: HfApi, repo: str, revision: str, folder: Path) -> Difference:
    found = api.verify_repo_checksums(repo, repo_type="dataset", revision=revision, local_dir=folder)
    changed = [mismatch["path"] for mismatch in found.mismatches] + found.extra_paths
    return Difference(sorted(changed), [path for path in found.missing_paths if path != _ATTRIBUTES])


def _named(difference: Difference) -> str:
    paths = difference.changed + difference.gone
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def _check_same(repo: str, tag: str, difference: Difference) -> None:
    if any(difference):
        raise PublishError(
            f"{repo} has a {tag} with other content, and a published version never changes: choose another version. "
            f"Different: {_named(difference)}"
        )


def _check_notes(repo: str, version: str, staged: Path, published: str) -> None:
    gone = withdrawn(published)
    if version in gone:
        raise PublishError(f"{repo}: version {version} was withdrawn and cannot come back; choose another version")
    path = staged / CHANGELOG
    lost = set(gone) - set(withdrawn(path.read_text(encoding="utf-8") if path.is_file() else ""))
    if lost:
        raise PublishError(f"{path} must keep the lines on what was withdrawn from {repo}: {', '.join(sorted(lost))}")


def _changelog(api: HfApi, repo: str) -> str:
    try:
        head = api.dataset_info(repo).sha
    except RepositoryNotFoundError as error:
        if status_of(error) == 404:
            return ""
        raise
    found = api.get_paths_info(repo, [CHANGELOG], revision=head, repo_type="dataset")
    if not found or not isinstance(found[0], RepoFile):
        return ""
    if found[0].size > _MOST_CHANGELOG:
        raise PublishError(f"{repo}: {CHANGELOG} has {found[0].size} bytes; no changelog is as large")
    with tempfile.TemporaryDirectory() as folder:
        path = api.hf_hub_download(repo, CHANGELOG, revision=head, repo_type="dataset", local_dir=folder)
        return Path(path).read_text(encoding="utf-8", errors="replace")


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


def _fetch(api: HfApi, repo: str, revision: str, into: Path) -> Path:
    commit = api.dataset_info(repo, revision=revision).sha
    files = _files(api, repo, str(commit))
    if len(files) > MOST_FILES:
        raise PublishError(f"{repo}: {revision} has {len(files)} files; a published version has at most {MOST_FILES}")
    for path in map(PurePosixPath, files):
        if path.is_absolute() or ".." in path.parts or "\\" in str(path):
            raise PublishError(f"{repo}: {revision} has a file outside its folder: {path}")
    into.mkdir(parents=True, exist_ok=True)
    size, free = sum(file.size for file in files.values()), shutil.disk_usage(into).free
    if size > free:
        raise PublishError(f"{into}: {repo} {revision} has {size / 1e9:.2f} GB, and {free / 1e9:.2f} GB are free")
    api.snapshot_download(repo, repo_type="dataset", revision=commit, local_dir=into, ignore_patterns=[_ATTRIBUTES])
    shutil.rmtree(into / ".cache" / "huggingface", ignore_errors=True)
    damaged = _compare(api, repo, str(commit), into)
    if any(damaged):
        raise PublishError(f"{into}: not as on the Hub: {_named(damaged)}; remove the folder and try again")
    return into


def _files(api: HfApi, repo: str, revision: str) -> dict[str, RepoFile]:
    entries = api.list_repo_tree(repo, recursive=True, revision=revision, repo_type="dataset")
    return {entry.path: entry for entry in entries if isinstance(entry, RepoFile) and entry.path != _ATTRIBUTES}


def _withdraw_from_main(api: HfApi, repo: str, version: str, why: str, left: dict[str, str]) -> None:
    """One commit after which main has the files of the newest version that is left, and the note."""
    head, noted = _head(api, repo), _changelog(api, repo)
    if version not in withdrawn(noted):
        noted = note_withdrawal(noted, version, why)
    remaining = _versions(left)
    source = left[f"v{remaining[-1]}"] if remaining else None
    wanted = _files(api, repo, source) if source else {}
    present = _files(api, repo, head)
    restored = [
        CommitOperationCopy(path, path, src_revision=source)
        for path, file in wanted.items()
        if path != CHANGELOG and (path not in present or present[path].blob_id != file.blob_id)
    ]
    removed = [CommitOperationDelete(path, is_folder=False) for path in present if path not in {*wanted, CHANGELOG}]
    operations: list[Operation] = [*restored, *removed, CommitOperationAdd(CHANGELOG, noted.encode())]
    message = f"Withdraw {version}"
    api.create_commit(repo, operations, commit_message=message, repo_type="dataset", parent_commit=head)


def _delete_objects(api: HfApi, repo: str, commit: str, left: dict[str, str]) -> None:
    """Deletes for good what only the tree of `commit` names.

    History is not rewritten: that would move the commits of the versions that stay. Its pointers lead nowhere then.
    """
    branches = api.list_repo_refs(repo, repo_type="dataset").branches
    kept_commits = {*left.values(), *(branch.target_commit for branch in branches)}
    kept = {oid for other in kept_commits for oid in _objects(api, repo, other)}
    doomed = _objects(api, repo, commit) - kept
    listed = [file for file in api.list_lfs_files(repo, repo_type="dataset") if file.oid in doomed]
    api.permanently_delete_lfs_files(repo, listed, repo_type="dataset", rewrite_history=False)


def _objects(api: HfApi, repo: str, revision: str) -> set[str]:
    return {file.lfs.sha256 for file in _files(api, repo, revision).values() if file.lfs is not None}


def _delete_tag(api: HfApi, repo: str, tag: str) -> None:
    if tag in _tags(api, repo):
        api.delete_tag(repo, tag=tag, repo_type="dataset")
