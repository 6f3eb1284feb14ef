import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.ratings import demographics
from loading_script.tables import CONTINENTS, GENDERS


@pytest.mark.parametrize(
    ("text", "years", "expected"),
    [
        ("34", None, "34"),
        (" 34.0 ", None, "34"),
        ("25-34", None, "25-34"),
        ("25 \u2013 34", None, "25-34"),
        ("34", 10, "30-39"),
        ("30", 10, "30-39"),
        ("29", 5, "25-29"),
        ("25-34", 10, "20-39"),
        ("0", 10, "0-9"),
        ("121", None, None),
        ("34-25", None, None),
        ("65+", None, None),
        ("1990", None, None),
        ("thirty", None, None),
        ("-3", None, None),
        ("34.5", None, None),
        ("", None, None),
    ],
)
def test_ages(text, years, expected):
    assert demographics.age(text, years) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Female", "female"),
        ("weiblich", "female"),
        (" Man ", "male"),
        ("divers", "non-binary"),
        ("Non-binary", "non-binary"),
        ("Prefer to  self-describe", "other"),
        ("1", None),
        ("fe male", None),
    ],
)
def test_genders(text, expected):
    assert demographics.gender(text) == expected


def test_every_gender_and_continent_names_itself():
    assert [demographics.gender(gender) for gender in GENDERS] == GENDERS
    assert [demographics.continent(continent) for continent in CONTINENTS] == CONTINENTS


@given(st.text(max_size=40))
def test_any_text_has_a_meaning_or_none(text):
    assert demographics.gender(text) in [*GENDERS, None]
    assert demographics.age(text, 10) is None or "-" in demographics.age(text, 10)
