"""The published and the withdrawn versions: `versions.json`, and `CHANGELOG.md` made from it.

`versions.json` lists what happened, oldest first; nothing is ever taken from it. A version is X.Y.Z; after a withdrawal
the next one is a major.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import semver
from pydantic import Field, TypeAdapter

from builder.errors import PublishError
from builder.publish.markdown import escaped
from builder.publish.provenance import Record, Text, read_json, to_json
from builder.ratings.privacy import findings

HISTORY, CHANGELOG, VERSION = "versions.json", "CHANGELOG.md", "VERSION"
HISTORY_FILES = [HISTORY, CHANGELOG]
"""The files that go on when a version does not change."""

Step = Literal["patch", "minor", "major"]
STEPS: tuple[Step, ...] = ("patch", "minor", "major")

_VERSION = r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})"


class Event(Record):
    """A version was published, with what changed, or withdrawn, with the reason."""

    event: Literal["published", "withdrawn"]
    version: Annotated[str, Field(pattern=f"^{_VERSION}$")]
    notes: tuple[Text, ...]


History = tuple[Event, ...]
_ADAPTER = TypeAdapter(History)


def read_history(folder: Path) -> History:
    """The versions that were published in a folder; empty where there are none.

    Raises:
        PublishError: the file is damaged.
    """
    return read_json(_ADAPTER, folder / HISTORY) if (folder / HISTORY).exists() else ()


def parse_version(text: str) -> semver.Version:
    """A version as it may be published.

    Raises:
        PublishError: it is not X.Y.Z.
    """
    if not re.fullmatch(_VERSION, text):
        raise PublishError(f"version {text[:40]!r}: must be three numbers, such as 1.0.0")
    return semver.Version.parse(text)


def least_version(history: History, step: Step) -> semver.Version | None:
    """The lowest version that may follow; None: any, there is none before."""
    if not history:
        return None
    highest = max(parse_version(event.version) for event in history)
    return highest.next_version("major" if history[-1].event == "withdrawn" else step)


def published(history: History, version: str, notes: Sequence[str]) -> History:
    """The history with one more version."""
    return (*history, Event(event="published", version=version, notes=tuple(notes)))


def withdrawn(history: History, version: str, why: str) -> History:
    """The history with a version withdrawn; as it was where it is withdrawn already.

    Raises:
        PublishError: it was never published, or no reason is given, or one that may identify somebody.
    """
    if not why.strip():
        raise PublishError("--why: say why the version is withdrawn; the line stays in the changelog")
    identifiers = findings(why)
    if identifiers:
        raise PublishError(
            f"--why: holds what looks like: {', '.join(identifiers)}; the line stays in the public changelog"
        )
    versions = {event.version for event in history}
    if version not in versions:
        raise PublishError(f"version {version} was never published here; there are: {', '.join(versions) or 'none'}")
    if any(event.event == "withdrawn" and event.version == version for event in history):
        return history
    return (*history, Event(event="withdrawn", version=version, notes=(" ".join(why.split()),)))


def standing(history: History) -> list[str]:
    """The versions that were published and not withdrawn, oldest first."""
    gone = {event.version for event in history if event.event == "withdrawn"}
    return [event.version for event in history if event.event == "published" and event.version not in gone]


def history_files(history: History) -> dict[str, bytes]:
    """`versions.json` and `CHANGELOG.md`."""
    return {HISTORY: to_json(_ADAPTER, history), CHANGELOG: changelog(history).encode()}


def changelog(history: History) -> str:
    """The changelog, newest version first; what was withdrawn is a line of its version."""
    lines = ["# Changelog", ""]
    reasons = {event.version: event.notes for event in history if event.event == "withdrawn"}
    for event in reversed(history):
        if event.event == "published":
            lines += [f"## {event.version}", ""]
            lines += [f"- Withdrawn: {escaped(note)}" for note in reasons.get(event.version, ())]
            lines += [*(f"- {escaped(note)}" for note in event.notes), ""]
    return "\n".join(lines)


def withdrawal(folder: Path, version: str, why: str) -> tuple[dict[str, bytes], bool]:
    """The changes that withdrawing a version makes in the folder of the current one.

    Returns:
        The files to write, by path, and whether all others go, because the version is the current one.

    Raises:
        PublishError: as `withdrawn`; or the folder is damaged.
    """
    parse_version(version)
    history = withdrawn(read_history(folder), version, why)
    files = history_files(history)
    (reason,) = next(event.notes for event in history if (event.event, event.version) == ("withdrawn", version))
    current = (folder / VERSION).is_file() and (folder / VERSION).read_text("utf-8").strip() == version
    if current:
        notice = f"# Withdrawn\n\nVersion {version} of this dataset was withdrawn: {escaped(reason)}\n"
        files["README.md"] = notice.encode()
    return files, current
