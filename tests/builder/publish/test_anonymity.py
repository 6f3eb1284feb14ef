import itertools
from collections import Counter
from typing import Any

import hypothesis
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from builder.errors import PublishError
from builder.publish.anonymity import Earlier, anonymized, smallest_group
from loading_script.tables import CONTINENTS, GENDERS
from tests import schema

COLUMNS = ["age", "gender", "continent"]
PEOPLE = st.lists(
    st.tuples(
        st.none() | st.integers(18, 80).map(str) | st.sampled_from(["25-34", "30-39", "18-19"]),
        st.none() | st.sampled_from(GENDERS),
        st.none() | st.sampled_from(CONTINENTS[:3]),
    ),
    max_size=60,
)


def people(values: list[tuple[Any, ...]], first: int = 0) -> pa.Table:
    rows = [
        {"participant_id": f"p-{at:04d}", **dict(zip(COLUMNS, row, strict=True))}
        for at, row in enumerate(values, first)
    ]
    return pa.Table.from_pylist(rows, schema=schema.participants().arrow_schema)


def earlier(*versions: pa.Table, years: int | None = 1) -> Earlier:
    return Earlier(tuple(frozenset(table["participant_id"].to_pylist()) for table in versions), versions[-1], years)


def groups(table: pa.Table) -> Counter[tuple[Any, ...]]:
    return Counter(zip(*(table[column].to_pylist() for column in COLUMNS), strict=True))


@hypothesis.given(PEOPLE, st.integers(1, 8))
def test_every_combination_is_shared_by_k_or_nothing_is_said(values, k):
    coarse, demographics = anonymized(people(values), k)
    found = groups(coarse)
    assert set(found) <= {(None, None, None)} or min(found.values()) >= k
    assert demographics.k == k
    assert anonymized(people(values), k)[0].equals(coarse)


@hypothesis.given(PEOPLE)
def test_nothing_is_said_that_was_not_given(values):
    for given, said in zip(values, anonymized(people(values), 3)[0].to_pylist(), strict=True):
        assert said["gender"] in (None, given[1])
        assert said["continent"] in (None, given[2])
        if said["age"] is not None:
            (low, *_), (*_, high) = ([int(year) for year in age.split("-")] for age in (given[0], given[0]))
            youngest, *_, oldest = [int(year) for year in said["age"].split("-")] * 2
            assert youngest <= low <= high <= oldest or said["age"] == given[0]


@hypothesis.given(PEOPLE, PEOPLE, st.integers(2, 5))
def test_what_was_published_is_never_made_finer(before, later, k):
    published, demographics = anonymized(people(before), k)
    grown = pa.concat_tables([people(before), people(later, first=1000)])
    again, _ = anonymized(grown, k, earlier(published, years=demographics.age_years))
    for old, new in zip(published.to_pylist(), again.to_pylist(), strict=False):
        assert all(new[column] in (None, old[column]) for column in COLUMNS)


def test_enough_participants_stay_as_they_are():
    values = [("30", "female", "Europe")] * 5 + [("31", "male", None)] * 6
    coarse, demographics = anonymized(people(values), 5)
    assert groups(coarse) == Counter(values)
    assert demographics.age_years == 1


def test_ages_become_ranges_before_anything_is_lost():
    values = [(str(20 + at), "female", "Europe") for at in range(10)]
    coarse, demographics = anonymized(people(values), 5)
    assert groups(coarse) == {("20-29", "female", "Europe"): 10}
    assert demographics.age_years == 10


def test_the_few_lose_what_sets_them_apart():
    values = [("20", "female", "Europe")] * 20 + [("20", "other", "Asia")] * 5 + [("71", "male", "Africa")] * 2
    coarse, _ = anonymized(people(values), 5)
    assert groups(coarse)["20", "female", "Europe"] == 20
    assert groups(coarse)[None, None, None] == 7


def years_of(ages: str | None) -> set[int]:
    low, _, high = (ages or "0-199").partition("-")
    return set(range(int(low), int(high or low) + 1))


def attack(old: pa.Table | None, new: pa.Table, k: int) -> None:
    """What somebody finds who has two versions: nothing of fewer than k people that the older one does not show."""
    before = {row["participant_id"]: row for row in old.to_pylist()} if old else {}
    after = {row["participant_id"]: row for row in new.to_pylist()}
    added = Counter(tuple(row[c] for c in COLUMNS) for id_, row in after.items() if id_ not in before)
    everybody = Counter(tuple(row[c] for c in COLUMNS) for row in after.values())
    for crowd in (added, everybody):
        assert all(size >= k for cells, size in crowd.items() if any(cells)), crowd
    for id_ in before.keys() & after.keys():
        was, is_ = before[id_], after[id_]
        assert years_of(was["age"]) <= years_of(is_["age"])
        assert all(is_[c] in (None, was[c]) for c in ("gender", "continent"))


STEPS = st.lists(st.tuples(PEOPLE, st.sets(st.integers(0, 59))), min_size=2, max_size=5)


