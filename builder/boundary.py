"""The boundary to the code of a model, which may be anybody's.

What it raises, and what it returns amiss, is told as its fault, with all that is known of where.
"""

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from builder.errors import BuildError, LandsBetweenError, ModelError, Place
from builder.recognizers import Faces
from builder.runtime import Running, Runtime, is_out_of_memory

Shape = tuple[int | str | None, ...]
"""The shape of an array: a number is that number, a letter any from 1, None any."""


class Boundary:
    """A model in one batch: its role, such as recognizer, and the name that the study gives it.

    row_shapes: by what it returned, since rows of all calls in a batch are put together. runtime: where it runs its
    micro-batches, if anywhere.
    """

    def __init__(self, role: str, name: str, runtime: Runtime | None = None) -> None:
        self.running = Running(f"{role} {name!r}")
        self._runtime = runtime
        self.row_shapes: dict[str, Shape] = {}

    @contextmanager
    def call(self, method: str, rows: Sequence[int] = ()) -> Iterator["Call"]:
        """Surrounds one call of the model.

        Args:
            method: its name.
            rows: which of the caller's rows the model is given.

        Raises:
            ModelError: in place of whatever the model raises.
        """
        call = Call(self, method, rows)
        self.running.rows = None
        try:
            with self._runtime.calling(self.running) if self._runtime else nullcontext():
                yield call
        except ModelError:  # of another model that this one called, or of a check
            raise
        except BuildError as error:
            raise call.fault(str(error), call.at_work()) from error
        except LandsBetweenError:
            raise
        # Anybody's code may raise anything, and end the process. Ctrl-C is no fault of a model and passes.
        except (Exception, SystemExit) as error:
            if is_out_of_memory(error):
                traceback.clear_frames(error.__traceback__)  # lets go of what the model held
                why = f"{method} ran out of memory: {str(error) or 'none is left'}"
                raise call.fault(why, call.at_work()) from error
            raise call.fault(f"{method} raised {type(error).__name__}: {error}", call.at_work()) from error


@dataclass(frozen=True)
class Call:
    """A call of a model's method with the caller's `rows`."""

    boundary: Boundary
    method: str
    rows: Sequence[int] = field(default=())

    def array(self, given: Any, dtype: type[np.generic], shape: Shape, what: str = "", *, finite: bool = True) -> Any:
        """The result of the call, or `what` of it, which must be an array of one type, shape and finite numbers.

        Raises:
            ModelError: it is not.
        """
        gave = f"{self.method} gave " + (f"{what} as " if what else "")
        wanted = f"wanted is {np.dtype(dtype)} {_text(shape)}"
        if not isinstance(given, np.ndarray):
            raise self.fault(f"{gave}{type(given).__name__}; {wanted}")
        fits = len(given.shape) == len(shape) and all(map(_fits, given.shape, shape))
        if given.dtype != dtype or not fits:
            raise self.fault(f"{gave}{given.dtype} {_text(given.shape)}; {wanted}")
        before = self.boundary.row_shapes.setdefault(gave, given.shape[1:])
        if before != given.shape[1:]:
            raise self.fault(f"{gave}{_text(given.shape)}; earlier in the batch a row was {_text(before)}")
        if finite and not np.isfinite(given).all():
            amiss = np.flatnonzero(~np.isfinite(given).reshape(len(given), -1).all(axis=1))
            raise self.fault(f"{gave}numbers that are not finite, in {len(amiss)} of {len(given)} rows", amiss)
        return given

    def faces(self, given: Any) -> Faces:
        """The faces that an alignment returned for the rows, checked.

        Raises:
            ModelError: it is not what `Faces` says.
        """
        if not isinstance(given, Faces):
            raise self.fault(f"{self.method} gave {type(given).__name__}; wanted is Faces")
        count = len(self.rows)
        self.array(given.found, np.bool_, (count,), "found")
        self.array(given.boxes, np.float32, (count, 4), "boxes")
        self.array(given.landmarks, np.float32, (count, None, 2), "landmarks", finite=False)
        if not (isinstance(given.crops, np.ndarray) and given.crops.dtype == np.object_):
            self.array(given.crops, np.uint8, (count, "s", "s", 3), "crops", finite=False)
            return given
        self.array(given.crops, np.object_, (count,), "crops", finite=False)
        for at, crop in enumerate(given.crops):
            if not isinstance(crop, np.ndarray) or crop.dtype != np.uint8 or crop.ndim != 3 or crop.shape[2] != 3:
                raise self.fault(f"{self.method} gave a crop that is no array of uint8, (h, w, 3)", [at])
        return given

    def at_work(self) -> range | None:
        """The rows that were in the model when it failed, as positions in `rows`; None where that is not known."""
        running = self.boundary.running
        return running.rows if running.total == len(self.rows) else None

    def fault(self, what: str, positions: Sequence[int] | npt.NDArray[np.intp] | None = None) -> ModelError:
        """The error that the model failed at `positions` of `rows`, or at any of them."""
        rows = [self.rows[int(at)] for at in (range(len(self.rows)) if positions is None else positions)]
        return ModelError(what, self.boundary.running.model, rows)


@contextmanager
def context(
    *, batch: int | None = None, kind: str | None = None, seeds: Sequence[int] = (), rows: Sequence[Place] = ()
) -> Iterator[None]:
    """Adds to the error of a model what is known here of where it comes from.

    Args:
        batch: its number.
        kind: of all that is done in the block.
        seeds: of the bases, by their index.
        rows: the place of every row that the models in the block are given.
    """
    try:
        yield
    except ModelError as error:
        if batch is not None:
            error.batch = batch
        if rows and not error.places:
            error.places = tuple(dict.fromkeys(rows[row] for row in error.rows or range(len(rows))))
        if kind is not None:
            error.places = tuple(replace(place, kind=kind) for place in error.places or (Place(),))
        if seeds:
            error.places = tuple(
                place if place.base is None else replace(place, seed=seeds[place.base]) for place in error.places
            )
        raise


def _fits(size: int, wanted: int | str | None) -> bool:
    return wanted is None or (size > 0 if isinstance(wanted, str) else size == wanted)


def _text(shape: Shape) -> str:
    return f"({', '.join('any' if size is None else str(size) for size in shape)}{',' if len(shape) == 1 else ''})"
