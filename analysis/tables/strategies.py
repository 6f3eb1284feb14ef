"""The participants' texts: how they say they decided, and which features they name."""

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources

import pandas as pd

from analysis import frames
from analysis.errors import AnalysisError, MissingDataError
from analysis.frames import Table
from analysis.inference import wilson
from loading_script import tables as schema

Terms = Mapping[str, Sequence[str]]
"""The terms that name a feature, by feature; those of faces are in `analysis/terms`."""

LANGUAGES = ("en", "de")
_NO_TEXTS = frozenset(schema.participants([]))
"""Columns of participants that are no texts of theirs."""


def terms(languages: Sequence[str] = LANGUAGES) -> dict[str, list[str]]:
    """The packaged terms of some languages, feature by feature.

    Raises:
        AnalysisError: there is no list for a language.
    """
    by_feature: dict[str, list[str]] = {}
    for language in languages:
        if language not in LANGUAGES:
            raise AnalysisError(f"no terms for the language {language!r}; there are: {', '.join(LANGUAGES)}")
        listed = tomllib.loads(resources.files("analysis").joinpath("terms", f"{language}.toml").read_text("utf-8"))
        for feature, names in listed.items():
            by_feature.setdefault(feature, []).extend(names)
    return by_feature


def strategies(participants: Table, named_by: Terms | None = None) -> pd.DataFrame:
    """The number of participants who name each feature in their texts, for each question, by falling share.

    named_by: the terms; the packaged ones, of all languages together, where it is left out.

    Columns: question (see `texts_of`), feature, n (texts that name it), n_texts (that there are), share, low, high
    (Wilson).

    Raises:
        MissingDataError: no text was released.
    """
    named_by = terms() if named_by is None else named_by
    rows = []
    by_question = texts_of(participants)
    for question, texts in by_question.items():
        named = texts.map(lambda text: features(text, named_by))
        for feature in named_by:
            n = int(named.map(lambda features_of, feature=feature: feature in features_of).sum())
            low, high = wilson(n, len(texts))
            row = {"question": question, "feature": feature, "n": n, "n_texts": len(texts), "share": n / len(texts)}
            rows.append(row | {"low": low, "high": high})
    table = pd.DataFrame(rows)
    order = table["question"].map({question: place for place, question in enumerate(by_question)})
    return (
        table.assign(order=order)
        .sort_values(["order", "n"], ascending=[True, False], kind="stable", ignore_index=True)
        .drop(columns="order")
    )


def quotes(participants: Table, named_by: Terms | None = None) -> pd.DataFrame:
    """The texts that were released, in the order of the alphabet, so that none can be traced to its writer.

    named_by: terms of features, as in `strategies`; with none at all, features are not looked for.

    Columns: question, text, features (those that it names, in the order of the terms).

    Raises:
        MissingDataError: no text was released.
    """
    named_by = terms() if named_by is None else named_by
    rows = []
    for question, texts in texts_of(participants).items():
        for text in sorted(texts):
            names = features(text, named_by)
            row = {"question": question, "text": text}
            rows.append(row | ({"features": [name for name in named_by if name in names]} if named_by else {}))
    return pd.DataFrame(rows)


def texts_of(participants: Table) -> "dict[str, pd.Series[str]]":
    """The texts that are not blank, by what they are about; columns without any are left out.

    A text is what stands in any column of words that is not about who somebody is; `strategy_<question>` is about the
    question.

    Raises:
        MissingDataError: no text was released.
    """
    people = frames.frame(participants)
    by_person = {}
    for column in people.columns:
        if column not in _NO_TEXTS and people[column].map(lambda value: isinstance(value, str)).any():
            texts = people[column].dropna().astype("str")
            texts = texts[texts.str.strip() != ""]
            if len(texts):
                by_person[str(column).removeprefix("strategy_")] = texts
    if not by_person:
        raise MissingDataError("no text on strategies was released")
    return by_person


def features(text: str, named_by: Terms) -> set[str]:
    """The features that a text names; of terms that overlap, the longest counts."""
    listed = tuple((term, feature) for feature, names in named_by.items() for term in names)
    pattern, feature_of = _pattern(listed)
    return {feature_of[match.lastgroup] for match in pattern.finditer(text) if match.lastgroup}


@functools.lru_cache(maxsize=8)
def _pattern(listed: tuple[tuple[str, str], ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    longest_first = sorted(listed, key=lambda entry: -len(entry[0]))
    feature_of = {f"t{number}": feature for number, (_, feature) in enumerate(longest_first)}
    parts = []
    for group, (term, _) in zip(feature_of, longest_first, strict=True):
        words = r"\s+".join(map(re.escape, term.removesuffix("*").split()))
        parts.append(rf"(?P<{group}>\b{words}" + (r"\w*)" if term.endswith("*") else r"\b)"))
    return re.compile("|".join(parts), re.IGNORECASE), feature_of
