"""`fer2013:PATH`: the faces of FER-2013, from its table of pixels, with FERPlus's votes or its own labels.

PATH is `fer2013.csv` (columns emotion, pixels, Usage). FERPlus's `fer2013new.csv` has, row by row, how often ten people
chose each of eight emotions, "unknown" and "no face"; some rows have nine votes.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from builder import settings
from builder.catalog import Entry
from builder.errors import AssetError, StudyError
from builder.frames import place, quoted, read_frame
from builder.images import Image, ImageSource, PlainSource
from builder.runtime import Runtime
from loading_script.votes import NO_CLASS

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""FER-2013's labels 0 to 6."""

VOTED = {
    "neutral": "neutral",
    "happiness": "happy",
    "surprise": "surprise",
    "sadness": "sad",
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "contempt": "contempt",
    "unknown": NO_CLASS[0],
    "NF": NO_CLASS[1],
}
"""FERPlus's columns and what they are called here."""

SIDE = 48
"""Pixels of a face."""

MOST_VOTES = 10
"""Most votes of one face."""

LICENSE = "FER-2013's terms (research use); not redistributed"


class Settings(settings.Settings):
    """The keys of `[images]` for FER-2013.

    votes: FERPlus's table, in the folder of FER-2013's; "" takes FER-2013's own labels instead.
    """

    votes: str = "fer2013new.csv"


class Fer2013(PlainSource):
    """Gray faces of 48 pixels; a row is called by its number in the table. Its group `usage` is the part of the set."""

    redistributable = False
    license = LICENSE

    def __init__(
        self, faces: Image, usage: list[str], labels: list[int] | None, votes: npt.NDArray[np.int64] | None
    ) -> None:
        """faces: (n, 48, 48) gray; usage: (n,); labels: (n,), or votes: (n, 10), in the order of `VOTED`."""
        self.classes = EMOTIONS if votes is None else tuple(VOTED.values())
        self._faces, self._usage, self._labels, self._votes = faces, usage, labels, votes

    def rows(self) -> int:
        """35,887 of the whole set."""
        return len(self._faces)

    def image(self, row: int) -> Image:
        """(48, 48, 3), three times the gray level."""
        return np.repeat(self._faces[row, :, :, None], 3, axis=2)

    def label(self, row: int) -> int | None:
        """FER-2013's own label; None where there are FERPlus's votes."""
        return None if self._labels is None else self._labels[row]

    def votes(self, row: int) -> tuple[int, ...] | None:
        """FERPlus's votes for each class; None where FER-2013's labels are taken."""
        return None if self._votes is None else tuple(self._votes[row].tolist())

    def groups(self, row: int) -> Mapping[str, str]:
        """`usage`: Training, PublicTest or PrivateTest."""
        return {"usage": self._usage[row]}


def load(argument: str | None, own: Settings, runtime: Runtime) -> ImageSource:
    """The faces in the table `argument`.

    Raises:
        StudyError: no table is named.
        AssetError: a table is not what it should be: the error names file and row.
    """
    if not argument:
        raise StudyError("images.model: the table of pixels is missing; write fer2013:PATH, the path of fer2013.csv")
    path = Path(argument)
    frame = read_frame(path)
    for column in ("pixels", "Usage", *(() if own.votes else ("emotion",))):
        if column not in frame:
            raise AssetError(f"{path}: is no table of FER-2013: it has no column {column}")
    faces, usage = _faces(path, frame["pixels"]), frame["Usage"].tolist()
    if not own.votes:
        return Fer2013(faces, usage, _labels(path, frame["emotion"]), None)
    beside = path.parent / own.votes
    if Path(own.votes).name != own.votes or not beside.is_file():
        raise AssetError(
            f"images.votes: there is no file {own.votes} in {path.parent}: put FERPlus's table there, or write "
            'votes = "" to take FER-2013\'s own labels'
        )
    return Fer2013(faces, usage, None, _votes(beside, read_frame(beside), usage))


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    return [Entry(f"{name}:PATH", LICENSE, "yours: fer2013.csv, and FERPlus's fer2013new.csv", "none")]


def _faces(path: Path, pixels: "pd.Series[str]") -> Image:
    """(n, 48, 48), from texts of 2,304 numbers."""
    faces = np.empty((len(pixels), SIDE, SIDE), np.uint8)
    for row, text in enumerate(pixels):
        try:
            levels = np.fromstring(text, np.int64, sep=" ")
        except ValueError:
            levels = np.empty(0, np.int64)
        if levels.size != SIDE**2 or levels.min() < 0 or levels.max() > 255:
            raise AssetError(
                f"{place(path, row)}: pixels must be {SIDE} x {SIDE} numbers from 0 to 255; correct the row, or take "
                "it out of all tables"
            )
        faces[row] = levels.reshape(SIDE, SIDE)
    return faces


def _labels(path: Path, emotions: "pd.Series[str]") -> list[int]:
    numbers = {str(number): number for number in range(len(EMOTIONS))}
    for row, emotion in enumerate(emotions):
        if emotion not in numbers:
            raise AssetError(f"{place(path, row)}: emotion is {quoted(emotion)}; it must be a number from 0 to 6")
    return [numbers[emotion] for emotion in emotions]


def _votes(path: Path, frame: pd.DataFrame, usage: list[str]) -> npt.NDArray[np.int64]:
    """(n, 10), checked against the rows of the other table."""
    absent = [column for column in ("Usage", *VOTED) if column not in frame]
    if absent:
        raise AssetError(f"{path}: is no table of FERPlus: it has no column {' and no column '.join(absent)}")
    for row, (part, of_pixels) in enumerate(zip(frame["Usage"], usage, strict=False)):
        if part != of_pixels:
            raise AssetError(
                f"{place(path, row)}: Usage is {quoted(part)}, in the table of pixels {quoted(of_pixels)}; both must "
                "have the same faces in one order"
            )
    if len(frame) != len(usage):
        raise AssetError(
            f"{place(path, min(len(frame), len(usage)))}: is in one table alone: {len(frame)} faces have votes, "
            f"{len(usage)} have pixels; both must have the same faces in one order"
        )
    counts = np.zeros((len(frame), len(VOTED)), np.int64)
    allowed = {str(count): count for count in range(MOST_VOTES + 1)}
    for at, column in enumerate(VOTED):
        for row, text in enumerate(frame[column]):
            if text not in allowed:
                raise AssetError(
                    f"{place(path, row)}: {column} is {quoted(text)}; it must be a count from 0 to {MOST_VOTES}"
                )
            counts[row, at] = allowed[text]
    over = np.flatnonzero(counts.sum(axis=1) > MOST_VOTES)
    if len(over):
        raise AssetError(
            f"{place(path, int(over[0]))}: has {counts[over[0]].sum()} votes; a face has at most {MOST_VOTES}"
        )
    return counts
