"""k-anonymity: demographic columns are coarsened until each combination of values is shared by k participants.

What a version published of a participant stays as it was in later ones, or becomes coarser: two versions side by side
then tell no more than the first of them.
"""

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from builder.errors import PublishError
from builder.publish.provenance import Demographics, Years
from builder.ratings.demographics import age
from loading_script.lands_between import CONTINENTS, GENDERS

_YEARS: tuple[Years, ...] = (1, 10, 20, None)


class Person(NamedTuple):
    """The demographic columns of a participant; null where it was not said."""

    age: str | None = None
    gender: str | None = None
    continent: str | None = None


_NAMELESS = Person()


def anonymized(
    participants: pa.Table, k: int, published: pa.Table | None = None, least: Years = 1
) -> tuple[pa.Table, Demographics]:
    """The participants with coarser demographics, and how coarse.

    A group is who shares all three values. Ages can be as given, ranges of 10 or of 20 years, or null; gender and
    continent as given or null; who is then in a group of less than k has null in all three, and where fewer than k
    have, the smallest groups join them. Of these ways it takes the one after which the most values are said, and of
    equals the finest.

    Args:
        participants: as in the study folder.
        k: the least size of a group.
        published: participants as in the version before; those in it are not made finer.
        least: the years of the ranges of that version.

    Raises:
        PublishError: a value is none of those that the columns may hold.
    """
    ids: list[str] = participants["participant_id"].to_pylist()
    people = _people(participants)
    for person in people:
        _check(person)
    kept = dict(zip(published["participant_id"].to_pylist(), _people(published), strict=True)) if published else {}
    best, best_years, most = people, least, -1
    for years, gender, continent in itertools.product(_YEARS[_YEARS.index(least) :], (True, False), (True, False)):
        coarse = [
            kept.get(id_, _coarsened(person, years, gender=gender, continent=continent))
            for id_, person in zip(ids, people, strict=True)
        ]
        coarse = _grouped(coarse, k)
        said = sum(value is not None for person in coarse for value in person)
        if said > most:
            best, best_years, most = coarse, years, said
    for column in Person._fields:
        at = participants.column_names.index(column)
        values = pa.array([getattr(person, column) for person in best], pa.string())
        participants = participants.set_column(at, participants.schema.field(column), values)
    return participants, Demographics(k=k, age_years=best_years)


def smallest_group(participants: pa.Table) -> int | None:
    """How many share what the fewest share; None where nothing is said of anybody."""
    sizes = Counter(_people(participants))
    return None if set(sizes) <= {_NAMELESS} else min(sizes.values())


def _people(participants: pa.Table) -> list[Person]:
    columns = [participants[column].to_pylist() for column in Person._fields]
    return [Person(*values) for values in zip(*columns, strict=True)]


def _check(person: Person) -> None:
    for column, value, known in (("gender", person.gender, GENDERS), ("continent", person.continent, CONTINENTS)):
        if value is not None and value not in known:
            raise PublishError(f"participants.{column}: {value[:40]!r} is none of: {', '.join(known)}")
    if person.age is not None and age(person.age, None) is None:
        raise PublishError(f"participants.age: {person.age[:40]!r} is neither years nor a range of years")


def _coarsened(person: Person, years: Years, *, gender: bool, continent: bool) -> Person:
    given = person.age if years == 1 or person.age is None else age(person.age, years) if years else None
    return Person(given, person.gender if gender else None, person.continent if continent else None)


def _grouped(people: Sequence[Person], k: int) -> list[Person]:
    """Small groups lose all values; then the smallest others join them until these are k, or everybody."""
    sizes = Counter(people)
    grouped = [person if sizes[person] >= k else _NAMELESS for person in people]
    while 0 < (sizes := Counter(grouped))[_NAMELESS] < k and len(sizes) > 1:
        others = [(size, [value or "" for value in person], person) for person, size in sizes.items() if any(person)]
        smallest = min(others)[2]
        grouped = [_NAMELESS if person == smallest else person for person in grouped]
    return grouped
