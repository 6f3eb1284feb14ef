"""The models that a study was made with: addresses, licenses, decision distances."""

from builder import registry
from builder.errors import PublishError
from builder.publish.provenance import Model, public_model
from builder.runtime import Runtime, start_runtime
from builder.studies import NamedModel, load_kind
from builder.study import Study


def models_of(study: Study) -> tuple[Model, ...]:
    """Every model of the study with its license, which `[publish.licenses]` or the model's module states.

    A model whose decision distance is its own is loaded to ask for it.

    Raises:
        PublishError: licenses are not stated, naming all of those; or one is stated for what is no model.
        AssetError: weights are absent.
    """
    runtime, parts = start_runtime("cpu"), load_kind(study.study).publish()
    named = parts.models(study)
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
    thresholds = parts.thresholds(study, runtime)
    return tuple(
        Model(
            role=each.role,
            name=each.name,
            model=public_model(each.model),
            license=license or "",
            threshold=thresholds.get(each.name),
        )
        for each, license in licenses.items()
    )


def _own_license(named: NamedModel, runtime: Runtime) -> str | None:
    """The license by a model's module; None for a model with an argument, whose weights are the user's."""
    entry, argument = registry.split_model(named.model)
    module = registry.load(named.group, entry)
    if argument is not None or not hasattr(module, "describe"):
        return None
    return next((str(found.license) for found in module.describe(entry, runtime) if found.model == entry), None)
