"""`survey export`: the same survey for a web server without ours, and for tools that bring their own page."""

import csv
import io
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import assert_never
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import jinja2

from builder.errors import SurveyError
from builder.files import explained
from builder.survey.items import Item, SurveyItems, read_items
from builder.survey.page import BUNDLE, image_path, page_config, read_bundle, survey_texts, wording
from builder.survey.texts import option_key
from builder.tasks import Choice, Question, Scale, Task, YesNo

_TEMPLATES = resources.files("builder.survey") / "export_templates"


@dataclass(frozen=True)
class Asked:
    """A question as another tool asks it: its kind, how it is worded, and value and label of each option.

    `ratings import` knows its answers by its name.
    """

    question: Question
    text: str
    options: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """The question's name."""
        return self.question.name

    @property
    def answers(self) -> str:
        """What is answered, in words."""
        match self.question:
            case Scale():
                return f"a slider from {self.question.low:g} to {self.question.high:g}"
            case YesNo():
                return "yes or no"
            case Choice():
                if not self.options:
                    return f"one of the options in the column {self.question.column}"
                names = [value if value == label else f"{value} ({label})" for value, label in self.options]
                return f"one of {', '.join(names)}"
            case _:
                assert_never(self.question)

    @property
    def scale(self) -> Scale | None:
        """The question, where it is a scale."""
        return self.question if isinstance(self.question, Scale) else None


def export(folder: Path, out: Path, images_url: str | None = None, bundle: Path = BUNDLE) -> None:
    """Writes the survey of a study folder to `out`, whole or not at all.

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
    survey = read_items(folder)
    address = _addresses(images_url)
    with _whole(out) as partial:
        _write_page(partial / "page", survey, files)
        for task in survey.asks.tasks:
            _write_for_tools(partial, survey, task, address)
        kept = {"survey": survey, "asks": survey.asks, "tasks": survey.asks.tasks, "images_url": images_url}
        _write(partial / "README.md", _rendered("README.md", pictures=_pictures, asked=_asked, **kept))


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


def _write_for_tools(folder: Path, survey: SurveyItems, task: Task, address: Callable[[str], str]) -> None:
    """The files for tools that bring their own page; of several tasks each has a folder of its own in theirs."""
    asked, part = _asked(survey, task), task.name if len(survey.asks.tasks) > 1 else ""
    fields = [survey.asks.key, *_pictures(survey, task), *task.layout.words]
    sittings = {
        _sitting(survey, number): [item for item in items if item.task == task.name]
        for number, items in survey.sittings.items()
    }
    for (_, name), items in sittings.items():
        rows = _csv([_fields(item, fields, address) for item in items], fields)
        _write(folder / "qualtrics" / part / f"{name}.csv", rows)
        _write(folder / "mturk" / part / f"{name}.csv", rows)
    pictures = _pictures(survey, task)
    _write(folder / "mturk" / part / "layout.html", _rendered("mturk.html", asked=asked, pictures=pictures))
    data = [
        {"data": {**_fields(item, fields, address), "batch": batch}}
        for (batch, _), items in sittings.items()
        for item in items
    ]
    _write(folder / "label-studio" / part / "tasks.json", json.dumps(data, indent=1))
    _write(folder / "label-studio" / part / "labeling.xml", _labeling(asked, pictures))


def _sitting(survey: SurveyItems, number: int) -> tuple[int, str]:
    """The batch of a sitting, and the name of its files."""
    batch, arm = survey.asks.batch_of(number), survey.asks.arm_of(number)
    return batch, f"batch-{batch:05d}" + ("" if arm is None else f"-{arm}")


def _pictures(survey: SurveyItems, task: Task) -> list[str]:
    """What the images of an item are called; where a column holds several, they are numbered."""
    if task.layout.form != "panels":
        return [name.removesuffix("_id") for name in task.layout.pictures]
    items = [item for of_sitting in survey.sittings.values() for item in of_sitting if item.task == task.name]
    return [f"image_{number}" for number in range(1, max((len(item.pictures) for item in items), default=0) + 1)]


def _write_page(folder: Path, survey: SurveyItems, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        _write(folder / name, content)
    _write(folder / "task.json", json.dumps(page_config(survey, "static"), ensure_ascii=False, indent=1))
    for image_id in survey.images:
        _write(folder / image_path(image_id), survey.png(image_id))


def _asked(survey: SurveyItems, task: Task) -> list[Asked]:
    texts = survey_texts(survey)
    return [Asked(question, wording(question, survey, texts), _options(question, texts)) for question in task.questions]


def _options(question: Question, texts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    match question:
        case Scale():
            return ()
        case YesNo():
            return (("yes", texts["rating_yes"]), ("no", texts["rating_no"]))
        case Choice():
            return tuple((each, texts.get(option_key(question.name, each), each)) for each in question.options)
        case _:
            assert_never(question)


def _addresses(images_url: str | None) -> Callable[[str], str]:
    if images_url is None:
        return image_path
    return lambda image_id: f"{images_url.rstrip('/')}/{image_id}.png"


def _fields(item: Item, fields: Sequence[str], address: Callable[[str], str]) -> dict[str, str]:
    """What a tool gets of an item; `ratings import` knows an item by the first of the fields."""
    pictures = [address(image_id) for image_id in item.pictures]
    values = [item.item_id, *pictures, *item.words.values()]
    return dict(zip(fields, values, strict=False))


def _csv(rows: list[dict[str, str]], fields: Sequence[str]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fields, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _labeling(asked: Sequence[Asked], pictures: Sequence[str]) -> str:
    """Label Studio's labeling configuration."""
    view = Element("View")
    together = SubElement(view, "View", style="display: flex; gap: 1em")
    for name in pictures:
        SubElement(together, "Image", name=name, value=f"${name}")
    for each in asked:
        SubElement(view, "Header", value=each.text)
        common = {"name": each.name, "toName": pictures[-1]}
        if each.scale:
            low, high, step = (f"{value:g}" for value in (each.scale.low, each.scale.high, each.scale.step))
            bounds = {"min": low, "max": high, "step": step, "slider": "true", "required": "true"}
            SubElement(view, "Number", common | bounds)
            continue
        choices = SubElement(view, "Choices", common | {"choice": "single", "showInline": "true", "required": "true"})
        for value, shown in each.options:
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
