"""The study folder: Arrow shards, the manifest, and what resume rests on.

A batch is done when its file in `manifest/` is there; that file is written last. Everything is a function
of the study but `timings` and `environment`.
"""

import contextlib
import hashlib
import json
import logging
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import filelock
import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from builder.errors import FolderError, StudyError
from builder.files import PARTIAL, explained, write_whole
from builder.study import Study, first_difference, parse_study
from loading_script.lands_between import BUILD_TABLES

log = logging.getLogger(__name__)

FORMAT = 1
"""Version of the folder's layout; a folder of another version is refused."""

_LOCK = ".lock"
_MOST_MANIFEST_BYTES = 10_000_000
_OURS = re.compile(r"\.?batch-\d{5,}\.(arrow|json)(\.partial)?")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Model = TypeVar("_Model", bound=_Record)


class Manifest(_Record):
    """`manifest.json`: which study the folder holds, and what first built it; written once."""

    format: int
    study: dict[str, Any]
    study_hash: Sha256
    micro_batches: dict[str, int]
    environment: dict[str, str]


class Shard(_Record):
    """One file of a finished batch."""

    table: Literal["pairs", "images", "embeddings", "searches"]
    rows: Annotated[int, Field(ge=0)]
    bytes: Annotated[int, Field(ge=0)]
    sha256: Sha256


class BatchManifest(_Record):
    """`manifest/batch-00000.json`: one finished batch."""

    format: int
    study_hash: Sha256
    batch: Annotated[int, Field(ge=0)]
    shards: tuple[Shard, ...]
    seeds: tuple[int, ...]
    seeds_passed_over: tuple[int, ...]
    environment: dict[str, str]
    timings: dict[str, float]


@dataclass(frozen=True)
class Status:
    """Batches of a study folder by state; damaged: batch -> what is wrong with which file."""

    wanted: int
    done: tuple[int, ...]
    missing: tuple[int, ...]
    damaged: dict[int, str]
    rows: dict[str, int]


