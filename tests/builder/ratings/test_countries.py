import pycountry
import pytest
from babel.core import get_global
from hypothesis import given
from hypothesis import strategies as st

from builder.ratings.countries import CONTINENT_OF, continents_of
from loading_script.tables import CONTINENTS


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        ("DE", "Europe"),
        ("deu", "Europe"),
        ("276", "Europe"),
        ("Deutschland", "Europe"),
        ("Österreich", "Europe"),
        ("the Netherlands", "Europe"),
        ("United Kingdom of Great Britain and Northern Ireland", "Europe"),
        ("USA", "North America"),
        ("United States of America", "North America"),
        ("Mexico", "North America"),
        ("Brasil", "South America"),
        ("Venezuela, Bolivarian Republic of...", "South America"),
        ("NA", "Africa"),
        ("Democratic Republic of the Congo", "Africa"),
        ("Iran (Islamic Republic of)", "Asia"),
        ("Korea, Republic of", "Asia"),
        ("Democratic People's Republic of Korea", "Asia"),
        ("New Zealand", "Oceania"),
        ("Turkey", "Asia"),
        ("Kosovo", "Europe"),
        ("XKX", "Europe"),
        ("Vatican", "Europe"),
        ("Ivory Coast", "Africa"),
        ("000", None),
        ("Atlantis", None),
        ("Germ", None),
        ("", None),
        ("the", None),
    ],
)
def test_countries(country, expected):
    assert continents_of([country]) == {country: expected}


def test_every_country_has_one_continent_by_every_code_and_name():
    assert set(CONTINENT_OF.values()) == set(CONTINENTS)
    for country in pycountry.countries:
        continent = CONTINENT_OF[country.alpha_2]
        written = [country.alpha_2, country.alpha_3, country.numeric, country.name]
        assert continents_of(written) == dict.fromkeys(written, continent)


def test_continents_are_those_of_the_time_zones():
    """Zones are named for continents and oceans; America is two, and the islands of an ocean belong to some."""
    of_zone = {
        "Africa": {"Africa"},
        "America": {"North America", "South America"},
        "Antarctica": {"Antarctica"},
        "Arctic": {"Europe"},
        "Asia": {"Asia"},
        "Australia": {"Oceania"},
        "Europe": {"Europe"},
        "Pacific": {"Oceania"},
    }
    zones = get_global("territory_zones")
    others = {
        country
        for country, continent in CONTINENT_OF.items()
        if zones.get(country)
        and not any(continent in of_zone.get(zone.partition("/")[0], CONTINENTS) for zone in zones[country])
    }
    assert others == {"CY", "TL", "TR"}  # each on a border; GeoNames counts them to Europe, Oceania and Asia


@given(st.text(max_size=40))
def test_any_text_is_a_country_or_none(text):
    assert continents_of([text])[text] in [*CONTINENTS, None]
