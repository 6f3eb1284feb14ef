"""The part of a study folder that the survey shows."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from datasets import ClassLabel, Features

from builder.errors import SurveyError
from builder.shards import StudyFolder
from builder.survey.enlarge import enlarged
from builder.survey.settings import SurveySettings
from builder.tasks import Choice, Control, Questionnaire
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
class Practice:
    """An item on which a participant may try how to answer, and the controls that say what is right there."""

    item: Item
    checks: tuple[Control, ...]


@dataclass(frozen=True)
class SurveyItems:
    """The items of every sitting of a study folder, in the order of its tables, and their images, for the survey.

    A sitting is a batch or, where the study has arms, one arm of it (`Questionnaire.sitting`). `practice` has what each
    sitting begins with, where `[survey] practice` asks for that.

    Images stay in the memory-mapped shards: a study of large images need not fit into memory.
    """

    name: str
    kind: str
    study_hash: str
    settings: SurveySettings
    asks: Questionnaire
    sittings: Mapping[int, tuple[Item, ...]]
    images: Mapping[str, pa.StructScalar]
    practice: Mapping[int, Practice] = field(default_factory=dict)

    def ids(self) -> dict[int, frozenset[str]]:
        """The ids of the items of every sitting."""
        return {sitting: frozenset(item.item_id for item in items) for sitting, items in self.sittings.items()}

    def png(self, image_id: str) -> bytes:
        """The PNG of an image that an item shows, enlarged where it is small and the study file says how.

        Raises:
            KeyError: no item shows such an image.
        """
        content: bytes = self.images[image_id].as_py()["bytes"]
        return content if self.settings.enlarge is None else enlarged(content, self.settings.enlarge)


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
    controls: dict[int, Practice] = {}
    for batch in study_folder.finished():
        items = _items(study_folder, batch, asks)
        first = next((Practice(item, checks) for item, _, checks in items if checks), None)
        controls |= {} if first is None else {batch: first}
        for arm in asks.arms or (None,):
            of_arm = tuple(item for item, of, _ in items if of in (None, arm))
            if any(of == arm for _, of, _ in items):
                sittings[asks.sitting(batch, arm)] = of_arm
        images.update(_images(study_folder, batch, {image for item, *_ in items for image in item.pictures}))
    if not sittings:
        raise SurveyError(f"{folder}: its batches have no {asks.table}, so there is nothing to ask people")
    practice = _practice(folder, asks, sittings, controls) if study.survey.practice else {}
    return SurveyItems(study.name, study.study, study.hash(), study.survey, asks, sittings, images, practice)


def _practice(
    folder: Path, asks: Questionnaire, sittings: Iterable[int], controls: Mapping[int, Practice]
) -> dict[int, Practice]:
    """The practice of each sitting: a control of another batch or, where no other has one, of its own."""
    if not controls:
        raise SurveyError(
            f"{folder / 'study.toml'}: [survey] practice: no batch has a control, an {asks.item} with a sure answer to "
            "practice on; leave practice out"
        )
    practice = {}
    for sitting in sittings:
        own = asks.batch_of(sitting)
        practice[sitting] = next((each for batch, each in controls.items() if batch != own), None) or controls[own]
    return practice


def _items(folder: StudyFolder, batch: int, asks: Questionnaire) -> list[tuple[Item, str | None, tuple[Control, ...]]]:
    """The items of a batch with the arm of each, None for every arm, and the controls that it is one of.

    Those of a task of which nothing is asked are left out.
    """
    tasks = {task.name: task for task in asks.tasks if task.questions}
    placed = []
    table = folder.read(asks.table, batch)
    features = Features.from_arrow_schema(table.schema)
    for row in table.select(_columns(asks)).to_pylist():
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
        checks = tuple(each for each in task.controls if _word(row[each.column], features[each.column]) == each.value)
        placed.append((item, row["arm"] if asks.arms else None, checks))
    return placed


def _word(value: Any, feature: Any) -> Any:
    return feature.int2str(value) if isinstance(feature, ClassLabel) and value is not None else value


def _columns(asks: Questionnaire) -> list[str]:
    """The columns of the items that the survey needs."""
    columns = [asks.key, *(["task"] if len(asks.tasks) > 1 else []), *(["arm"] if asks.arms else [])]
    for task in asks.tasks:
        columns += [*task.layout.pictures, *task.layout.words]
        columns += [each.column for each in task.questions if isinstance(each, Choice) and each.column]
        columns += [each.column for each in task.controls]
    return list(dict.fromkeys(columns))


def _images(folder: StudyFolder, batch: int, image_ids: set[str]) -> dict[str, pa.StructScalar]:
    table = folder.read("images", batch)
    rows = {image_id: row for row, image_id in enumerate(table["image_id"].to_pylist())}
    lost = image_ids - rows.keys()
    if lost:
        raise SurveyError(f"{folder.root}: batch {batch} has no image {min(lost)!r}, which an item shows")
    images = {image_id: table["image"][rows[image_id]] for image_id in image_ids}
    for image_id, image in images.items():
        try:
            open_png(image.as_py()["bytes"] or b"")
        except ValueError as error:
            raise SurveyError(f"{folder.root}: batch {batch}: the image {image_id!r} {error}") from None
    return images
