"""`provenance.json`: where a published version comes from, and every file of it with its hash.

It holds nothing of the machine or the time of publishing: the same study published again gives the same bytes. It is
read from folders of others, so everything in it is checked.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from builder import registry
from builder.errors import PublishError
from builder.files import explained
from builder.publish.layout import part_of
from builder.registry import split_model
from builder.studies import DEFAULT_KIND, StudyKind, load_kind
from builder.toml import literal
from loading_script.lands_between import PROVENANCE

FILES = [
    "README.md",
    "CITATION.cff",
    "VERSION",
    "CHANGELOG.md",
    "versions.json",
    PROVENANCE,
]
"""Every file of a published folder that is neither a table nor a picture of the card."""

PICTURES = "pictures/"
"""The folder of the card's pictures."""

_PICTURE = re.compile(rf"{PICTURES}[a-z0-9][a-z0-9_-]{{0,59}}\.png")

WEIGHTS = "weights/"
"""The folder of the weights that were trained for the study, a file for each model."""

_WEIGHTS = re.compile(rf"{WEIGHTS}(?P<name>[a-z0-9][a-z0-9-]{{0,59}})\.safetensors")

FORMAT = 1
"""Version of the layout of a published folder; a folder of another version is refused."""

_MOST_BYTES = 200_000_000
_Model = TypeVar("_Model")

Text = Annotated[str, Field(max_length=20_000)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


Years = Literal[1, 10, 20] | None


class Record(BaseModel):
    """A part of a published JSON file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Model(Record):
    """A model: what it is in the study, its name there, its address, its license.

    `threshold` is the decision distance of one that has such.
    """

    role: Annotated[str, Field(pattern=r"^[a-z][a-z ]{0,39}$")]
    name: Text
    model: Text
    license: Text
    threshold: float | None = None


class Pictures(Record):
    """The source of a version's pictures: its address, its license, and whether they are withheld: left out, because
    they may not be redistributed.
    """

    source: Text
    license: Text
    withheld: bool


class Batch(Record):
    """A published batch: its split, the seeds of its bases, and those in whose image no face was found."""

    batch: Count
    split: Text
    seeds: tuple[Count, ...]
    seeds_passed_over: tuple[Count, ...]


class Aggregates(Record):
    """The ratings that the last columns of the items are made of; `source` is null where there are none."""

    source: Literal["human", "simulated"] | None = None
    flagged_excluded: bool = False


class Demographics(Record):
    """Every combination of age, gender and continent is shared by `k`, also among those who came new since any earlier
    version; ages are ranges of up to `age_years`: 1 as given, null not said.
    """

    k: Annotated[int, Field(ge=1)]
    age_years: Years


def is_published_path(path: str) -> bool:
    """Whether a file of a published folder may have this path."""
    return path in FILES or any(each.fullmatch(path) for each in (_PICTURE, _WEIGHTS)) or part_of(path) is not None


def _published(path: str) -> str:
    if not is_published_path(path):
        raise PydanticCustomError("path", "no file of a published folder is called {path}", {"path": literal(path)})
    return path


class File(Record):
    """A file of the folder; `rows` where it is a table."""

    bytes: Count
    sha256: Sha256
    rows: Count | None = None


class Provenance(Record):
    """The whole file.

    `statements` is what the study file says for the card, by table and key. `files` has all files but this one and
    the history of all versions, CHANGELOG.md and versions.json, which goes on when this version does not change.
    `pictures` is absent where the study shows none of a source.
    """

    format: int
    version: Text
    study: dict[str, Any]
    study_hash: Sha256
    micro_batches: dict[str, int]
    environment: dict[str, str]
    statements: dict[str, dict[str, Any]]
    models: tuple[Model, ...]
    pictures: Annotated[Pictures | None, Field(exclude_if=lambda pictures: pictures is None)] = None
    batches: tuple[Batch, ...]
    aggregates: Aggregates
    demographics: Demographics
    files: dict[Annotated[str, AfterValidator(_published)], File]

    @property
    def withheld(self) -> bool:
        """Whether the version is without pictures, for they may not be redistributed."""
        return self.pictures is not None and self.pictures.withheld

    def weights(self) -> dict[str, str]:
        """The paths of the weights that were trained for the study, by model."""
        matches = {path: _WEIGHTS.fullmatch(path) for path in self.files}
        return {match["name"]: path for path, match in matches.items() if match}

    def thresholds(self) -> dict[str, float]:
        """The decision distances of the models that have one."""
        return {model.name: model.threshold for model in self.models if model.threshold is not None}


def kind_of(provenance: Provenance) -> StudyKind | None:
    """The kind of study that a version is of; None where it is not installed."""
    name = provenance.study.get("study", DEFAULT_KIND)
    return load_kind(name) if name in registry.names("studies") else None


def file_of(content: bytes, rows: int | None = None) -> File:
    """The record of a file with this content."""
    return File(bytes=len(content), sha256=hashlib.sha256(content).hexdigest(), rows=rows)


def read_provenance(folder: Path) -> Provenance:
    """The provenance of a published folder.

    Raises:
        PublishError: there is none, or it is damaged or of another version of the layout.
    """
    return read_json(TypeAdapter(Provenance), folder / PROVENANCE)


def read_json(adapter: TypeAdapter[_Model], path: Path) -> _Model:
    """A JSON file of a published folder, validated.

    Raises:
        PublishError: it is absent, a link, too large, damaged, or of another version of the layout.
    """
    with explained(path):
        if path.is_symlink() or not path.is_file():
            raise PublishError(f"{path}: no such file; name a folder that `publish` wrote")
        if path.stat().st_size > _MOST_BYTES:
            raise PublishError(f"{path}: larger than {_MOST_BYTES} bytes; `publish` writes no such file")
        content = path.read_bytes()
    try:
        read = json.loads(content)
        version = read.get("format") if isinstance(read, dict) else FORMAT
        if type(version) is int and version != FORMAT:
            raise PublishError(f"{path}: has format {literal(version)}, this version of Lands Between reads {FORMAT}")
        return adapter.validate_json(content)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(map(str, detail["loc"])) or "the file"
        raise PublishError(f"{path}: damaged: {where}: {detail['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise PublishError(f"{path}: damaged: is no JSON that this project writes") from error


def to_json(adapter: TypeAdapter[_Model], value: _Model) -> bytes:
    """The bytes of such a file."""
    return adapter.dump_json(value, indent=1) + b"\n"


def public_study(fingerprint: Any) -> Any:
    """A study's fingerprint without the folders in which weights lie on the machine that built it."""
    if isinstance(fingerprint, list):
        return [public_study(each) for each in fingerprint]
    if not isinstance(fingerprint, dict):
        return fingerprint
    return {
        key: public_model(value) if key == "model" and isinstance(value, str) else public_study(value)
        for key, value in fingerprint.items()
    }


def public_model(model: str) -> str:
    """`entry[:argument]`, of a path its last part alone."""
    entry, argument = split_model(model)
    if argument is None or "://" in argument:
        return model
    name = re.split(r"[\\/]", argument)[-1]
    return f"{entry}:{name}"
