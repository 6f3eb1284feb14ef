"""The study folder: Arrow shards, the manifest, and what resume rests on.

A batch is done when its file in `manifest/` is there; that file is written last. Everything is a function
of the study but `timings` and `environment`.
"""

import contextlib
import hashlib
import json
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import filelock
import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from builder.arrow_stream import map_stream
from builder.errors import FolderError, StudyError
from builder.files import PARTIAL, explained, write_whole
from builder.study import Study, first_difference, identity_hash, parse_study, parse_toml, shown
from loading_script.lands_between import BUILD_TABLES

log = logging.getLogger(__name__)

FORMAT = 1
"""Version of the folder's layout; a folder of another version is refused."""

_LOCK = ".lock"
_MOST_MANIFEST_BYTES = 10_000_000
_OURS = re.compile(r"\.?batch-[0-9]{5,9}\.(arrow|json)(\.partial)?")
_ANEW = "remove it, and build with the same study into this folder writes it again"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


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
    rows: Annotated[int, Field(ge=0, lt=2**31)]
    bytes: Annotated[int, Field(ge=0, lt=2**63)]
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
        if re.search(r"[*?\[\]]|::", str(self.root.absolute())):
            raise FolderError(
                f"{self.root}: datasets.load_dataset takes *, ?, [, ] and :: in a path for patterns and would not find "
                "this folder; choose another with --out"
            )
        if self.root.exists() and not self.root.is_dir():
            raise FolderError(f"{self.root}: is a file, not a folder; choose another with --out")
        with explained(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            strangers = [path.name for path in self.root.iterdir() if path.name not in self._first_files()]
        if strangers and not self._manifest_path.exists() and not self.finished():
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
        """Checks that the folder is this study's and whole, or makes it so as far as no models are needed.

        Returns:
            The study with the batches asked for, or those that are finished where they are more.

        Raises:
            FolderError: the folder is another study's, naming the first key that differs; or batches are damaged.
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
        finished = self.finished()
        damaged = self._damaged(finished, study.hash(), verify=False)
        if damaged:
            reasons = "\n".join(f"  batch {batch}: {reason}" for batch, reason in damaged.items())
            files = " ".join(str(self._batch_path(batch)) for batch in damaged)
            raise FolderError(
                f"{self.root}: {len(damaged)} of {len(finished)} finished batches are damaged:\n{reasons}\n"
                f"  To compute them again, remove {files} and run the same command"
            )
        study = study.model_copy(update={"batches": max(study.batches, *(batch + 1 for batch in finished), 1)})
        write_whole(self.root / "study.toml", study.to_toml().encode())
        return study

    @property
    def described(self) -> bool:
        """Whether `manifest.json` is there."""
        return self._manifest_path.exists()

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
        again = "build with the same study into this folder writes it again"
        if not path.exists():
            raise FolderError(f"{path}: is missing; {again}")
        try:
            study = parse_study(parse_toml(_read(path), str(path)), str(path))
        except StudyError as error:
            raise FolderError(f"{error}\n  The file is damaged; {again}") from error
        if study.hash() != manifest.study_hash:
            raise FolderError(
                f"{path}: is not the study that {self._manifest_path} describes: one of them was edited; {again}"
            )
        return study

    def manifest(self) -> Manifest:
        """`manifest.json`, validated.

        Raises:
            FolderError: it is absent, damaged or of another version of the format.
        """
        held = _validated(Manifest, self._manifest_path)
        if identity_hash(held.study) != held.study_hash:
            raise FolderError(f"{self._manifest_path}: damaged: the study in it does not have the hash in it; {_ANEW}")
        return held

    def batch_manifest(self, batch: int, study_hash: str) -> BatchManifest:
        """A finished batch's manifest, validated against the study of this hash.

        Raises:
            FolderError: it is absent, damaged, of another version, or another study's.
        """
        path = self._batch_path(batch)
        held = _validated(BatchManifest, path)
        if held.batch != batch or sorted(shard.table for shard in held.shards) != sorted(BUILD_TABLES):
            raise FolderError(f"{path}: damaged: describes another batch or other tables")
        if held.study_hash != study_hash:
            raise FolderError(f"{path}: belongs to another study")
        return held

    def finished(self) -> list[int]:
        """The batches that have a manifest, sorted; no shard is looked at."""
        found = (re.fullmatch(r"batch-([0-9]{5,9})\.json", path.name) for path in _listed(self.root / "manifest"))
        numbers = {int(match[1]) for match in found if match}
        return sorted(batch for batch in numbers if self._batch_path(batch).is_file())

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
        shards = self.root / "shards"
        folders = [self.root / "manifest", *(shards / table for table in BUILD_TABLES if not shards.is_symlink())]
        for folder in folders:
            for path in _listed(folder) if not folder.is_symlink() else ():
                if not _OURS.fullmatch(path.name) or path.is_symlink() or not path.is_file():
                    continue  # somebody else's, or somewhere else
                listed = path.suffix != PARTIAL and int(re.findall(r"\d+", path.name)[0]) in finished
                if not listed:
                    with explained(path):
                        path.unlink()

    def write_readme(self) -> None:
        """Writes the `README.md` whose `configs` list the finished shards for `datasets.load_dataset`."""
        finished = self.finished()
        manifest = self.manifest()
        batches = [self.batch_manifest(batch, manifest.study_hash) for batch in finished]
        rows: dict[str, int] = {shard.table: shard.rows for held in batches[:1] for shard in held.shards}
        filled = [table for table in BUILD_TABLES if rows.get(table)]  # load_dataset cannot read an empty table
        hashes = [shard.sha256 for held in batches for shard in held.shards]
        content = hashlib.sha256("".join(hashes).encode()).hexdigest()
        configs = [
            {
                "config_name": table,
                **({"default": True} if table == "pairs" else {}),
                # The cache of `datasets` knows a folder by its name and its configs: without this, another study in a
                # folder of the same name would load as this one.
                "description": f"content {content}",
                "data_files": [
                    {
                        "split": "train",
                        "path": [self.shard_path(table, batch).relative_to(self.root).as_posix() for batch in finished],
                    }
                ],
            }
            for table in filled
        ]
        head = yaml.safe_dump({"configs": configs}, sort_keys=False)
        text = (
            f"---\n{head}---\n\n# {manifest.study['name']}\n\nA study folder of Lands Between. A table loads "
            'with `datasets.load_dataset(FOLDER, "pairs", split="train")`; '
            f"the others are {', '.join(filled[1:])}.\n"
        )
        write_whole(self.root / "README.md", text.encode())

    def status(self, *, verify: bool = False) -> Status:
        """Which batches are done, missing or damaged.

        Args:
            verify: compare every shard's bytes with their SHA-256; else only whether they are there, whole.
        """
        study = self.study()
        finished = self.finished()
        damaged = self._damaged(finished, study.hash(), verify=verify)
        done = [batch for batch in finished if batch not in damaged]
        rows = dict.fromkeys(BUILD_TABLES, 0)
        for batch in done:
            for shard in self.batch_manifest(batch, study.hash()).shards:
                rows[shard.table] += shard.rows
        missing = sorted(set(range(study.batches)) - set(finished))
        return Status(study.batches, tuple(done), tuple(missing), damaged, rows)

    def _damaged(self, batches: list[int], study_hash: str, *, verify: bool) -> dict[int, str]:
        """What is wrong with which of these batches."""
        damaged = {}
        for batch in batches:
            try:
                for shard in self.batch_manifest(batch, study_hash).shards:
                    self._check(shard, batch, verify=verify)
            except FolderError as error:
                damaged[batch] = str(error)
        return damaged

    def read(self, table: str, batch: int) -> pa.Table:
        """The rows of one finished batch in one table.

        Raises:
            FolderError: the batch is not finished, or its shard is damaged: what does not verify is not read.
        """
        study_hash = self.manifest().study_hash
        finished = self.finished()
        if batch not in finished:
            have = f"it has batches {finished[0]} to {finished[-1]}" if finished else "it has none yet"
            raise FolderError(f"{self.root}: batch {batch} is not built; {have}")
        for shard in self.batch_manifest(batch, study_hash).shards:
            if shard.table == table:
                self._check(shard, batch, verify=True)
        path = self.shard_path(table, batch)
        return _mapped(path)

    def shard_path(self, table: str, batch: int) -> Path:
        """Where the rows of one batch in one table lie."""
        return self.root / "shards" / table / f"batch-{batch:05d}.arrow"

    def _check(self, shard: Shard, batch: int, *, verify: bool) -> None:
        path = self.shard_path(shard.table, batch)
        with explained(path):
            if not path.is_file():
                raise FolderError(f"{path}: is missing")
            size = path.stat().st_size
            if size != shard.bytes:
                raise FolderError(f"{path}: has {size} bytes, its manifest says {shard.bytes}")
            if not verify:
                return
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != shard.sha256:
                    raise FolderError(f"{path}: its bytes do not have the SHA-256 that its manifest says")
            rows = _mapped(path).num_rows
            if rows != shard.rows:
                raise FolderError(f"{path}: has {rows} rows, its manifest says {shard.rows}")

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
        content = _read(path)
        read = json.loads(content)
        version = read.get("format") if isinstance(read, dict) else None
        if type(version) is int and version != FORMAT:
            raise FolderError(
                f"{path}: has format {shown(version)}, this version reads {FORMAT}; use the version of Lands Between "
                "that wrote it"
            )
        return model.model_validate_json(content)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(map(str, detail["loc"])) or "the file"
        raise FolderError(f"{path}: damaged: {where}: {detail['msg']}; {_ANEW}") from error
    except (ValueError, RecursionError) as error:
        raise FolderError(f"{path}: damaged: is no JSON that this project writes; {_ANEW}") from error


def _listed(folder: Path) -> list[Path]:
    """What lies in a folder; nothing where there is no such folder. One that cannot be read is an error: taken for
    empty, finished batches would be computed again and their shards removed.
    """
    if not folder.exists():
        return []
    with explained(folder):
        return list(folder.iterdir())


def _read(path: Path) -> bytes:
    with explained(path):
        if not path.is_file():
            raise FolderError(f"{path}: no such file; name a study folder, such as out/lands-between-demo")
        if path.stat().st_size > _MOST_MANIFEST_BYTES:
            raise FolderError(f"{path}: damaged: larger than {_MOST_MANIFEST_BYTES} bytes")
        return path.read_bytes()


def _mapped(path: Path) -> pa.Table:
    """The rows of a shard; its hash may be as forged as it is, so every length in it is checked."""
    with explained(path):
        try:
            return map_stream(path)
        except ValueError as error:
            raise FolderError(f"{path}: damaged: {error}") from error


def _arrow(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _json(record: _Record) -> bytes:
    return record.model_dump_json(indent=1).encode() + b"\n"


def _shown(value: object) -> str:
    return "absent" if value is None else shown(value)
