"""The page: the bundle that `make survey` builds, and the configuration that it starts from."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, assert_never

from builder.errors import SurveyError
from builder.files import explained
from builder.studies import kind_texts
from builder.survey.items import Item, Practice, SurveyItems
from builder.survey.sides import sides
from builder.survey.texts import option_key, question_key, read_texts
from builder.tasks import Choice, Question, Questionnaire, Scale, Task, YesNo

BUNDLE = Path(__file__).parent / "static"

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
"""Media type of a bundle's file by its ending; others are no part of the page."""

_TOLD = ("purpose", "institution", "contact", "ethics_approval", "expected_minutes", "pay", "consent", "return_url")

FIRST_CONSENT_VERSION = "1"


def read_bundle(folder: Path = BUNDLE) -> dict[str, bytes]:
    """The files of the built page by name.

    Raises:
        SurveyError: it is not built.
    """
    if not (folder / "index.html").is_file():
        raise SurveyError(f"{folder / 'index.html'}: the survey's page is not built; build it with: make survey")
    with explained(folder):
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in TYPES and path.is_file()}


def consent_version(survey: SurveyItems) -> str:
    """The version of the consent text that the page shows."""
    return survey.settings.consent_version or FIRST_CONSENT_VERSION


def page_config(survey: SurveyItems, mode: Literal["server", "static"]) -> dict[str, Any]:
    """The configuration that the page asks for as `task.json`.

    Raises:
        SurveyError: there are no texts in the study's language.
    """
    settings, asks = survey.settings, survey.asks
    texts = survey_texts(survey)
    told = {key: getattr(settings, key) for key in _TOLD} | {"consent_version": consent_version(survey)}
    config: dict[str, Any] = {
        "mode": mode,
        "study": survey.name,
        "language": texts["language"],
        "texts": texts,
        "survey": told,
        "key": asks.key,
        "tasks": {task.name: _task(task, survey, texts) for task in asks.tasks},
        "free_texts": [{"name": each.name, "text": texts[each.name]} for each in asks.texts],
    }
    if mode == "static":
        config["batches"] = [_sitting(items, asks) for items in survey.sittings.values()]
        config["practice"] = [practice(survey.practice[each]) for each in survey.sittings if each in survey.practice]
        config["completion_code"] = settings.completion_code
        config["completion_url"] = settings.completion_url
    return config


def _sitting(items: Sequence[Item], asks: Questionnaire) -> list[dict[str, Any]]:
    """The items of a sitting; those of half of the participants stand on the other side than these."""
    side = sides(items, asks, 0)
    return [shown(item, side=side.get(item.item_id)) for item in items]


def survey_texts(survey: SurveyItems) -> dict[str, str]:
    """The texts of the page in the study's language.

    Raises:
        SurveyError: there are no such texts.
    """
    return read_texts(survey.settings.language, survey.asks, kind_texts(survey.kind))


def wordings(survey: SurveyItems) -> dict[str, str]:
    """The wording of every question on the page, by its name.

    Raises:
        SurveyError: there are no texts in the study's language.
    """
    texts = survey_texts(survey)
    return {question.name: wording(question, survey, texts) for question in survey.asks.questions}


def wording(question: Question, survey: SurveyItems, texts: Mapping[str, str]) -> str:
    """The wording of a question: the study file's, else the language's."""
    return survey.settings.wording(question.name) or texts[question_key(question.name)]


def _task(task: Task, survey: SurveyItems, texts: Mapping[str, str]) -> dict[str, Any]:
    """A task for the page: how its items are shown, and what is asked of them."""
    questions = [_question(question, wording(question, survey, texts), texts) for question in task.questions]
    return {"form": task.layout.form, "questions": questions}


def _question(question: Question, text: str, texts: Mapping[str, str]) -> dict[str, Any]:
    common = {"name": question.name, "text": text}
    match question:
        case Scale():
            ends = {key: texts[f"{question_key(question.name)}_{key}"] for key in ("lowest", "highest")}
            range_ = {"low": question.low, "high": question.high, "step": question.step}
            return {"type": "scale", **common, **range_, **ends}
        case YesNo():
            return {"type": "yes_no", **common}
        case Choice():
            labels = {option: texts.get(option_key(question.name, option), option) for option in question.options}
            options = [{"value": option, "text": label} for option, label in labels.items()]
            return {"type": "choice", **common, "options": options, "shuffled": list(question.shuffled)}
        case _:
            assert_never(question)


def shown(item: Item, before: str = "", side: str | None = None) -> dict[str, Any]:
    """An item as the page takes it; images are addressed relative to `before`, and the first stands on `side`."""
    return {
        "id": item.item_id,
        "task": item.task,
        "pictures": [f"{before}{image_path(image_id)}" for image_id in item.pictures],
        "words": dict(item.words),
        "options": {name: list(options) for name, options in item.options.items()},
        **({} if side is None else {"side": side}),
    }


def practice(trial: Practice, before: str = "") -> dict[str, Any]:
    """The practice item as the page takes it, with what is right."""
    checks = [
        {name: getattr(check, name) for name in ("question", "least", "most", "answer")} for check in trial.checks
    ]
    return {"item": shown(trial.item, before), "checks": checks}


def image_path(image_id: str) -> str:
    """The path of an image on the page, which tells nothing of the condition that an id names."""
    return f"images/{hashlib.sha256(image_id.encode()).hexdigest()[:20]}.png"
