"""The earlier versions of a dataset that anybody can read: who is in each, and what it shows of them."""

from pathlib import Path

import pyarrow as pa

from builder.publish import hub
from builder.publish.changes import Version
from builder.publish.history import read_history, standing
from builder.publish.provenance import read_provenance
from builder.publish.record import recorded
from loading_script.lands_between import PROVENANCE

PEOPLE = "participants"


def offered_in_folder(root: Path, folder: Path) -> dict[str, pa.Table]:
    """The participants of the versions that a published folder held before its current one, oldest first.

    They are known from the records of the study folder `root`; the folder itself holds the current version alone.

    Raises:
        PublishError: there is no record of one, or the history or a record is damaged.
    """
    versions = standing(read_history(folder))
    if (folder / PROVENANCE).exists():
        current = read_provenance(folder).version
        versions = [version for version in versions if version != current]
    return recorded(root, versions, str(folder.absolute()))


def offered_on_hub(repo: str, into: Path) -> dict[str, pa.Table]:
    """The participants of every version of the dataset `repo` on the Hub but the newest, oldest first.

    Raises:
        PublishError: one is damaged, or the Hub refuses or cannot be reached.
    """
    folders = hub.fetch_earlier(repo, PEOPLE, into)
    return {version: Version(folder, read_provenance(folder)).participants() for version, folder in folders.items()}
