"""`ModelHost`: calls the models of a study, times them, and says whose fault an error is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from builder.boundary import Boundary
from builder.stopwatch import Stopwatch


@dataclass(frozen=True, kw_only=True)
class ModelHost:
    """The models of a study; a kind's own class has a method for each thing that a batch asks of them.

    stopwatch: times the steps of the batch at hand.
    """

    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    _boundaries: dict[str, Boundary] = field(default_factory=dict)

    def micro_batches(self) -> dict[str, int]:
        """Rows that each model sees at a time, by its name; the manifest has them."""
        raise NotImplementedError

    def forced_micro_batches(self) -> dict[str, int]:
        """The same of those models alone that memory forced to fewer in this batch, by the keys of `boundary`."""
        return {name: each.running.most for name, each in self._boundaries.items() if each.running.most}

    def restart(self) -> None:
        """Begins a batch, on which none before it may have a bearing."""
        self.stopwatch.restart()
        self._boundaries.clear()

    def boundary(self, key: str, role: str, name: str) -> Boundary:
        """Where a model of the batch at hand is called; `role` and `name` are what an error calls it."""
        return self._boundaries.setdefault(key, Boundary(role, name))


def load_model(role: str, name: str, load: Callable[[], Any]) -> Any:
    """A model, which must say how many rows it sees at a time; of a distance that may be None, for there is no model.

    Raises:
        ModelError: it cannot be loaded, or does not say so.
    """
    boundary = Boundary(role, name)
    with boundary.call("load") as call:
        model = load()
        size = model.micro_batch
        if not (isinstance(size, int) and size >= 1) and not (role == "distance" and size is None):
            raise call.fault(f"micro_batch is {size!r}; wanted is a whole number from 1")
    return model