@hypothesis.given(STEPS, st.lists(st.integers(2, 6), min_size=5, max_size=5), st.sets(st.integers(0, 4)))
def test_no_two_versions_show_anything_of_fewer_than_k(steps, ks, retracted):
    """Every version adds some people and loses others; some versions are withdrawn before the last one is made."""
    study = people([]).to_pylist()
    versions: list[pa.Table] = []
    years = 1
    for number, ((new, gone), k) in enumerate(zip(steps, ks, strict=False)):
        study = [row for at, row in enumerate(study) if at not in gone]
        study += people(new, first=1000 * number).to_pylist()
        if number == len(steps) - 1:
            versions = [version for at, version in enumerate(versions) if at not in retracted]
        known = earlier(*versions, years=years) if versions else Earlier()
        made, demographics = anonymized(pa.Table.from_pylist(study, schema=people([]).schema), k, known)
        for old in (None, *versions):
            attack(old, made, k)
        versions.append(made)
        years = demographics.age_years


def test_one_more_rater_says_nothing_of_themselves():
    values = [("30", "female", "Europe")] * 6 + [("40", "male", "Europe")] * 6
    first, _ = anonymized(people(values), 5)
    second, _ = anonymized(people([*values, ("30", "female", "Europe")]), 5, earlier(first))
    assert groups(second) == Counter(values) + Counter({(None, None, None): 1})
    more = [*values, *[("30", "female", "Europe")] * 6]
    third, _ = anonymized(people(more), 5, earlier(first, second))
    assert groups(third) == groups(second) + Counter({("30", "female", "Europe"): 5})
    without_the_second, _ = anonymized(people(more), 5, earlier(first))
    assert groups(without_the_second) == Counter(more)


def test_where_somebody_left_the_group_becomes_coarser_with_the_nearest():
    values = [("30-39", "female", "Europe")] * 5 + [("20-29", "female", "Europe")] * 6
    values += [("20-29", "male", "Europe")] * 30 + [("30-39", "female", "Asia")] * 5
    first, _ = anonymized(people(values), 5)
    assert groups(first) == Counter(values)
    second, demographics = anonymized(people(values).slice(1), 5, earlier(first))
    assert groups(second) == {
        ("20-39", "female", "Europe"): 10,
        ("20-29", "male", "Europe"): 30,
        ("30-39", "female", "Asia"): 5,
    }
    assert demographics.age_years == 20


def test_a_group_is_blank_only_where_no_coarsening_reaches_k():
    values = [("71", "male", "Africa")] * 5 + [("20", "female", "Europe")] * 6 + [("20", "female", "Asia")] * 9
    first, _ = anonymized(people(values), 5)
    second, _ = anonymized(people(values).slice(1), 5, earlier(first))
    assert groups(second) == {(None, None, None): 10, ("20", "female", "Asia"): 9}


def as_range(ages: str | None, width: int | None) -> str | None:
    if ages is None or width == 1:
        return ages
    low, _, high = ages.partition("-")
    return f"{int(low) // width * width}-{int(high or low) // width * width + width - 1}" if width else None


def most_alike(cells: tuple[Any, ...], sizes: Counter[tuple[Any, ...]]) -> int:
    """How many people there are in the largest group that could be said of `cells`, in any way that says anything."""
    most = 0
    for width, keep in itertools.product((1, 10, 20, None), itertools.product((True, False), repeat=2)):
        ages = as_range(cells[0], width)
        rest = [cell if kept else None for cell, kept in zip(cells[1:], keep, strict=True)]
        if ages or any(rest):
            most = max(
                most,
                sum(
                    size
                    for other, size in sizes.items()
                    if (ages is None or ages in [as_range(other[0], each) for each in (1, 10, 20)])
                    and all(cell in (None, theirs) for cell, theirs in zip(rest, other[1:], strict=True))
                ),
            )
    return most


@hypothesis.given(PEOPLE, st.integers(0, 59), st.integers(2, 6))
def test_a_withdrawal_blanks_nobody_whom_a_coarser_group_would_hide(values, gone, k):
    first, demographics = anonymized(people(values), k)
    left = first.filter(pa.array([at != gone for at in range(first.num_rows)], pa.bool_()))
    second, _ = anonymized(left, k, earlier(first, years=demographics.age_years))
    attack(first, second, k)
    sizes = groups(left)
    small = [cells for cells, size in sizes.items() if size < k and any(cells)]
    assert len(small) <= 1
    for before, after in zip(left.to_pylist(), second.to_pylist(), strict=True):
        cells = tuple(before[column] for column in COLUMNS)
        if cells in small:
            assert any(after[column] for column in COLUMNS) == (most_alike(cells, sizes) >= k)


def test_the_smallest_group_is_counted():
    assert smallest_group(people([("20", None, None)] * 3 + [("21", None, None)] * 2)) == 2
    assert smallest_group(people([(None, None, None)])) is None
    assert smallest_group(people([])) is None


@pytest.mark.parametrize(
    ("person", "said"),
    [
        (("old", None, None), "age: 'old' is neither years nor a range of years"),
        ((None, "Jane", None), "gender: 'Jane' is none of"),
        ((None, None, "Berlin"), "continent: 'Berlin' is none of"),
    ],
)
def test_other_values_are_refused(person, said):
    with pytest.raises(PublishError, match=said):
        anonymized(people([person]), 5)
