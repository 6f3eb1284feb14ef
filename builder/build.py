"""`build`: from a study to a finished folder."""

import logging
from pathlib import Path

from builder.shards import Status, StudyFolder
from builder.study import Study

log = logging.getLogger(__name__)


def build(study: Study, out: Path, device: str = "auto") -> tuple[Status, int]:
    """Builds the batches of `study` that `out` does not hold yet.

    Returns:
        The folder's status afterwards, and how many batches were built now.

    Raises:
        LandsBetweenError: everything that a user can act on; what was finished stays and is continued.
    """
    folder = StudyFolder(out)
    with folder.locked():
        asked = study.batches
        study = folder.claim(study)
        folder.tidy()
        finished = set(folder.finished())
        todo = [batch for batch in range(asked) if batch not in finished]
        if todo or not folder.described:
            from builder.engines import local  # torch takes seconds to import, a finished folder does not need it

            log.info("%d of %d batches to build", len(todo), asked)
            local.run(study, folder, todo, device)
        folder.write_readme()
        return folder.status(), len(todo)
