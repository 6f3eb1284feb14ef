"""Which models a study was made with: addresses, licenses, decision distances."""

from typing import Literal, NamedTuple

from builder import registry
from builder.errors import PublishError
from builder.publish.provenance import Model, public_model
from builder.recognizers.settings import RecognizerSettings
from builder.runtime import Runtime, start_runtime
from builder.studies.verification.models import decision_threshold
from builder.studies.verification.study import verification
from builder.study import Study


class _Named(NamedTuple):
    role: Literal["generator", "recognizer", "distance"]
    group: registry.Group
    name: str
    model: str


def models_of(study: Study) -> tuple[Model, ...]:
    """Every model of the study with its license, which `[publish.licenses]` or the model's module states.

    A recognizer whose decision distance is its own is loaded to ask for it.

    Raises:
        PublishError: licenses are not stated, naming all of those; or one is stated for what is no model.
        AssetError: weights are absent.
    """
    runtime, described = start_runtime("cpu"), verification(study)
    named = [_Named("generator", "generators", "generator", described.generator.model)]
    named += [_Named("recognizer", "recognizers", each.name, each.model) for each in described.recognizers]
    named += [_Named("distance", "distances", name, name) for name in described.distances]
    stated = study.publish.licenses
    unknown = sorted(stated.keys() - {each.name for each in named})
    if unknown:
        known = ", ".join(each.name for each in named)
        raise PublishError(f"[publish.licenses] {unknown[0]}: no model of the study; there are: {known}")
    licenses = {each: stated.get(each.name) or _own_license(each, runtime) for each in named}
    unstated = [each for each, license in licenses.items() if license is None]
    if unstated:
        raise PublishError(
            "the license is not stated of "
            + ", ".join(f"{each.name} ({public_model(each.model)})" for each in unstated)
            + f'; add it to study.toml: [publish.licenses] with {unstated[0].name} = "..."'
        )
    thresholds = {each.name: _threshold(each, runtime) for each in described.recognizers}
    return tuple(
        Model(
            role=each.role,
            name=each.name,
            model=public_model(each.model),
            license=license or "",
            threshold=thresholds[each.name] if each.role == "recognizer" else None,
        )
        for each, license in licenses.items()
    )


def _own_license(named: _Named, runtime: Runtime) -> str | None:
    """What a model's module says; None for a model with an argument, whose weights are the user's."""
    entry, argument = registry.split_model(named.model)
    module = registry.load(named.group, entry)
    if argument is not None or not hasattr(module, "describe"):
        return None
    return next((str(found.license) for found in module.describe(entry, runtime) if found.model == entry), None)


def _threshold(settings: RecognizerSettings, runtime: Runtime) -> float:
    if isinstance(settings.threshold, int | float):
        return settings.threshold
    return decision_threshold(settings, settings.load(runtime))
