"""A published dataset, read with `load_dataset`: its tables, its images, and whose ratings they are."""

import contextlib
import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd
import PIL.Image
import yaml
from datasets import (
    Dataset,
    DownloadConfig,
    DownloadManager,
    concatenate_datasets,
    get_dataset_config_names,
    get_dataset_default_config_name,
    load_dataset_builder,
)
from datasets import Image as ImageFeature
from datasets.config import HF_DATASETS_CACHE, REPOYAML_FILENAME
from datasets.packaged_modules.arrow.arrow import Arrow
from datasets.packaged_modules.parquet.parquet import Parquet
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError
from huggingface_hub.repocard import REGEX_YAML_BLOCK

from analysis import frames
from analysis.errors import AnalysisError
from analysis.questions import SHARED, Question, aggregates, counts, read_questions
from analysis.registry import DEFAULT_KIND, Analysis, analysis_of
from loading_script import tables as schema
from loading_script.untrusted.arrow_stream import map_stream
from loading_script.untrusted.parquet import LEAST_KEPT, MOST_EXPANSION, check_parquet, first_line
from loading_script.untrusted.png import decode_rgb

_MOST_BYTES = 200_000_000
"""Largest file that describes the dataset, bytes."""

_DEEPEST = 50
"""Levels of nesting in the YAML of a card at most."""

_SHARED_TABLES: Final = ("images", "ratings", "participants")
"""The tables beside the items that any study may have, and that are read of any."""

_STUDY_RATINGS: Final = "ratings/ratings.arrow"
"""The ratings in a study folder, which has them with all that is private."""

_RATING: Final = ("rating_id", "participant_id", "response_time_ms", "position", "rated_at", "source")
"""Columns of `ratings` where the dataset has no such table; the id of the item and the questions come to it."""


class Record(NamedTuple):
    """The statements of a dataset about itself.

    content: of `provenance.json` (published) or `manifest.json` (a study folder); empty where there is neither.
    where: the file, for errors.
    """

    content: Mapping[str, Any]
    where: str

    @property
    def kind(self) -> str:
        """The kind of study: what `study` in its study file says, or the first kind that there was."""
        study = self.content.get("study")
        kind = study.get("study", DEFAULT_KIND) if isinstance(study, Mapping) else DEFAULT_KIND
        return str(kind)

    @property
    def version(self) -> str | None:
        """The version that a published dataset is; None of a study folder."""
        version = self.content.get("version")
        return version if isinstance(version, str) else None

    def damaged(self) -> AnalysisError:
        """The error that says so."""
        return AnalysisError(f"{self.where}: is not what a build or `publish` wrote; verify the dataset")


class Pictures(Mapping[str, bytes]):
    """The images of a dataset by image_id, as the bytes of a PNG; they stay on disk until one is asked for. There are
    none in a dataset whose pictures are withheld.
    """

    def __init__(self, images: Dataset | None) -> None:
        has_pictures = images is not None and "image" in images.column_names
        self._images = images.cast_column("image", ImageFeature(decode=False)) if images and has_pictures else None
        ids = images["image_id"] if images and has_pictures else []
        self._rows = {image_id: row for row, image_id in enumerate(ids)}

    def __getitem__(self, image_id: str) -> bytes:
        row = self._rows[image_id]
        content: bytes = self._images[row]["image"]["bytes"]  # type: ignore[index]
        return content

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def decoded(self, image_id: str) -> PIL.Image.Image:
        """The image in RGB.

        Raises:
            KeyError: there is no such image.
            AnalysisError: it is no PNG, or one with too many pixels.
        """
        try:
            return decode_rgb(self[image_id] or b"")
        except ValueError as error:
            raise AnalysisError(f"image {image_id!r}: {error}; verify the dataset") from error


@dataclass(frozen=True)
class Published:
    """The tables of a dataset; a table that it does not have is empty.

    name, revision: what was asked for. version: the one that the dataset says it is; None of a study folder.
    kind: the kind of study.
    key: the column of `items` and of `ratings` with the id of an item.
    items, images, tables: as published, without images; a column `kind` is an ordered categorical. `items` has the
        published means of ratings only where the ratings themselves are not there. `tables` has, by name, those that
        the analysis of the kind reads beside the ones that every study has.
    ratings, participants: those of `source` alone, without who was excluded.
    model_ratings: ratings with the source "model", apart from the others.
    source: "human", "simulated", or None where nobody rated.
    questions: what was asked about the items: columns of `ratings`.
    excluded: flagged participants that were left out.
    other_sources: number of ratings by each source that is not `source`; those too are left out.
    """

    name: str
    revision: str | None
    kind: str
    key: str
    items: pd.DataFrame
    images: pd.DataFrame
    ratings: pd.DataFrame
    participants: pd.DataFrame
    model_ratings: pd.DataFrame
    pictures: Pictures
    source: str | None
    questions: tuple[Question, ...]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    excluded: int = 0
    other_sources: Mapping[str, int] = field(default_factory=dict)
    version: str | None = None

    @property
    def withheld(self) -> bool:
        """Whether the dataset has images and shows none of them, for they may not be redistributed."""
        return len(self.images) > 0 and not self.pictures


