from collections import Counter
from typing import Any

import hypothesis
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from builder.errors import PublishError
from builder.publish.anonymity import anonymized, smallest_group
from loading_script import lands_between as schema

COLUMNS = ["age", "gender", "continent"]
PEOPLE = st.lists(
    st.tuples(
        st.none() | st.integers(18, 80).map(str) | st.sampled_from(["25-34", "30-39", "18-19"]),
        st.none() | st.sampled_from(schema.GENDERS),
        st.none() | st.sampled_from(schema.CONTINENTS[:3]),
    ),
    max_size=60,
)


def people(values: list[tuple[Any, ...]], first: int = 0) -> pa.Table:
    rows = [
        {"participant_id": f"p-{at:04d}", **dict(zip(COLUMNS, row, strict=True))}
        for at, row in enumerate(values, first)
    ]
    return pa.Table.from_pylist(rows, schema=schema.participants().arrow_schema)


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
    again, _ = anonymized(grown, k, published, demographics.age_years)
    found = groups(again)
    assert set(found) <= {(None, None, None)} or min(found.values()) >= k
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
