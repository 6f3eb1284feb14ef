"""The study folder: Arrow shards, the manifest, and what resume rests on.

A batch is done when its file in `manifest/` is there; that file is written last. Everything is a function
of the study but `environment`, `micro_batches` and `timings`.
"""

import contextlib
import hashlib
import logging
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from builder.errors import FolderError, StudyError
from builder.files import Folder, explained, locked, written_name
from builder.integrity import check_content, check_size
from builder.layout import (
    FIRST_FILES,
    LOCK,
    MANIFEST,
    OF_A_BATCH,
    OF_ALL_BATCHES,
    README,
    STUDY,
    SUBFOLDERS,
    file_name,
    manifest_name,
    readme,
    shard_name,
    weights_name,
)
from builder.manifest import (
    FORMAT,
    MOST_BYTES,
    BatchManifest,
    FormatError,
    Manifest,
    Shard,
    environment_changes,
    parsed,
)
from builder.status import Finished, Status, status_of
from builder.storage import Disk, StoreError, open_storage
from builder.studies import DEFAULT_KIND, load_kind
from builder.study import Study, fingerprint_hash, parse_study
from builder.tables import TableSpec, arrow_bytes
from builder.tasks import Questionnaire
from builder.toml import first_difference, literal, parse_toml
from loading_script.untrusted.arrow_stream import read_stream

log = logging.getLogger(__name__)


