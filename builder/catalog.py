"""`models`: everything that a study file can name, with its license, its weights and where it runs."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from builder import assets, registry
from builder.assets import Asset
from builder.errors import StudyError, printable
from builder.runtime import Runtime
from builder.studies import load_kind


@dataclass(frozen=True)
class Entry:
    """One line: what to write in a study file, its license, the state of its weights, its device."""

    model: str
    license: str
    weights: str
    device: str


def catalog(runtime: Runtime) -> dict[str, list[Entry]]:
    """All that is installed, by group. A module may `describe(name, runtime) -> list[Entry]`; of one that does not,
    only the name is known; of one that cannot be imported, why.
    """
    return {
        group: [entry for name in registry.names(group) for entry in _entries(group, name, runtime)]
        for group in _groups()
    }


def declared() -> list[Asset]:
    """The files that models of a study file need, as each model's own file declares them, in `ASSETS`."""
    declarations: list[Asset] = []
    for group in _groups():
        for name in registry.names(group):
            with contextlib.suppress(StudyError):  # a model that cannot be imported hides no other; `models` says why
                declarations += getattr(registry.load(group, name), "ASSETS", ())
    return list(dict.fromkeys(declarations))


def embedded(model: str, used: Sequence[Asset], runtime: Runtime) -> Entry:
    """The line of a model that needs these files."""
    missing = [asset.name for asset in used if assets.state(asset) != "present"]
    weights = f"fetchable: {', '.join(missing)} (python -m builder fetch)" if missing else "present"
    return Entry(model, "; ".join(dict.fromkeys(asset.license for asset in used)), weights, str(runtime.device))


def _groups() -> list[registry.Group]:
    """The groups of models that some kind's study files can name."""
    return list(dict.fromkeys(group for kind in registry.names("studies") for group in load_kind(kind).groups))


def _entries(group: registry.Group, name: str, runtime: Runtime) -> list[Entry]:
    try:
        loaded = registry.load(group, name)
    except StudyError as error:
        return [Entry(name, "unknown", f"unusable: {printable(str(error))}", "none")]
    if not hasattr(loaded, "describe"):
        return [Entry(name, "not stated", "not stated", "not stated")]
    entries: list[Entry] = loaded.describe(name, runtime)
    return entries
