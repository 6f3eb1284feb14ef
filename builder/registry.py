"""Finds kinds of study, models and sample kinds by name, through entry points.

Ours are registered in pyproject.toml like anybody else's: a user's package adds one by declaring an
entry point in the same group.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from builder.errors import StudyError

Group = Literal["studies", "generators", "recognizers", "distances", "classifiers", "images", "explainers", "samples"]
"""Studies are kinds of study; samples are sample kinds, of verification; images are sources of images;
explainers say why a classifier answers as it does; the others are models.
"""


def names(group: Group) -> list[str]:
    """The names registered in `group`, sorted."""
    return sorted({entry.name for entry in _entries(group)})


def load(group: Group, name: str) -> Any:
    """The object that is registered as `name` in `group`, imported.

    Raises:
        StudyError: nothing, or more than one thing, has that name, or it cannot be imported.
    """
    entry = _entry(group, name)
    try:
        return entry.load()
    except (Exception, SystemExit) as error:  # anybody's module may raise anything
        reason = str(error) if isinstance(error, ImportError | AttributeError) else f"{type(error).__name__}: {error}"
        raise StudyError(f"{_noun(group)} {name!r}, {entry.value}, cannot be imported: {reason}") from error


def module_name(group: Group, name: str) -> str:
    """The module that brings what is registered as `name` in `group`, which is not imported.

    Raises:
        StudyError: nothing, or more than one thing, has that name.
    """
    return _entry(group, name).module


def split_model(model: str) -> tuple[str, str | None]:
    """`entry[:argument]` of a study file, as (entry, argument or None)."""
    entry, colon, argument = model.partition(":")
    return entry, argument if colon else None


def _noun(group: Group) -> str:
    """The noun for one of a group, for errors."""
    return {"studies": "kind of study", "samples": "sample kind", "images": "source of images"}.get(
        group, group.removesuffix("s")
    )


def _entry(group: Group, name: str) -> EntryPoint:
    entries = {entry.value: entry for entry in _entries(group) if entry.name == name}
    if not entries:
        available = ", ".join(names(group)) or "nothing: is the project installed (make demo)?"
        raise StudyError(f"no {_noun(group)} is called {name!r}; available: {available}")
    if len(entries) > 1:
        raise StudyError(
            f"{group}: the name {name!r} is claimed by {' and '.join(sorted(entries))}; uninstall one of them"
        )
    (entry,) = entries.values()
    return entry


def _entries(group: Group) -> list[EntryPoint]:
    return list(entry_points(group=f"lands_between.{group}"))
