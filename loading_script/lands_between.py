"""The one definition of every table's schema, and the builder class of a published dataset.

`Sequence(..., length=n)` is a fixed-length list in every version of `datasets` since 2. `datasets` 3.6 runs this file
as a script, `load_dataset("lands_between.py", "pairs", data_dir=FOLDER, trust_remote_code=True)`; with a later version,
which runs no scripts, use the class, or load the published folder itself.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from collections.abc import Sequence as Names
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import ArrowBasedBuilder
from datasets import BuilderConfig
from datasets import ClassLabel
from datasets import DatasetInfo
from datasets import Features
from datasets import Image
from datasets import Sequence
from datasets import SplitGenerator
from datasets import Value
from datasets import Version

from loading_script import tables

KINDS = ["genuine", "positive", "negative", "interpolation", "optimized"]
"""The sample kinds, in the order of the ClassLabel `kind`."""

BUILD_TABLES = ["pairs", "images", "embeddings", "searches"]
"""The tables that a build writes; `pairs` is the default config."""

TABLES = ["pairs", "images", "embeddings", "ratings", "participants", "searches"]
"""The tables of a published dataset, each a config."""

AGGREGATES = ["similarity_mean", "similarity_std", "identity_rate", "identity_std", "n_ratings", "ratings_source"]
"""The columns of published `pairs` that are made from ratings; the last columns of the table."""

VERSION = Version("1.0.0")
"""Of the builder class; a dataset's own is in its file VERSION."""

PROVENANCE = "provenance.json"
"""The file of a published folder that lists all others."""

DATA_FILE = re.compile(r"data/(?P<table>[a-z]+)/(?P<split>[a-z][a-z0-9_]*)(?:-(?P<batch>[0-9]{6}))?\.parquet")
"""Path of a Parquet file in a published folder; one without a batch holds all of its split."""


def pairs(recognizers: Names[str], distances: Names[str], kinds: Names[str] = KINDS) -> Features:
    """One row per pair.

    A recognizer's `<name>_distance` and `<name>_accept` are null where its alignment found nothing in one of
    the two images: a failure to acquire, which is no rejection.
    """
    columns = {
        "pair_id": Value("string"),
        "batch": Value("int32"),
        "base_id": Value("string"),
        "sample_id": Value("string"),
        "base": Image(),
        "sample": Image(),
        "kind": ClassLabel(names=list(kinds)),
        "level": Value("float64"),
        "direction": Value("int32"),
        "anchor_id": Value("string"),
        "search_id": Value("string"),
        "reached": Value("bool"),
        "evaluations": Value("int32"),
    }
    for name in recognizers:
        columns[f"{name}_distance"] = Value("float32")
        columns[f"{name}_accept"] = Value("bool")
    for name in distances:
        columns[name] = Value("float32")
    return Features(columns)


def rated_pairs(of: Features) -> Features:
    """The columns of published `pairs` with ratings, `of` being those without.

    Over the ratings of one source, named by `ratings_source`: mean and standard deviation (ddof 1, null for one
    rating) of the similarity 0 to 100 and of the identity as 0 or 1. A pair without ratings has null in all but
    `n_ratings`, which is 0.
    """
    types = {"n_ratings": "int32", "ratings_source": "string"}
    return Features({**of, **{name: Value(types.get(name, "float64")) for name in AGGREGATES}})


def ratings() -> Features:
    """One row per answer of one participant to one pair: `similarity` is 0 (not similar) to 100 (very similar),
    `identity` whether both images were taken for the same person.
    """
    return tables.ratings("pair_id", {"similarity": "float64", "identity": "bool"})


def participants() -> Features:
    """One row per participant, with how they judged in their own words."""
    return tables.participants(["strategy_similarity", "strategy_identity"])


def images(alignments: Names[str], latent_dim: int) -> Features:
    """One row per image; `seed` is null but for bases.

    Boxes are left, top, right, bottom and landmarks x, y, in pixels of the image; null where nothing was found.
    """
    columns = {
        "image_id": Value("string"),
        "image": Image(),
        "latent": Sequence(Value("float32"), length=latent_dim),
        "latent_norm": Value("float32"),
        "batch": Value("int32"),
        "seed": Value("int64"),
    }
    for name in alignments:
        columns[f"{name}_found"] = Value("bool")
        columns[f"{name}_box"] = Sequence(Value("float32"), length=4)
        columns[f"{name}_landmarks"] = Sequence(Sequence(Value("float32"), length=2))
    return Features(columns)


