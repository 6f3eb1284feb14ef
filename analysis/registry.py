"""Analyses of kinds of study, found by name through entry points.

Ours are registered in pyproject.toml like anybody else's: a package adds one for its own kind of study by declaring an
entry point in the group `lands_between.analyses`, under the name that `study = "..."` in its study files says.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, NamedTuple

from analysis.errors import AnalysisError
from analysis.questions import Question

if TYPE_CHECKING:
    from analysis.dataset import Published, Record
    from analysis.makers import Maker, Options
    from analysis.report.summary import ReportParts

GROUP = "lands_between.analyses"

DEFAULT_KIND = "verification"
"""The kind of a study that names none: the first one that there was."""


class Noun(NamedTuple):
    """The name of a study's items, in the singular and in the plural."""

    singular: str
    plural: str


ITEM = Noun("item", "items")


def _as_it_is(published: "Published", record: "Record") -> "Published":
    return published


def _no_measures(published: "Published") -> Mapping[str, str]:
    return {}


def _shared_report() -> "ReportParts":
    from analysis.report.summary import ReportParts

    return ReportParts()


def _no_makers(published: "Published", options: "Options") -> "Sequence[Maker]":
    return ()


@dataclass(frozen=True)
class Analysis:
    """A report's part that belongs to one kind of study.

    name: the kind, as it is registered.
    item: what an item is called.
    clusters: from what a unit of dependence is called, in the plural, to its column in the table of items, from coarse
        to fine; the first is what a person rates as a whole. Raters are one in any study.
    condition: a column of the items, such as the sample kind, whose values are looked at apart.
    tables: published tables that it reads beside the items, images, ratings and participants.
    without_items: the columns that its table of items would have, the id first, where a study may have none, for it
        asks nothing; its first table is then one of `tables`.
    questions: what the kind asks, for datasets without ratings, which would say it, and for the spans of scales.
    read: makes of a dataset, and of what it says of itself, one of a class of the kind's own. Raises AnalysisError
        where it is none of the kind.
    measures: the columns of the items with the models' scores that are held against people's answers, by name.
    report: the sections, the opening and the claims of its report (see `analysis.report.summary.ReportParts`).
    makers: of its own tables; one that makes a table that every study has is taken instead of the shared one.
    """

    name: str
    item: Noun = ITEM
    clusters: Mapping[str, str] = field(default_factory=lambda: {"batches": "batch"})
    condition: str | None = "kind"
    tables: tuple[str, ...] = ()
    without_items: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    read: "Callable[[Published, Record], Published]" = _as_it_is
    measures: "Callable[[Published], Mapping[str, str]]" = _no_measures
    makers: "Callable[[Published, Options], Sequence[Maker]]" = _no_makers
    report: "Callable[[], ReportParts]" = _shared_report


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
