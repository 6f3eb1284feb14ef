"""The rating task: what of a study folder the survey shows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from builder.errors import SurveyError
from builder.shards import StudyFolder
from builder.survey.settings import SurveySettings
from loading_script.untrusted.png import open_png

NEEDED = ("consent", "contact")
"""Keys of `[survey]` without which nobody is asked anything."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True)
class Pair:
    """One pair of the task; base and sample are image ids."""

    pair_id: str
    base: str
    sample: str


@dataclass(frozen=True)
class Task:
    """The pairs of every batch in the order of the study's tables, and their images.

    Images stay in the memory-mapped shards: a study of large images need not fit into memory.
    """

    name: str
    study_hash: str
    settings: SurveySettings
    batches: Mapping[int, tuple[Pair, ...]]
    images: Mapping[str, pa.StructScalar]

    def png(self, image_id: str) -> bytes:
        """The PNG of an image of the task.

        Raises:
            KeyError: the task has no such image.
        """
        content: bytes = self.images[image_id].as_py()["bytes"]
        return content


def read_task(folder: Path) -> Task:
    """The task of a study folder, every shard compared with its SHA-256.

    Raises:
        SurveyError: `[survey]` lacks what participants must be told, or batches are not finished or damaged.
        FolderError: there is no such study folder, or it is damaged.
    """
    study_folder = StudyFolder(folder)
    study = study_folder.study()
    lacking = [key for key in NEEDED if not getattr(study.survey, key)]
    if lacking:
        raise SurveyError(
            f"{folder / 'study.toml'}: [survey] lacks {' and '.join(lacking)}: say there what participants consent to "
            "(consent) and whom they can ask (contact); [survey] may be edited there at any time"
        )
    status = study_folder.status(verify=True)
    if status.missing or status.damaged:
        wrong = [f"batch {batch} is not built" for batch in status.missing[:3]]
        wrong += [f"batch {batch} is damaged: {reason}" for batch, reason in list(status.damaged.items())[:3]]
        raise SurveyError(
            f"{folder}: of {status.wanted} batches {len(status.missing)} are not built, {len(status.damaged)} damaged:"
            + "".join(f"\n  {reason}" for reason in wrong)
            + f"\n  Build them first: python -m builder build {folder / 'study.toml'} --out {folder}"
        )
    batches, images = {}, {}
    for batch in study_folder.finished():
        batches[batch] = _pairs(study_folder, batch)
        wanted = {image for pair in batches[batch] for image in (pair.base, pair.sample)}
        images.update(_images(study_folder, batch, wanted))
    return Task(study.name, study.hash(), study.survey, batches, images)


def _pairs(folder: StudyFolder, batch: int) -> tuple[Pair, ...]:
    columns = folder.read("pairs", batch).select(["pair_id", "base_id", "sample_id"]).to_pydict()
    for value in (value for values in columns.values() for value in values):
        if not isinstance(value, str) or not _ID.fullmatch(value):  # it becomes a file's name and a part of addresses
            raise SurveyError(f"{folder.root}: batch {batch} has the id {value!r}, which cannot be shown on a page")
    return tuple(Pair(*ids) for ids in zip(*columns.values(), strict=True))


def _images(folder: StudyFolder, batch: int, wanted: set[str]) -> dict[str, pa.StructScalar]:
    table = folder.read("images", batch)
    rows = {image_id: row for row, image_id in enumerate(table["image_id"].to_pylist())}
    lost = wanted - rows.keys()
    if lost:
        raise SurveyError(f"{folder.root}: batch {batch} has no image {min(lost)!r}, which a pair shows")
    images = {image_id: table["image"][rows[image_id]] for image_id in wanted}
    for image_id, image in images.items():
        try:
            open_png(image.as_py()["bytes"] or b"")
        except ValueError as error:
            raise SurveyError(f"{folder.root}: batch {batch}: the image {image_id!r} {error}") from None
    return images
