"""`hf:USER/REPO@COMMIT`: the pictures of a dataset on the Hugging Face Hub, pinned by its commit.

`datasets` reads it, from Parquet, Arrow or folders of pictures alone: other formats run what is in them, or have none.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from builder.catalog import Entry
from builder.errors import AssetError, StudyError
from builder.frames import named, place, quoted
from builder.images import Image, ImageSource, PlainSource
from builder.images.checks import check_classes, check_group, check_labels
from builder.images.folder import MOST_BYTES, Rights, Shape, by_number
from builder.images.licenses import NOT_STATED, demanded
from builder.runtime import Runtime

FORMATS = ("arrow", "imagefolder", "parquet")
"""Modules of `datasets` that read nothing but data."""

_ADDRESS = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]{40})")


class Settings(Shape, Rights):
    """The keys of `[images]` for a dataset on the Hub.

    config, split: which part of it. image, label, groups: its columns; label = "" takes none. classes: the labels that
    may occur, in the order that tables have; by default those of the column.
    """

    config: str | None = None
    split: str = "train"
    image: str = "image"
    label: str = "label"
    groups: Annotated[tuple[str, ...], Field(strict=False)] = ()
    classes: Annotated[tuple[str, ...], Field(strict=False)] | None = None


class HubSource(PlainSource):
    """Satisfies `builder.images.ImageSource`; a row is called by its number in the split."""

    def __init__(self, name: str, rows: Any, labels: Sequence[str] | None, classes: tuple[str, ...], own: Settings):
        """name: for errors. rows: a `datasets.Dataset` whose pictures are not decoded. labels: names of classes."""
        self.classes, self._name, self._rows, self._own = classes, name, rows, own
        self.redistributable, self.license = own.redistributable, own.license or NOT_STATED
        self.demands = demanded(self.license)
        index = {each: at for at, each in enumerate(classes)}
        self._labels = None if labels is None else [index[label] for label in labels]
        self._groups = {column: list(map(_text, rows[column])) for column in own.groups}

    def rows(self) -> int:
        """The rows of the split."""
        return len(self._rows)

    def image(self, row: int) -> Image:
        """The picture, of its own size or of that of the study file.

        Raises:
            AssetError: there is none, or it cannot be read.
        """
        return self._own.shaped(self._content(row), place(self._name, row))

    def label(self, row: int) -> int | None:
        """The class of a row; None where no column has labels."""
        return None if self._labels is None else self._labels[row]

    def groups(self, row: int) -> Mapping[str, str]:
        """The values of the columns that `groups` names."""
        return {column: values[row] for column, values in self._groups.items()}

    def _content(self, row: int) -> bytes:
        stored = self._rows[row][self._own.image] or {}
        content, path = stored.get("bytes"), stored.get("path")
        if content is None and path:
            # A path in a row may lead anywhere: only what was fetched from the Hub is read.
            file = Path(path).resolve()
            if not any(file.is_relative_to(cache.resolve()) for cache in _caches()):
                raise AssetError(
                    f"{place(self._name, row)}: its picture is {quoted(path)}, which is no file of the dataset"
                )
            content = file.read_bytes() if file.is_file() and file.stat().st_size <= MOST_BYTES else None
        if not content:
            raise AssetError(f"{place(self._name, row)}: has no picture in the column {self._own.image}")
        return bytes(content)


def load(argument: str | None, own: Settings, runtime: Runtime) -> ImageSource:
    """The pictures of the dataset `argument`, fetched into the cache of `datasets`.

    Raises:
        StudyError: no dataset is named, or no commit pins it.
        AssetError: it cannot be fetched, or is no dataset of pictures with these columns.
    """
    match = _ADDRESS.fullmatch(argument or "")
    if match is None:
        raise StudyError(
            f"images.model = 'hf:{argument or ''}': write hf:user/repo@commit, commit being a full hash (40 "
            "hexadecimal digits, lower case): a branch or a tag can move, and the pictures with it"
        )
    name = f"{match['repo']}@{match['commit'][:8]}"
    rows = _fetched(match["repo"], match["commit"], name, own)
    labels, classes = _labels(name, rows, own)
    for column in own.groups:
        check_group(column, list(map(_text, rows[column])), name)
    return HubSource(name, rows, labels, classes, own)


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    return [Entry(f"{name}:USER/REPO@COMMIT", "that of the dataset", "fetched by datasets", "none")]


def _fetched(repo: str, commit: str, name: str, own: Settings) -> Any:
    """The split, its pictures not decoded."""
    import datasets
    from huggingface_hub.errors import HfHubHTTPError

    if Path(repo).exists():  # which datasets would read instead
        raise AssetError(f"images.model: {repo} is a folder in {Path.cwd()}; write folder:{repo}, or move it away")
    try:
        builder = datasets.load_dataset_builder(repo, own.config, revision=commit)
        format_ = type(builder).__module__.split(".")[2]
        if format_ not in FORMATS:
            raise AssetError(f"{name}: is stored as {format_}; {', '.join(FORMATS)} are read")
        builder.download_and_prepare()
        rows = builder.as_dataset(split=own.split)
    except (HfHubHTTPError, datasets.exceptions.DatasetsError, OSError, ValueError) as error:
        raise AssetError(f"{name}: cannot be fetched from the Hub: {str(error)[:500]}") from error
    columns = (own.image, *([own.label] if own.label else []), *own.groups)
    absent = [column for column in columns if column not in rows.column_names]
    if absent:
        raise AssetError(f"{name}: has no column {' and no column '.join(absent)}; it has {named(rows.column_names)}")
    if not isinstance(rows.features[own.image], datasets.Image):
        raise AssetError(f"{name}: the column {own.image} has no pictures")
    if not len(rows):
        raise AssetError(f"{name}: {own.split} has no rows")
    return rows.cast_column(own.image, datasets.Image(decode=False))


def _labels(name: str, rows: Any, own: Settings) -> tuple[list[str] | None, tuple[str, ...]]:
    """The label of each row and all classes."""
    if not own.label:
        return None, ()
    feature, values = rows.features[own.label], list(rows[own.label])
    names = getattr(feature, "names", None)  # of a ClassLabel, whose -1 is no label
    labels = [
        "" if value is None or (names and value < 0) else names[value] if names else _text(value) for value in values
    ]
    classes = own.classes or (tuple(names) if names else tuple(sorted(set(labels) - {""}, key=by_number)))
    check_labels(labels, classes, lambda row: place(name, row))
    check_classes(classes, name)
    return labels, classes


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _caches() -> list[Path]:
    import datasets
    import huggingface_hub.constants

    return [Path(datasets.config.HF_DATASETS_CACHE), Path(huggingface_hub.constants.HF_HUB_CACHE)]
