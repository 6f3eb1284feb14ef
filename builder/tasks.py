"""Questions to people about the items of a study, as plain data that a kind of study declares once.

The survey, the importers, the aggregates, the card and the checks loop over it; none of them says a word of any kind.
A question's name is its column in the table `ratings`, a free text's is its column in `participants`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal


@dataclass(frozen=True)
class Scale:
    """A question that is answered by a number from `low` to `high`, in steps of `step` on the page."""

    name: str
    text: str
    low: float = 0.0
    high: float = 100.0
    step: float = 1.0


@dataclass(frozen=True)
class YesNo:
    """A question that is answered by yes or no; `yes` and `no` are other words for these, in lower case."""

    name: str
    text: str
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """A question that is answered by one of `options`, or by one of those in the item's own column `column`, a list.

    labels: what the page calls the options, in their order, where that is not what they are called in the data.
    shuffled: those of `options` that each participant sees in an order of their own, the same for all items, before the
    others, which stay in theirs.
    """

    name: str
    text: str
    options: tuple[str, ...] = ()
    column: str = ""
    labels: tuple[str, ...] = ()
    shuffled: tuple[str, ...] = ()

    def labeled(self) -> tuple[tuple[str, str], ...]:
        """The options with their labels."""
        return tuple(zip(self.options, self.labels or self.options, strict=True))


Question = Scale | YesNo | Choice
"""Each layer has one `match` over the three that ends in `assert_never`."""


@dataclass(frozen=True)
class FreeText:
    """A text that a participant is asked for once, after all items.

    text: how it is asked for. about: the question that it is about, without which it is not asked for; "" for none.
    """

    name: str
    text: str
    about: str = ""


@dataclass(frozen=True)
class Layout:
    """The way in which the page shows an item.

    form: one image; two side by side, the first on the left; or panels, of which one can be chosen.
    pictures: columns of the item that hold an image's id or, for panels, a list of them; the names after which the
    images are called in exports to other tools are these without `_id`.
    words: columns of the item that fill `{placeholders}` in the questions' texts.
    """

    form: Literal["single", "side_by_side", "panels"]
    pictures: tuple[str, ...]
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Control:
    """Items whose right answer is sure: whoever answers otherwise is flagged for attention.

    column, value: the items are those that have this value in this column of their table.
    question: whose answer is looked at.
    least, most: bounds of the right answer to a scale, both inclusive.
    answer: the right answer to any other question.
    """

    column: str
    value: str
    question: str
    least: float | None = None
    most: float | None = None
    answer: bool | str | None = None


@dataclass(frozen=True)
class Task:
    """A way of asking about items; of several, an item's column `task` names its own."""

    name: str
    layout: Layout
    questions: tuple[Question, ...]
    controls: tuple[Control, ...] = ()

    @property
    def turns(self) -> bool:
        """Whether its two images can change sides: they stand side by side, and no answer names a side."""
        named = [option for each in self.questions if isinstance(each, Choice) for option in each.options]
        return self.layout.form == "side_by_side" and not {"left", "right"} & set(named)


@dataclass(frozen=True)
class Questionnaire:
    """All that a study asks.

    table, key: the table of the items and its key, which `ratings` shares.
    tasks: how it asks about them. texts: what it asks each participant at the end.
    arms: conditions of a batch, of which a participant gets one in a sitting; the items' column `arm` has each item's,
    or null for one that every arm shows. days_apart: after so many days the same person may see another arm of their
    batch; None for never. once: arms of which the same person never sees two.
    counterbalance: whether half of the participants see the first of two images side by side on the right; a rating has
    a column `side` then.
    """

    table: str
    key: str
    tasks: tuple[Task, ...]
    texts: tuple[FreeText, ...] = ()
    arms: tuple[str, ...] = ()
    days_apart: float | None = None
    counterbalance: bool = False
    once: tuple[str, ...] = ()

    @property
    def item(self) -> str:
        """The study's name for an item, such as `pair` where the table is `pairs`."""
        return self.table.removesuffix("s")

    @property
    def an_item(self) -> str:
        """The same with its article, for messages."""
        return f"{'an' if self.item[0] in 'aeiou' else 'a'} {self.item}"

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The questions of all tasks, each once."""
        return tuple({question.name: question for task in self.tasks for question in task.questions}.values())

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The questions' names, which are columns of `ratings`."""
        return tuple(question.name for question in self.questions)

    @property
    def text_names(self) -> tuple[str, ...]:
        """The free texts' names, which are columns of `participants`."""
        return tuple(text.name for text in self.texts)

    def sitting(self, batch: int, arm: str | None = None) -> int:
        """The number of what one participant is shown at a time: the batch's or, where there are arms, its arm's."""
        return batch * max(len(self.arms), 1) + (self.arms.index(arm) if arm is not None else 0)

    def batch_of(self, sitting: int) -> int:
        """The batch of a sitting."""
        return sitting // max(len(self.arms), 1)

    def arm_of(self, sitting: int) -> str | None:
        """The arm of a sitting; None where there are no arms."""
        return self.arms[sitting % len(self.arms)] if self.arms else None

    def item_columns(self) -> list[str]:
        """Columns of the items that tell their task, their options and whether they are controls."""
        columns = [*(["task"] if len(self.tasks) > 1 else []), *(["arm"] if self.arms else [])]
        columns += [question.column for question in self.questions if isinstance(question, Choice) and question.column]
        columns += [control.column for task in self.tasks for control in task.controls]
        return list(dict.fromkeys(columns))

    def restricted(self, names: Iterable[str] | None) -> "Questionnaire":
        """The questionnaire with only the questions of these names; all of it where `names` is None.

        A control whose question is not asked is none, and a text about it is not asked for.
        """
        if names is None:
            return self
        kept_names = set(names)
        tasks = (
            replace(
                task,
                questions=tuple(question for question in task.questions if question.name in kept_names),
                controls=tuple(control for control in task.controls if control.question in kept_names),
            )
            for task in self.tasks
        )
        texts = tuple(text for text in self.texts if not text.about or text.about in kept_names)
        return replace(self, tasks=tuple(tasks), texts=texts)
