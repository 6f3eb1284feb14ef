"""`models`: everything that a study file can name, with its license, its weights and where it runs."""

from dataclasses import dataclass

from builder import assets, registry
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
    groups = dict.fromkeys(group for kind in registry.names("studies") for group in load_kind(kind).groups)
    return {
        group: [entry for name in registry.names(group) for entry in _entries(group, name, runtime)] for group in groups
    }


def embedded(model: str, files: list[str], runtime: Runtime) -> Entry:
    """The line of a model whose weights are the embedded assets `files`."""
    used = [asset for asset in assets.ASSETS if asset.name in files]
    missing = [asset.name for asset in used if assets.state(asset) != "present"]
    weights = f"fetchable: {', '.join(missing)} (python -m builder fetch)" if missing else "present"
    return Entry(model, "; ".join(dict.fromkeys(asset.license for asset in used)), weights, str(runtime.device))


def _entries(group: registry.Group, name: str, runtime: Runtime) -> list[Entry]:
    try:
        loaded = registry.load(group, name)
    except StudyError as error:
        return [Entry(name, "unknown", f"unusable: {printable(str(error))}", "none")]
    if not hasattr(loaded, "describe"):
        return [Entry(name, "not stated", "not stated", "not stated")]
    entries: list[Entry] = loaded.describe(name, runtime)
    return entries
