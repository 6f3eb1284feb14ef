"""Weights that a user brings, by address: a file, or `hf://user/repo/path/to/file@revision` on the Hub.

Both are pinned: a study file names the SHA-256 of the bytes, and other bytes are refused. A model of several files is a
folder, or `hf://user/repo@commit`, whose commit pins it.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from builder.errors import AssetError, StudyError
from builder.toml import pattern

SHA256 = pattern(r"^[0-9a-f]{64}$", "must be the 64 hexadecimal digits of a SHA-256, in lower case")
Sha256 = Annotated[str, Field(pattern=SHA256)]

_HUB = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)/(?P<file>[^@]+)@(?P<revision>[\w./-]+)")

_REPOSITORY = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)@(?P<revision>[0-9a-f]{40})")

_MOST_CONFIG_BYTES = 1_000_000


def locate(address: str | None, sha256: str | None, table: str, form: str, source: str = "") -> Path:
    """The verified file at `address`, downloaded to the Hub's own cache where it lies on the Hub.

    Args:
        address: what stands behind the colon of `model`.
        sha256: the pinned hash; None where the study file has none.
        table: of the study file, for errors: `generator`, `recognizers`.
        form: how the model wants to be written, for errors.
        source: a sentence that says where such weights come from, for the error where there are none.

    Raises:
        StudyError: no address, one that cannot be read, or no hash: the error gives the file's.
        AssetError: there is no such file, or it is another one.
    """
    if not address:
        raise StudyError(f"{table}.model: the weights are missing; write {form}")
    path = _from_hub(address) if address.startswith("hf://") else Path(address)
    if not path.is_file():
        raise AssetError(
            f"{table}.model: no weights at {address}: there is no such file in {Path.cwd()}. {source}".rstrip()
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 is None:
        raise StudyError(f'{table}.sha256 is missing: to pin the weights at {address}, add sha256 = "{digest}"')
    if digest != sha256:
        raise AssetError(
            f"{table}.sha256: the weights at {address} have SHA-256 {digest}, the study file says {sha256}"
        )
    return path


def _from_hub(address: str) -> Path:
    match = _HUB.fullmatch(address)
    if not match or ".." in match["file"].split("/"):
        raise StudyError(f"{address}: no address on the Hub; write hf://user/repo/path/to/file@revision")
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(match["repo"], match["file"], revision=match["revision"]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise AssetError(f"{address}: cannot be fetched from the Hub: {error}") from error


def parse_repository(address: str, table: str, entry: str) -> tuple[str, str] | None:
    """Repository and commit of a model of several files on the Hub; None where the address is a folder.

    Args:
        address: what stands behind the colon of `model`.
        table: of the study file, for errors.
        entry: what stands before the colon.

    Raises:
        StudyError: it is on the Hub and pinned by no commit.
    """
    if not address.startswith("hf://"):
        return None
    match = _REPOSITORY.fullmatch(address)
    if not match:
        raise StudyError(
            f"{table}.model = '{entry}:{address}': not a pinned address on the Hub; write hf://user/repo@revision, "
            "revision being a full commit hash (40 hexadecimal digits, lower case): a branch or a tag can move, and "
            "the images with it"
        )
    return match["repo"], match["revision"]


def fetch_repository(address: str, repo: str, revision: str, patterns: Sequence[str]) -> Path:
    """The folder in the Hub's own cache with those files of a repository that are wanted.

    Raises:
        AssetError: it cannot be fetched.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=list(patterns)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise AssetError(f"{address}: cannot be fetched from the Hub: {error}") from error


def verify_files(files: Sequence[Path], address: str, sha256: str | None, table: str, *, pinned: bool) -> None:
    """Compares the SHA-256 of a model's files, one after another, with the one of the study file.

    Args:
        files: of the model.
        address: for errors, as `table`.
        sha256: of the study file; None where it has none.
        table: of the study file.
        pinned: whether the address pins them already.

    Raises:
        StudyError: nothing pins them: the error gives their SHA-256.
        AssetError: they are others.
    """
    if sha256 is None and pinned:
        return
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    here = digest.hexdigest()
    if sha256 is None:
        raise StudyError(f'{table}.sha256 is missing: to pin the model at {address}, add sha256 = "{here}"')
    if here != sha256:
        raise AssetError(
            f"{table}.sha256: the files of the model at {address} have SHA-256 {here}, the study file says {sha256}"
        )


def read_json(path: Path) -> dict[str, Any]:
    """The configuration of a model.

    Raises:
        AssetError: it is too large, or no JSON object.
    """
    try:
        if path.stat().st_size > _MOST_CONFIG_BYTES:
            raise AssetError(f"{path}: larger than {_MOST_CONFIG_BYTES} bytes; this is no configuration of a model")
        config = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise AssetError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(config, dict):
        raise AssetError(f"{path}: must hold a JSON object, the configuration of a model")
    return config
