"""The page: the bundle that `make survey` builds, and the configuration that it starts from."""

from pathlib import Path
from typing import Any, Literal

from builder.errors import SurveyError
from builder.files import explained
from builder.survey.task import Pair, Task
from builder.survey.texts import read_texts

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

_TOLD = (
    "purpose",
    "institution",
    "contact",
    "ethics_approval",
    "expected_minutes",
    "pay",
    "consent",
    "question_similarity",
    "question_identity",
)

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


def consent_version(task: Task) -> str:
    """The version of the consent text that the page shows."""
    return task.settings.consent_version or FIRST_CONSENT_VERSION


def page_config(task: Task, mode: Literal["server", "static"]) -> dict[str, Any]:
    """What the page asks for as `task.json`.

    Raises:
        SurveyError: there are no texts in the study's language.
    """
    settings = task.settings
    texts = read_texts(settings.language)
    told = {key: getattr(settings, key) for key in _TOLD} | {"consent_version": consent_version(task)}
    config: dict[str, Any] = {
        "mode": mode,
        "study": task.name,
        "language": texts["language"],
        "texts": texts,
        "survey": told,
    }
    if mode == "static":
        config["batches"] = [[shown(pair) for pair in pairs] for pairs in task.batches.values()]
        config["completion_code"] = settings.completion_code
        config["completion_url"] = settings.completion_url
    return config


def shown(pair: Pair) -> dict[str, str]:
    """A pair as the page takes it; images are addressed relative to the page."""
    return {"pair_id": pair.pair_id, "base": image_path(pair.base), "sample": image_path(pair.sample)}


def image_path(image_id: str) -> str:
    """Where the page finds an image."""
    return f"images/{image_id}.png"
