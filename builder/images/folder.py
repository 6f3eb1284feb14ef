"""`folder:PATH`: pictures in a folder of the user's, read as the `imagefolder` of `datasets` reads them.

Each picture in the folder of its class; or, where there is a metadata.csv or metadata.parquet, the pictures that its
column `file_name` names, with what its other columns say of them. No link in the folder is followed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from stat import S_ISDIR, S_ISLNK, S_ISREG
from typing import Annotated, Self

from pydantic import Field, model_validator

from builder import settings
from builder.catalog import Entry
from builder.errors import AssetError, FolderError, StudyError
from builder.files import Folder
from builder.frames import named, place, quoted, read_frame
from builder.images import Image, ImageSource, PlainSource, pictures
from builder.images.checks import check_classes, check_group, check_labels
from builder.images.licenses import NOT_STATED, demanded
from builder.runtime import Runtime

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")

METADATA = ("metadata.csv", "metadata.parquet")

MOST_FILES = 5_000_000

MOST_BYTES = 100_000_000
"""Bytes of the largest file."""


class Shape(settings.Settings):
    """The keys of `[images]` for the size of pictures.

    side: of the square that is cut from the center of each picture and scaled, in pixels; None: they are as they are.
    center: side of the square before it is scaled, as a share of the picture's shorter side; classifiers of ImageNet
        are tested with 0.875.
    """

    side: Annotated[int, Field(ge=8, le=4096)] | None = None
    center: Annotated[float, Field(gt=0, le=1)] = 1.0

    @model_validator(mode="after")
    def _only_with_side(self) -> Self:
        if self.side is None and "center" in self.model_fields_set:
            raise ValueError("center: needs side, the pixels that the center is scaled to")
        return self

    def shaped(self, content: bytes, name: str) -> Image:
        """The picture in a file's content, in the wanted size; `name` is what an error calls it.

        Raises:
            AssetError: it is no picture.
        """
        picture = pictures.read(content, name)
        return pictures.pixels(picture if self.side is None else pictures.squared(picture, self.side, self.center))


class Rights(settings.Settings):
    """The keys of `[images]` for what a user's pictures may be used for.

    license: as a card states it. redistributable: whether the pictures may be published.
    """

    license: Annotated[str, Field(min_length=1)] | None = None
    redistributable: bool = False

    @model_validator(mode="after")
    def _stated(self) -> Self:
        if self.redistributable and self.license is None:
            raise ValueError("redistributable: pictures that are published need a license: add license = ...")
        return self


class OfFiles(Shape, Rights):
    """The keys of `[images]` for pictures in files of a user's."""


class Settings(OfFiles):
    """The keys of `[images]` for a folder.

    classes: the labels that may occur, in the order that tables have; by default those that occur, sorted.
    label, groups: columns of the metadata.
    """

    classes: Annotated[tuple[str, ...], Field(strict=False)] | None = None
    label: str = "label"
    groups: Annotated[tuple[str, ...], Field(strict=False)] = ()


@dataclass(frozen=True)
class Listing:
    """The pictures of a folder with their labels and groups, a row each.

    files: paths in the folder. labels: names of classes; None: nobody labeled. groups: values by column.
    """

    files: list[str]
    labels: list[str] | None
    groups: dict[str, list[str]]


class FolderSource(PlainSource):
    """Satisfies `builder.images.ImageSource`; a row is called by its path in the folder."""

    def __init__(self, root: Path, listing: Listing, classes: tuple[str, ...], own: OfFiles) -> None:
        """root: the folder; listing: its pictures; classes: among which each label is."""
        self.classes, self._listing, self._own, self._folder = classes, listing, own, Folder(root)
        self.redistributable, self.license = own.redistributable, own.license or NOT_STATED
        self.demands = demanded(self.license)
        self._index = {name: index for index, name in enumerate(classes)}

    def rows(self) -> int:
        """The pictures of the folder, or those of its metadata."""
        return len(self._listing.files)

    def image(self, row: int) -> Image:
        """The picture, of its own size or of that of the study file.

        Raises:
            AssetError: it is no picture, is too large, or is gone.
        """
        name = self._listing.files[row]
        source = place(self._folder.root / name, row)
        try:
            content = self._folder.read(name, MOST_BYTES)
        except FolderError as error:
            raise AssetError(f"{error} (row {row}, from 0)") from error
        return self._own.shaped(content, source)

    def row_id(self, row: int) -> str:
        """The path in the folder."""
        return self._listing.files[row]

    def label(self, row: int) -> int | None:
        """The class of a row; None where nothing is labeled."""
        return None if self._listing.labels is None else self._index[self._listing.labels[row]]

    def groups(self, row: int) -> Mapping[str, str]:
        """The values of the columns that `groups` names."""
        return {column: values[row] for column, values in self._listing.groups.items()}


