"""The command against a server that speaks the Hub's API, and back through `datasets`, bit for bit."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from builder.shards import StudyFolder
from tests import schema
from tests.hub_server import Hub
from tests.studies import rate

pytestmark = pytest.mark.slow

LOAD = """
import sys
import datasets, pyarrow.feather
repo, table, revision, out = sys.argv[1:]
rows = datasets.load_dataset(repo, table, split="train", revision=revision)
pyarrow.feather.write_feather(rows.data.table.combine_chunks(), out, compression="uncompressed")
"""


def builder(hub: Hub, home: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "builder", *map(str, arguments)]
    return subprocess.run(command, env=hub.environment(home), capture_output=True, text=True, timeout=300)


def loaded(hub: Hub, home: Path, table: str, revision: str) -> pa.Table:
    out = home / f"{table}-{revision}.arrow"
    arguments = ["user/name", table, revision, str(out)]
    subprocess.run([sys.executable, "-c", LOAD, *arguments], env=hub.environment(home), check=True, timeout=300)
    rows: pa.Table = pa.ipc.open_file(out).read_all()
    return rows


def test_a_study_goes_to_the_hub_and_comes_back_bit_for_bit(hub, study, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    publish = ["publish", study, "--repo", "user/name"]
    dry = builder(hub, home, *publish, "--version", "1.0.0", "--dry-run")
    assert "17 files" in dry.stdout
    assert not hub.requests("^(POST|PUT)")
    assert not (study / "published").exists()
    assert builder(hub, home, *publish, "--version", "1.0.0").returncode == 0
    for table in schema.BUILD_TABLES:
        shards = pa.concat_tables([StudyFolder(study).read(table, batch) for batch in (0, 1)])
        assert loaded(hub, home, table, "v1.0.0").equals(shards)
    again = builder(hub, home, *publish, "--version", "1.0.0")
    assert "nothing to do, is there already" in again.stdout

    rate(study, 10)
    refused = builder(hub, home, *publish, "--version", "1.0.1")
    assert (refused.returncode, "needs a minor" in refused.stderr) == (2, True)
    assert builder(hub, home, *publish, "--version", "1.1.0").returncode == 0
    assert loaded(hub, home, "ratings", "v1.1.0").num_rows == 200
    assert loaded(hub, home, "pairs", "v1.0.0").column_names == loaded(hub, home, "pairs", "v1.1.0").column_names[:-6]
    for arguments in ([], ["--revision", "v1.0.0"]):
        verified = builder(hub, home, "verify", "user/name", *arguments)
        assert verified.stdout == "user/name: everything is as it should be\n", verified.stderr

    why = ["--retract", "1.1.0", "--why", "A participant withdrew consent."]
    assert builder(hub, home, *publish, *why).returncode == 0
    records = {
        json.loads(path.read_text())["version"]: json.loads(path.read_text()) for path in study.glob("published/*")
    }
    assert (records["1.1.0"]["participants"], records["1.1.0"]["target"]) == ({}, "user/name")
    refused = builder(hub, home, *publish, "--version", "1.2.0")
    assert "version 1.1.0 was withdrawn, and the next one is a major" in refused.stderr
    assert builder(hub, home, *publish, "--version", "2.0.0").returncode == 0
    assert loaded(hub, home, "ratings", "v2.0.0").num_rows == 200


def test_what_is_not_there_is_said(hub, study, tmp_path):
    for arguments, said in [
        (["verify", "user/nothing"], "no such dataset"),
        (["verify", "no/such/folder"], "no/such/folder"),
        (["publish", study, "--repo", "user/name", "--retract", "1.0.0", "--why", "x"], "no version 1.0.0"),
        (["publish", "--repo", "user/name", "--version", "1.0.0"], "name the study folder"),
        (["publish", study, "--repo", "user/name", "--version", "1.0.0", "--why", "x"], "--why goes with --retract"),
    ]:
        result = builder(hub, tmp_path, *arguments)
        assert (result.returncode, said in result.stderr, "Traceback" in result.stderr) == (2, True, False), (
            result.stderr
        )
