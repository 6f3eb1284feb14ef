"""k-anonymity: demographic columns are coarsened until each combination of values is shared by k participants.

Whoever lays versions side by side sees who came with which of them. So k holds within each cohort, the participants
whom the same earlier versions hold: no combination of values then belongs to fewer than k people, neither of a version
nor of those who came new between any two. What a version published of a participant stays as it was in later ones or
becomes coarser. Where a withdrawal leaves a group of fewer than k, it becomes coarser together with the groups nearest
to it, and loses all values only where no coarsening reaches k.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import pyarrow as pa

from builder.errors import PublishError
from builder.publish.provenance import Demographics, Years
from builder.ratings.demographics import age
from loading_script.tables import CONTINENTS, DEMOGRAPHICS, GENDERS

_YEARS: tuple[Years, ...] = (1, 10, 20, None)


class Person(NamedTuple):
    """The values of DEMOGRAPHICS; null where it was not said."""

    age: str | None = None
    gender: str | None = None
    continent: str | None = None


_NAMELESS = Person()


class Earlier(NamedTuple):
    """The knowledge that the versions on offer give: the participant_ids in each, of the newest participant_id and
    DEMOGRAPHICS, and the years of the ranges of its ages.
    """

    members: tuple[frozenset[str], ...] = ()
    newest: pa.Table | None = None
    years: Years = 1

    def people(self) -> dict[str, Person]:
        """The participants of the newest version, by id, as it shows them."""
        if self.newest is None:
            return {}
        return dict(zip(self.newest["participant_id"].to_pylist(), _people(self.newest), strict=True))


NOTHING = Earlier()
"""The knowledge of a reader before the first version."""


def anonymized(participants: pa.Table, k: int, earlier: Earlier = NOTHING) -> tuple[pa.Table, Demographics]:
    """The participants with coarser demographics, and how coarse.

    A group is who shares all three values, within a cohort; those of whom nothing is shown are one too, unless they are
    the whole cohort. Newcomers' ages can be as given, ranges of 10 or of 20 years, or null; gender and continent as
    given or null; who is then in a group of less than k has null in all three, and where fewer than k have, the
    smallest groups join them. Of these ways it takes the one after which the most values are left, and of equals the
    finest.

    Args:
        participants: as in the study folder.
        k: the least size of a group.
        earlier: the versions that are offered. Those in the newest are not made finer, those in none but an older one
            have null in all three, and newcomers' ranges are not made narrower than its.

    Raises:
        PublishError: a value is none of those that the columns may hold.
    """
    people = _people(participants)
    for person in people:
        _check(person)
    before = earlier.people()
    ids: list[str] = participants["participant_id"].to_pylist()
    coarse = [before.get(id_, _NAMELESS) for id_ in ids]
    years: list[Years] = [earlier.years] if before else []
    for new, rows in _cohorts(participants, earlier):
        if new:
            cohort, narrowest = _coarsest([people[at] for at in rows], k, earlier.years)
            years.append(narrowest)
        else:
            cohort = _joined([coarse[at] for at in rows], k)
            years += [_width(person.age) for person in cohort if person.age and person not in before.values()]
        for at, person in zip(rows, cohort, strict=True):
            coarse[at] = person
    for column in DEMOGRAPHICS:
        at = participants.column_names.index(column)
        values = pa.array([getattr(person, column) for person in coarse], pa.string())
        participants = participants.set_column(at, participants.schema.field(column), values)
    steps = [each for each in _YEARS if each in years] or [1]
    return participants, Demographics(k=k, age_years=next(filter(None, reversed(steps)), None))


def smallest_group(participants: pa.Table) -> int | None:
    """The size of the smallest group of whom anything is shown; None where there is none."""
    sizes = Counter(person for person in _people(participants) if any(person))
    return min(sizes.values(), default=None)


def finer(participants: pa.Table, earlier: Earlier) -> list[str]:
    """The ids of those of whom more, or another thing, is shown than by the newest version."""
    before = earlier.people()
    both = zip(participants["participant_id"].to_pylist(), _people(participants), strict=True)
    return [id_ for id_, person in both if id_ in before and person not in _coarser(before[id_])]


def blanked(original: pa.Table, coarse: pa.Table) -> list[str]:
    """The ids of those who gave something and of whom nothing is shown; both tables have the same rows."""
    both = zip(original["participant_id"].to_pylist(), _people(original), _people(coarse), strict=True)
    return [id_ for id_, before, after in both if any(before) and not any(after)]


def _people(participants: pa.Table) -> list[Person]:
    columns = [participants[column].to_pylist() for column in DEMOGRAPHICS]
    return [Person(*values) for values in zip(*columns, strict=True)]


def _check(person: Person) -> None:
    for column, value, vocabulary in (("gender", person.gender, GENDERS), ("continent", person.continent, CONTINENTS)):
        if value is not None and value not in vocabulary:
            raise PublishError(f"participants.{column}: {value[:40]!r} is none of: {', '.join(vocabulary)}")
    if person.age is not None and age(person.age, None) is None:
        raise PublishError(f"participants.age: {person.age[:40]!r} is neither years nor a range of years")


def _cohorts(participants: pa.Table, earlier: Earlier) -> Iterator[tuple[bool, list[int]]]:
    """The positions of each cohort, and whether it is in no version yet; of one source, for everybody sees that too."""
    cohorts = defaultdict[tuple[bool | str, ...], list[int]](list)
    for at, (id_, source) in enumerate(
        zip(participants["participant_id"].to_pylist(), participants["source"].to_pylist(), strict=True)
    ):
        cohorts[source, *(id_ in members for members in earlier.members)].append(at)
    for (_, *cohort), rows in cohorts.items():
        yield not any(cohort), rows


def _coarsest(people: Sequence[Person], k: int, least: Years) -> tuple[list[Person], Years]:
    """A cohort's people made coarser in one way, and the years of their ranges, `least` or more."""
    best, best_years, most = list(people), least, -1
    for years, gender, continent in itertools.product(_YEARS[_YEARS.index(least) :], (True, False), (True, False)):
        coarse = [_coarsened(person, years, gender=gender, continent=continent) for person in people]
        coarse = _grouped(coarse, k)
        answers = sum(value is not None for person in coarse for value in person)
        if answers > most:
            best, best_years, most = coarse, years, answers
    return best, best_years


