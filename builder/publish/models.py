"""The models that a study was made with: addresses, licenses, decision distances."""

from builder import registry
from builder.errors import PublishError
from builder.publish.provenance import Model, Pictures, public_model
from builder.runtime import Runtime, start_runtime
from builder.studies import NamedModel, PictureRights, load_kind
from builder.study import Study


def models_of(study: Study, rights: PictureRights | None = None) -> tuple[Model, ...]:
    """Every model of the study with its license, which `[publish.licenses]`, the model's module or `rights` states.

    A model whose decision distance is its own is loaded to ask for it.

    Args:
        study: any.
        rights: in the pictures of its source, where it has one.

    Raises:
        PublishError: licenses are not stated, naming all of those; one is stated for what is no model, or another than
            the source's own.
        AssetError: weights are absent.
    """
    runtime, parts = start_runtime("cpu"), load_kind(study.study).publish()
    named = parts.models(study)
    stated = dict(study.publish.licenses)
    if rights and rights.license is not None:
        stated[rights.name] = _of_source(rights.license, stated.get(rights.name))
    unknown = sorted(stated.keys() - {each.name for each in named})
    if unknown:
        choices = ", ".join(each.name for each in named)
        raise PublishError(f"[publish.licenses] {unknown[0]}: no model of the study; there are: {choices}")
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


def pictures_of(rights: PictureRights | None, models: tuple[Model, ...]) -> Pictures | None:
    """The record of a study's source of pictures, which is one of its models; None where it has none."""
    if rights is None:
        return None
    source = next(model for model in models if model.name == rights.name)
    return Pictures(source=source.model, license=source.license, withheld=not rights.redistributable)


def _of_source(own: str, stated: str | None) -> str:
    """The license of a source that states its own; a study file may add to it, such as whose it is."""
    if stated is not None and own not in stated:
        raise PublishError(
            f'[publish.licenses] images = "{stated}": the license of these pictures is {own}; leave it out'
        )
    return stated or own


def _own_license(named: NamedModel, runtime: Runtime) -> str | None:
    """The license by a model's module; None for a model with an argument, whose weights are the user's."""
    entry, argument = registry.split_model(named.model)
    module = registry.load(named.group, entry)
    if argument is not None or not hasattr(module, "describe"):
        return None
    return next((str(record.license) for record in module.describe(entry, runtime) if record.model == entry), None)
