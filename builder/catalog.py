"""`models`: everything that a study file can name, with its license, its weights and where it runs."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from builder import assets, registry
from builder.assets import Asset
from builder.errors import StudyError
from builder.runtime import Runtime
from builder.studies import DEFAULT_KIND, load_kind
from builder.study import Study
from loading_script.shell import printable


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


def assets_of(study: Study) -> list[Asset]:
    """The files that a study's models need; of a model that cannot be imported none are known."""
    files: list[Asset] = []
    for each in load_kind(study.study).publish().models(study):
        with contextlib.suppress(StudyError):  # `needed` says which cannot be imported
            files += getattr(registry.load(each.group, registry.split_model(each.model)[0]), "ASSETS", ())
    return list(dict.fromkeys(files))


def needed(study: Study) -> str:
    """A study's needs beside the core, in words: extras, and weights with what of them is absent."""
    unusable = []
    for each in load_kind(study.study).publish().models(study):
        entry, argument = registry.split_model(each.model)
        try:
            registry.load(each.group, entry)
        except StudyError as error:
            unusable.append(f"{each.model}, which is unusable: {printable(str(error))}")
        if argument is not None:
            unusable.append(f"what stands at {each.model}")
    files = assets_of(study)
    absent = sum(asset.size for asset in files if assets.state(asset) != "present")
    words = [f"the extra {extra}" for extra in extras_of(study)]
    if files:
        here = f"{absent / 1e6:.1f} MB to be fetched" if absent else "here already"
        words.append(f"{sum(asset.size for asset in files) / 1e6:.1f} MB of weights ({here})")
    return "; ".join([*words, *unusable]) or "nothing more"


def extras_of(study: Study) -> list[str]:
    """The extras that a study's models need, as each model's own file declares it, in `EXTRA`."""
    extras = set()
    for each in load_kind(study.study).publish().models(study):
        with contextlib.suppress(StudyError):  # `needed` says which cannot be imported
            extras.add(getattr(registry.load(each.group, registry.split_model(each.model)[0]), "EXTRA", ""))
    return sorted(extras - {""})


def embedded(model: str, used: Sequence[Asset], runtime: Runtime) -> Entry:
    """The line of a model that needs these files."""
    missing = [asset.name for asset in used if assets.state(asset) != "present"]
    weights = f"fetchable: {', '.join(missing)} (python -m builder fetch --all)" if missing else "present"
    return Entry(model, "; ".join(dict.fromkeys(asset.license for asset in used)), weights, str(runtime.device))


def _groups() -> list[registry.Group]:
    """The groups of models that some kind's study files can name."""
    kinds = sorted(registry.names("studies"), key=lambda name: name != DEFAULT_KIND)
    return list(dict.fromkeys(group for kind in kinds for group in load_kind(kind).groups))


def _entries(group: registry.Group, name: str, runtime: Runtime) -> list[Entry]:
    try:
        loaded = registry.load(group, name)
    except StudyError as error:
        return [Entry(name, "unknown", f"unusable: {printable(str(error))}", "none")]
    if not hasattr(loaded, "describe"):
        return [Entry(name, "not stated", "not stated", "not stated")]
    entries: list[Entry] = loaded.describe(name, runtime)
    return entries
