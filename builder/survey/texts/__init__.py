"""The texts of the page, one file per language."""

import re
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from builder.errors import SurveyError
from builder.tasks import Choice, Questionnaire
from builder.toml import parse_toml

_FOLDER = Path(__file__).parent
_MAX_BYTES = 1_000_000
_REFERENCE = "en"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def question_key(name: str) -> str:
    """The key of a question's text; of a scale's ends it is followed by `_lowest` and `_highest`."""
    return f"rating_{name}"


def option_key(name: str, option: str) -> str:
    """The key of what the page calls an option of a question; one that has none is called by its name."""
    return f"rating_{name}_{option}"


def languages(own: Traversable) -> list[str]:
    """The languages that come with the project and with a kind of study, as BCP 47 tags."""
    ours = {path.stem for path in _FOLDER.glob("*.toml")}
    return sorted(ours & {file.name.removesuffix(".toml") for file in own.iterdir() if file.name.endswith(".toml")})


def read_texts(language_or_path: str | Path, asks: Questionnaire, own: Traversable) -> dict[str, str]:
    """The texts of one of `languages()`, or of a file that replaces them.

    Args:
        language_or_path: which.
        asks: what is asked; its texts are those of the language `en`.
        own: the folder of the kind of study's own texts.

    Returns:
        Key to text. Every file has the same keys, and in each text the same placeholders such as `{n}`; the key
        `language` is the BCP 47 tag of the language that the texts are in.

    Raises:
        SurveyError: no such language or file, or one that is not complete.
    """
    name = str(language_or_path)
    reference = _of_language(_REFERENCE, own) | _declared(asks)
    if name == _REFERENCE:
        return reference
    if name in languages(own):
        # Those of a language are of all that a kind can ask, and a study may ask less.
        texts, path = _of_language(name, own), Path(f"{name}.toml")
        texts = {key: text for key, text in texts.items() if key in reference}
    else:
        path = Path(name)
        if not path.is_file():
            raise SurveyError(f"{name!r} is neither a language ({', '.join(languages(own))}) nor a file of texts")
        texts = _checked(parse_toml(_content(path), str(path), "file of texts", SurveyError), str(path))
    _check(path, texts, reference)
    return texts


def _declared(asks: Questionnaire) -> dict[str, str]:
    """The texts that the questions themselves have."""
    questions = {question_key(question.name): question.text for question in asks.questions}
    choices = [question for question in asks.questions if isinstance(question, Choice) and question.labels]
    labels = {option_key(each.name, option): label for each in choices for option, label in each.labeled()}
    return {**questions, **labels, **{each.name: each.text for each in asks.texts}}


def _of_language(language: str, own: Traversable) -> dict[str, str]:
    """The project's texts and the kind's."""
    texts: dict[str, str] = {}
    for file in (_FOLDER / f"{language}.toml", own.joinpath(f"{language}.toml")):
        texts |= _checked(parse_toml(file.read_bytes(), file.name, "file of texts", SurveyError), file.name)
    return texts


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise SurveyError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise SurveyError(f"{path}: larger than {_MAX_BYTES} bytes, which no file of texts is")
    return content


def _checked(texts: dict[str, Any], source: str) -> dict[str, str]:
    wrong = [key for key, text in texts.items() if not isinstance(text, str) or not text.strip()]
    if wrong:
        raise SurveyError(f"{source}: must be a text that is not empty: {', '.join(wrong)}")
    return texts


def _check(path: Path, texts: dict[str, str], reference: dict[str, str]) -> None:
    missing, unknown = reference.keys() - texts.keys(), texts.keys() - reference.keys()
    if missing or unknown:
        problems = [
            f"{what}: {', '.join(sorted(keys))}" for what, keys in (("missing", missing), ("unknown", unknown)) if keys
        ]
        raise SurveyError(f"{path}: {'; '.join(problems)}. Start from what survey texts prints")
    for key, text in texts.items():
        if placeholders(text) != placeholders(reference[key]):
            names = ", ".join(sorted(f"{{{name}}}" for name in placeholders(reference[key]))) or "none"
            raise SurveyError(f"{path}: {key} must hold these placeholders: {names}")


def placeholders(text: str) -> set[str]:
    """The names in braces, which the page fills in."""
    return set(_PLACEHOLDER.findall(text))