def load(dataset: str, revision: str | None = None, *, exclude_flagged: bool = False) -> Published:
    """The dataset of a folder (published, or a study folder) or of `user/name` on the Hub, all splits together.

    Ratings are of one source: human where there are any, else simulated. With `exclude_flagged`, flagged participants
    and their ratings are left out. Where an analysis of its kind is installed, the dataset is what that makes of it:
    of a verification study, `analysis.studies.verification.data.Verification`.

    Raises:
        AnalysisError: it cannot be found or read, or is no dataset of this project.
    """
    _check_named(dataset)
    with _explained(dataset, revision):
        record = _record(dataset, revision)
        _check_revision(dataset, revision, record)
        analysis = analysis_of(record.kind) or Analysis(record.kind)
        items, tables = _tables(dataset, revision, analysis)
    everything = {name: frames.frame(table) for name, table in tables.items()}
    own = everything[items]
    if items in analysis.tables and analysis.without_items:
        own = pd.DataFrame(columns=list(analysis.without_items))
    key = _key(own, everything.get("ratings"), dataset, items)
    ratings = everything.get("ratings")
    questions = analysis.questions if ratings is None else read_questions(ratings, key, analysis.questions)
    if ratings is None:
        ratings = pd.DataFrame(columns=[*_RATING, key, *(question.name for question in questions)])
    _checked(own, ratings, key, dataset)
    published = Published(
        name=dataset,
        revision=revision,
        kind=record.kind,
        key=key,
        items=own,
        images=everything.get("images", pd.DataFrame(columns=["image_id"])),
        ratings=ratings,
        participants=_complete(everything.get("participants", pd.DataFrame())),
        model_ratings=ratings.query("source == 'model'"),
        pictures=Pictures(tables.get("images")),
        source=None,
        questions=questions,
        tables={name: everything[name] for name in analysis.tables if name in everything},
        version=record.version,
    )
    published = _of_one_source(analysis.read(published, record))
    return _without_flagged(published) if exclude_flagged else published


def _tables(dataset: str, revision: str | None, analysis: Analysis) -> tuple[str, dict[str, Dataset]]:
    """The name of the table of items, and all tables that are read."""
    _check_card(dataset, revision)
    names = get_dataset_config_names(dataset, revision=revision)
    default = get_dataset_default_config_name(dataset, revision=revision)
    own = [name for name in [default, *names] if name and name not in _SHARED_TABLES]
    if not own:
        raise AnalysisError(f"{dataset}: has no table of items; name a published dataset or a study folder")
    table_names = [name for name in (own[0], *_SHARED_TABLES, *analysis.tables) if name in names]
    return own[0], {name: _read(dataset, name, revision, items=own[0]) for name in table_names}


@contextlib.contextmanager
def _explained(dataset: str, revision: str | None) -> Iterator[None]:
    """One error for whatever the readers of cards, features and files raise, which has no common base."""
    try:
        yield
    except AnalysisError:
        raise
    except Exception as error:
        where = dataset + (f" at {revision}" if revision else "")
        raise AnalysisError(
            f"{where}: cannot be read: {first_line(error)}; check the name, the revision and access"
        ) from error


def _key(items: pd.DataFrame, ratings: pd.DataFrame | None, dataset: str, table: str) -> str:
    """The column with the id of an item: the one that `ratings` shares with the items, or the items' first."""
    ids = [str(name) for name in items.columns if str(name).endswith("_id") and name not in SHARED]
    shared = [name for name in ids if ratings is None or name in ratings]
    if not shared:
        raise AnalysisError(
            f"{dataset}: its table {table!r} has no column with the id of an item (such as item_id) that `ratings` "
            "has, too; name a published dataset or a study folder"
        )
    return shared[0]


