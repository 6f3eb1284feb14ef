"""The state of a study folder: which batches are done, missing or damaged."""

from dataclasses import dataclass

from builder.manifest import BatchManifest
from builder.studies import load_kind
from builder.study import Study


@dataclass(frozen=True)
class Status:
    """Batches of a study folder by state; damaged: batch -> what is wrong with which file."""

    wanted: int
    done: tuple[int, ...]
    missing: tuple[int, ...]
    damaged: dict[int, str]
    rows: dict[str, int]


@dataclass(frozen=True)
class Finished:
    """The finished batches of a folder: whole ones by their manifests; damaged: batch -> what is wrong."""

    whole: dict[int, BatchManifest]
    damaged: dict[int, str]


def status_of(study: Study, finished: Finished) -> Status:
    """The status of batches whose manifests are read already."""
    specs = load_kind(study.study).tables
    tables = {shard.table for manifest in finished.whole.values() for shard in manifest.shards}
    rows = {spec.name: 0 for spec in specs if spec.name in tables or not spec.optional}
    for manifest in finished.whole.values():
        for shard in manifest.shards:
            rows[shard.table] += shard.rows
    missing = sorted(set(range(study.batches)) - set(finished.whole) - set(finished.damaged))
    return Status(study.batches, tuple(sorted(finished.whole)), tuple(missing), finished.damaged, rows)
