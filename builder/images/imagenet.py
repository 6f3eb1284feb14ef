"""The 1,000 classes of ImageNet, ILSVRC 2012, in the order in which every classifier of them has them."""

import functools
from collections import Counter

from builder import assets
from builder.assets import Asset, Package

COUNT = 1000

_TIMM = Package("timm", "1.0.31", "5bd50f7d0fe6d09bf9285ac2523234a1b7e6bf075c0be3e7aed09139fcb617c7")
_LICENSE = "Apache-2.0 (timm); words of WordNet, under its own license"

IDS = Asset(
    "imagenet-wordnet-ids.txt",
    _TIMM,
    "timm/data/_info/imagenet_synsets.txt",
    10_000,
    "70002b0ff5de60a3a17a82dbfcff291931f96225ddf941ad2e182fc39e183d15",
    _LICENSE,
)
WORDS = Asset(
    "imagenet-words.txt",
    _TIMM,
    "timm/data/_info/imagenet_synset_to_lemma.txt",
    741_457,
    "1b8babda187421a4bde0c9c5a197c36f6bdda962f7ca11ffb2813806cbb2178f",
    _LICENSE,
)
ASSETS = (IDS, WORDS)


@functools.cache
def wordnet_ids() -> tuple[str, ...]:
    """The WordNet id of each class, such as n01440764, which names the class's folder in ImageNet.

    Raises:
        AssetError: the table cannot be fetched.
    """
    ids, _ = assets.paths(ASSETS)
    return tuple(ids.read_text("utf-8").split())


@functools.cache
def names() -> tuple[str, ...]:
    """The first word of each class in WordNet, such as "tench"; where two have one word, with their ids, such as
    "crane (n02012849)".

    Raises:
        AssetError: as `wordnet_ids`.
    """
    _, file = assets.paths(ASSETS)
    words = dict(line.split("\t") for line in file.read_text("utf-8").splitlines())
    first = [words[each].partition(",")[0] for each in wordnet_ids()]
    times = Counter(first)
    return tuple(
        name if times[name] == 1 else f"{name} ({each})" for name, each in zip(first, wordnet_ids(), strict=True)
    )
