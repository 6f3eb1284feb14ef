"""Study folders and published folders of somebody else, in which links were planted that lead to a user's own files."""

import os
import shutil
from pathlib import Path

import pytest

from builder.build import Crew, build, repair
from builder.errors import FolderError, LandsBetweenError
from builder.publish.prepare import Options
from builder.publish.publishing import publish_to_folder, withdraw_from_folder
from builder.ratings.importing import import_exports
from builder.ratings.items import read_design
from builder.ratings.privacy import participant_key
from builder.shards import StudyFolder
from builder.study import read_study
from builder.survey.database import default_url
from tests.builder.ratings.test_importing import person, rating, results
from tests.conftest import run_builder
from tests.studies import copy_study, rate

pytestmark = pytest.mark.slow

PRECIOUS = "what the user wrote in a year"


@pytest.fixture
def folder(small_folder, tmp_path):
    """A copy of the small study, to plant links in."""
    return copy_study(small_folder, tmp_path / "study")


@pytest.fixture
def precious(tmp_path):
    """A folder of the user with one file."""
    path = tmp_path / "home"
    path.mkdir(mode=0o755)
    (path / "precious").write_text(PRECIOUS)
    return path


@pytest.fixture
def export(folder, tmp_path):
    """An export with one rating of one person."""
    pair = read_design(folder).items.index[0]
    return results(tmp_path / "a.jsonl", person("ann"), rating("ann", pair, 90, True))


def untouched(home: Path) -> bool:
    """Whether the user's folder is as it was: its one file, its rights."""
    names = [path.name for path in home.rglob("*")]
    return (names, home.stat().st_mode & 0o777, (home / "precious").read_text()) == (["precious"], 0o755, PRECIOUS)


def plant(link: Path, target: Path) -> None:
    """Puts a link in the place of what is there."""
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)


ROOT_FILES = ["README.md", "study.toml", "manifest.json"]


@pytest.mark.parametrize("name", ROOT_FILES)
def test_a_build_writes_through_no_link(folder, precious, name):
    plant(folder / f".{name}.partial", precious / "precious")
    build(StudyFolder(folder).study(), folder, Crew())
    assert untouched(precious)


def test_a_repair_writes_through_no_link(folder, precious):
    plant(folder / ".README.md.partial", precious / "precious")
    assert run_builder("status", folder, "--repair").returncode == 0
    assert untouched(precious)
    plant(folder / "README.md", precious / "precious")
    assert repair(folder, Crew()) is None
    assert untouched(precious)
    assert not (folder / "README.md").is_symlink()


@pytest.mark.parametrize("name", ["ratings.arrow", "participants.arrow", "refused.csv", "held-back.csv"])
def test_an_import_writes_through_no_link(folder, precious, export, name):
    plant(folder / "ratings" / f".{name}.partial", precious / "precious")
    import_exports(folder, [export])
    assert untouched(precious)


@pytest.mark.parametrize("name", ["ratings.arrow", "refused.csv", "participant.key", ".lock"])
def test_an_import_reads_through_no_link(folder, precious, export, name):
    plant(folder / "ratings" / name, precious / "precious")
    with pytest.raises(FolderError, match=name):
        import_exports(folder, [export])
    assert untouched(precious)


LINKED = ["shards", "shards/pairs", "shards/images", "manifest", "log", "ratings", "published"]


@pytest.mark.parametrize("name", LINKED)
@pytest.mark.parametrize("command", [build, repair])
def test_a_study_folder_with_a_linked_subfolder_is_refused(folder, precious, command, name):
    study = StudyFolder(folder).study()
    plant(folder / name, precious)
    with pytest.raises(FolderError, match=f"{name}: is a link"):
        build(study, folder, Crew()) if command is build else repair(folder, Crew())
    assert untouched(precious)


