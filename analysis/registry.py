"""Analyses of kinds of study, found by name through entry points.

Ours are registered in pyproject.toml like anybody else's: a package adds one for its own kind of study by declaring an
entry point in the group `lands_between.analyses`, under the name that `study = "..."` in its study files says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from analysis.errors import AnalysisError
from analysis.questions import Question

if TYPE_CHECKING:
    from analysis.dataset import Published, Record

GROUP = "lands_between.analyses"

DEFAULT_KIND = "verification"
"""The kind of a study that names none: the first one that there was."""


def _as_it_is(published: "Published", record: "Record") -> "Published":
    return published


@dataclass(frozen=True)
class Analysis:
    """What the report says of one kind of study beside what it says of any.

    name: the kind, as it is registered.
    tables: published tables that it reads beside the items, images, ratings and participants.
    questions: what the kind asks; only used where a dataset has no ratings, which would say it.
    read: makes of a dataset, and of what it says of itself, one of a class of the kind's own. Raises AnalysisError
        where it is none of the kind.
    """

    name: str
    tables: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    read: "Callable[[Published, Record], Published]" = _as_it_is


def installed() -> list[str]:
    """The kinds of study that have an analysis here, sorted."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def analysis_of(kind: str) -> Analysis | None:
    """The analysis of a kind of study; None where none is installed.

    Raises:
        AnalysisError: it cannot be imported, is no `Analysis`, or two packages bring one for this kind.
    """
    entries = {entry.value: entry for entry in entry_points(group=GROUP) if entry.name == kind}
    if len(entries) > 1:
        raise AnalysisError(
            f"the analysis of {kind!r} is claimed by {' and '.join(sorted(entries))}; uninstall one of them"
        )
    for entry in entries.values():
        try:
            analysis = entry.load()
        except (Exception, SystemExit) as error:  # anybody's module may raise anything
            raise AnalysisError(
                f"the analysis of {kind!r}, {entry.value}, cannot be imported: {type(error).__name__}: {error}"
            ) from error
        if not isinstance(analysis, Analysis):
            raise AnalysisError(f"the analysis of {kind!r}, {entry.value}, is no `analysis.registry.Analysis`")
        return analysis
    return None
