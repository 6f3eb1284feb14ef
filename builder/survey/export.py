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
from typing import Any, assert_never
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import jinja2

from builder.errors import SurveyError
from builder.files import explained
from builder.ratings.wordings import record
from builder.survey.items import Item, SurveyItems, read_items
from builder.survey.page import BUNDLE, image_path, page_config, read_bundle, survey_texts, wording, wordings
from builder.survey.sides import sides
from builder.survey.texts import option_key
from builder.tasks import Choice, Question, Scale, Task, YesNo
from loading_script.tables import SIDES

_TEMPLATES = resources.files("builder.survey") / "export_templates"


_RIGHT = SIDES[1]


@dataclass(frozen=True)
class Asked:
    """A question as another tool asks it: its kind, how it is worded, and value and label of each option.

    `ratings import` knows its answers by its name. columns: of what a tool gets of an item, those with its own options;
    none where all items have the same. words: the columns that fill the placeholders of `text`.
    """

    question: Question
    text: str
    options: tuple[tuple[str, str], ...]
    columns: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The question's name."""
        return self.question.name

    @property
    def answers(self) -> str:
        """The form of an answer, in words."""
        match self.question:
            case Scale():
                return f"a slider from {self.question.low:g} to {self.question.high:g}"
            case YesNo():
                return "yes or no"
            case Choice():
                if self.columns:
                    return f"one of what stands in {self.columns[0]} to {self.columns[-1]}"
                names = [value if value == label else f"{value} ({label})" for value, label in self.options]
                last = [value for value, _ in self.options if value not in self.question.shuffled]
                shuffle = f", in random order{', but for ' if last else ''}{', '.join(last)}"
                return f"one of {', '.join(names)}{shuffle if self.question.shuffled else ''}"
            case _:
                assert_never(self.question)

    @property
    def mturk_text(self) -> str:
        """The wording with Mechanical Turk's placeholders."""
        return self.filled({name: f"${{{name}}}" for name in self.words})

    @property
    def mturk_options(self) -> tuple[tuple[str, str], ...]:
        """The options with Mechanical Turk's placeholders, where they are the item's own."""
        own = tuple((f"${{{name}}}", f"${{{name}}}") for name in self.columns)
        return own or self.options

    def filled(self, words: Mapping[str, str]) -> str:
        """The wording with its placeholders filled."""
        text = self.text
        for name in self.words:
            text = text.replace(f"{{{name}}}", words[name])
        return text

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
        record(folder, wordings(survey))
        tasks = [task for task in survey.asks.tasks if task.questions]
        for task in tasks:
            _write_for_tools(partial, survey, task, address)
        shared = {"survey": survey, "asks": survey.asks, "tasks": tasks, "images_url": images_url}
        _write(
            partial / "README.md", _rendered("README.md", columns=_columns, pictures=_pictures, asked=_asked, **shared)
        )


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
    columns, pictures = _columns(survey, task), _pictures(survey, task)

    def row(item: Item, side: str | None) -> dict[str, str]:
        ordered = item.pictures if side != _RIGHT else item.pictures[::-1]
        picture_columns = dict(zip(pictures, map(address, ordered), strict=False))
        own = {
            name: option
            for each in asked
            for name, option in zip(each.columns, item.options.get(each.name, ()), strict=False)
        }
        values = {survey.asks.key: item.item_id, **picture_columns, **item.words, **own, "side": side or ""}
        return {name: values.get(name, "") for name in columns}

    sittings = {
        _sitting(survey, number): [item for item in items if item.task == task.name]
        for number, items in survey.sittings.items()
    }
    lists = ("-a", "-b") if _counterbalanced(survey, task) else ("",)
    for number, of in enumerate(lists):
        side = {each: sides(items, survey.asks, number) for each, items in sittings.items()}
        tasks = []
        for (batch, name), items in sittings.items():
            rows = [row(item, side[batch, name].get(item.item_id)) for item in items]
            _write(folder / "qualtrics" / part / f"{name}{of}.csv", _csv(rows, columns))
            _write(folder / "mturk" / part / f"{name}{of}.csv", _csv(rows, columns))
            more = [{"batch": batch, **_of_label_studio(item, asked)} for item in items]
            tasks += [{"data": {**fields, **others}} for fields, others in zip(rows, more, strict=True)]
        _write(folder / "label-studio" / part / f"tasks{of}.json", json.dumps(tasks, indent=1))
    _write(folder / "mturk" / part / "layout.html", _rendered("mturk.html", asked=asked, pictures=pictures))
    _write(folder / "label-studio" / part / "labeling.xml", _labeling(asked, pictures))


