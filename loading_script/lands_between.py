"""The builder class of a published dataset of any kind of study.

`datasets` 3.6 runs this file as a script, for which it stands alone: `load_dataset("lands_between.py", "pairs",
data_dir=FOLDER, trust_remote_code=True)`. With a later version, which runs no scripts, use the class, or load the
published folder itself.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from datasets import ArrowBasedBuilder
from datasets import BuilderConfig
from datasets import ClassLabel
from datasets import DatasetInfo
from datasets import Features
from datasets import Image
from datasets import SplitGenerator
from datasets import Value
from datasets import Version

_UNNAMED = "default"
"""The config that `datasets` loads for those who name none."""

VERSION = Version("1.0.0")
"""The version of the builder class; a dataset's own is in its file VERSION."""

PROVENANCE = "provenance.json"
"""The file of a published folder that lists all others."""

DATA_FILE = re.compile(r"data/(?P<table>[a-z]+)/(?P<split>[a-z][a-z0-9_]*)(?:-(?P<batch>[0-9]{6}))?\.parquet")
"""Path of a Parquet file in a published folder; one without a batch holds all of its split."""


def stored(features: Features) -> pa.Schema:
    """The Arrow schema of a published Parquet file: what `datasets` reads its features from says `Sequence`, which
    every version understands, where those since 4 say `List`.
    """
    described = json.dumps({"info": {"features": _for_every_version(features.to_dict())}})
    return features.arrow_schema.with_metadata({"huggingface": described})


def stored_features(columns: pa.Schema) -> Features:
    """The features of a published table of any kind of study, as the metadata of one of its Parquet files says them.

    Raises:
        ValueError: it says none, or others than its columns have, or a type that no published table has.
    """
    try:
        described = json.loads(columns.metadata[b"huggingface"])["info"]["features"]
        features = Features.from_dict(described)
        wrong = [name for name, feature in features.items() if not _is_allowed(feature)]
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"its metadata does not say what its columns are: {error!r}") from error
    if wrong:
        raise ValueError(f"columns of a type that no published table has: {', '.join(wrong[:5])}")
    if not features.arrow_schema.equals(columns):
        raise ValueError("its columns are not those that its metadata says")
    return features


_VALUES = {"bool", "string", "int32", "int64", "float32", "float64", "float16", "timestamp[ms, tz=UTC]"}
"""Types of single values in published tables."""


def _is_allowed(feature: Any, depth: int = 0) -> bool:
    """Whether a published table may have a column of this type: values, labels, pictures, lists of values."""
    if isinstance(feature, Value):
        return feature.dtype in _VALUES
    if isinstance(feature, ClassLabel) or (isinstance(feature, Image) and depth == 0):
        return True
    inner = getattr(feature, "feature", None)  # of Sequence, and of List, which `datasets` has since 4
    return inner is not None and depth < 2 and _is_allowed(inner, depth + 1)


def _for_every_version(described: Any) -> Any:
    if isinstance(described, list):
        return [_for_every_version(each) for each in described]
    if not isinstance(described, dict):
        return described
    renamed = {key: _for_every_version(value) for key, value in described.items()}
    return {**renamed, "_type": "Sequence"} if renamed.get("_type") == "List" else renamed


def _default(card: str) -> str:
    """The config that a card names as the one of the items."""
    try:
        configs = yaml.safe_load(card.split("---")[1])["configs"]
        return next(str(config["config_name"]) for config in configs if config.get("default"))
    except (IndexError, KeyError, TypeError, AttributeError, StopIteration, yaml.YAMLError) as error:
        raise ValueError(f"README.md names no table of the items; name one of the tables: {error!r}") from error


@dataclass
class LandsBetweenConfig(BuilderConfig):  # type: ignore[misc]
    """One table; `data_dir` is the published folder, by default the one that this file lies in."""

    def create_config_id(self, config_kwargs: dict[str, Any], custom_features: Features | None = None) -> str:
        """Names the cache entry; it differs between versions that were published to the same folder."""
        path = os.path.join(config_kwargs.get("data_dir") or self.data_dir or "", PROVENANCE)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                config_kwargs = {**config_kwargs, "content": hashlib.sha256(file.read()).hexdigest()}
        name: str = super().create_config_id(config_kwargs, custom_features)
        return name


class LandsBetween(ArrowBasedBuilder):  # type: ignore[misc]
    """A published dataset: its configs and its splits are those that the folder holds.

    Without a name the config is that of the items, which the folder's README.md names.
    """

    VERSION = VERSION
    BUILDER_CONFIG_CLASS = LandsBetweenConfig

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not kwargs.get("data_dir"):
            kwargs["data_dir"] = kwargs.get("base_path")  # a script lies beside its data
        super().__init__(*args, **kwargs)

    def _info(self) -> DatasetInfo:
        return DatasetInfo()  # the columns depend on the study: `_split_generators` reads them

    def _split_generators(self, dl_manager: Any) -> list[SplitGenerator]:
        folder = self.config.data_dir or ""
        table = self.config.name
        if table == _UNNAMED:
            with open(dl_manager.download(os.path.join(folder, "README.md")), encoding="utf-8") as file:
                table = _default(file.read())
        with open(dl_manager.download(os.path.join(folder, PROVENANCE)), encoding="utf-8") as file:
            listed = json.load(file)["files"]
        files: dict[str, list[str]] = {}
        for path in sorted(listed):
            match = DATA_FILE.fullmatch(path)
            if match and match["table"] == table:
                files.setdefault(match["split"], []).append(os.path.join(folder, path))
        if not files:
            raise ValueError(f"{folder or 'this dataset'} has no table {table}")
        local = dl_manager.download(files)
        with open(next(iter(local.values()))[0], "rb") as file:
            self.info.features = stored_features(pq.read_schema(file))
        return [SplitGenerator(name=split, gen_kwargs={"files": paths}) for split, paths in local.items()]

    def _generate_tables(self, files: list[str]) -> Iterator[tuple[Any, pa.Table]]:
        for at, path in enumerate(files):
            with open(path, "rb") as file:
                parquet = pq.ParquetFile(file)
                for group in range(parquet.num_row_groups):
                    # a thread of pyarrow's that still held the file when Python ends would abort the process
                    rows = parquet.read_row_group(group, use_threads=False)
                    yield (at, group), rows.cast(self.info.features.arrow_schema)