def test_a_link_to_the_study_folder_itself_is_the_users_own_and_followed(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert repair(tmp_path / "link", Crew()) is None
    assert StudyFolder(tmp_path / "link").status(verify=True).damaged == {}


def test_a_first_build_into_a_folder_with_links_is_refused(small_study, precious, tmp_path):
    for name in ("shards", "manifest", "log"):
        out = tmp_path / f"out-{name}"
        out.mkdir()
        plant(out / name, precious)
        with pytest.raises(FolderError):
            build(read_study(small_study), out, Crew())
    assert untouched(precious)


def test_the_ratings_of_a_study_whose_ratings_are_a_link_are_refused(folder, precious, export):
    plant(folder / "ratings", precious)
    with pytest.raises(FolderError, match="ratings: is a link"):
        import_exports(folder, [export])
    with pytest.raises(FolderError, match="ratings: is a link"):
        participant_key(folder)
    with pytest.raises(FolderError, match="ratings: is a link"):
        default_url(folder)
    said = run_builder("ratings", "import", folder, export)
    assert said.returncode == 2
    assert "ratings: is a link" in said.stderr
    assert "Traceback" not in said.stderr
    assert untouched(precious)


@pytest.mark.parametrize("name", ["survey.sqlite", "survey.sqlite-wal", "survey.sqlite-shm", "survey.sqlite-journal"])
def test_a_surveys_database_is_no_link(folder, precious, name):
    plant(folder / "ratings" / name, precious / "precious")
    with pytest.raises(FolderError, match=f"{name}: is a link"):
        default_url(folder)
    assert untouched(precious)


def test_a_damaged_shard_that_is_a_link_is_built_again_in_its_place(folder, precious, small_folder):
    shard = folder / "shards/pairs/batch-00000.arrow"
    plant(shard, precious / "precious")
    outcome = repair(folder, Crew())
    assert outcome is not None
    assert outcome.built == 1
    assert untouched(precious)
    assert not shard.is_symlink()
    assert shard.read_bytes() == (small_folder / "shards/pairs/batch-00000.arrow").read_bytes()


def published_files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("name", [".publishing.partial", ".publishing", "data", "data/pairs", "README.md", "VERSION"])
def test_publishing_follows_no_link_in_the_folder_it_publishes_to(folder, precious, tmp_path, name):
    to = tmp_path / "published"
    publish_to_folder(folder, to, "1.0.0", Options())
    plant(to / name, precious / "precious" if (to / name).is_file() else precious)
    rate(folder, 12)
    before = published_files(to)
    with pytest.raises(LandsBetweenError, match="is a link"):
        publish_to_folder(folder, to, "2.0.0", Options())
    with pytest.raises(LandsBetweenError, match="is a link"):
        withdraw_from_folder(to, "1.0.0", "a mistake", None)
    assert untouched(precious)
    assert published_files(to) == before


def test_publishing_writes_through_no_link_in_the_study_folder(folder, precious, tmp_path):
    plant(folder / "published", precious)
    with pytest.raises(FolderError, match="published: is a link"):
        publish_to_folder(folder, tmp_path / "published", "1.0.0", Options())
    assert untouched(precious)


def test_what_a_killed_build_was_writing_is_removed(folder, precious):
    """Under the names of this version and of earlier ones; what is not ours, and what links lead to, stays."""
    left = [
        "README.md.0123456789abcdef0123456789abcdef",
        "study.toml",
        "manifest/batch-00007.json.0123456789abcdef0123456789abcdef",
        "manifest/batch-00007.json",
        "log/batch-00007.jsonl.0123456789abcdef0123456789abcdef",
        "shards/pairs/batch-00001.arrow.0123456789abcdef0123456789abcdef",
        "shards/images/batch-00001.arrow",
    ]
    for name in left:
        path = folder / name
        path.with_name(f".{path.name}.partial").write_text("x")
    (folder / "shards/pairs/.notes.txt.partial").write_text("x")
    plant(folder / ".manifest.json.partial", precious / "precious")
    build(StudyFolder(folder).study(), folder, Crew())
    assert [path.name for path in folder.rglob("*.partial")] == [".notes.txt.partial"]
    assert untouched(precious)


def test_what_a_killed_import_was_writing_is_removed(folder, export):
    """It holds what people said."""
    (folder / "ratings").mkdir()
    for name in (
        ".ratings.arrow.0123456789abcdef0123456789abcdef.partial",
        ".participants.arrow.partial",
        ".held-back.csv.partial",
    ):
        (folder / "ratings" / name).write_text("x")
    import_exports(folder, [export])
    assert list((folder / "ratings").glob("*.partial")) == []


def test_a_pipe_in_place_of_a_file_holds_nobody_up(folder):
    (folder / "study.toml").unlink()
    os.mkfifo(folder / "study.toml")
    with pytest.raises(FolderError, match=r"study\.toml: is no file"):
        StudyFolder(folder).study()


def test_a_folder_in_place_of_a_shard_or_a_manifest_is_set_aside_by_a_repair(folder, small_folder):
    for name in ("shards/pairs/batch-00000.arrow", "manifest/batch-00001.json"):
        (folder / name).unlink()
        (folder / name).mkdir()
        (folder / name / "notes.txt").write_text("mine")
    damaged = StudyFolder(folder).status().damaged
    assert {batch: reason.split(": ", 1)[1] for batch, reason in damaged.items()} == {
        0: "is a folder, not a file; move it away",
        1: "is a folder, not a file; move it away",
    }
    outcome = repair(folder, Crew())
    assert outcome is not None
    assert (outcome.built, outcome.failed) == (2, {})
    for table in ("pairs", "images", "embeddings", "searches"):
        for batch in range(2):
            name = f"shards/{table}/batch-0000{batch}.arrow"
            assert (folder / name).read_bytes() == (small_folder / name).read_bytes()
    assert [path.read_text() for path in folder.rglob("notes.txt")] == ["mine", "mine"]
    assert StudyFolder(folder).status(verify=True).damaged == {}