def _of_label_studio(item: Item, asked: Sequence[Asked]) -> dict[str, Any]:
    """Label Studio's fields of an item's own words and options."""
    texts = {f"{each.name}_text": each.filled(item.words) for each in asked if each.words}
    choices = {
        f"{each.name}_choices": [{"value": option} for option in item.options[each.name]]
        for each in asked
        if each.columns
    }
    return {**texts, **choices}


def _sitting(survey: SurveyItems, number: int) -> tuple[int, str]:
    """The batch of a sitting, and the name of its files."""
    batch, arm = survey.asks.batch_of(number), survey.asks.arm_of(number)
    return batch, f"batch-{batch:05d}" + ("" if arm is None else f"-{arm}")


def _columns(survey: SurveyItems, task: Task) -> list[str]:
    """The columns of an item for a tool; `ratings import` knows an item by the first of them."""
    own = [name for each in _asked(survey, task) for name in each.columns]
    side = ["side"] if _counterbalanced(survey, task) else []
    return [survey.asks.key, *_pictures(survey, task), *task.layout.words, *own, *side]


def _counterbalanced(survey: SurveyItems, task: Task) -> bool:
    """Whether there are two lists of a task's items, of which each has the first image on another side."""
    return survey.asks.counterbalance and task.turns


def _pictures(survey: SurveyItems, task: Task) -> list[str]:
    """The names of an item's images; where a column holds several, they are numbered."""
    if _counterbalanced(survey, task):
        return list(SIDES)
    if task.layout.form != "panels":
        return [name.removesuffix("_id") for name in task.layout.pictures]
    return _numbered("image", [len(item.pictures) for item in _items_of(survey, task)])


def _items_of(survey: SurveyItems, task: Task) -> list[Item]:
    return [item for shown in survey.sittings.values() for item in shown if item.task == task.name]


def _numbered(name: str, counts: Sequence[int]) -> list[str]:
    """Names of as many columns as the largest of the counts."""
    return [f"{name}_{number}" for number in range(1, max(counts, default=0) + 1)]


def _write_page(folder: Path, survey: SurveyItems, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        _write(folder / name, content)
    _write(folder / "task.json", json.dumps(page_config(survey, "static"), ensure_ascii=False, indent=1))
    for image_id in survey.images:
        _write(folder / image_path(image_id), survey.png(image_id))


def _asked(survey: SurveyItems, task: Task) -> list[Asked]:
    texts, asked = survey_texts(survey), []
    for question in task.questions:
        text = wording(question, survey, texts)
        counts = [len(item.options.get(question.name, ())) for item in _items_of(survey, task)]
        own = tuple(_numbered(question.name, counts)) if isinstance(question, Choice) and question.column else ()
        words = tuple(name for name in task.layout.words if f"{{{name}}}" in text)
        asked.append(Asked(question, text, _options(question, texts), own, words))
    return asked


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
    return lambda image_id: f"{images_url.rstrip('/')}/{image_path(image_id).removeprefix('images/')}"


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
        SubElement(view, "Header", value=f"${each.name}_text" if each.words else each.text)
        common = {"name": each.name, "toName": pictures[-1]}
        if each.scale:
            low, high, step = (f"{value:g}" for value in (each.scale.low, each.scale.high, each.scale.step))
            bounds = {"min": low, "max": high, "step": step, "slider": "true", "required": "true"}
            SubElement(view, "Number", common | bounds)
            continue
        own = {"value": f"${each.name}_choices"} if each.columns else {}
        single = {"choice": "single", "showInline": "true", "required": "true"}
        choices = SubElement(view, "Choices", common | single | own)
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
