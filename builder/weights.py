"""Weights that a user brings, by address: a file, or `hf://user/repo/path/to/file@revision` on the Hub.

Both are pinned: a study file names the SHA-256 of the bytes, and other bytes are refused.
"""

import hashlib
import re
from pathlib import Path
from typing import Annotated

from pydantic import Field

from builder.errors import AssetError, StudyError
from builder.toml import pattern

SHA256 = pattern(r"^[0-9a-f]{64}$", "must be the 64 hexadecimal digits of a SHA-256, in lower case")
Sha256 = Annotated[str, Field(pattern=SHA256)]

_HUB = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)/(?P<file>[^@]+)@(?P<revision>[\w./-]+)")


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
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 is None:
        raise StudyError(f'{table}.sha256 is missing: to pin the weights at {address}, add sha256 = "{found}"')
    if found != sha256:
        raise AssetError(f"{table}.sha256: the weights at {address} have SHA-256 {found}, the study file says {sha256}")
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
