"""The way from what participants wrote of themselves to the columns of the table `participants`."""

import re

from loading_script.tables import CONTINENTS

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
"""Words that stand for no answer, in lower case."""

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
    """One of `loading_script.tables.GENDERS`; None: not understood."""
    return _GENDERS.get(" ".join(text.lower().split()))


def continent(text: str) -> str | None:
    """One of `loading_script.tables.CONTINENTS`, of its English or German name; None: not understood."""
    return _CONTINENTS.get(" ".join(text.lower().split()))
