"""The versions of what a batch explains, after a manipulation and after its no-op, and the settings that made them."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from builder.explainers.measures import Values
from builder.generators import Images
from builder.manipulations.fine_tuning import Run as Training

TRAINED = "trained"
"""The network as it is, and the pictures as they are, among the sources of maps."""


class Goal(NamedTuple):
    """The degree to which a manipulation's goal is reached before and after, (n,), and the direction that is wanted."""

    wanted: str
    before: Values
    after: Values

    def nearer(self) -> npt.NDArray[np.bool_]:
        """Whether it is nearer after, (n,); where it is not defined it is not."""
        is_nearer: npt.NDArray[np.bool_] = (
            self.after > self.before if self.wanted == "high" else self.after < self.before
        )
        return is_nearer


@dataclass(frozen=True)
class Version:
    """The n pictures after a manipulation, or after its no-op, and what became of them.

    name: `manipulated` or `no_op`. run: number of the setting, from 1. images: (n, h, w, 3); None where the model was
    manipulated and the pictures are as they were. reached: (n,), whether the class stayed and the goal is nearer.
    steps: (n,), after which each was found; effort: those that the search or the training made, 0 without one. fooled:
    (n,), whether the class stayed and the explanation counts as another; None where the class is to change. same_class,
    probability_change: (n,), as in `builder.manipulations.outcome`. l_inf, l_2, lpips: (n,); None where the pictures
    are as they were, or it was not asked for. goal: (n,), how far the manipulation's own goal is reached. accuracy: of
    the pictures with a label, or of a training's; None without any. training: None where nothing was trained.
    trained_goal: means of the goal before and after, of pictures that it was trained on. fooled_below: the likeness
    with the map as it was at which it counts as another; None where that does not decide. distance: (n,), to the
    nearest picture that trains the model, in its features; None where none does.
    """

    name: str
    run: int
    images: Images | None
    reached: npt.NDArray[np.bool_]
    steps: npt.NDArray[np.int64]
    effort: int
    fooled: npt.NDArray[np.bool_] | None
    same_class: npt.NDArray[np.bool_]
    probability_change: Values
    l_inf: Values | None
    l_2: Values | None
    lpips: Values | None
    goal: Values
    accuracy: float | None
    training: Training | None
    trained_goal: tuple[float, float] | None = None
    fooled_below: float | None = None
    distance: Values | None = None


@dataclass(frozen=True)
class Run:
    """A setting that was tried.

    goal: (n,), of the pictures as they are. accuracy: as of a version. versions: the manipulated one and the no-op.
    """

    number: int
    settings: dict[str, Any]
    goal: Values
    accuracy: float | None
    versions: tuple[Version, ...]