def load(argument: str | None, own: Settings, runtime: Runtime) -> ImageSource:
    """The pictures of the folder `argument`.

    Raises:
        StudyError: no folder is named, or keys ask for what it has not.
        AssetError: it is no folder of pictures: the error names file and row.
    """
    root = existing(argument, "folder")
    listing = listed(root, own)
    labels = listing.labels or []
    classes = own.classes or tuple(sorted(set(labels), key=by_number))
    if own.classes is not None and listing.labels is None:
        raise StudyError(f"images.classes: {root} has neither folders of classes nor metadata with column {own.label}")
    check_labels(labels, classes, lambda row: place(root / listing.files[row], row))
    check_classes(classes, root)
    return FolderSource(root, listing, classes, own)


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    return [Entry(f"{name}:PATH", "that of your pictures", "yours: a folder", "none")]


def existing(argument: str | None, name: str) -> Path:
    """The folder that a model names.

    Raises:
        StudyError: it names none.
        AssetError: there is no such folder.
    """
    if not argument:
        raise StudyError(f"images.model: the folder is missing; write {name}:PATH")
    root = Path(argument)
    if not root.is_dir():
        raise AssetError(f"images.model: {argument}: there is no such folder in {Path.cwd()}")
    return root


def listed(root: Path, own: Settings) -> Listing:
    """The pictures of a folder.

    Raises:
        StudyError, AssetError: as `load`.
    """
    metadata = [name for name in METADATA if _size(root, name) is not None]
    if len(metadata) > 1:
        raise AssetError(f"{root}: has both {' and '.join(metadata)}; keep one of them")
    if metadata:
        return _from_metadata(root, metadata[0], own)
    for key, value in (("groups", own.groups), ("label", own.label != "label")):
        if value:
            raise StudyError(f"images.{key}: names columns of metadata, and {root} has no {' or '.join(METADATA)}")
    return _from_folders(root)


def _from_folders(root: Path) -> Listing:
    files = sorted(_pictures(Folder(root)))
    if not files:
        raise AssetError(f"{root}: has no pictures (files that end in {', '.join(ENDINGS)})")
    parts = {name: PurePosixPath(name).parts for name in files}
    depths = {len(each) for each in parts.values()}
    if depths == {1}:
        return Listing(files, None, {})
    astray = next((name for name in files if len(parts[name]) != 2), None)
    if astray is not None:
        raise AssetError(
            f"{root / astray}: pictures lie either all in {root} itself, or each in the folder of its class right "
            "below it; move this one, name the folder that is meant, or write a metadata.csv"
        )
    return Listing(files, [parts[name][0] for name in files], {})


def _pictures(folder: Folder, below: str = "") -> Iterator[str]:
    """The paths of all files that are pictures by their names, hidden ones left out."""
    count = 0
    left = [below]
    while left:
        at = left.pop()
        for name, entry in folder.listed(at).items():
            path = f"{at}/{name}" if at else name
            if name.startswith("."):
                continue
            if S_ISLNK(entry.st_mode):
                raise AssetError(
                    f"{folder.root / path}: is a link, which may lead anywhere and is not followed; put what it leads "
                    "to in its place, or remove it"
                )
            if S_ISDIR(entry.st_mode):
                left.append(path)
            elif S_ISREG(entry.st_mode) and name.lower().endswith(ENDINGS):
                count += 1
                if count > MOST_FILES:
                    raise AssetError(f"{folder.root}: has more than {MOST_FILES:,} pictures; name a part of it")
                yield path


def _from_metadata(root: Path, name: str, own: Settings) -> Listing:
    frame = read_frame(root / name)
    label = own.label if own.label in frame else None
    columns = [*own.groups, *([own.label] if "label" in own.model_fields_set or own.classes is not None else [])]
    for column in ("file_name", *columns):
        if column not in frame:
            raise AssetError(f"{root / name}: has no column {column}; it has {named(frame.columns)}")
    files = frame["file_name"].tolist()
    check_files(root, name, files)
    for column in own.groups:
        check_group(column, frame[column].tolist(), root / name)
    labels = frame[label].tolist() if label else None
    if labels and "" in labels:
        raise AssetError(f"{place(root / name, labels.index(''))}: {label} is empty; label it, or take the row out")
    return Listing(files, labels, {column: frame[column].tolist() for column in own.groups})


def check_files(root: Path, name: str, files: list[str], per_row: int = 1) -> None:
    """Checks that every file that a table names, so many a row, is named once and is there, as a file in the folder.

    Raises:
        AssetError: one is not, or lies behind a link or outside the folder.
    """
    folder, rows = Folder(root), dict[str, int]()
    for at, file in enumerate(files):
        row = at // per_row
        if file in rows:
            raise AssetError(
                f"{place(root / name, row)}: {quoted(file)} is row {rows[file]} already; keep one of the two"
            )
        rows[file] = row
        try:
            size = folder.size(file) if file else None
        except FolderError as error:
            raise AssetError(f"{place(root / name, row)}: {error}") from error
        if size is None:
            raise AssetError(f"{place(root / name, row)}: there is no file {quoted(file)} in {root}; take the row out")


def _size(root: Path, name: str) -> int | None:
    try:
        return Folder(root).size(name)
    except FolderError as error:
        raise AssetError(str(error)) from error


def by_number(name: str) -> tuple[int, str]:
    """A key that sorts numbers by their value, after other names."""
    return (int(name), name) if name.isascii() and name.isdigit() else (-1, name)
