"""Kinds of study: what is asked of models and people, one folder each.

A kind is registered under `lands_between.studies` as an object that satisfies `StudyKind`; the name that it is
registered under is what `study = "..."` in a study file says. The packaged study files of a kind, `*.toml`, lie in its
folder; `python -m builder studies` lists them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from builder import registry
from builder.errors import StudyError

if TYPE_CHECKING:  # reading a study file need not wait for torch
    import pyarrow as pa
    from datasets import Features

    from builder.classifiers import Classifier
    from builder.hosting import ModelHost
    from builder.publish.content import Content
    from builder.runtime import Runtime
    from builder.stopwatch import Step
    from builder.study import Study
    from builder.tables import TableSpec
    from builder.tasks import Questionnaire

DEFAULT_KIND = "verification"
"""The kind of a study file that names none: the first one that there was."""

DEFAULT_STUDY = "lands-between-demo"
"""The packaged study that commands take where none is named."""


@dataclass(frozen=True)
class Batch:
    """A finished batch.

    tables: by name, those that the kind declares.
    seeds: numbers that the batch was drawn from, such as those of bases; passed_over: what was tried and not taken.
    steps: what took how long.
    micro_batches: rows at a time, by model, of those models alone that memory forced to fewer than theirs.
    """

    tables: "dict[str, pa.Table]"
    seeds: list[int]
    passed_over: list[int]
    steps: "list[Step]"
    micro_batches: dict[str, int]

    @property
    def timings(self) -> dict[str, float]:
        """Seconds by step, which add up to those of `batch`, the whole."""
        seconds = {step.step: step.seconds for step in self.steps}
        return seconds | {"batch": sum(seconds.values())}


class Simulator(Protocol):
    """Answers that no human gave, for a finished study; `source` says so in every row."""

    def simulate(self, folder: Path, raters: int, seed: int) -> "tuple[pa.Table, pa.Table]":
        """Ratings and participants of `raters` simulated raters for every finished batch."""

    def from_model(self, folder: Path, name: str) -> "tuple[pa.Table, pa.Table, int]":
        """A model's own decisions as ratings, its participant, and how many items it decided nothing on."""


class NamedModel(NamedTuple):
    """A model of a study: its role in words, its group, the name that columns carry, and what the study file says."""

    role: str
    group: registry.Group
    name: str
    model: str


class PictureRights(NamedTuple):
    """The rights in the pictures of a source that a study shows.

    name: the source's, among the models of the study. license: as a card states it; None where nobody stated it.
    redistributable: whether the pictures, and what was made of them, may be published.
    demands: the licenses, as `[publish] license` names them, of which what is made of the pictures must have one; empty
    where any will do.
    remedy: how a study file says that they may be published, for a source of which it can; else empty.
    """

    name: str
    license: str | None
    redistributable: bool
    demands: tuple[str, ...] = ()
    remedy: str = ""


class Prediction(NamedTuple):
    """A statement of a published table: the answer of a classifier to a picture.

    where: the table and the row, for errors. classifier: its name. image_id: of the picture; None where it is not
    published. top: the most probable class; None where nothing was found. probabilities: of the classes for which the
    table states one.
    """

    where: str
    classifier: str
    image_id: str | None
    top: str | None
    probabilities: Mapping[str, float]


class PublishParts(Protocol):
    """A published version's part that belongs to one kind of study.

    A class that names this one as its base has models, thresholds, figures and pictures as one that has none.
    """

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags of the card."""
        return ()

    def card(self) -> str:
        """A template that extends `dataset_card.md` and fills its blocks."""

    def models(self, study: "Study") -> list[NamedModel]:
        """Every model that the study was made with."""
        return []

    def rights(self, study: "Study", runtime: "Runtime") -> PictureRights | None:
        """The rights in the pictures of the study's source; None where it has none. Pictures that may not be
        redistributed are left out of every table, and none is drawn for the card.
        """
        return None

    def thresholds(self, study: "Study", runtime: "Runtime") -> dict[str, float]:
        """The decision distances of those models that have one, by name."""
        return {}

    def classifiers(self, study: "Study") -> "Mapping[str, Callable[[Runtime], Classifier]]":
        """The ways to load each classifier whose answers are published, by name."""
        return {}

    def predictions(self, study: "Study", tables: "Mapping[str, pa.Table]") -> Iterator[Prediction]:
        """All that the published tables of a batch, without pictures, say of what these classifiers answered."""
        yield from ()

    def figures(self, content: "Content") -> dict[str, Any]:
        """Values for the template."""
        return {}

    def draw(self, root: Path, content: "Content") -> None:
        """Writes the card's pictures into the folder of the version; `root` is the study folder."""


