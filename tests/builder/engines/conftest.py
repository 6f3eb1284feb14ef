"""One study, built undisturbed for comparison; one Ray cluster; one S3 server."""

import contextlib
import os
from pathlib import Path

import pytest

from tests.builder.engines.builds import ONE_THREAD, files_of
from tests.conftest import SMALL_STUDY, run_builder
from tests.s3_server import serving

BATCHES = 4


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("engines") / "study.toml"
    path.write_text(SMALL_STUDY.replace("batches = 2", f"batches = {BATCHES}"))
    return path


@pytest.fixture(scope="session")
def undisturbed(study, tmp_path_factory) -> dict[str, bytes]:
    """The files of the study, built by one worker."""
    folder: Path = tmp_path_factory.mktemp("undisturbed") / "out"
    result = run_builder("build", study, "--out", folder, "--workers", 1, *ONE_THREAD)
    assert result.returncode == 0, result.stderr
    return files_of(folder)


@pytest.fixture(scope="session")
def s3():
    with serving() as store:
        yield store


@pytest.fixture(scope="session")
def cluster():
    """A Ray cluster of two nodes, one worker's worth of CPU each."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80_000_000}
    cluster = Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
    cluster.add_node(**node)
    cluster.wait_for_nodes()
    yield cluster
    with contextlib.suppress(Exception):  # nodes that a test killed
        cluster.shutdown()


@pytest.fixture
def two_nodes(cluster):
    """The cluster, whole again whatever the test before did."""
    while len(cluster.list_all_nodes()) < 2:
        cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
    cluster.wait_for_nodes()
    return cluster
