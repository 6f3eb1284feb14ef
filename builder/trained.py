"""Models that are trained here: a study folder keeps their weights, and whoever works on it reads those.

The driver of a build has them trained, or takes them from the cache, before it starts workers. So a folder is of one
network, whatever machines build it, and what is published of it holds what a prediction can be repeated with.
"""

import hashlib
import logging
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from builder import registry
from builder.classifiers.settings import ClassifierSettings
from builder.errors import FolderError
from builder.settings import Settings
from builder.shards import StudyFolder
from builder.study import Study

log = logging.getLogger(__name__)


@runtime_checkable
class Trained(Protocol):
    """A classifier whose weights are made here, where no argument names a file of them; its
    `load` takes those of `Runtime.weights` where it finds some under its name.
    """

    def trained(self) -> bytes:
        """The weights as safetensors, below 1 MB; trained first where the cache has none.

        Raises:
            AssetError: what it is trained on cannot be fetched, or the cache not be written.
        """


def trained_here(study: Study) -> dict[str, Trained]:
    """The classifiers of a study that are trained here, by the name that they are registered under.

    Raises:
        StudyError: a classifier cannot be imported.
    """
    trained = {}
    for settings in _classifiers(study):
        entry, argument = registry.split_model(settings.model)
        if argument is None:
            model = registry.load(settings.group, entry)
            if isinstance(model, Trained):
                trained[entry] = model
    return trained


def _classifiers(settings: object) -> Iterator[ClassifierSettings]:
    """The tables of classifiers within the tables of a study file."""
    if isinstance(settings, ClassifierSettings):
        yield settings
    elif isinstance(settings, Settings):
        for _, value in settings:
            yield from _classifiers(value)
    elif isinstance(settings, tuple):
        for value in settings:
            yield from _classifiers(value)


def keep_weights(study: Study, folder: StudyFolder) -> dict[str, str]:
    """Writes the weights of all that is trained here into a folder that is begun; of one that goes on, they are those
    that it has, which a cache that has the same ones mends.

    Returns:
        Their SHA-256 by name.

    Raises:
        FolderError: the folder has lost them, and they would be others if they were trained here.
        AssetError: they cannot be trained.
    """
    stated = folder.manifest().weights if folder.described else None
    digests = {}
    for name, model in trained_here(study).items():
        digest = None if stated is None else stated.get(name)
        if digest is not None:
            try:
                folder.weights(name, digest)
            except FolderError as error:
                content = model.trained()
                if hashlib.sha256(content).hexdigest() != digest:
                    raise FolderError(
                        f"{error}\n  Trained here, {name} would be another network: bring the file back, or build into "
                        "a new folder"
                    ) from error
                folder.write_weights(name, content)
            digests[name] = digest
        elif stated is not None:
            log.warning(
                "%s: was begun without the weights of %s, which every machine trains itself", folder.address, name
            )
        else:
            digests[name] = folder.write_weights(name, model.trained())
    return digests