def _checked(items: pd.DataFrame, ratings: pd.DataFrame, key: str, dataset: str) -> None:
    """Refuses items that an id names twice or not at all, and ratings that do not say whose they are."""
    ids = items[key]
    if ids.isna().any() or ids.duplicated().any():
        raise AnalysisError(
            f"{dataset}: the column {key!r} of its items does not name each of them; verify the dataset"
        )
    for column in ("participant_id", "source"):
        if column not in ratings:
            raise AnalysisError(f"{dataset}: table 'ratings' has no column {column!r}; verify the dataset")


def _complete(participants: pd.DataFrame) -> pd.DataFrame:
    """The participants with all columns that any study has; what the table lacks is not known of anybody."""
    lacking = [name for name in schema.participants([]) if name not in participants]
    return participants.assign(**dict.fromkeys(lacking, None))


def _check_named(dataset: str) -> None:
    """Refuses what can be neither a folder of this project nor `user/name` before the Hub is asked for it."""
    path = Path(dataset)
    if path.is_dir():
        if (path / "versions.json").is_file() and not (path / "provenance.json").is_file():
            raise AnalysisError(f"{dataset}: its version was withdrawn; CHANGELOG.md says why")
        if not (path / "README.md").is_file():
            raise AnalysisError(f"{dataset}: no README.md lists its tables; name a published dataset or a study folder")
    elif path.exists():
        raise AnalysisError(f"{dataset}: is a file; name a folder, or user/name on the Hub")
    elif not re.fullmatch(r"[\w.-]+/[\w.-]+", dataset) or path.parent.is_dir():
        raise AnalysisError(f"{dataset}: no such folder; name one, or user/name on the Hub")


def _check_revision(dataset: str, revision: str | None, record: Record) -> None:
    """Refuses a folder of another version than was asked for, and a study folder whose ratings would be passed over."""
    if not Path(dataset).is_dir():
        return
    if revision is not None and revision.removeprefix("v") != record.version:
        data = "a study folder, which has no versions" if record.version is None else f"version {record.version}"
        raise AnalysisError(
            f"{dataset}: is {data}, and not {revision}: a folder is of one version; leave --revision out"
        )
    if record.version is None and (Path(dataset) / _STUDY_RATINGS).is_file():
        raise AnalysisError(
            f"{dataset}: is a study folder, whose ratings are private until they are published; publish it, and report "
            f"on that: python -m builder publish {dataset} --to {dataset.rstrip('/')}-dataset --version 1.0.0 (with "
            "--with-simulated where the ratings are simulated)"
        )


def _read(dataset: str, table: str, revision: str | None, *, items: str) -> Dataset:
    if not Path(dataset).is_dir():
        return _prepared(dataset, table, revision, None, items)
    # `datasets` takes a local folder for one of the same name that it prepared before. What is prepared here lasts, off
    # the disk, as long as the table that maps it.
    Path(HF_DATASETS_CACHE).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="analysis-", dir=HF_DATASETS_CACHE) as cache:
        return _prepared(dataset, table, revision, cache, items)


def _prepared(dataset: str, table: str, revision: str | None, cache: str | None, items: str) -> Dataset:
    builder = load_dataset_builder(dataset, table, revision=revision, cache_dir=cache)
    if not isinstance(builder, Parquet | Arrow):  # others may run or unpickle what they read
        raise AnalysisError(f"{dataset}: table {table!r}: is neither Parquet nor Arrow; this is no published dataset")
    features = builder.info.features
    unread: list[str] = []
    if table == items and features and isinstance(builder, Parquet):  # its images are in `images`, and many times here
        unread = [name for name, feature in features.items() if isinstance(feature, ImageFeature)]
        columns = [name for name in features if name not in unread]
        builder = load_dataset_builder(dataset, table, revision=revision, cache_dir=cache, columns=columns)
    manager = DownloadManager(
        builder.dataset_name, download_config=DownloadConfig(cache_dir=builder._cache_downloaded_dir, use_etag=False)
    )
    _check_files(builder, [Path(path) for path in _flat(manager.download(builder.config.data_files))], unread)
    builder.download_and_prepare(dl_manager=manager)
    filled = [name for name, split in builder.info.splits.items() if split.num_examples]  # others cannot be asked for
    if not filled:
        return Dataset.from_dict({name: [] for name in builder.info.features}, features=builder.info.features)
    return concatenate_datasets([builder.as_dataset(split=name) for name in filled])


