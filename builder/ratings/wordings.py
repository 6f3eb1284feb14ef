"""`ratings/wordings.json`: how the survey's page worded the questions, where the study file does not say it.

The page's wording is that of its language, which may change between two sittings: all that was asked is kept.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from builder.errors import FolderError
from builder.files import Folder
from builder.study import Study

WORDINGS = "ratings/wordings.json"

_MOST_BYTES = 1_000_000
_TEXTS = TypeAdapter(dict[str, list[str]])


def record(folder: Path, wordings: Mapping[str, str]) -> None:
    """Notes the wording of each question, by its name; one that is there already changes nothing.

    Raises:
        FolderError: the file is damaged, or there is no right to write.
    """
    there = recorded(folder)
    texts = {name: [*there.get(name, ()), text] for name, text in wordings.items() if text not in there.get(name, ())}
    if texts:
        content = json.dumps({name: list(each) for name, each in there.items()} | texts, indent=1, ensure_ascii=False)
        Folder(folder).write({WORDINGS: f"{content}\n".encode()}, 0o600)


def recorded(folder: Path) -> dict[str, tuple[str, ...]]:
    """The wordings of questions by name, in the order in which they were asked first; empty where nobody was asked.

    Raises:
        FolderError: the file is damaged, a link, or too large.
    """
    study = Folder(folder)
    if study.size(WORDINGS) is None:
        return {}
    try:
        texts = _TEXTS.validate_json(study.read(WORDINGS, _MOST_BYTES))
    except ValidationError as error:
        raise FolderError(
            f"{folder / WORDINGS}: is damaged; write the wordings into [survey] of study.toml and remove it"
        ) from error
    return {name: tuple(each) for name, each in texts.items()}


def asked(folder: Path, study: Study) -> dict[str, tuple[str, ...]]:
    """Every wording of what a study asks, by question: those that its page showed, and the study file's own.

    A question has none where it was asked with another tool and the study file does not say how.

    Raises:
        FolderError: the file is damaged, a link, or too large.
    """
    on_page = recorded(folder)
    own = {name: study.survey.wording(name) for name in study.asked().names}
    return {name: tuple(dict.fromkeys(filter(None, (*on_page.get(name, ()), text)))) for name, text in own.items()}
