"""What commands do to a folder of many finished batches: counted, not timed (`benchmarks.folder` times them)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import scale
from benchmarks.folder import begin, grow
from builder.log import read_log, summary
from builder.shards import StudyFolder

pytestmark = pytest.mark.slow

BATCHES = [6, 12, 18]

COUNT = """
import collections, json, os, sys
from builder.cli import main

counts, folder = collections.Counter(), ""

def count(what, path):
    path = str(path)
    if folder and (path.startswith(folder) or path.startswith("batch-")):  # opened from the folder that it lies in
        counts[what] += 1
        if what == "open" and path.endswith(".arrow"):
            counts["shards opened"] += 1

def listen(event, arguments):
    if event in ("open", "os.listdir", "os.scandir", "os.rename", "os.remove"):
        count(event, os.fsdecode(arguments[0]) if not isinstance(arguments[0], int) else "")

def counted(name):
    asked = getattr(os, name)
    def ask(path, *arguments, **keys):
        count(name, path)
        return asked(path, *arguments, **keys)
    setattr(os, name, ask)

sys.addaudithook(listen)
for name in ("stat", "lstat"):  # no audit event tells of these
    counted(name)
results = []
for *arguments, folder in json.loads(sys.argv[1]):
    counts.clear()
    status = main([*arguments, folder])
    results.append({"status": status, **counts})
print(json.dumps(results))
"""
"""Runs commands whose last argument is a study folder, counting what each does to the files in it."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Complete study folders with BATCHES batches each, and their study files."""
    made = []
    for batches in BATCHES:
        root = tmp_path_factory.mktemp(f"with-{batches}")
        folder = StudyFolder(root / "out")
        study = begin(folder).model_copy(update={"batches": batches})
        grow(folder, range(batches))
        (root / "study.toml").write_text(study.to_toml())
        made.append(root)
    return made


def test_the_work_of_resume_status_and_verify_is_linear_in_the_batches_and_a_resume_opens_no_shard(folders):
    commands = {
        "resume": lambda root: ["build", str(root / "study.toml"), "--out", str(root / "out")],
        "status": lambda root: ["status", str(root / "out")],
        "verify": lambda root: ["status", "--verify", str(root / "out")],
    }
    asked = [command(root) for command in commands.values() for root in folders]
    ran = subprocess.run(
        [sys.executable, "-c", COUNT, json.dumps(asked)], capture_output=True, text=True, timeout=300, check=True
    )
    counts = json.loads(ran.stdout.splitlines()[-1])
    assert ran.stdout.count("nothing to do, all are finished") == len(BATCHES)
    for at, command in enumerate(commands):
        few, more, most = counts[at * len(BATCHES) : (at + 1) * len(BATCHES)]
        assert {each["status"] for each in (few, more, most)} == {0}, command
        assert few["open"] > BATCHES[0], "every manifest is opened: something was counted"
        for what in few:
            assert most[what] - more[what] == more[what] - few[what], (command, what)
        assert few.get("shards opened", 0) == (4 * BATCHES[0] if command == "verify" else 0)


def test_every_batch_of_the_folder_is_whole_and_logged(folders):
    """What is counted above is what a build leaves."""
    folder = StudyFolder(folders[0] / "out")
    assert folder.status(verify=True).done == tuple(range(BATCHES[0]))
    said = summary(read_log(folder.storage, range(BATCHES[0])), folder.finished())
    assert said is not None
    assert said.batches == BATCHES[0]


def test_docs_scale_has_the_tables_that_follow_from_the_rates():
    text = (Path(__file__).parents[2] / "docs/scale.md").read_text()
    for table in scale.tables():
        assert table in text
