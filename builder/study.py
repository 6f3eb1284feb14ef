"""`Study`: the keys that every study file has. The key `study` names the kind of study, which brings the others.

A study file is TOML; `python -m builder study` prints a packaged one with a comment on every key. Everything that a
build does is a function of the study, so everything is refused here that would make a build fail or mean nothing.
"""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import tomli_w
from pydantic import Field, model_validator

from builder import registry
from builder.errors import StudyError
from builder.publish.settings import PublishSettings
from builder.ratings.settings import RatingsSettings
from builder.settings import Settings
from builder.studies import DEFAULT_KIND, DEFAULT_STUDY, load_kind, packaged_text
from builder.survey.settings import SurveySettings
from builder.tasks import Questionnaire
from builder.toml import check, literal, parse_toml, pattern

NAME = pattern(r"^[a-z0-9]+(-[a-z0-9]+)*$", "must be lower-case letters and digits with single hyphens between them")

_MOST_BYTES = 1_000_000

_NO_SHARD_DEPENDS_ON = {"batches", "survey", "ratings", "publish"}

_LAST = ("survey", "ratings", "publish")
"""Tables that a study file ends with."""


class Study(Settings):
    """The keys of every kind of study; a kind's own class adds its keys."""

    first_keys: ClassVar[tuple[str, ...]] = ("study", "name", "seed", "batches")

    study: str = DEFAULT_KIND
    name: Annotated[str, Field(pattern=NAME, max_length=60)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    batches: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    survey: SurveySettings = SurveySettings()
    ratings: RatingsSettings = RatingsSettings()
    publish: PublishSettings = PublishSettings()

    @model_validator(mode="after")
    def _with_sides(self) -> Self:
        if self.survey.counterbalance and not any(task.turns for task in self.questionnaire().tasks):
            raise ValueError("survey.counterbalance = true: this study shows no two images side by side; leave it out")
        return self

    def fingerprint(self) -> dict[str, Any]:
        """The fingerprint of this study: every key that a shard depends on, but for the number of batches."""
        return {key: value for key, value in self._keys().items() if key not in _NO_SHARD_DEPENDS_ON}

    def hash(self) -> str:
        """SHA-256 of the fingerprint."""
        return fingerprint_hash(self.fingerprint())

    def to_toml(self) -> str:
        """The study as a study file, every key that has a value written out."""
        return tomli_w.dumps(self._keys())

    def _keys(self) -> dict[str, Any]:
        """Every key that has a value, in the order of a written file.

        The default kind's name is left out: study files were written, and hashed, before there were others.
        """
        values = self.model_dump(mode="json", exclude_none=True, by_alias=True)
        if self.study == DEFAULT_KIND:
            del values["study"]
        return {key: values[key] for key in (*(key for key in values if key not in _LAST), *_LAST)}

    def questionnaire(self) -> Questionnaire:
        """All that a study of this kind can ask people; the tables of ratings have a column for each question."""
        asks = load_kind(self.study).questionnaire(self)
        return replace(asks, counterbalance=True) if self.survey.counterbalance else asks

    def asked(self) -> Questionnaire:
        """The questions that the study does ask people: all but what `[ratings] questions` leaves out."""
        return self.questionnaire().restricted(self.ratings.questions)


def fingerprint_hash(fingerprint: dict[str, Any]) -> str:
    """SHA-256 of a study's fingerprint as JSON with sorted keys."""
    return hashlib.sha256(json.dumps(fingerprint, sort_keys=True).encode()).hexdigest()


def default_text(name: str = DEFAULT_STUDY) -> str:
    """A packaged study file, with a comment on every key.

    Raises:
        StudyError: there is none of that name.
    """
    return packaged_text(name)


def read_study(path: Path | str | None = None, **overrides: int | None) -> Study:
    """The study of a file, or the packaged one of a name, with keys overridden that are not None.

    Args:
        path: a file, or the name of a packaged study; None is the default one.
        overrides: keys of every study.

    Raises:
        StudyError: it cannot be read; or each key that is unknown or has a value that is not allowed, with
            the value and what is allowed.
    """
    if path is None or (isinstance(path, str) and re.fullmatch(NAME, path)):
        name = path or DEFAULT_STUDY
        source, content = f"the packaged study {name}", packaged_text(str(name)).encode()
    else:
        source, content = str(path), _content(Path(path))
    keys = parse_toml(content, source)
    keys.update({key: value for key, value in overrides.items() if value is not None})
    return parse_study(keys, source)


def parse_study(keys: dict[str, Any], source: str) -> Study:
    """The study that `keys` describe, of the kind that they name; `source` names them in errors.

    Raises:
        StudyError: as `read_study`.
    """
    kind = keys.get("study", DEFAULT_KIND)
    if kind not in registry.names("studies"):
        choices = ", ".join(registry.names("studies"))
        raise StudyError(f"{source}:\n  study = {literal(kind)}: must be one of the kinds of study: {choices}")
    return check(load_kind(kind).Settings, keys, source)


def _content(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise StudyError(f"{path}: is not a regular file; name a study file")
        if path.stat().st_size > _MOST_BYTES:
            raise StudyError(f"{path}: larger than {_MOST_BYTES} bytes; this is no study file")
        return path.read_bytes()
    except FileNotFoundError:
        raise StudyError(f"{path}: no such file; print one to start from with: python -m builder study") from None
    except OSError as error:
        raise StudyError(f"{path}: cannot be read: {error.strerror}") from error
