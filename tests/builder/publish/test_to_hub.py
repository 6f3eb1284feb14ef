"""From a study folder to the Hub and back, by the commands and by `datasets`, each in processes of its own."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from builder.ratings.store import RatingsFolder
from builder.shards import StudyFolder
from tests.asks import ASKS
from tests.hub_server import Hub
from tests.studies import rate

pytestmark = pytest.mark.slow

REPO = "user/name"
KEYS = {
    "pairs": ["pair_id"],
    "images": ["image_id"],
    "embeddings": ["image_id"],
    "searches": ["search_id", "iteration"],
}

LOAD = """
import sys
import datasets, pyarrow as pa
from tests.asks import ASKS
repo, revision, folder = sys.argv[1:]
for name in datasets.get_dataset_config_names(repo, revision=revision):
    loaded = datasets.load_dataset(repo, name, revision=revision, split="train")
    streamed = datasets.load_dataset(repo, name, revision=revision, split="train", streaming=True)
    undecoded = {key: datasets.Image(decode=False) for key, kind in loaded.features.items() if kind == datasets.Image()}
    for key, kind in undecoded.items():
        loaded, streamed = loaded.cast_column(key, kind), streamed.cast_column(key, kind)
    assert list(streamed) == list(loaded), name
    table = loaded.with_format("arrow")[:]
    with pa.OSFile(f"{folder}/{name}.arrow", "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
"""


def command(hub: Hub, home: Path, *arguments: object) -> "subprocess.Popen[str]":
    line = [sys.executable, "-m", "builder", *map(str, arguments)]
    return subprocess.Popen(line, env=hub.environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(hub: Hub, home: Path, *arguments: object, status: int = 0) -> str:
    """What a command says: its output, or with `status` other than 0 its error."""
    process = command(hub, home, *arguments)
    out, err = process.communicate(timeout=300)
    assert process.returncode == status, out + err
    return err if status else out


def publish(hub: Hub, home: Path, study: Path, version: str, *, status: int = 0) -> str:
    return run(hub, home, "publish", study, "--repo", REPO, "--version", version, status=status)


def load(hub: Hub, home: Path, revision: str) -> dict[str, pa.Table]:
    """Every table of a published version, as `datasets` reads it."""
    into = home / f"loaded-{revision}"
    into.mkdir()
    line = [sys.executable, "-c", LOAD, REPO, revision, str(into)]
    result = subprocess.run(line, env=hub.environment(home), capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return {path.stem: pa.ipc.open_file(path).read_all() for path in into.iterdir()}


def rows(table: pa.Table, columns: list[str], keys: list[str]) -> list[dict[str, Any]]:
    """In an order of their own; of an image its bytes."""
    found = table.select(columns).to_pylist()
    for row in found:
        for name, value in row.items():
            row[name] = value["bytes"] if isinstance(value, dict) and "bytes" in value else value
    return sorted(found, key=lambda row: tuple(row[key] for key in keys))


def sent(hub: Hub) -> int:
    """Bytes of files that came in."""
    return sum(request.received for request in hub.requests("^PUT /upload/"))


def test_a_study_comes_back_from_the_hub(hub: Hub, study: Path, tmp_path: Path) -> None:
    rate(study, 24)
    publish(hub, tmp_path, study, "1.0.0")
    tables = load(hub, tmp_path, "v1.0.0")
    folder = StudyFolder(study)
    for name, keys in KEYS.items():
        built = pa.concat_tables([folder.read(name, batch) for batch in folder.finished()])
        assert rows(tables[name], built.column_names, keys) == rows(built, built.column_names, keys), name
    given = RatingsFolder(study, ASKS).ratings()
    answers = ["pair_id", "similarity", "identity"]
    assert rows(tables["ratings"], answers, answers) == rows(given, answers, answers)
    assert tables["participants"].num_rows == 24
    assert not set(tables["participants"]["participant_id"].to_pylist()) - set(
        tables["ratings"]["participant_id"].to_pylist()
    )
    assert "as it should be" in run(hub, tmp_path, "verify", REPO, "--revision", "v1.0.0")


def test_versions_on_the_hub(hub: Hub, study: Path, tmp_path: Path) -> None:
    rate(study, 24)
    assert "dry run" in run(hub, tmp_path, "publish", study, "--repo", REPO, "--version", "1.0.0", "--dry-run")
    assert not hub.requests("^(PUT|POST) ")
    publish(hub, tmp_path, study, "1.0.0")
    whole = sent(hub)
    hub.heal()
    assert "nothing to do" in publish(hub, tmp_path, study, "1.0.0")
    assert not hub.requests("^(PUT|POST) .*(upload|commit|tag)")

    rate(study, 24, seed=1)
    hub.hang("^POST .*/commit/")
    process = command(hub, tmp_path, "publish", study, "--repo", REPO, "--version", "1.0.1")
    while not hub.requests("^POST .*/commit/"):
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    process.kill()
    process.communicate()
    assert list(hub.repo().tags) == ["v1.0.0"]
    arrived = sent(hub)
    assert 0 < arrived < whole
    publish(hub, tmp_path, study, "1.0.1")
    assert sent(hub) == arrived
    assert run(hub, tmp_path, "verify", REPO)

    withdrawn = run(hub, tmp_path, "publish", study, "--repo", REPO, "--retract", "1.0.1", "--why", "consent")
    assert "is withdrawn" in withdrawn
    assert "no such version" in run(hub, tmp_path, "verify", REPO, "--revision", "v1.0.1", status=2)
    assert "as it should be" in run(hub, tmp_path, "verify", REPO)
    assert "the next one is a major" in publish(hub, tmp_path, study, "1.0.2", status=2)
    publish(hub, tmp_path, study, "2.0.0")
    assert "as it should be" in run(hub, tmp_path, "verify", REPO, "--revision", "v2.0.0")
    tree = hub.repo().find("v2.0.0").tree  # type: ignore[union-attr]
    assert b"Withdrawn: consent" in hub.repo().content(tree["CHANGELOG.md"])  # type: ignore[operator]
    example = b'load_dataset("user/name", "pairs", split="train", revision="v2.0.0")'
    assert example in hub.repo().content(tree["README.md"])  # type: ignore[operator]
