import re
import tomllib
from pathlib import Path

import pytest
import tomli_w

from builder.errors import SurveyError
from builder.studies import kind_texts
from builder.survey import texts
from builder.survey.texts import languages, placeholders
from builder.survey.texts import read_texts as read_any
from tests.asks import ASKS

SOURCES = Path(texts.__file__).parents[1] / "web" / "src"
OWN = kind_texts("verification")


def read_texts(language: str | Path) -> dict[str, str]:
    """The texts of a verification study."""
    return read_any(language, ASKS, OWN)


ENGLISH = tomli_w.dumps(read_texts("en"))
"""A file that replaces them, to change."""


def test_english_and_german_come_with_the_project():
    assert languages(OWN) == ["de", "en"]
    assert {language: read_texts(language)["language"] for language in languages(OWN)} == {"de": "de", "en": "en"}


def test_every_language_has_the_same_keys_and_placeholders():
    english = read_texts("en")
    for language in languages(OWN):
        read = read_texts(language)
        assert read.keys() == english.keys() >= tomllib.loads((OWN / f"{language}.toml").read_text()).keys()
        assert {key: placeholders(text) for key, text in read.items()} == {
            key: placeholders(text) for key, text in english.items()
        }


def test_what_a_study_does_not_ask_needs_no_text_and_has_none():
    fewer = {language: read_any(language, ASKS.restricted(["identity"]), OWN) for language in ("en", "de")}
    assert fewer["de"].keys() == fewer["en"].keys()
    assert {"rating_identity"} == {"rating_identity", "rating_similarity"} & fewer["de"].keys()


def test_the_page_uses_every_text_and_no_other():
    sources = "".join(path.read_text() for path in SOURCES.rglob("*.ts"))
    quoted = set(re.findall(r'"([a-z_]+)"', sources))
    messages = {word for word in quoted if f"{word}_heading" in read_texts("en") and f"{word}_text" in read_texts("en")}
    used = quoted | {f"{word}_{part}" for word in messages for part in ("heading", "text")} | {"language"}
    used |= {"title", "rating_similarity", "rating_similarity_lowest", "rating_similarity_highest", "rating_identity"}
    used |= {"strategy_similarity", "strategy_identity"}  # these are put into the page's configuration
    asked = set(re.findall(r'text\("([a-z_]+)"', sources))
    assert asked <= read_texts("en").keys() <= used


def test_a_file_replaces_the_texts(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(ENGLISH.replace('title = "Comparing images"', 'title = "Faces"'))
    assert read_texts(path) == read_texts("en") | {"title": "Faces"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("title = ", "not valid TOML"),
        ('title = "Faces"', "missing: connection_lost"),
        (ENGLISH + 'extra = "x"\n', "unknown: extra"),
        (ENGLISH.replace('title = "Comparing images"', "title = 3"), "not empty: title"),
        (ENGLISH.replace('next = "Next"', 'next = " "'), "not empty: next"),
        (ENGLISH.replace("Pair {n} of {total}", "Pair {n}"), r"rating_heading .* \{n\}, \{total\}"),
        (ENGLISH.replace("Go back to {host}", "Go back to {link}"), r"done_link .* \{host\}"),
        ("#" * 1_000_001, "larger than"),
    ],
)
def test_a_file_that_is_not_complete_is_refused(tmp_path: Path, content: str, said: str):
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(SurveyError, match=said):
        read_texts(path)


@pytest.mark.parametrize("language", ["fr", "../texts/en", "", "no/such/file.toml"])
def test_an_unknown_language_is_refused_with_those_there_are(language: str):
    with pytest.raises(SurveyError, match="neither a language \\(de, en\\) nor a file"):
        read_texts(language)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path):
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SurveyError, match="is not UTF-8 text"):
        read_texts(tmp_path / "mine.toml")


def test_the_files_are_toml_without_tables():
    assert all(isinstance(text, str) for text in tomllib.loads(ENGLISH).values())
