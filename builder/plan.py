"""The plan of a build, for who wants to know before: items, ratings, time, weights."""

from collections.abc import Sequence
from dataclasses import dataclass

from builder.errors import FolderError
from builder.shards import StudyFolder
from builder.studies import load_kind
from builder.study import Study


@dataclass(frozen=True)
class Plan:
    """The work that a study asks for, and the part that is left.

    table: what its items are called. items: those of a batch; 0 where that is told by building one alone. raters: of
    each batch. left: batches that are not finished. seconds: a batch took so long on average here; None before one is
    finished.
    """

    table: str
    items: int
    batches: int
    raters: int
    left: int
    seconds: float | None

    def lines(self) -> list[str]:
        """The plan in words."""
        batches = f"{self.batches} batch{'es' if self.batches != 1 else ''}"
        built = f"{self.left} of them to be built" if self.left < self.batches else "all to be built"
        if not self.items:
            return [f"{batches}, {built}; how many {self.table} each has is known when one is built", *self._time()]
        return [
            f"{batches} of {self.items:,} {self.table}, {self.items * self.batches:,} in all; {built}",
            f"to rate: {self.items * self.batches * self.raters:,} ratings, {self.raters} of each of the {self.table}, "
            f"by {self.raters * self.batches:,} people who rate a batch each",
            *self._time(),
        ]

    def _time(self) -> Sequence[str]:
        if not self.left:
            return ()
        if self.seconds is None:
            return ("time: no batch is finished here yet, so none was measured; `--batches 1` builds one",)
        minutes = self.seconds * self.left / 60
        return (f"time: about {minutes:.0f} minutes with one worker, by the batches that are finished here",)


def plan(study: Study, out: str) -> Plan:
    """A plan: the work that `build` would do with a study and a folder.

    Raises:
        FolderError: the folder holds another study.
    """
    kind = load_kind(study.study)
    finished, seconds = _finished(study, out)
    return Plan(
        kind.tables[0].name,
        kind.items(study),
        study.batches,
        study.survey.raters_per_item,
        study.batches - len([batch for batch in finished if batch < study.batches]),
        seconds,
    )


def _finished(study: Study, out: str) -> tuple[list[int], float | None]:
    """The finished batches of a folder, and how long one took on average."""
    folder = StudyFolder(out)
    if not folder.described:
        return [], None
    stored = folder.manifest().study_hash
    if stored != study.hash() and folder.has_study_alone():
        return [], None
    if stored != study.hash():
        raise FolderError(f"{out}: holds another study; name another folder with --out")
    finished = folder.finished()
    took = [folder.batch_manifest(batch, stored).timings.get("batch", 0.0) for batch in finished]
    return finished, sum(took) / len(took) if took else None
