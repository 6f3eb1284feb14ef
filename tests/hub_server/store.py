"""What the Hub of the tests keeps: objects by their hash, commits whose trees never change, and names for commits."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

LFS_ENDINGS = (".parquet", ".arrow", ".png", ".jpg", ".jpeg", ".zip", ".bin", ".npy", ".safetensors")
"""Of the Hub's own .gitattributes, those that matter here."""

GITATTRIBUTES = "".join(f"*{ending} filter=lfs diff=lfs merge=lfs -text\n" for ending in LFS_ENDINGS).encode()
LARGEST_REGULAR = 10 * 2**20

Tree = dict[str, "Entry"]


def git_sha1(content: bytes) -> str:
    """The name that git gives a blob."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Entry:
    """One file of a tree: kept by git itself (`sha256` is None), or through LFS as a pointer to an object."""

    blob_id: str
    size: int
    sha256: str | None = None
    pointer_size: int = 0

    @property
    def etag(self) -> str:
        return self.sha256 or self.blob_id


def pointer(sha256: str, size: int) -> bytes:
    """The file that git has in place of an LFS object."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def lfs_entry(sha256: str, size: int) -> Entry:
    text = pointer(sha256, size)
    return Entry(git_sha1(text), size, sha256, len(text))


@dataclass(frozen=True)
class Commit:
    sha: str
    parent: str | None
    tree: Tree
    title: str
    date: datetime


@dataclass
class Repo:
    """A dataset repository."""

    name: str
    private: bool
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    regular: dict[str, bytes] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    """LFS objects by SHA-256; one that was deleted for good is absent, whatever still points to it."""

    def __post_init__(self) -> None:
        self.commit("main", {".gitattributes": self.keep(GITATTRIBUTES)}, "initial commit")

    def keep(self, content: bytes) -> Entry:
        """Stores a regular file."""
        blob_id = git_sha1(content)
        self.regular[blob_id] = content
        return Entry(blob_id, len(content))

    def commit(self, branch: str, tree: Tree, title: str, *, root: bool = False) -> Commit:
        """A new head of `branch`; with `root`, one without a past."""
        parent = None if root else self.branches.get(branch)
        date = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=len(self.commits))
        written = json.dumps([parent, title, date.isoformat(), {p: e.etag for p, e in sorted(tree.items())}])
        sha = hashlib.sha1(written.encode(), usedforsecurity=False).hexdigest()
        self.commits[sha] = Commit(sha, parent, dict(tree), title, date)
        self.branches[branch] = sha
        return self.commits[sha]

    def find(self, revision: str) -> Commit | None:
        """A branch, a tag or a commit that some branch or tag still leads to."""
        sha = self.branches.get(revision) or self.tags.get(revision) or revision
        return self.commits[sha] if sha in self.reachable() else None

    def history(self, sha: str | None) -> list[Commit]:
        """From a commit back to the first."""
        found = []
        while sha is not None:
            found.append(self.commits[sha])
            sha = self.commits[sha].parent
        return found

    def reachable(self) -> set[str]:
        heads = [*self.branches.values(), *self.tags.values()]
        return {commit.sha for head in heads for commit in self.history(head)}

    def content(self, entry: Entry) -> bytes | None:
        return self.regular[entry.blob_id] if entry.sha256 is None else self.objects.get(entry.sha256)


def is_lfs(path: str, sample: bytes, size: int) -> bool:
    """Whether the Hub would have a file sent as an LFS object."""
    return path.lower().endswith(LFS_ENDINGS) or size > LARGEST_REGULAR or b"\0" in sample


def listing(tree: Tree, folder: str, *, recursive: bool) -> list[tuple[str, Entry | None]]:
    """The paths below `folder` in order, None standing for a folder."""
    start = f"{folder}/" if folder else ""
    found: dict[str, Entry | None] = {}
    for path, entry in sorted(tree.items()):
        if not path.startswith(start):
            continue
        parts = path[len(start) :].split("/")
        for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
            found[start + "/".join(parts[:depth])] = None
        if recursive or len(parts) == 1:
            found[path] = entry
    return list(found.items())
