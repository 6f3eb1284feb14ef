"""A running build as Prometheus reads it."""

import contextlib
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from builder.errors import BuildError
from builder.log import Line


class Metrics:
    """Counts what a build has done.

    Args:
        wanted: batches of the study.
        done: those that were finished before.
    """

    def __init__(self, wanted: int, done: int) -> None:
        self.registry = CollectorRegistry()
        prefix, registry = "lands_between", self.registry
        Gauge("batches_wanted", "Batches of the study", namespace=prefix, registry=registry).set(wanted)
        self._done = Gauge("batches_done", "Finished batches", namespace=prefix, registry=registry)
        self._done.set(done)
        self._failed = Counter("batches_failed", "Batches that failed", namespace=prefix, registry=registry)
        self._seconds = Counter("step_seconds", "Seconds by step", ["step"], namespace=prefix, registry=registry)
        self._rows = Counter("step_candidates", "Rows by step", ["step"], namespace=prefix, registry=registry)
        self._memory = Gauge(
            "peak_memory_bytes", "Most memory of a worker", ["worker"], namespace=prefix, registry=registry
        )

    def built(self, log: Sequence[Line]) -> None:
        """Adds a finished batch, by the lines of its log."""
        self._done.inc()
        for line in log[:-1]:
            self._seconds.labels(line.step).inc(line.seconds)
            self._rows.labels(line.step).inc(line.candidates)
        self._memory.labels(str(log[-1].worker)).set(log[-1].peak_memory_bytes)

    def failed(self) -> None:
        """Adds a batch that failed."""
        self._failed.inc()


@contextlib.contextmanager
def served(metrics: Metrics, port: int | None) -> Iterator[None]:
    """Serves metrics at /metrics of a port, on all addresses of this machine, as exporters do; nowhere without a port.

    Raises:
        BuildError: the port is taken, may not be used, or is none.
    """
    if port is None:
        yield
        return
    try:
        server, thread = start_http_server(port, registry=metrics.registry)
    except (OSError, OverflowError) as error:
        raise BuildError(f"--metrics-port {port}: {error}; choose another") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
