"""`ratings/databases.txt`: where the survey of a study kept its answers outside the study folder, an address a line.

A withdrawal must reach all of them. No password is ever written down.
"""

from pathlib import Path

from builder.files import Folder

DATABASES = "ratings/databases.txt"

_MOST_BYTES = 1_000_000


def remember(folder: Path, address: str) -> None:
    """Notes an address, which has no password in it; one that is known changes nothing.

    Raises:
        FolderError: there is no right to write.
    """
    addresses = remembered(folder)
    if address not in addresses:
        Folder(folder).write({DATABASES: "".join(f"{each}\n" for each in (*addresses, address)).encode()}, 0o600)


def remembered(folder: Path) -> list[str]:
    """The addresses, in the order in which they were first used.

    Raises:
        FolderError: the file is a link, or too large.
    """
    study = Folder(folder)
    if study.size(DATABASES) is None:
        return []
    return study.read(DATABASES, _MOST_BYTES).decode("utf-8", "replace").split()
