"""Errors that are the user's to mend.

Each message says what, where, and what to do; the command line prints it without a traceback.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class LandsBetweenError(Exception):
    """Base of every error that a user can act on."""


class StudyError(LandsBetweenError):
    """A study file that cannot be read or holds what is not allowed."""


class AssetError(LandsBetweenError):
    """Weights that are absent, cannot be fetched, or are not what they should be."""


class FolderError(LandsBetweenError):
    """A study folder that cannot be used: taken, damaged, foreign, full."""


class BuildError(LandsBetweenError):
    """A batch that cannot be built: a model or a generator that does not deliver."""


@dataclass(frozen=True)
class Place:
    """The origin of a row that a model was given: a pair's kind, the index of its base, the seed of that base."""

    kind: str | None = None
    base: int | None = None
    seed: int | None = None


class ModelError(BuildError):
    """A model that raised, or returned what it must not; it tells all that is known of where.

    It is raised knowing the model and the rows; who passes it on adds what only they know (`builder.boundary.context`).

    what: what happened. model: whose fault, as in "recognizer 'dlib'". rows: those concerned of the rows that the model
    was given, None where it may be any. batch: its number. places: of the rows concerned, each once.
    """

    def __init__(self, what: str, model: str = "", rows: Sequence[int] | None = None) -> None:
        super().__init__(what)
        self.what, self.model, self.rows = what, model, rows
        self.batch: int | None = None
        self.places: tuple[Place, ...] = ()

    def __str__(self) -> str:
        bases = [_base(place) for place in self.places if place.base is not None]
        seeds = [str(place.seed) for place in self.places if place.base is None and place.seed is not None]
        where = [
            _listed("batch", [] if self.batch is None else [str(self.batch)]),
            _listed("base", bases),
            _listed("seed", seeds),
            _listed("kind", [place.kind for place in self.places if place.kind is not None]),
        ]
        return ": ".join(filter(None, [", ".join(filter(None, where)), self.model, self.what]))


class RatingsError(LandsBetweenError):
    """An export of a survey tool, or a mapping for one, that cannot be read as it is."""


class SurveyError(LandsBetweenError):
    """A survey that cannot start or go on."""


class PublishError(LandsBetweenError):
    """A dataset that cannot be published, withdrawn or verified as asked."""


_MOST_LISTED = 8


def _base(place: Place) -> str:
    return f"{place.base}" if place.seed is None else f"{place.base} (seed {place.seed})"


def _listed(term: str, values: list[str]) -> str:
    """`base 1`, `bases 1, 2`, `bases 1, 2, ... and 7 more`, or nothing."""
    distinct = list(dict.fromkeys(values))
    more = len(distinct) - _MOST_LISTED
    names = ", ".join(distinct[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
    return f"{term}{'s' if len(distinct) > 1 else ''} {names}" if distinct else ""
