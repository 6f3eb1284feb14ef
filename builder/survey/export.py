"""`survey export`: the same task for a web server without ours, and for tools that bring their own page."""

import csv
import io
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import jinja2

from builder.errors import SurveyError
from builder.files import explained
from builder.survey.page import BUNDLE, image_path, page_config, read_bundle
from builder.survey.task import Pair, Task, read_task
from builder.survey.texts import read_texts

FIELDS = ("pair_id", "base", "sample")
"""Of what a tool gets of a pair; `ratings import` knows a pair by `pair_id`, answers by `similarity` and `identity`."""

_TEMPLATES = resources.files("builder.survey") / "export_templates"


@dataclass(frozen=True)
class Questions:
    """What is asked of every pair."""

    similarity: str
    identity: str
    yes: str
    no: str


def export(folder: Path, out: Path, images_url: str | None = None, bundle: Path = BUNDLE) -> None:
    """Writes the task of a study folder to `out`, whole or not at all.

    Args:
        folder: the study folder.
        out: a new or empty folder.
        images_url: where `out/page/images` will lie on the web, for the tools that fetch images from there.
        bundle: folder of the built page.

    Raises:
        SurveyError: the study cannot be shown, the page is not built, or `out` holds something.
        FolderError: the study folder is damaged, or there is no room.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SurveyError(f"{out}: holds something already; name a new folder")
    if images_url is not None and not images_url.startswith(("https://", "http://")):
        raise SurveyError(f"--images {images_url}: must be an address that begins with https://")
    files = read_bundle(bundle)
    task = read_task(folder)
    questions = _questions(task)
    address = _addresses(images_url)
    with _whole(out) as partial:
        _write_page(partial / "page", task, files)
        for batch, pairs in task.batches.items():
            rows = [_fields(pair, address) for pair in pairs]
            _write(partial / "qualtrics" / f"batch-{batch:05d}.csv", _csv(rows))
            _write(partial / "mturk" / f"batch-{batch:05d}.csv", _csv(rows))
        _write(partial / "mturk" / "layout.html", _rendered("mturk.html", questions=questions))
        _write(partial / "label-studio" / "tasks.json", _label_studio_tasks(task, address))
        _write(partial / "label-studio" / "labeling.xml", _label_studio_labeling(questions))
        _write(partial / "README.md", _rendered("README.md", task=task, images_url=images_url))


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """A folder that becomes `out` at the end, or is gone."""
    partial = out.with_name(f".{out.name}-{secrets.token_hex(8)}.partial")
    with explained(out):
        try:
            partial.mkdir(parents=True)
            yield partial
            os.replace(partial, out)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _write_page(folder: Path, task: Task, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        _write(folder / name, content)
    _write(folder / "task.json", json.dumps(page_config(task, "static"), ensure_ascii=False, indent=1))
    for image_id in task.images:
        _write(folder / image_path(image_id), task.png(image_id))


def _questions(task: Task) -> Questions:
    texts, settings = read_texts(task.settings.language), task.settings
    return Questions(
        similarity=settings.question_similarity or texts["rating_similarity"],
        identity=settings.question_identity or texts["rating_identity"],
        yes=texts["rating_yes"],
        no=texts["rating_no"],
    )


def _addresses(images_url: str | None) -> Callable[[str], str]:
    if images_url is None:
        return image_path
    return lambda image_id: f"{images_url.rstrip('/')}/{image_id}.png"


def _fields(pair: Pair, address: Callable[[str], str]) -> dict[str, str]:
    return dict(zip(FIELDS, (pair.pair_id, address(pair.base), address(pair.sample)), strict=True))


def _csv(rows: list[dict[str, str]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, FIELDS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _label_studio_tasks(task: Task, address: Callable[[str], str]) -> str:
    tasks = [
        {"data": {**_fields(pair, address), "batch": batch}} for batch, pairs in task.batches.items() for pair in pairs
    ]
    return json.dumps(tasks, indent=1)


def _label_studio_labeling(questions: Questions) -> str:
    view = Element("View")
    both = SubElement(view, "View", style="display: flex; gap: 1em")
    for name in ("base", "sample"):
        SubElement(both, "Image", name=name, value=f"${name}")
    SubElement(view, "Header", value=questions.similarity)
    SubElement(
        view, "Number", name="similarity", toName="sample", min="0", max="100", step="1", slider="true", required="true"
    )
    SubElement(view, "Header", value=questions.identity)
    choices = SubElement(
        view, "Choices", name="identity", toName="sample", choice="single", showInline="true", required="true"
    )
    for value, shown in (("yes", questions.yes), ("no", questions.no)):
        SubElement(choices, "Choice", value=shown, alias=value)
    indent(view)
    return tostring(view, encoding="unicode") + "\n"


def _rendered(template: str, **values: object) -> str:
    environment = jinja2.Environment(
        autoescape=template.endswith(".html"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string((_TEMPLATES / template).read_text(encoding="utf-8")).render(**values)
