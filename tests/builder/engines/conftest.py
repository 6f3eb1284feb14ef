"""One study, built undisturbed for comparison; one Ray cluster; one S3 server."""

import contextlib
from pathlib import Path

import pytest

from tests.builder.engines.builds import ONE_THREAD, files_of
from tests.conftest import SMALL_STUDY, run_builder
from tests.s3_server import serving

BATCHES = 3


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


NODE = {"num_cpus": 1, "object_store_memory": 80_000_000}


@pytest.fixture(scope="session")
def cluster(s3):
    """A Ray cluster of two nodes, one worker's worth of CPU each, that finds the S3 server."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (s3.environment() | {"RAY_USAGE_STATS_ENABLED": "0"}).items():
            patch.setenv(name, value)
        from ray.cluster_utils import Cluster

        cluster = Cluster(initialize_head=True, head_node_args=NODE | {"include_dashboard": False})
        yield cluster
        with contextlib.suppress(Exception):  # of nodes that a test killed
            cluster.shutdown()


@pytest.fixture
def two_nodes(cluster):
    """The cluster, whole again whatever the test before did."""
    while len(cluster.list_all_nodes()) < 2:
        cluster.add_node(**NODE)
    cluster.wait_for_nodes()
    return cluster