def _coarsened(person: Person, years: Years, *, gender: bool, continent: bool) -> Person:
    age_band = person.age if years == 1 or person.age is None else age(person.age, years) if years else None
    return Person(age_band, person.gender if gender else None, person.continent if continent else None)


def _width(ages: str) -> Years:
    """The years of the narrowest ranges that have one as wide as this."""
    low, _, high = ages.partition("-")
    years = int(high or low) - int(low) + 1
    return 1 if years == 1 else 10 if years <= 10 else 20


def _grouped(people: Sequence[Person], k: int) -> list[Person]:
    """Small groups lose all values; then the smallest others join them until these are k, or everybody."""
    sizes = Counter(people)
    return _with_company([person if sizes[person] >= k else _NAMELESS for person in people], k)


def _joined(people: Sequence[Person], k: int) -> list[Person]:
    """Small groups become coarser, each with those nearest to it; where none reaches k, they lose all values."""
    joined = list(people)
    while small := {person: size for person, size in Counter(joined).items() if size < k and any(person)}:
        smallest = min(small, key=lambda person: (small[person], _order(person)))
        moved, target = _nearest(smallest, Counter(joined), k)
        joined = [target if person in moved else person for person in joined]
    return _with_company(joined, k)


def _with_company(people: list[Person], k: int) -> list[Person]:
    """The smallest groups lose all values until those of whom nothing is said are none, k, or everybody."""
    while 0 < (sizes := Counter(people))[_NAMELESS] < k and len(sizes) > 1:
        smallest = min(filter(any, sizes), key=lambda person: (sizes[person], _order(person)))
        people = [_NAMELESS if person == smallest else person for person in people]
    return people


def _nearest(group: Person, sizes: Counter[Person], k: int) -> tuple[set[Person], Person]:
    """The groups to join, `group` among them, and what they become: of the ways to k the one that loses least."""
    ways = []
    for target in _coarser(group) - {_NAMELESS}:
        others = [(_loss(other, target) * sizes[other], _order(other), other) for other in sizes if other != group]
        moved, total, lost = {group}, sizes[group], _loss(group, target) * sizes[group]
        for loss, _, other in sorted(others):
            if total < k and target in _coarser(other):
                moved, total, lost = moved | {other}, total + sizes[other], lost + loss
        if total >= k:
            ways.append((lost, _order(target), moved, target))
    _, _, moved, target = min(ways, default=(0, [], {group}, _NAMELESS), key=lambda way: way[:2])
    return moved, target


@cache
def _coarser(person: Person) -> frozenset[Person]:
    """The person in every way to say less of them, none of it included."""
    ways = itertools.product(_YEARS, (True, False), (True, False))
    return frozenset(_coarsened(person, years, gender=gender, continent=continent) for years, gender, continent in ways)


def _loss(person: Person, target: Person) -> float:
    """The number of values that are lost; half of one where an age becomes a wider range."""
    lost = sum(before is not None and after is None for before, after in zip(person, target, strict=True))
    return lost + (0.5 if target.age is not None and person.age != target.age else 0.0)


def _order(person: Person) -> list[str]:
    return [value or "" for value in person]
