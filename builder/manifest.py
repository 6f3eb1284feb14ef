"""The JSON files of a study folder: the study, and for each finished batch its shards."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from builder.errors import FolderError
from builder.toml import literal

FORMAT = 1
"""Version of the folder's layout; a folder of another version is refused."""

MOST_BYTES = 10_000_000
"""Largest manifest file, bytes."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


WeightsName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
"""The name of a model that is trained here, and of the file with its weights."""


class FormatError(FolderError):
    """A folder of another version of this project: nothing in it is damaged, nothing may be written to it."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    again: ClassVar[str] = ""
    """The command that brings a damaged file back."""

    def to_json(self) -> bytes:
        """The file's content."""
        return self.model_dump_json(indent=1, by_alias=True).encode() + b"\n"


class Manifest(_Record):
    """`manifest.json`: which study the folder holds, and what first built it; written once.

    weights: the SHA-256 of those that were trained for it, by model; absent where none were.
    """

    again = "remove it, and build with the same study into this folder writes it again"

    format: int
    study: dict[str, Any]
    study_hash: Sha256
    micro_batches: dict[str, int]
    environment: dict[str, str]
    weights: Annotated[dict[WeightsName, Sha256], Field(exclude_if=lambda weights: not weights)] = {}


class Shard(_Record):
    """One file of a finished batch."""

    table: Annotated[str, Field(pattern=r"^[a-z]+$", max_length=40)]
    rows: Annotated[int, Field(ge=0, lt=2**31)]
    bytes: Annotated[int, Field(ge=0, lt=2**63)]
    sha256: Sha256


class BatchManifest(_Record):
    """`manifest/batch-00000.json`: one finished batch.

    seeds: numbers that the batch was drawn from; passed_over: what was tried and not taken.
    micro_batches: those that were smaller than the folder's, because memory forced it.
    timings: seconds by step, which sum to those of `batch`.
    """

    again = "status --repair builds the batch again"

    format: int
    study_hash: Sha256
    batch: Annotated[int, Field(ge=0)]
    shards: tuple[Shard, ...]
    seeds: tuple[int, ...]
    passed_over: Annotated[tuple[int, ...], Field(alias="seeds_passed_over")]
    environment: dict[str, str]
    micro_batches: dict[str, int] = {}
    timings: dict[str, float]


_Model = TypeVar("_Model", bound=_Record)


def parsed(model: type[_Model], content: bytes, source: str) -> _Model:
    """A file's content, validated.

    Raises:
        FormatError: another version of this project wrote it.
        FolderError: it is damaged.
    """
    try:
        read = json.loads(content)
        version = read.get("format") if isinstance(read, dict) else None
        if type(version) is int and version != FORMAT:
            raise FormatError(
                f"{source}: has format {literal(version)}, this version reads {FORMAT}; use the version of "
                "Lands Between that wrote it"
            )
        return model.model_validate_json(content)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(map(str, detail["loc"])) or "the file"
        raise FolderError(f"{source}: damaged: {where}: {detail['msg']}; {model.again}") from error
    except (ValueError, RecursionError) as error:
        raise FolderError(f"{source}: damaged: is no JSON that this project writes; {model.again}") from error


def environment_changes(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The packages and machine types of an environment that have changed, each as a phrase; additions do not count."""
    return [
        f"{name} {version} is now {now.get(name, 'absent')}"
        for name, version in then.items()
        if not _same_version(version, now.get(name))
    ]


def _same_version(then: str, now: str | None) -> bool:
    """Whether two versions are one; where the folder has but the public part, as 2.13.0 of 2.13.0+cpu, by that."""
    return then == now or ("+" not in then and now is not None and now.partition("+")[0] == then)