def _check_card(dataset: str, revision: str | None) -> None:
    """Refuses a card that would take memory without bound, or leads to files that are none of the dataset's."""
    for name in ("README.md", REPOYAML_FILENAME):
        text = (_file(dataset, revision, name) or b"").decode("utf-8-sig", errors="replace")
        block = REGEX_YAML_BLOCK.search(text) if name == "README.md" else None
        described = _yaml(block[2] if block else "" if name == "README.md" else text, f"{dataset}: {name}")
        configs = described.get("configs") if isinstance(described, dict) else None
        for config in configs if isinstance(configs, list) else ():
            for path in _flat([config.get("data_files"), config.get("data_dir")] if isinstance(config, dict) else []):
                if path.startswith("/") or "://" in path or "::" in path or ".." in re.split(r"[\\/]", path):
                    raise AnalysisError(f"{dataset}: {name}: leads out of the dataset: {path!r}; do not trust it")


def _yaml(text: str, where: str) -> Any:
    """The value of YAML. An alias stands for what was said before, and one that stands for many that stand for many is
    short and larger than memory: cards have none.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > _DEEPEST:
            raise AnalysisError(f"{where}: its YAML has aliases, or is nested too deep; `publish` writes none such")
    return yaml.load(text, Loader=yaml.CSafeLoader)


def _flat(value: Any) -> Iterator[str]:
    """The texts in a value of lists and tables."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for inner in value.values() for text in _flat(inner))
    elif isinstance(value, Iterable):
        yield from (text for inner in value for text in _flat(inner))


def _check_files(builder: Parquet | Arrow, paths: list[Path], unread: Sequence[str]) -> None:
    """Refuses files of a table that are damaged, or would take more memory than those of a published dataset may.

    unread: columns of it that are not read.
    """
    sizes = taken = 0
    for path in paths:
        try:
            sizes += path.stat().st_size
            taken += map_stream(path).nbytes if isinstance(builder, Arrow) else check_parquet(path, apart=unread)
        except (OSError, ValueError) as error:
            raise AnalysisError(f"{path}: cannot be read: {first_line(error)}; verify the dataset") from error
        if taken > max(LEAST_KEPT, MOST_EXPANSION * sizes):
            raise AnalysisError(f"{path}: with the files before it, would take {taken} bytes of memory")


def _of_one_source(published: Published) -> Published:
    sources, items = set(published.ratings["source"]), published.items
    if not sources and "ratings_source" in items:
        sources = set(items["ratings_source"].dropna())
    source = next((source for source in ("human", "simulated") if source in sources), None)
    others = published.ratings.loc[published.ratings["source"] != source, "source"]
    if len(published.ratings):  # made anew from the ratings that are used, never taken from those that are not
        names = [*aggregates(published.questions), *counts(published.questions), "ratings_source"]
        items = items.drop(columns=names, errors="ignore")
    return replace(
        published,
        source=source,
        items=items,
        ratings=published.ratings[published.ratings["source"] == source].reset_index(drop=True),
        participants=published.participants[published.participants["source"] == source].reset_index(drop=True),
        other_sources={str(name): int(n) for name, n in others.value_counts().sort_index().items()},
    )


def _without_flagged(published: Published) -> Published:
    flagged = frames.flagged(published.participants["flags"])
    out = published.participants.loc[flagged, "participant_id"]
    return replace(
        published,
        participants=published.participants[~flagged].reset_index(drop=True),
        ratings=published.ratings[~published.ratings["participant_id"].isin(out)].reset_index(drop=True),
        excluded=len(out),
    )


def _record(dataset: str, revision: str | None) -> Record:
    """The dataset's statements about itself, in `provenance.json` (published) or `manifest.json` (a study folder)."""
    for name in ("provenance.json", "manifest.json"):
        content = _file(dataset, revision, name)
        if content is not None:
            record = Record({}, f"{dataset}: {name}")
            try:
                parsed = json.loads(content)
            except (ValueError, RecursionError) as error:
                raise record.damaged() from error
            if not isinstance(parsed, dict):
                raise record.damaged()
            return record._replace(content=parsed)
    return Record({}, dataset)


def _file(dataset: str, revision: str | None, name: str) -> bytes | None:
    path = Path(dataset) / name
    if not Path(dataset).is_dir():
        try:
            path = Path(hf_hub_download(dataset, name, repo_type="dataset", revision=revision))
        except EntryNotFoundError:
            return None
    if not path.is_file():
        return None
    if path.stat().st_size > _MOST_BYTES:
        raise AnalysisError(f"{dataset}: {name} is larger than {_MOST_BYTES} bytes; `publish` writes no such file")
    return path.read_bytes()
