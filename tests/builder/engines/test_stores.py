"""Builds into a real S3 server with every engine, and all that can go wrong with it."""

import subprocess
import sys
import time
import uuid

import pytest

from tests.builder.engines.builds import ONE_THREAD, assert_same, building, until
from tests.builder.engines.conftest import BATCHES
from tests.conftest import run_builder
from tests.s3_server import BUCKET, IMPATIENT

pytestmark = pytest.mark.slow


@pytest.fixture
def store(s3, monkeypatch):
    """The server, which this process and those it starts find and give up on after a few seconds."""
    for name, value in s3.environment(**IMPATIENT).items():
        monkeypatch.setenv(name, value)
    yield s3
    s3.heal()


@pytest.fixture
def folder():
    return uuid.uuid4().hex


def at(folder):
    return f"s3://{BUCKET}/{folder}"


READS = """
import sys
from datasets import load_dataset
pairs = load_dataset("arrow", data_files=sys.argv[1], split="train")
print(len(pairs), pairs["pair_id"][0])
"""


def test_what_local_workers_leave_is_what_they_leave_on_a_disk(store, folder, study, undisturbed):
    """The store refuses for a second in between, which the client rides out."""
    build = ("build", study, "--out", at(folder), "--workers", 2, *ONE_THREAD)
    with building(*build, env=store.environment()) as process:
        until(lambda: f"PUT /{BUCKET}/{folder}/shards/pairs/batch-00000.arrow?" in store.requests, process)
        store.refuse("")
        time.sleep(1)
        store.heal()
        _, said = process.communicate()
        assert process.returncode == 0, said
    assert_same(store.files(folder), undisturbed)
    again = run_builder(*build)
    assert "nothing to do" in again.stdout
    status = run_builder("status", at(folder), "--verify")
    assert status.returncode == 0, status.stderr
    assert f"done     {BATCHES}" in status.stdout
    shards = f"{at(folder)}/shards/pairs/*.arrow"
    assert repr(shards) in again.stdout
    read = subprocess.run([sys.executable, "-c", READS, shards], capture_output=True, text=True)
    assert read.stdout.startswith(f"{20 * BATCHES} "), read.stderr


def test_what_a_ray_cluster_leaves_is_what_is_left_on_a_disk(store, folder, study, undisturbed, two_nodes):
    """One worker more than the cluster has room for."""
    ray = ("--engine", "ray", "--address", two_nodes.address, "--workers", 3)
    result = run_builder("build", study, "--out", at(folder), *ray, *ONE_THREAD)
    assert result.returncode == 0, result.stderr
    assert "3 workers: the cluster has room for 2; the others wait until it has more" in result.stderr
    assert_same(store.files(folder), undisturbed)


def test_a_store_that_is_gone_for_long_ends_the_build_which_goes_on_when_it_is_back(store, folder, study, undisturbed):
    """It refuses after batch 0, hangs after batch 1 and vanishes while batch 2 is written."""
    build = ("build", study, "--out", at(folder), *ONE_THREAD)
    faults = [
        ("manifest/batch-00000.json", lambda: store.refuse("")),
        ("manifest/batch-00001.json", lambda: store.hang("HEAD")),
        ("log/batch-00002.jsonl", store.vanish),
    ]
    for moment, fault in faults:
        with building(*build) as process:
            until(lambda: f"PUT /{BUCKET}/{folder}/{moment}?" in store.requests, process)  # noqa: B023
            fault()
            _, said = process.communicate()
            assert process.returncode == 2, said
        assert f"error: {at(folder)}/" in said
        assert "run the same command again" in said
        assert "Traceback" not in said
        store.heal()
    store.appear()
    result = run_builder(*build)
    assert result.returncode == 0, result.stderr
    assert_same(store.files(folder), undisturbed)


def test_a_batch_without_its_manifest_is_not_there_and_two_builds_at_once_finish_it(store, folder, study, undisturbed):
    build = ("build", study, "--out", at(folder), *ONE_THREAD)
    manifest = f"/{BUCKET}/{folder}/manifest/batch-00001.json"
    store.hang(f"PUT {manifest}")
    with building(*build, env=store.environment()) as process:
        until(lambda: any(each.startswith(f"PUT {manifest}") for each in store.requests), process)
        process.kill()
    store.heal()
    left = store.files(folder)
    assert "shards/pairs/batch-00001.arrow" in left
    assert "manifest/batch-00001.json" not in left
    assert "batch-00001" not in left["README.md"].decode()
    status = run_builder("status", at(folder))
    assert status.returncode == 1
    assert f"done     1\nmissing  {BATCHES - 1}  (1, 2)\ndamaged  0" in status.stdout
    with building(*build) as first, building(*build) as second:
        said = [each.communicate()[1] for each in (first, second)]
        assert (first.returncode, second.returncode) == (0, 0), said
    assert_same(store.files(folder), undisturbed)


def test_a_bucket_that_is_not_there_is_an_error(store, study):
    result = run_builder("build", study, "--out", "s3://no-such-bucket/out")
    assert result.returncode == 2
    assert result.stderr.startswith("error: s3://no-such-bucket/out/study.toml: ")
    assert "make it first, or name another with --out" in result.stderr


def test_a_store_that_may_not_be_written_is_an_error(store, folder, study):
    store.refuse("PUT", "403 Forbidden", "AccessDenied")
    result = run_builder("build", study, "--out", at(folder))
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {at(folder)}/study.toml: ")
    assert "lets you in" in result.stderr
