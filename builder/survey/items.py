"""The part of a study folder that the survey shows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from builder.errors import SurveyError
from builder.shards import StudyFolder
from builder.survey.settings import SurveySettings
from builder.tasks import Choice, Questionnaire
from loading_script.untrusted.png import open_png

NEEDED = ("consent", "contact")
"""Keys of `[survey]` without which nobody is asked anything."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True)
class Item:
    """An item as the page shows it.

    task: of which task of the study it is. pictures: the image ids, in the order of the layout. words: what fills the
    placeholders of its questions. options: of the questions whose options are the item's own, by question.
    """

    item_id: str
    task: str
    pictures: tuple[str, ...]
    words: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class SurveyItems:
    """The items of every sitting of a study folder, in the order of its tables, and their images, for the survey.

    A sitting is a batch or, where the study has arms, one arm of it (`Questionnaire.sitting`).

    Images stay in the memory-mapped shards: a study of large images need not fit into memory.
    """

    name: str
    kind: str
    study_hash: str
    settings: SurveySettings
    asks: Questionnaire
    sittings: Mapping[int, tuple[Item, ...]]
    images: Mapping[str, pa.StructScalar]

    def ids(self) -> dict[int, frozenset[str]]:
        """The ids of the items of every sitting."""
        return {sitting: frozenset(item.item_id for item in items) for sitting, items in self.sittings.items()}

    def png(self, image_id: str) -> bytes:
        """The PNG of an image that an item shows.

        Raises:
            KeyError: no item shows such an image.
        """
        content: bytes = self.images[image_id].as_py()["bytes"]
        return content


def read_items(folder: Path) -> SurveyItems:
    """The items of a study folder, every shard compared with its SHA-256.

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
    asks, images = study.asked(), dict[str, pa.StructScalar]()
    sittings: dict[int, tuple[Item, ...]] = {}
    for batch in study_folder.finished():
        items = _items(study_folder, batch, asks)
        for arm in asks.arms or (None,):
            shown = tuple(item for item, of in items if of in (None, arm))
            if any(of == arm for _, of in items):
                sittings[asks.sitting(batch, arm)] = shown
        images.update(_images(study_folder, batch, {image for item, _ in items for image in item.pictures}))
    if not sittings:
        raise SurveyError(f"{folder}: its batches have no {asks.table}, so there is nothing to ask people")
    return SurveyItems(study.name, study.study, study.hash(), study.survey, asks, sittings, images)


def _items(folder: StudyFolder, batch: int, asks: Questionnaire) -> list[tuple[Item, str | None]]:
    """The items of a batch with the arm of each, None for every arm; those of a task of which nothing is asked are left
    out.
    """
    tasks = {task.name: task for task in asks.tasks if task.questions}
    shown = []
    for row in folder.read(asks.table, batch).select(_columns(asks)).to_pylist():
        task = tasks.get(row["task"]) if len(asks.tasks) > 1 else asks.tasks[0]
        if task is None:
            continue
        pictures = [row[name] for name in task.layout.pictures]
        pictures = [id_ for each in pictures for id_ in (each if isinstance(each, list) else [each])]
        for value in (row[asks.key], *pictures):
            if not isinstance(value, str) or not _ID.fullmatch(value):  # it becomes a file's name, a part of addresses
                raise SurveyError(f"{folder.root}: batch {batch} has the id {value!r}, which cannot be shown on a page")
        words = {name: str(row[name]) for name in task.layout.words}
        own = [each for each in task.questions if isinstance(each, Choice) and each.column]
        options = {each.name: tuple(row[each.column] or ()) for each in own}
        item = Item(row[asks.key], task.name, tuple(pictures), words, options)
        shown.append((item, row["arm"] if asks.arms else None))
    return shown


def _columns(asks: Questionnaire) -> list[str]:
    """The columns of the items that the survey needs."""
    columns = [asks.key, *(["task"] if len(asks.tasks) > 1 else []), *(["arm"] if asks.arms else [])]
    for task in asks.tasks:
        columns += [*task.layout.pictures, *task.layout.words]
        columns += [each.column for each in task.questions if isinstance(each, Choice) and each.column]
    return list(dict.fromkeys(columns))


def _images(folder: StudyFolder, batch: int, wanted: set[str]) -> dict[str, pa.StructScalar]:
    table = folder.read("images", batch)
    rows = {image_id: row for row, image_id in enumerate(table["image_id"].to_pylist())}
    lost = wanted - rows.keys()
    if lost:
        raise SurveyError(f"{folder.root}: batch {batch} has no image {min(lost)!r}, which an item shows")
    images = {image_id: table["image"][rows[image_id]] for image_id in wanted}
    for image_id, image in images.items():
        try:
            open_png(image.as_py()["bytes"] or b"")
        except ValueError as error:
            raise SurveyError(f"{folder.root}: batch {batch}: the image {image_id!r} {error}") from None
    return images