class StudyFolder:
    """A study's folder, on a disk or in a store (`builder.storage`)."""

    def __init__(self, where: str | Path) -> None:
        self.storage = open_storage(where)
        self._kind: str | None = None

    @property
    def address(self) -> str:
        """The folder's path or URL."""
        return self.storage.address

    @property
    def root(self) -> Path:
        """The folder's path.

        Raises:
            FolderError: it lies in a store.
        """
        if isinstance(self.storage, Disk):
            return self.storage.root
        raise FolderError(f"{self.address}: this needs a folder of this machine; copy the study folder here first")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for one build; the lock goes with the process, however that ends.

        A store has no lock that would go with a process. It needs none: two builds of one study write the same bytes,
        and nothing in a store is removed.

        Raises:
            FolderError: another build holds it, it cannot be made, or it holds something else than a study.
        """
        if not isinstance(self.storage, Disk):
            yield
            return
        self._check_place(self.root)
        busy = FolderError(f"{self.root}: another build is at work in this folder; wait for it or stop it")
        with locked(self.root / LOCK, busy):
            yield

    def _check_place(self, root: Path) -> None:
        if re.search(r"[*?\[\]]|::", str(root.absolute())):
            raise FolderError(
                f"{root}: datasets.load_dataset takes *, ?, [, ] and :: in a path for patterns and would not find "
                "this folder; choose another with --out"
            )
        if root.exists() and not root.is_dir():
            raise FolderError(f"{root}: is a file, not a folder; choose another with --out")
        with explained(root):
            root.mkdir(parents=True, exist_ok=True)
            folder = Folder(root)
            for name in (*SUBFOLDERS, *(f"shards/{table}" for table in folder.listed("shards"))):
                folder.check(name)
            strangers = sorted(
                name
                for name in folder.listed("")
                if name not in FIRST_FILES and written_name(name) not in OF_ALL_BATCHES
            )
        if strangers and not self.described and not self.finished():
            raise FolderError(
                f"{root}: holds {strangers[0]!r} and no study; choose an empty or a new folder with --out"
            )

    def claim(self, study: Study) -> tuple[Study, dict[int, BatchManifest]]:
        """Checks that the folder is this study's and whole, or makes it so as far as no models are needed.

        A study of which no batch was finished, for its file had a mistake, gives way to another.

        Returns:
            The study with the batches asked for, or those that are finished where they are more; and the finished ones.

        Raises:
            FolderError: the folder is another study's, naming the first key that differs; or batches are damaged.
        """
        if self.described:
            difference = first_difference(self.manifest().study, study.fingerprint())
            if difference and self.has_study_alone():
                self._empty()
            elif difference:
                key, there, here = difference
                raise FolderError(
                    f"{self.address}: holds another study: {key} is {_literal(there)} there and {_literal(here)} "
                    "here; build into another folder with --out, or go back to that value"
                )
        self._kind = study.study
        finished = self.batches(study.hash(), verify=False)
        if finished.damaged:
            reasons = "\n".join(f"  batch {batch}: {reason}" for batch, reason in finished.damaged.items())
            raise FolderError(
                f"{self.address}: {len(finished.damaged)} of {len(finished.whole) + len(finished.damaged)} finished "
                f"batches are damaged:\n{reasons}\n  To compute them again: python -m builder status "
                f"{self.address} --repair"
            )
        study = study.model_copy(update={"batches": max(study.batches, *(batch + 1 for batch in finished.whole), 1)})
        self.storage.write(STUDY, study.to_toml().encode())
        return study, finished.whole

    def has_study_alone(self) -> bool:
        """Whether nothing is here but a study of which no batch was finished, so that another may take its place.

        In a store that is never so: nothing keeps other builds away there.
        """
        if not isinstance(self.storage, Disk):
            return False
        return not (self.finished() or self.storage.folder.listed("ratings") or self.storage.folder.listed("published"))

    def _empty(self) -> None:
        """Removes a study of which no batch was finished."""
        self._kind = None
        self.tidy()
        folder = Folder(self.root)
        for name in (*(f"weights/{name}" for name in folder.listed("weights")), MANIFEST):
            folder.remove(name)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that a batch may have, as the study's kind declares them; the first is the default one.

        Raises:
            FolderError: there is no study yet, or no such kind is installed.
        """
        return tuple(spec.name for spec in self._specs)

    @property
    def _specs(self) -> tuple[TableSpec, ...]:
        self._kind = self._kind or self.manifest().study.get("study", DEFAULT_KIND)
        try:
            return load_kind(self._kind).tables
        except StudyError as error:
            raise FolderError(f"{self.address}: {error}") from error

    def _shard_folders(self) -> list[str]:
        return [f"shards/{table}" for table in self.tables]

    @property
    def described(self) -> bool:
        """Whether `manifest.json` is there."""
        return self.storage.size(MANIFEST) is not None

    def check_present(self) -> None:
        """Checks that the folder is there, before anything is written, which would make it anew.

        Raises:
            FolderError: the folder was there when the build began and is no more.
        """
        if not self.described:
            raise FolderError(
                f"{self.address}: has disappeared while it was built; bring it back (is its disk still there?) and run "
                "the same command again"
            )

    def describe(
        self,
        study: Study,
        micro_batches: dict[str, int],
        environment: dict[str, str],
        weights: Mapping[str, str] | None = None,
    ) -> None:
        """Writes `manifest.json`, once; later warns where the environment is another than it says.

        A folder goes on with the micro-batches that it was begun with, whatever `micro_batches` would be here.
        `weights`: the SHA-256 of those that were trained here, by model.
        """
        if not self.described:
            manifest = Manifest(
                format=FORMAT,
                study=study.fingerprint(),
                study_hash=study.hash(),
                micro_batches=micro_batches,
                environment=environment,
                weights=dict(weights or {}),
            )
            self.storage.write(MANIFEST, manifest.to_json())
            return
        changed = environment_changes(self.manifest().environment, environment)
        if changed:
            log.warning(
                "%s: begun in another environment, so new batches may differ from its own in their last bits: %s",
                self.address,
                ", ".join(changed),
            )

    def study(self) -> Study:
        """The study that the folder holds.

        Raises:
            FolderError: there is none, its kind is not installed, or its files are damaged or disagree.
        """
        manifest = self.manifest()
        _ = self.tables  # a kind that is not installed is no damage
        where = self.storage.at(STUDY)
        again = "`build` with the study that was built into this folder writes it again"
        if self.storage.size(STUDY) is None:
            raise FolderError(f"{where}: is missing; {again}")
        try:
            study = parse_study(parse_toml(self._read(STUDY), where), where)
        except StudyError as error:
            raise FolderError(f"{error}\n  Correct the file, or {again}") from error
        if study.hash() != manifest.study_hash:
            raise FolderError(
                f"{where}: is not the study that {self.storage.at(MANIFEST)} describes: one of them was edited; {again}"
            )
        return study

    def questionnaire(self) -> Questionnaire:
        """The questions that the study asks people of its items.

        Raises:
            FolderError: as `study`.
        """
        return self.study().questionnaire()

    def manifest(self) -> Manifest:
        """`manifest.json`, validated.

        Raises:
            FolderError: it is absent, damaged or of another version of the format.
        """
        where = self.storage.at(MANIFEST)
        if not self.described:
            raise FolderError(f"{where}: no such file; name a study folder, such as out/lands-between-demo")
        manifest = parsed(Manifest, self._read(MANIFEST), where)
        if fingerprint_hash(manifest.study) != manifest.study_hash:
            raise FolderError(
                f"{where}: damaged: the study in it does not have the hash in it; remove it, and build with the same "
                "study into this folder writes it again"
            )
        return manifest

    def batch_manifest(self, batch: int, study_hash: str) -> BatchManifest:
        """A finished batch's manifest, validated against the study of this hash.

        Raises:
            FolderError: it is absent, damaged, of another version, or another study's.
        """
        name = manifest_name(batch)
        return self._parsed_batch(batch, self._read(name), study_hash)

    def _parsed_batch(self, batch: int, content: bytes, study_hash: str) -> BatchManifest:
        where = self.storage.at(manifest_name(batch))
        manifest = parsed(BatchManifest, content, where)
        tables = [shard.table for shard in manifest.shards]
        needed = {spec.name for spec in self._specs if not spec.optional}
        if manifest.batch != batch or len(set(tables)) < len(tables) or not needed <= set(tables) <= set(self.tables):
            raise FolderError(f"{where}: damaged: describes another batch or other tables")
        if manifest.study_hash != study_hash:
            raise FolderError(f"{where}: belongs to another study")
        return manifest

    def finished(self) -> list[int]:
        """The batches that have a manifest, or something else in its place, sorted; no shard is looked at."""
        listed = {*self.storage.sizes("manifest"), *self.storage.strangers("manifest")}
        matches = (re.fullmatch(r"batch-([0-9]{5,9})\.json", name) for name in listed)
        numbers = {int(match[1]) for match in matches if match}
        return sorted(batch for batch in numbers if manifest_name(batch).removeprefix("manifest/") in listed)

    def batches(self, study_hash: str, *, verify: bool) -> Finished:
        """Every finished batch's manifest, and what is wrong with the damaged ones.

        Time is linear in the batches: each manifest is read once, and each folder of shards listed once.

        Args:
            study_hash: that of the study that they should belong to.
            verify: compare every shard's bytes with their SHA-256; else only whether they are there, whole.

        Raises:
            FormatError: a batch was built by another version: it is not damaged, and nothing is known of it.
            StoreError: the store cannot be asked; likewise.
        """
        finished = self.finished()
        sizes = {table: self.storage.sizes(f"shards/{table}") for table in self.tables} if finished else {}
        contents = self.storage.read([manifest_name(batch) for batch in finished], MOST_BYTES)
        whole, damaged = {}, {}
        for batch, content in zip(finished, contents, strict=True):
            try:
                if isinstance(content, FolderError):
                    raise content
                manifest = self._parsed_batch(batch, content, study_hash)
                for shard in manifest.shards:
                    check_size(self.storage, shard, batch, sizes[shard.table].get(file_name(batch)))
                    if verify:
                        check_content(self.storage, shard, batch)
                whole[batch] = manifest
            except (FormatError, StoreError):
                raise
            except FolderError as error:
                damaged[batch] = str(error)
        return Finished(whole, damaged)

    def write_batch(
        self,
        batch: int,
        tables: Mapping[str, pa.Table],
        *,
        seeds: Sequence[int],
        passed_over: Sequence[int],
        environment: dict[str, str],
        micro_batches: dict[str, int],
        timings: dict[str, float],
    ) -> BatchManifest:
        """Writes a batch's shards and then its manifest, whose appearance makes the batch done.

        Raises:
            FolderError: no room, no right, no answer, or the folder is gone.
        """
        study_hash = self.manifest().study_hash
        shards = []
        for table, rows in tables.items():
            content = arrow_bytes(rows)
            self.storage.write(shard_name(table, batch), content)
            digest = hashlib.sha256(content).hexdigest()
            shards.append(Shard(table=table, rows=rows.num_rows, bytes=len(content), sha256=digest))
        manifest = BatchManifest(
            format=FORMAT,
            study_hash=study_hash,
            batch=batch,
            shards=tuple(shards),
            seeds=tuple(seeds),
            passed_over=tuple(passed_over),
            environment=environment,
            micro_batches=micro_batches,
            timings={step: round(seconds, 3) for step, seconds in timings.items()},
        )
        self.storage.write(manifest_name(batch), manifest.to_json())
        return manifest

    def write_weights(self, name: str, content: bytes) -> str:
        """Writes the weights of a model that was trained here; their SHA-256."""
        self.storage.write(weights_name(name), content)
        return hashlib.sha256(content).hexdigest()

    def weights(self, name: str, sha256: str) -> bytes:
        """The weights of a model that was trained here, as safetensors.

        Raises:
            FolderError: they are missing, or not those that the manifest says.
        """
        content = self._read(weights_name(name))
        if hashlib.sha256(content).hexdigest() != sha256:
            raise FolderError(
                f"{self.storage.at(weights_name(name))}: its bytes do not have the SHA-256 that {MANIFEST} says"
            )
        return content

    def tidy(self) -> None:
        """Removes shards that no manifest lists and what was being written when a build was stopped.

        In a store nothing is removed: another build may be about to list it, and the batch's own overwrites it.
        """
        if not isinstance(self.storage, Disk):
            return
        finished, folder = set(self.finished()), self.storage.folder
        for name in folder.listed(""):
            if written_name(name) in OF_ALL_BATCHES:
                folder.remove(name)
        shards = self._shard_folders()
        for within in ("manifest", "log", *shards):
            for name, status in folder.listed(within).items():
                written = written_name(name)
                of_batch = OF_A_BATCH.fullmatch(written or name)
                if not of_batch or not (written or stat.S_ISREG(status.st_mode)):
                    continue  # somebody else's, or somewhere else
                if written or (within in shards and int(of_batch[1]) not in finished):
                    folder.remove(f"{within}/{name}")

    def forget_batches(self, batches: Sequence[int]) -> None:
        """Removes the manifests of batches, which makes them batches to build; on a disk their other files, too, or
        what lies in the places of them.
        """
        for batch in batches:
            self.storage.remove(manifest_name(batch))
            for within in self._shard_folders() if isinstance(self.storage, Disk) else ():
                self.storage.remove(f"{within}/{file_name(batch)}")

    def write_readme(self, name: str, finished: Mapping[int, BatchManifest]) -> None:
        """Writes the `README.md` whose `configs` list the finished shards for `datasets.load_dataset`."""
        self.storage.write(README, readme(name, self.tables, finished).encode())

    def status(self, *, verify: bool = False) -> Status:
        """The batches that are done, missing or damaged; `verify` as in `batches`."""
        study = self.study()
        return status_of(study, self.batches(study.hash(), verify=verify))

    def holds(self, table: str, batch: int) -> bool:
        """Whether a finished batch has a table, which may be optional.

        Raises:
            FolderError: the batch's manifest is absent or damaged.
        """
        manifest = self.batch_manifest(batch, self.manifest().study_hash)
        return any(shard.table == table for shard in manifest.shards)

    def read(self, table: str, batch: int) -> pa.Table:
        """The rows of one finished batch in one table.

        Raises:
            FolderError: the batch is not finished, or its shard is damaged: what does not verify is not read.
        """
        study_hash = self.manifest().study_hash
        if self.storage.size(manifest_name(batch)) is None:
            finished = self.finished()
            have = f"it has batches {finished[0]} to {finished[-1]}" if finished else "it has none yet"
            raise FolderError(f"{self.address}: batch {batch} is not built; {have}")
        for shard in self.batch_manifest(batch, study_hash).shards:
            if shard.table == table:
                check_size(self.storage, shard, batch, self.storage.size(shard_name(table, batch)))
                check_content(self.storage, shard, batch)
        name = shard_name(table, batch)
        with explained(self.storage.at(name)), self.storage.arrow(name) as source:
            return read_stream(source.read_buffer())  # whose hash may be as forged as it is

    def shard_path(self, table: str, batch: int) -> Path:
        """The path of the rows of one batch in one table on this machine."""
        return self.root / shard_name(table, batch)

    def _read(self, name: str) -> bytes:
        (content,) = self.storage.read([name], MOST_BYTES)
        if isinstance(content, FolderError):
            raise content
        return content


def _literal(value: object) -> str:
    return "absent" if value is None else literal(value)
