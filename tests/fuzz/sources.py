"""Targets among the readers of pictures, and of tables that say something of pictures."""

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from PIL import Image

from builder.classifiers import predictions
from builder.images import fer2013, folder, pictures
from builder.images.joined import join_groups
from builder.runtime import start_runtime
from tests.fuzz import valid
from tests.fuzz.inputs import damaged, tables
from tests.fuzz.target import Inputs, Target

Image.init()  # imports the readers of all formats, which is no reading of a file

NAMES = ["file_name", "label", "row_id", "happy", "sad", "Usage", "pixels", "emotion", *fer2013.VOTED]
CELLS = [
    "",
    "a.png",
    "../a.png",
    "/etc/passwd",
    "a",
    "0",
    "1",
    "0.5",
    "-1",
    "1e400",
    "nan",
    "\x00",
    "Training",
    "9" * 400,
]


def _pictures() -> list[bytes]:
    """One of each format."""
    made = []
    for format_ in pictures.FORMATS:
        file = io.BytesIO()
        Image.effect_noise((9, 7), 50).convert("RGB").save(file, format_)
        made.append(file.getvalue())
    return made


def _picture(path: Path) -> object:
    return pictures.pixels(pictures.squared(pictures.read(path.read_bytes(), str(path)), 8, 0.875)).sum()


def _table(frame: pd.DataFrame) -> list[bytes]:
    return [frame.to_csv(index=False).encode()]


def _parquet(frame: pd.DataFrame) -> list[bytes]:
    return [frame.to_parquet(index=False)]


PREDICTIONS = pd.DataFrame({"row_id": ["a", "b"], "happy": [0.25, 1.0], "sad": [0.75, 0.0]})
VOTES = pd.DataFrame({"Usage": ["Training"] * 2, **{column: ["1", "1"] for column in fer2013.VOTED}})
FACES = pd.DataFrame({"emotion": [0, 6], "pixels": [" ".join(["7"] * 48 * 48)] * 2, "Usage": ["Training"] * 2})
METADATA = pd.DataFrame({"file_name": ["a.png", "b.png"], "label": ["happy", "sad"]})


def _inputs(files: Sequence[bytes]) -> Inputs:
    return damaged(files, [name.encode() for name in NAMES]) | tables(NAMES, CELLS)


def _metadata(path: Path) -> object:
    for name in ("a.png", "b.png"):
        (path.parent / name).write_bytes(valid.png())
    source = folder.load(str(path.parent), folder.Settings(), start_runtime("cpu", 1))
    return [(source.image(row).sum(), source.label(row)) for row in range(source.rows())]


def _predictions(path: Path) -> object:
    classifier = predictions.load(str(path), predictions.Settings(), start_runtime("cpu", 1))
    return classifier.classes


def _faces(path: Path) -> object:
    (path.parent / "votes.csv").write_bytes(_table(VOTES)[0])
    source = fer2013.load(str(path), fer2013.Settings(votes="votes.csv"), start_runtime("cpu", 1))
    return [source.votes(row) for row in range(source.rows())]


def _votes(path: Path) -> object:
    (path.parent / "fer2013.csv").write_bytes(_table(FACES)[0])
    source = fer2013.load(str(path.parent / "fer2013.csv"), fer2013.Settings(), start_runtime("cpu", 1))
    return [source.votes(row) for row in range(source.rows())]


def _groups(path: Path) -> object:
    votes = path.parent / "two"
    votes.mkdir(exist_ok=True)
    for name in ("a.png", "b.png"):
        (votes / name).write_bytes(valid.png())
    joined = join_groups(folder.load(str(votes), folder.Settings(), start_runtime("cpu", 1)), str(path))
    return [joined.groups(row) for row in range(joined.rows())]


GROUPS = pd.DataFrame({"row_id": ["a.png", "b.png"], "gender": ["x", "y"]})

SOURCES: dict[str, Target] = {
    "picture": Target(_picture, lambda: damaged(_pictures()), _pictures),
    "metadata": Target(_metadata, lambda: _inputs(_table(METADATA)), lambda: _table(METADATA), "metadata.csv", 60),
    "groups": Target(_groups, lambda: _inputs(_table(GROUPS)), lambda: _table(GROUPS), "groups.csv", 60),
    "predictions": Target(
        _predictions, lambda: _inputs(_table(PREDICTIONS)), lambda: _table(PREDICTIONS), "said.csv", 60
    ),
    "predictions-parquet": Target(
        _predictions, lambda: damaged(_parquet(PREDICTIONS)), lambda: _parquet(PREDICTIONS), "said.parquet", 60
    ),
    "fer2013": Target(_faces, lambda: _inputs(_table(FACES)), lambda: _table(FACES), "fer2013.csv", 60),
    "ferplus": Target(_votes, lambda: _inputs(_table(VOTES)), lambda: _table(VOTES), "fer2013new.csv", 60),
}