class StudyFolder:
    """One study's folder on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for one build; the lock goes with the process, however that ends.

        Raises:
            FolderError: another build holds it, it cannot be made, or it holds something else than a study.
        """
        with explained(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            strangers = [path.name for path in self.root.iterdir() if path.name not in self._first_files()]
        if strangers and not self._manifest_path.exists():
            raise FolderError(
                f"{self.root}: holds {sorted(strangers)[0]!r} and no study; choose an empty or a new folder with --out"
            )
        lock = filelock.FileLock(self.root / _LOCK)
        with explained(self.root / _LOCK):
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                raise FolderError(
                    f"{self.root}: another build is at work in this folder; wait for it or stop it"
                ) from None
        try:
            yield
        finally:
            lock.release()

    def claim(self, study: Study) -> Study:
        """Checks that the folder is this study's, or makes it so as far as no models are needed.

        Returns:
            The study with the most batches that this folder was ever asked for.

        Raises:
            FolderError: the folder is another study's, naming the first key that differs.
        """
        if self._manifest_path.exists():
            held = self.manifest()
            difference = first_difference(held.study, study.identity())
            if difference:
                key, theirs, ours = difference
                raise FolderError(
                    f"{self.root}: holds another study: {key} is {_shown(theirs)} there and {_shown(ours)} here; build "
                    "into another folder with --out, or go back to that value"
                )
            study = study.model_copy(update={"batches": max(study.batches, self.study().batches)})
        write_whole(self.root / "study.toml", study.to_toml().encode())
        return study

    def describe(self, study: Study, micro_batches: dict[str, int], environment: dict[str, str]) -> None:
        """Writes `manifest.json`, once; later warns where the environment is another than it says.

        Raises:
            FolderError: it was begun with other micro-batches.
        """
        if not self._manifest_path.exists():
            manifest = Manifest(
                format=FORMAT,
                study=study.identity(),
                study_hash=study.hash(),
                micro_batches=micro_batches,
                environment=environment,
            )
            write_whole(self._manifest_path, _json(manifest))
        held = self.manifest()
        if held.micro_batches != micro_batches:
            raise FolderError(
                f"{self.root}: was built with micro-batches {held.micro_batches}, this version has {micro_batches}, "
                "which would give other bits; continue with the version that began it, or build into a new folder"
            )
        changed = [
            f"{name} {then} is now {environment.get(name, 'absent')}"
            for name, then in held.environment.items()
            if environment.get(name) != then
        ]
        if changed:
            log.warning(
                "%s: begun in another environment, so new batches may differ from its own in their last bits: %s",
                self.root,
                ", ".join(changed),
            )

    def study(self) -> Study:
        """The study that the folder holds.

        Raises:
            FolderError: there is none, or its files are damaged or disagree.
        """
        manifest = self.manifest()
        path = self.root / "study.toml"
        try:
            study = parse_study(tomllib.loads(_read(path).decode()), str(path))
        except (StudyError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise FolderError(f"{path}: damaged: {error}") from error
        if study.hash() != manifest.study_hash:
            raise FolderError(f"{path}: is not the study that {self._manifest_path} describes; one was edited")
        return study

    def manifest(self) -> Manifest:
        """`manifest.json`, validated.

        Raises:
            FolderError: it is absent, damaged or of another version of the format.
        """
        return _validated(Manifest, self._manifest_path)

    def batch_manifest(self, batch: int) -> BatchManifest:
        """A finished batch's manifest, validated against the folder's study.

        Raises:
            FolderError: it is absent, damaged, of another version, or another study's.
        """
        path = self._batch_path(batch)
        held = _validated(BatchManifest, path)
        if held.batch != batch or sorted(shard.table for shard in held.shards) != sorted(BUILD_TABLES):
            raise FolderError(f"{path}: damaged: describes another batch or other tables")
        if held.study_hash != self.manifest().study_hash:
            raise FolderError(f"{path}: belongs to another study")
        return held

    def finished(self) -> list[int]:
        """The batches that have a manifest, sorted; no shard is looked at."""
        found = (re.fullmatch(r"batch-(\d{5,})\.json", path.name) for path in (self.root / "manifest").glob("*.json"))
        return sorted(int(match[1]) for match in found if match)

    def write_batch(
        self,
        batch: int,
        tables: dict[str, pa.Table],
        seeds: Sequence[int],
        seeds_passed_over: Sequence[int],
        environment: dict[str, str],
        timings: dict[str, float],
    ) -> None:
        """Writes a batch's shards and then its manifest, whose appearance makes the batch done."""
        shards = []
        for table, rows in tables.items():
            content = _arrow(rows)
            write_whole(self.shard_path(table, batch), content)
            digest = hashlib.sha256(content).hexdigest()
            shards.append(Shard(table=table, rows=rows.num_rows, bytes=len(content), sha256=digest))  # type: ignore[arg-type]
        manifest = BatchManifest(
            format=FORMAT,
            study_hash=self.manifest().study_hash,
            batch=batch,
            shards=tuple(shards),
            seeds=tuple(seeds),
            seeds_passed_over=tuple(seeds_passed_over),
            environment=environment,
            timings={step: round(seconds, 3) for step, seconds in timings.items()},
        )
        write_whole(self._batch_path(batch), _json(manifest))

    def tidy(self) -> None:
        """Removes shards that no manifest lists and what was being written when a build was stopped."""
        finished = set(self.finished())
        for folder in [self.root / "manifest", *(self.root / "shards" / table for table in BUILD_TABLES)]:
            for path in folder.glob("*") if folder.is_dir() else ():
                if not _OURS.fullmatch(path.name):
                    continue
                listed = path.suffix != PARTIAL and int(re.findall(r"\d+", path.name)[0]) in finished
                if not listed:
                    with explained(path):
                        path.unlink()

    def write_readme(self) -> None:
        """Writes the `README.md` whose `configs` list the finished shards for `datasets.load_dataset`."""
        finished = self.finished()
        configs = [
            {
                "config_name": table,
                **({"default": True} if table == "pairs" else {}),
                "data_files": [
                    {
                        "split": "train",
                        "path": [self.shard_path(table, batch).relative_to(self.root).as_posix() for batch in finished],
                    }
                ],
            }
            for table in BUILD_TABLES
        ]
        head = yaml.safe_dump({"configs": configs}, sort_keys=False)
        text = (
            f"---\n{head}---\n\n# {self.manifest().study['name']}\n\nA study folder of Lands Between. A table loads "
            'with `datasets.load_dataset(FOLDER, "pairs", split="train")`; '
            f"the others are {', '.join(BUILD_TABLES[1:])}.\n"
        )
        write_whole(self.root / "README.md", text.encode())

    def status(self, *, verify: bool = False) -> Status:
        """Which batches are done, missing or damaged.

        Args:
            verify: compare every shard's bytes with their SHA-256; else only whether they are there, whole.
        """
        wanted = self.study().batches
        finished = self.finished()
        done, damaged, rows = [], {}, dict.fromkeys(BUILD_TABLES, 0)
        for batch in finished:
            try:
                held = self.batch_manifest(batch)
                for shard in held.shards:
                    self._check(shard, batch, verify=verify)
            except FolderError as error:
                damaged[batch] = str(error)
                continue
            done.append(batch)
            for shard in held.shards:
                rows[shard.table] += shard.rows
        missing = sorted(set(range(wanted)) - set(finished))
        return Status(wanted, tuple(done), tuple(missing), damaged, rows)

    def read(self, table: str, batch: int) -> pa.Table:
        """The rows of one finished batch in one table.

        Raises:
            FolderError: the batch is not finished, or its shard is damaged: what does not verify is not read.
        """
        for shard in self.batch_manifest(batch).shards:
            if shard.table == table:
                self._check(shard, batch, verify=True)
        path = self.shard_path(table, batch)
        with explained(path), pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
            return reader.read_all()

    def shard_path(self, table: str, batch: int) -> Path:
        """Where the rows of one batch in one table lie."""
        return self.root / "shards" / table / f"batch-{batch:05d}.arrow"

    def _check(self, shard: Shard, batch: int, *, verify: bool) -> None:
        path = self.shard_path(shard.table, batch)
        if not path.is_file():
            raise FolderError(f"{path}: is missing")
        size = path.stat().st_size
        if size != shard.bytes:
            raise FolderError(f"{path}: has {size} bytes, its manifest says {shard.bytes}")
        if verify:
            with explained(path), path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != shard.sha256:
                    raise FolderError(f"{path}: its bytes do not have the SHA-256 that its manifest says")

    def _batch_path(self, batch: int) -> Path:
        return self.root / "manifest" / f"batch-{batch:05d}.json"

    @property
    def _manifest_path(self) -> Path:
        return self.root / "manifest.json"

    @staticmethod
    def _first_files() -> set[str]:
        """What a build that was stopped before it wrote the manifest may leave."""
        return {_LOCK, "study.toml", f".study.toml{PARTIAL}", f".manifest.json{PARTIAL}"}


def _validated(model: type[_Model], path: Path) -> _Model:
    try:
        content = json.loads(_read(path))
        if isinstance(content, dict) and content.get("format") != FORMAT:
            raise FolderError(
                f"{path}: has format {content.get('format')!r}, this version reads {FORMAT}; use the version of Lands "
                "Between that wrote it"
            )
        return model.model_validate(content)
    except (ValueError, RecursionError) as error:
        what = error.errors(include_url=False)[0]["msg"] if isinstance(error, ValidationError) else error
        raise FolderError(f"{path}: damaged: {what}") from error


def _read(path: Path) -> bytes:
    with explained(path):
        if not path.is_file():
            raise FolderError(f"{path}: no such file; is {path.parent} a study folder?")
        if path.stat().st_size > _MOST_MANIFEST_BYTES:
            raise FolderError(f"{path}: damaged: larger than {_MOST_MANIFEST_BYTES} bytes")
        return path.read_bytes()


def _arrow(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _json(record: _Record) -> bytes:
    return record.model_dump_json(indent=1).encode() + b"\n"


def _shown(value: object) -> str:
    return "absent" if value is None else json.dumps(value)
