"""`ModelHost`: calls the models of a study, times them, and says whose fault an error is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from builder.boundary import Boundary
from builder.errors import FolderError
from builder.runtime import Runtime
from builder.stopwatch import Stopwatch


@dataclass(frozen=True, kw_only=True)
class ModelHost:
    """The models of a study; a kind's own class has a method for each thing that a batch asks of them.

    runtime: where they run; None for a kind that runs none. stopwatch: times the steps of the batch at hand.
    """

    runtime: Runtime | None = None
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    _stated: dict[str, int] = field(default_factory=dict)
    _boundaries: dict[str, Boundary] = field(default_factory=dict)

    def sized(self) -> dict[str, Any]:
        """The models that see rows in micro-batches, by name; each has `micro_batch`, which may be set."""
        return {}

    def micro_batches(self) -> dict[str, int]:
        """Rows that each model sees at a time, by its name; the manifest has them."""
        return {name: model.micro_batch for name, model in self.sized().items()}

    def take_micro_batches(self, stated: dict[str, int], halvings: int = 0) -> None:
        """Has the models see the rows at a time that a folder was begun with, halved so often.

        Raises:
            FolderError: the folder states them for other models, or a model keeps to its own.
        """
        own = self.micro_batches()
        if own.keys() != stated.keys():
            raise FolderError(
                f"the folder was begun with micro-batches of {', '.join(stated)}; here are models {', '.join(own)}. "
                "Continue with the version that began it, or build into a new folder"
            )
        for name, model in self.sized().items():
            model.micro_batch = stated[name]
            if model.micro_batch != stated[name]:
                raise FolderError(
                    f"the folder was begun with micro-batches of {stated[name]} of {name}, which takes "
                    f"{model.micro_batch} and no other number; build into a new folder"
                )
            if halvings:
                model.micro_batch = max(1, stated[name] >> halvings)
        self._stated.update(stated)

    def forced_micro_batches(self) -> dict[str, int]:
        """Rows at a time of those models alone that memory forced to fewer than the folder states, by the keys of
        `boundary`.
        """
        fewer = {name: size for name, size in self.micro_batches().items() if size != self._stated.get(name, size)}
        return fewer | {name: each.running.most for name, each in self._boundaries.items() if each.running.most}

    def restart(self) -> None:
        """Begins a batch, on which none before it may have a bearing."""
        self.stopwatch.restart()
        self._boundaries.clear()

    def boundary(self, key: str, role: str, name: str) -> Boundary:
        """The boundary of a model of the batch at hand; `role` and `name` are what an error calls it."""
        return self._boundaries.setdefault(key, Boundary(role, name, self.runtime))


def load_model(role: str, name: str, load: Callable[[], Any]) -> Any:
    """A model, which must say how many rows it sees at a time; of a distance that may be None, for there is no model,
    and of an explainer, where another model's number counts. A generator must also say how large its images are.

    Raises:
        ModelError: it cannot be loaded, or does not say so.
    """
    boundary = Boundary(role, name)
    with boundary.call("load") as call:
        model = load()
        size = model.micro_batch
        if not (isinstance(size, int) and size >= 1) and not (role in ("distance", "explainer") and size is None):
            raise call.fault(f"micro_batch is {size!r}; wanted is a whole number from 1")
        if role == "generator":
            sides = model.image_shape
            if not (
                isinstance(sides, tuple) and len(sides) == 2 and all(type(each) is int and each > 0 for each in sides)
            ):
                raise call.fault(f"image_shape is {sides!r}; wanted are height and width in pixels")
    return model
