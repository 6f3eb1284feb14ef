"""People who withdrew their consent: they are told when they come again, for imports would refuse their answers."""

from pathlib import Path

from builder.ratings import records


class ForgottenPeople:
    """The pseudonyms in a study folder's `ratings/forgotten.csv`, read again whenever that changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state: tuple[int, ...] = ()
        self._ids: frozenset[str] = frozenset()

    def __call__(self) -> frozenset[str]:
        """The pseudonyms as they are now.

        Raises:
            FolderError: the file is damaged.
        """
        path = records.path_of(self._folder, "forgotten")
        try:
            status = path.stat()
        except FileNotFoundError:
            return frozenset()
        state = (status.st_mtime_ns, status.st_size, status.st_ino)
        if state != self._state:
            rows = records.read(self._folder, "forgotten", records.FORGOTTEN)
            self._state, self._ids = state, frozenset(rows["participant_id"])
        return self._ids
