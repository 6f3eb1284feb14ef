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

    def array(self, value: Any, dtype: type[np.generic], shape: Shape, what: str = "", *, finite: bool = True) -> Any:
        """The result of the call, or `what` of it, which must be an array of one type, shape and finite numbers.

        Raises:
            ModelError: it is not.
        """
        gave = f"{self.method} gave " + (f"{what} as " if what else "")
        requirement = f"wanted is {np.dtype(dtype)} {_text(shape)}"
        if not isinstance(value, np.ndarray):
            raise self.fault(f"{gave}{type(value).__name__}; {requirement}")
        fits = len(value.shape) == len(shape) and all(map(_fits, value.shape, shape))
        if value.dtype != dtype or not fits:
            raise self.fault(f"{gave}{value.dtype} {_text(value.shape)}; {requirement}")
        before = self.boundary.row_shapes.setdefault(gave, value.shape[1:])
        if before != value.shape[1:]:
            raise self.fault(f"{gave}{_text(value.shape)}; earlier in the batch a row was {_text(before)}")
        if finite and not np.isfinite(value).all():
            amiss = np.flatnonzero(~np.isfinite(value).reshape(len(value), -1).all(axis=1))
            raise self.fault(f"{gave}numbers that are not finite, in {len(amiss)} of {len(value)} rows", amiss)
        return value

    def faces(self, faces: Any) -> Faces:
        """The faces that an alignment returned for the rows, checked.

        Raises:
            ModelError: it is not what `Faces` says.
        """
        if not isinstance(faces, Faces):
            raise self.fault(f"{self.method} gave {type(faces).__name__}; wanted is Faces")
        count = len(self.rows)
        self.array(faces.found, np.bool_, (count,), "found")
        self.array(faces.boxes, np.float32, (count, 4), "boxes")
        self.array(faces.landmarks, np.float32, (count, None, 2), "landmarks", finite=False)
        if not (isinstance(faces.crops, np.ndarray) and faces.crops.dtype == np.object_):
            self.array(faces.crops, np.uint8, (count, "s", "s", 3), "crops", finite=False)
            return faces
        self.array(faces.crops, np.object_, (count,), "crops", finite=False)
        for at, crop in enumerate(faces.crops):
            if not isinstance(crop, np.ndarray) or crop.dtype != np.uint8 or crop.ndim != 3 or crop.shape[2] != 3:
                raise self.fault(f"{self.method} gave a crop that is no array of uint8, (h, w, 3)", [at])
        return faces

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


def _fits(size: int, expectation: int | str | None) -> bool:
    return expectation is None or (size > 0 if isinstance(expectation, str) else size == expectation)


def _text(shape: Shape) -> str:
    return f"({', '.join('any' if size is None else str(size) for size in shape)}{',' if len(shape) == 1 else ''})"
