"""Countries by code and by name, and the continent of each.

No library of a few kilobytes that is kept up knows the continent of every country, and GeoNames as a package takes
179 MB: the assignment is GeoNames' own, in one table.
"""

import functools
import re
import unicodedata
from collections.abc import Iterable

import babel
import pycountry

LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl", "pl"]
"""The languages in which the names of countries are known."""

_ON_CONTINENTS = {
    "Africa": (
        "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG "
        "ML MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW"
    ),
    "Antarctica": "AQ BV GS HM TF",
    "Asia": (
        "AE AF AM AZ BD BH BN BT CC CN GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM "
        "MN MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TM TR TW UZ VN YE"
    ),
    "Europe": (
        "AD AL AT AX BA BE BG BY CH CS CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE "
        "LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK"
    ),
    "North America": (
        "AG AI AN AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX "
        "NI PA PM PR SV SX TC TT US VC VG VI"
    ),
    "Oceania": "AS AU CK CX FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TL TO TV UM VU WF WS",
    "South America": "AR BO BR CL CO EC FK GF GY PE PY SR UY VE",
}
"""Continent -> countries by ISO 3166 code, Kosovo by the code in use, and two that exports of surveys still name: the
Netherlands Antilles (AN), Serbia and Montenegro (CS).
"""

CONTINENT_OF = {code: continent for continent, codes in _ON_CONTINENTS.items() for code in codes.split()}
"""Country -> continent."""

_OTHER_CODES = {"530": "AN", "891": "CS", "ANT": "AN", "SCG": "CS", "XKX": "XK"}
"""Codes of countries that ISO 3166 does not list (any more)."""

_OTHER_NAMES = {
    "America": "US",
    "Bonaire, Saint Eustatius and Saba": "BQ",
    "Cocos Islands": "CC",
    "Czech Republic": "CZ",
    "England": "GB",
    "Great Britain": "GB",
    "Ivory Coast": "CI",
    "Netherlands Antilles": "AN",
    "Northern Ireland": "GB",
    "Palestinian Territory": "PS",
    "Russian Federation": "RU",
    "Saint Helena": "SH",
    "Scotland": "GB",
    "Serbia and Montenegro": "CS",
    "Turkey": "TR",
    "UK": "GB",
    "United Kingdom of Great Britain and Northern Ireland": "GB",
    "United States of America": "US",
    "U.S.": "US",
    "U.S.A.": "US",
    "Vatican": "VA",
    "Viet Nam": "VN",
    "Wales": "GB",
}
"""Names that surveys list and that are not among those of the countries."""


def continents_of(countries: Iterable[str]) -> dict[str, str | None]:
    """The continent of each country, given as an ISO 3166 code or a name in one of LANGUAGES; None: not understood."""
    codes, names = _known()
    return {text: codes.get(text.strip().upper()) or names.get(_plain(text)) for text in countries}


@functools.cache
def _known() -> tuple[dict[str, str], dict[str, str]]:
    """Continents by ISO 3166 code (two letters, three letters, number) and by plain name."""
    codes = CONTINENT_OF | {code: CONTINENT_OF[country] for code, country in _OTHER_CODES.items()}
    names: dict[str, str] = {}
    locales = [babel.Locale(language) for language in LANGUAGES]
    for country, continent in CONTINENT_OF.items():
        listed = pycountry.countries.get(alpha_2=country)
        if listed:
            codes |= {listed.alpha_3: continent, listed.numeric: continent}
        written = {getattr(listed, kind, "") for kind in ("name", "official_name", "common_name")}
        written |= {locale.territories.get(country, "") for locale in locales}
        names |= {_plain(name): continent for name in written if name}
    return codes, names | {_plain(name): CONTINENT_OF[country] for name, country in _OTHER_NAMES.items()}


def _plain(name: str) -> str:
    """A name as it is compared: lower case, without accents, punctuation and articles, its words in any order."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    words = re.findall(r"\w+", "".join(char for char in letters if not unicodedata.combining(char)))
    return " ".join(sorted(word for word in words if word != "the"))
