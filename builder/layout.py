"""The files of a study folder: their names, and the `README.md` by which `datasets` finds the shards."""

import hashlib
import re
from collections.abc import Mapping, Sequence

import yaml

from builder.manifest import BatchManifest

MANIFEST, STUDY, README, LOCK = "manifest.json", "study.toml", "README.md", ".lock"

OF_A_BATCH = re.compile(r"batch-([0-9]{5,9})\.(arrow|json|jsonl)")
OF_ALL_BATCHES = {STUDY, MANIFEST, README}
FIRST_FILES = {LOCK, STUDY}
"""Files that a build leaves that was stopped before it wrote the manifest, beside what it was writing."""

SUBFOLDERS = ("manifest", "log", "shards", "weights", "ratings", "published")
"""All that a study folder may have, whoever fills them; within `shards` each table has one."""


def weights_name(name: str) -> str:
    """The file of a trained model's weights."""
    return f"weights/{name}.safetensors"


def manifest_name(batch: int) -> str:
    """The file whose presence makes a batch done."""
    return f"manifest/batch-{batch:05d}.json"


def shard_name(table: str, batch: int) -> str:
    """The file of one batch's rows in one table."""
    return f"shards/{table}/{file_name(batch)}"


def file_name(batch: int) -> str:
    """The name of a batch's shard within the folder of its table."""
    return f"batch-{batch:05d}.arrow"


def readme(name: str, tables: Sequence[str], finished: Mapping[int, BatchManifest]) -> str:
    """A `README.md` whose `configs` list the finished shards for `datasets.load_dataset`.

    Args:
        name: the study's.
        tables: all that a batch may have; the first that has rows is the default one.
        finished: by batch.
    """
    ordered = sorted(finished)
    rows: dict[str, int] = {shard.table: shard.rows for batch in ordered[:1] for shard in finished[batch].shards}
    filled = [table for table in tables if rows.get(table)]  # load_dataset cannot read an empty table
    default, *_ = filled or tables
    hashes = [shard.sha256 for batch in ordered for shard in finished[batch].shards]
    content = hashlib.sha256("".join(hashes).encode()).hexdigest()
    configs = [
        {
            "config_name": table,
            **({"default": True} if table == default else {}),
            # The cache of `datasets` knows a folder by its name and its configs: without this, another study in a
            # folder of the same name would load as this one.
            "description": f"content {content}",
            "data_files": [{"split": "train", "path": [shard_name(table, batch) for batch in ordered]}],
        }
        for table in filled
    ]
    # PyYAML's own dumper takes minutes for the 400,000 lines of 100,000 batches.
    head = yaml.dump({"configs": configs}, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)
    return (
        f"---\n{head}---\n\n# {name}\n\nA study folder of Lands Between. A table loads "
        f'with `datasets.load_dataset(FOLDER, "{default}", split="train")`; '
        f"the others are {', '.join(filled[1:])}.\n"
    )
