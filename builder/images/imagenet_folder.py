"""`imagenet:PATH`: pictures of ImageNet in a folder of the user's, such as its validation set.

Its classes are called by their WordNet ids or by their numbers, as folders or in the metadata's `label`. The center of
each picture is taken, 224 pixels of 256, as classifiers of ImageNet are tested, where the study file says nothing else.
"""

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from builder.catalog import Entry, embedded
from builder.errors import StudyError
from builder.frames import place
from builder.images import ImageSource, folder, imagenet
from builder.images.checks import check_labels
from builder.images.folder import FolderSource, existing, listed
from builder.images.imagenet_samples import CENTER, SIDE
from builder.runtime import Runtime

__all__ = ["ASSETS", "Settings", "describe", "load"]

ASSETS = imagenet.ASSETS


class Settings(folder.Settings):
    """The keys of `[images]` for ImageNet: those of a folder, whose pictures are cut where they do not say how."""

    side: Annotated[int, Field(ge=8, le=4096)] | None = SIDE
    center: Annotated[float, Field(gt=0, le=1)] = CENTER


def load(argument: str | None, own: Settings, runtime: Runtime) -> ImageSource:
    """The pictures, with labels among all classes of ImageNet; they are never redistributed.

    Raises:
        StudyError: keys say otherwise, or no folder is named.
        AssetError: it is no folder of pictures of ImageNet.
    """
    if own.redistributable or own.classes is not None:
        raise StudyError("images: imagenet has its own classes and license; leave classes and redistributable out")
    root = existing(argument, "imagenet")
    listing = listed(root, own)
    if listing.labels is not None:
        allowed_names = (*imagenet.wordnet_ids(), *map(str, range(imagenet.COUNT)))
        files = listing.files
        check_labels(listing.labels, allowed_names, lambda row: place(root / files[row], row))
        index = {each: at for at, each in enumerate(imagenet.wordnet_ids())}
        names = imagenet.names()
        numbers = [index[label] if label in index else int(label) for label in listing.labels]
        listing = replace(listing, labels=[names[number] for number in numbers])
    stated = own.model_copy(update={"license": own.license or "ImageNet's terms (research use); not redistributed"})
    return FolderSource(root, listing, imagenet.names(), stated)


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    line = embedded(f"{name}:PATH", ASSETS, runtime)
    return [Entry(line.model, "ImageNet's terms", "yours: a folder with its pictures", "none")]
