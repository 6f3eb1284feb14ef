"""What the page says, one file per language."""

import re
from pathlib import Path

from builder.errors import SurveyError
from builder.toml import parse_toml

_FOLDER = Path(__file__).parent
_MAX_BYTES = 1_000_000
_REFERENCE = "en"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def languages() -> list[str]:
    """The languages that come with the project, as BCP 47 tags."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def read_texts(language_or_path: str | Path) -> dict[str, str]:
    """The texts of one of `languages()`, or of a file that replaces them.

    Returns:
        Key to text. Every file has the same keys, and in each text the same placeholders such as `{n}`; the key
        `language` is the BCP 47 tag of the language that the texts are in.

    Raises:
        SurveyError: no such language or file, or one that is not complete.
    """
    given = str(language_or_path)
    if given in languages():
        return _read(_FOLDER / f"{given}.toml")
    path = Path(given)
    if not path.is_file():
        raise SurveyError(f"{given!r} is neither a language ({', '.join(languages())}) nor a file of texts")
    texts = _read(path)
    _check(path, texts, _read(_FOLDER / f"{_REFERENCE}.toml"))
    return texts


def _read(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise SurveyError(f"{path}: larger than {_MAX_BYTES} bytes, which no file of texts is")
        texts = parse_toml(content, str(path), "file of texts", SurveyError)
    except OSError as error:
        raise SurveyError(f"{path}: cannot be read: {error.strerror}") from error
    wrong = [key for key, text in texts.items() if not isinstance(text, str) or not text.strip()]
    if wrong:
        raise SurveyError(f"{path}: must be a text that is not empty: {', '.join(wrong)}")
    return texts


def _check(path: Path, texts: dict[str, str], reference: dict[str, str]) -> None:
    missing, unknown = reference.keys() - texts.keys(), texts.keys() - reference.keys()
    if missing or unknown:
        said = [
            f"{what}: {', '.join(sorted(keys))}" for what, keys in (("missing", missing), ("unknown", unknown)) if keys
        ]
        raise SurveyError(f"{path}: {'; '.join(said)}. Start from {_FOLDER / f'{_REFERENCE}.toml'}")
    for key, text in texts.items():
        if placeholders(text) != placeholders(reference[key]):
            wanted = ", ".join(sorted(f"{{{name}}}" for name in placeholders(reference[key]))) or "none"
            raise SurveyError(f"{path}: {key} must hold these placeholders: {wanted}")


def placeholders(text: str) -> set[str]:
    """The names in braces, which the page fills in."""
    return set(_PLACEHOLDER.findall(text))