def embeddings(dimensions: dict[str, int]) -> Features:
    """One row per image, a fixed-length list per recognizer name; null where nothing was found."""
    columns = {"image_id": Value("string")}
    for name, dimension in dimensions.items():
        columns[name] = Sequence(Value("float32"), length=dimension)
    return Features(columns)


def searches() -> Features:
    """One row per round of each search; `best_distance` is null until something was found, `stop` (cma's names
    of the rules that held) but for the last round.
    """
    return Features(
        {
            "search_id": Value("string"),
            "base_id": Value("string"),
            "anchor_id": Value("string"),
            "iteration": Value("int32"),
            "evaluations": Value("int32"),
            "best_distance": Value("float32"),
            "stop": Value("string"),
        }
    )


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


def read_features(table: str, columns: pa.Schema) -> Features:
    """The features of a published table, made from the names of the columns of one of its Parquet files.

    Raises:
        ValueError: the columns are not those of such a table.
    """
    try:
        features = _features(table, columns)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"{table}: not the columns of such a table: {error!r}") from error
    if not features.arrow_schema.equals(columns):
        wrong = [name for name in columns.names if name not in features]
        wrong += [field.name for field in features.arrow_schema if field not in columns]
        raise ValueError(f"{table}: not the columns of such a table: {', '.join(wrong[:5]) or 'another order'}")
    return features


def _features(table: str, columns: pa.Schema) -> Features:
    if table == "pairs":
        recognizers = [name.removesuffix("_accept") for name in columns.names if name.endswith("_accept")]
        known = {*pairs(recognizers, []), *AGGREGATES}
        distances = [name for name in columns.names if name not in known]
        kinds = json.loads(columns.metadata[b"huggingface"])["info"]["features"]["kind"]["names"]
        unrated = pairs(recognizers, distances, kinds)
        return rated_pairs(unrated) if AGGREGATES[0] in columns.names else unrated
    if table == "images":
        alignments = [name.removesuffix("_found") for name in columns.names if name.endswith("_found")]
        return images(alignments, columns.field("latent").type.list_size)
    if table == "embeddings":
        return embeddings({field.name: field.type.list_size for field in columns if field.name != "image_id"})
    return {"searches": searches, "ratings": ratings, "participants": participants}[table]()


def _for_every_version(described: Any) -> Any:
    if isinstance(described, list):
        return [_for_every_version(each) for each in described]
    if not isinstance(described, dict):
        return described
    renamed = {key: _for_every_version(value) for key, value in described.items()}
    return {**renamed, "_type": "Sequence"} if renamed.get("_type") == "List" else renamed


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
    """A published dataset; its configs are TABLES, its splits those that the folder holds."""

    VERSION = VERSION
    BUILDER_CONFIG_CLASS = LandsBetweenConfig
    BUILDER_CONFIGS = [LandsBetweenConfig(name=table, version=VERSION) for table in TABLES]  # noqa: RUF012 - their API
    DEFAULT_CONFIG_NAME = "pairs"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not kwargs.get("data_dir"):
            kwargs["data_dir"] = kwargs.get("base_path")  # a script lies beside its data
        super().__init__(*args, **kwargs)

    def _info(self) -> DatasetInfo:
        return DatasetInfo()  # the columns depend on the study: `_split_generators` reads them

    def _split_generators(self, dl_manager: Any) -> list[SplitGenerator]:
        folder = self.config.data_dir or ""
        with open(dl_manager.download(os.path.join(folder, PROVENANCE)), encoding="utf-8") as file:
            listed = json.load(file)["files"]
        files: dict[str, list[str]] = {}
        for path in sorted(listed):
            found = DATA_FILE.fullmatch(path)
            if found and found["table"] == self.config.name:
                files.setdefault(found["split"], []).append(os.path.join(folder, path))
        if not files:
            raise ValueError(f"{folder or 'this dataset'} has no table {self.config.name}")
        local = dl_manager.download(files)
        with open(next(iter(local.values()))[0], "rb") as file:
            self.info.features = stored_features(pq.read_schema(file))
        return [SplitGenerator(name=split, gen_kwargs={"files": paths}) for split, paths in local.items()]

    def _generate_tables(self, files: list[str]) -> Iterator[tuple[Any, pa.Table]]:
        for at, path in enumerate(files):
            with open(path, "rb") as file:
                parquet = pq.ParquetFile(file)
                for group in range(parquet.num_row_groups):
                    rows = parquet.read_row_group(group)
                    yield (at, group), rows.cast(self.info.features.arrow_schema)