class StudyKind(Protocol):
    """A kind of study. Importing it imports neither torch nor pandas; its methods import what they need.

    A class that names this one as its base has the methods that have a body here.

    name: as it is registered. Settings: the class of its study files. tables: those that a build writes, the first one
    the default of the dataset. derived: those that a published version has beside them, where there are ratings.
    groups: of models that its study files can name. trains: whether the time of a batch is mostly that of training
    networks, or of searches along their derivatives, which take one thread: a build then has a worker for each CPU
    where nobody says how many.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def Settings(self) -> "type[Study]": ...  # noqa: N802, D102 - a class

    @property
    def tables(self) -> "tuple[TableSpec, ...]": ...  # noqa: D102

    @property
    def derived(self) -> "tuple[TableSpec, ...]":  # noqa: D102
        return ()

    @property
    def groups(self) -> tuple[registry.Group, ...]:  # noqa: D102
        return ()

    @property
    def trains(self) -> bool:  # noqa: D102
        return False

    def questionnaire(self, study: "Study") -> "Questionnaire":
        """All that a study of this kind can ask people about its items."""

    def items(self, study: "Study") -> int:
        """The number of items of a batch, as far as that is known before it is built; 0 where it is not."""
        return 0

    def load(self, study: "Study", runtime: "Runtime") -> "ModelHost":
        """The study's models, loaded; embedded weights that are missing are fetched. Here none."""
        from builder.hosting import ModelHost

        return ModelHost()

    def build(self, study: "Study", models: Any, batch: int) -> Batch:
        """A batch: a function of the study and the batch's number alone. `models` are what `load` gave."""

    def features(self, table: str, columns: "pa.Schema") -> "Features":
        """The features of one of its tables as a build writes it, made from the names of its columns.

        Raises KeyError, TypeError, AttributeError or ValueError where they are not the columns of such a table.
        """

    def check(self, table: str, rows: "pa.Table", thresholds: Mapping[str, float]) -> Iterator[str]:
        """The errors within the rows of one of its published tables, a line each, beside what its `tables` say.

        `thresholds` are the decision distances of models by name.
        """
        yield from ()

    def derive(self, table: str, items: "pa.Table", ratings: "pa.Table") -> "pa.Table":
        """The rows of one of its `derived` tables: a function of some items, without their pictures, and of those
        ratings of them that are aggregated. Of more items there are more rows, and none is another.
        """
        raise KeyError(f"{table} is no table that is derived")

    def publish(self) -> PublishParts:
        """The parts of a published version that this kind brings."""

    def simulator(self) -> Simulator:
        """Simulated raters, and models as raters."""

    def picture(self, folder: str | Path, png: Path, *, batch: int, index: int) -> None:
        """Draws one item of a batch, with all that belongs to it, as a PNG."""


def load_kind(name: str) -> StudyKind:
    """The kind of study that is registered as `name`.

    Raises:
        StudyError: there is none, or it cannot be imported.
    """
    kind: StudyKind = registry.load("studies", name)
    return kind


def packaged() -> dict[str, str]:
    """The packaged studies: name -> kind, the default one first."""
    files = {file.name.removesuffix(".toml"): kind for kind, file in _files()}
    return {name: files[name] for name in sorted(files, key=lambda name: (name != DEFAULT_STUDY, files[name], name))}


def packaged_text(name: str) -> str:
    """A packaged study file.

    Raises:
        StudyError: there is none of that name.
    """
    for _, file in _files():
        if file.name == f"{name}.toml":
            return file.read_text("utf-8")
    raise StudyError(
        f"no packaged study is called {name!r}; there are: {', '.join(packaged())}. A study file of your own is named "
        "by its path, such as ./mine.toml"
    )


def kind_texts(kind: str) -> Traversable:
    """The folder with what the survey's page says of a kind of study, a file for each language."""
    return resources.files(registry.module_name("studies", kind)).joinpath("texts")


def _files() -> Iterator[tuple[str, Traversable]]:
    """Every packaged study file with its kind, from the folders of all kinds, installed packages' too."""
    for kind in registry.names("studies"):
        module = registry.module_name("studies", kind)
        try:
            folder = resources.files(module)
            yield from ((kind, file) for file in folder.iterdir() if file.name.endswith(".toml"))
        except (ImportError, OSError):  # a package that cannot be imported hides no other
            continue
