"""`provenance.json`: where a published version comes from, every file of it with its hash, and what was published before.

It is written last and names all other files; it holds nothing of the machine or of the time of publishing, so that the
same study published again gives the same bytes.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import semver
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from builder.errors import PublishError
from builder.files import explained
from loading_script.lands_between import PROVENANCE

FORMAT = 1
"""Version of the layout of a published folder."""

_MOST_BYTES = 200_000_000

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=20_000)]
Count = Annotated[int, Field(ge=0, lt=2**63)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Model(_Record):
    """A generator, recognizer or distance of the study: its name in the study, its address, its license.

    `threshold` is the recognizer's decision distance; `alignment` is null for the recognizer's own.
    """

    role: Literal["generator", "recognizer", "distance"]
    name: Text
    model: Text
    license: Text
    alignment: Text | None = None
    threshold: float | None = None


class Batch(_Record):
    """A published batch: its split, the seeds of its bases, the seeds that were passed over."""

    batch: Count
    split: Text
    seeds: Annotated[tuple[Count, ...], Field(strict=False)]
    seeds_passed_over: Annotated[tuple[Count, ...], Field(strict=False)]


class Aggregates(_Record):
    """Of whose ratings the columns of `pairs` are made; `source` is null where there are none."""

    source: Literal["human", "simulated"] | None
    flagged_excluded: bool


class Demographics(_Record):
    """How coarse the demographic columns are: groups of at least `k`, ages in ranges of `age_years` (1: as given)."""

    k: Annotated[int, Field(ge=1)]
    age_years: Literal[1, 10, 20]


class File(_Record):
    """One file of the published folder; `rows` of a table."""

    bytes: Count
    sha256: Sha256
    rows: Count | None = None


class Event(_Record):
    """A line of the changelog: a version was published, with what changed, or withdrawn, with the reason."""

    event: Literal["published", "withdrawn"]
    version: Annotated[str, Field(pattern=semver.Version.NAMEPATTERN % "", max_length=100)] | Text
    notes: Annotated[tuple[Text, ...], Field(strict=False)]


class Provenance(_Record):
    """The whole file; a folder whose version was withdrawn has history alone, in `Withdrawn`."""

    format: int
    version: Text
    study: dict[str, Any]
    study_hash: Sha256
    micro_batches: dict[str, int]
    environment: dict[str, str]
    models: Annotated[tuple[Model, ...], Field(strict=False)]
    batches: Annotated[tuple[Batch, ...], Field(strict=False)]
    aggregates: Aggregates
    demographics: Demographics
    files: dict[str, File]
    history: Annotated[tuple[Event, ...], Field(strict=False)]
