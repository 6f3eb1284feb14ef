"""`ray`: workers as actors of a Ray cluster (an extra).

Ray places them where what they ask for is free. Each writes its batches straight to the study folder, which every node
has to reach under the same path or URL.
"""

import logging
import math
import os
import socket
from typing import Any

import ray
from ray.exceptions import (
    LocalRayletDiedError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    RaySystemError,
    RpcError,
    WorkerCrashedError,
)

from builder.engines import Doing, Job
from builder.engines.worker import Worker
from builder.errors import BuildError

log = logging.getLogger(__name__)

OBJECT_STORE_BYTES = 100_000_000
"""Shared memory of a cluster that is started here: shards never pass through it, what a log says of a batch does."""


class Ray:
    """The engine, on the cluster that `connect` connected to."""

    lost: tuple[type[Exception], ...] = (
        *(RayActorError, NodeDiedError, WorkerCrashedError, ObjectLostError),
        *(LocalRayletDiedError, RaySystemError, RpcError),
    )

    def __init__(self, job: Job) -> None:
        self.workers = job.workers
        self._job = job
        self._actors: dict[int, Any] = {}
        gpus = job.gpus if job.device != "cpu" and ray.cluster_resources().get("GPU") else 0  # type: ignore[no-untyped-call]
        # No restart by Ray: after a loss the batch goes to whoever is free, not to the same actor when it is back.
        self._actor = ray.remote(num_cpus=job.threads, num_gpus=gpus, max_restarts=0, max_task_retries=0)(Worker)

    def start(self, worker: int, halvings: int) -> Doing:
        """Asks the cluster for an actor."""
        self._actors[worker] = self._actor.remote(self._job, worker, halvings)
        return self._actors[worker].start.remote().future()  # type: ignore[no-any-return]

    def build(self, worker: int, batch: int) -> Doing:
        """Hands a batch to an actor."""
        return self._actors[worker].build.remote(batch).future()  # type: ignore[no-any-return]

    def lacked_memory(self, error: Exception) -> bool | None:
        """Whether Ray's monitor killed it, as it does before the memory of a node ends; the kernel's kills Ray does not
        tell from others.
        """
        return isinstance(error, OutOfMemoryError) or "running low on memory" in str(error) or None

    def close(self) -> None:
        """Ends the actors and the connection."""
        ray.shutdown()


def connect(address: str | None) -> bool:
    """Connects to the cluster at an address, or of RAY_ADDRESS, or starts one of this machine alone.

    One that is started here has no dashboard and reports nothing to Ray's makers. Its processes listen on all addresses
    of the machine and ask for a token (Ray's own default from 2.59 on); they end with this process.

    Returns:
        Whether it is of this machine alone, and will not grow.

    Raises:
        BuildError: there is no cluster at the address, it is of another version, or one cannot be started.
    """
    address = address or os.environ.get("RAY_ADDRESS") or None
    if ray.is_initialized():
        return address is None
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    own = {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES} if address is None else {}
    try:
        _knock(address or "")
        ray.init(address or "local", log_to_driver=False, logging_level=logging.ERROR, **own)  # type: ignore[arg-type]
    except (RayError, OSError, RuntimeError, ValueError, ImportError) as error:
        what = f"--address {address}: no Ray cluster of this version answers there" if address else "Ray does not start"
        raise BuildError(f"{what}: {error}") from error
    return address is None


def _knock(address: str) -> None:
    """Ray itself tries for minutes where nothing listens."""
    host, _, port = address.rpartition(":")
    if port.isdigit() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=10).close()


def workers_that_fit(threads: int, gpus: float) -> int:
    """The number of workers of these resources that the cluster has room for now."""
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    fits = resources.get("CPU", 0) // threads
    if gpus and resources.get("GPU"):
        fits = min(fits, resources["GPU"] / gpus)
    return math.floor(fits)
