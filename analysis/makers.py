"""Makers of result tables, each with the names of those that it needs; here, of the tables that every study has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

import pandas as pd

from analysis.dataset import Published
from analysis.errors import AnalysisError
from analysis.registry import Analysis
from analysis.tables.agreement import agreement, rater_agreement
from analysis.tables.answers import Answers
from analysis.tables.ceiling import noise_ceiling
from analysis.tables.drift import drift
from analysis.tables.groupings import DEFAULT, by_each, check_groupings, groupings
from analysis.tables.groups import PERSON, answers_by_group
from analysis.tables.limits import limits
from analysis.tables.overview import overview
from analysis.tables.participants import participants
from analysis.tables.power import power, variance_components, wanted_widths
from analysis.tables.prediction_powered import partly_rated, prediction_powered
from analysis.tables.sides import has_sides, sides

Tables: TypeAlias = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Options:
    """The options of a report.

    attributes: more attributes of images, by image_id.
    groups: columns that are groupings beside the usual ones.
    compare_with: a study whose printed figures are put beside this one's.
    signal_detection: whether the model of signal detection is sampled, which takes minutes.
    """

    attributes: pd.DataFrame | None = None
    groups: Sequence[str] = ()
    compare_with: str | None = None
    signal_detection: bool = False


@dataclass(frozen=True)
class Maker:
    """Makes one or more result tables.

    names: of the tables, in the order in which `make` gives them.
    make: from the tables that it needs and uses, by name, to its own; raises MissingDataError where there is nothing.
    needs: tables without which there is none.
    uses: tables that it takes where they could be made.
    of_people: whether the tables say something of people, and so whose the ratings are.
    """

    names: tuple[str, ...]
    make: Callable[[Tables], "pd.DataFrame | tuple[pd.DataFrame, ...]"]
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    of_people: bool = True


def ordered(makers: Sequence[Maker]) -> list[Maker]:
    """The makers, each behind those of the tables that it needs and uses.

    Raises:
        AnalysisError: a table is made twice, nothing makes one that is needed, or tables need one another.
    """
    maker_of: dict[str, int] = {}
    for place, maker in enumerate(makers):
        for name in maker.names:
            if name in maker_of:
                raise AnalysisError(f"table {name!r}: two makers make it")
            maker_of[name] = place
    graph: dict[int, list[int]] = {}
    for place, maker in enumerate(makers):
        unknown = [name for name in (*maker.needs, *maker.uses) if name not in maker_of]
        if unknown:
            raise AnalysisError(f"table {maker.names[0]!r}: needs {unknown[0]!r}, which nothing makes")
        graph[place] = [maker_of[name] for name in (*maker.needs, *maker.uses)]
    try:
        return [makers[place] for place in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        circle = " <- ".join(repr(makers[place].names[0]) for place in error.args[1])
        raise AnalysisError(f"tables need one another: {circle}") from error


def all_makers(published: Published, analysis: Analysis, options: Options) -> list[Maker]:
    """The makers of the tables that every study has, then those of its own kind, which may take the place of a shared
    one.

    Raises:
        AnalysisError: the options name what the dataset has not.
    """
    own = list(analysis.makers(published, options))
    replaced = {name for maker in own for name in maker.names}
    shared = [maker for maker in _shared(published, analysis, options) if not replaced & set(maker.names)]
    if options.compare_with and not own:
        raise AnalysisError(f"there are no printed figures of studies of the kind {analysis.name!r} to compare with")
    if options.signal_detection and "signal_detection" not in replaced:
        raise AnalysisError(f"--signal-detection: a study of the kind {analysis.name!r} has no such table")
    if any("groups" in maker.names for maker in shared):
        check_groupings(options.groups, _groupings(published, options))
    return [*shared, *own]


def answers_of(published: Published, analysis: Analysis) -> Answers:
    """The answers of people in a dataset, with what its kind declares of its items."""
    about = (published.items, published.ratings, published.key, published.questions)
    return Answers.about(*about, item=analysis.item, clusters=analysis.clusters, condition=analysis.condition)


def _shared(published: Published, analysis: Analysis, options: Options) -> list[Maker]:
    answers, people, measures = answers_of(published, analysis), published.participants, analysis.measures(published)
    powered = Maker(("prediction_powered",), lambda tables: prediction_powered(answers, measures))
    return [
        *([powered] if partly_rated(answers, measures) else []),
        Maker(("overview",), lambda tables: overview(answers)),
        Maker(("participants",), lambda tables: participants(people)),
        Maker(("agreement",), lambda tables: agreement(answers)),
        Maker(("rater_agreement",), lambda tables: rater_agreement(answers)),
        Maker(("drift",), lambda tables: drift(answers)),
        *([Maker(("sides",), lambda tables: sides(answers))] if has_sides(answers) else []),
        Maker(("noise_ceiling",), lambda tables: noise_ceiling(answers, measures)),
        Maker(("groups",), lambda tables: _groups(published, answers, options)),
        Maker(("variance_components",), lambda tables: variance_components(answers)),
        Maker(
            ("power",),
            lambda tables: power(answers, tables["variance_components"], wanted_widths(answers)),
            needs=("variance_components",),
        ),
        Maker(
            ("limits",),
            lambda tables: limits(published, answers, tables.get("agreement")),
            uses=("agreement",),
            of_people=False,
        ),
    ]


def _groupings(published: Published, options: Options) -> dict[str, pd.DataFrame]:
    """Columns of the participants, of the items and, where an item names an image, of the images."""
    tables = {"participants": (PERSON, published.participants), "items": (published.key, published.items)}
    if "image_id" in published.items:
        tables["images"] = ("image_id", published.images)
        if options.attributes is not None:
            tables["attributes"] = ("image_id", options.attributes)
    elif options.attributes is not None:
        raise AnalysisError("--attributes: the items of this dataset name no image in a column image_id")
    return groupings(tables)


def _groups(published: Published, answers: Answers, options: Options) -> pd.DataFrame:
    there = _groupings(published, options)
    joined = [] if options.attributes is None else [f"attributes.{name}" for name in options.attributes]
    more = [name for name in joined if name in there]
    more += [name.removeprefix("attributes.") for name in joined if name not in there]
    groupings = [name for name in (*DEFAULT, *more, *options.groups) if name != "image_id"]
    return by_each(lambda table, name: answers_by_group(answers, table, name), there, groupings, ("question", "figure"))
