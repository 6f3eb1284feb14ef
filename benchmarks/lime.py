"""Images a second that LIME explains: ours, the package `lime` and captum, each at its fastest setting, on `digits-cnn`
and `efficientnet-lite0`: `python -m benchmarks.lime`.

All have the same superpixels and as many versions of an image, 1,000 by default. Printed beside are the classifier's
bare forward passes over as many versions, and the share of each method's time that these take: what is left is the
method's own. That is a few percent of a large network's, less than others' work changes a clock: so seconds are
processor time of all threads, all take turns, and each is compared with the passes of its own turn. The order is that
of these shares' medians; below stands in how many turns each was faster than the next.
"""

import argparse
import functools
import os
import time
from collections.abc import Callable
from itertools import pairwise

import captum.attr
import numpy as np
import torch
from lime.lime_image import LimeImageExplainer

from builder.classifiers import Classifier, digits, efficientnet
from builder.explainers import lime
from builder.explainers.superpixels import segment
from builder.generators import Images
from builder.images import mnist
from builder.runtime import Runtime, start_runtime

SIZES = (50, 200, 1000)
"""Versions at a time that the others are tried with."""

Explain = Callable[[Images], None]


def main() -> None:
    """Prints a line per method and classifier."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digits", type=int, default=8, help="digits that are explained")
    parser.add_argument("--photographs", type=int, default=1, help="images of 224 pixels, or none")
    parser.add_argument("--versions", type=int, default=1000, help="of every image")
    parser.add_argument("--turns", type=int, default=3, help="how often each method has its turn")
    options = parser.parse_args()
    runtime = start_runtime("cpu")
    pixels, _ = mnist.read()
    some = np.repeat(pixels[: 500 * options.digits : 500][: options.digits, ..., None], 3, axis=3)
    noise = np.random.default_rng(0).integers(0, 256, (options.photographs, 28, 28, 3), np.uint8)
    large = noise.repeat(8, axis=1).repeat(8, axis=2)
    compare(
        "digits-cnn",
        digits.CNN.load(None, digits.CNN.Settings(), runtime),
        some,
        options.versions,
        options.turns,
        runtime,
    )
    if len(large):
        compare(
            "efficientnet-lite0",
            efficientnet.load(None, efficientnet.Settings(), runtime),
            large,
            options.versions,
            options.turns,
            runtime,
        )


def compare(name: str, classifier: Classifier, images: Images, versions: int, turns: int, runtime: Runtime) -> None:
    """Prints the images a second of each method, which share of its time bare forward passes take, and the order."""
    sizes = [size for size in SIZES if size <= versions] or [versions]
    settings: dict[tuple[str, int], Explain] = {("bare", 0): functools.partial(passes, classifier, versions)}
    settings |= {("ours", 0): functools.partial(ours, classifier, versions, runtime)}
    settings |= {("lime", size): functools.partial(package, classifier, versions, size) for size in sizes}
    settings |= {("captum", size): functools.partial(captums, classifier, versions, size) for size in sizes}
    times = {setting: np.zeros(turns) for setting in settings}
    for turn in range(turns):
        for setting, explain in settings.items():
            times[setting][turn] = seconds(functools.partial(explain, images))
    bare = times.pop(("bare", 0))
    fastest = {
        method: min((times[each] for each in times if each[0] == method), key=lambda of: float(np.median(of / bare)))
        for method in ("ours", "lime", "captum")
    }
    load = os.getloadavg()[0]
    print(
        f"{name}, {len(images)} images, {versions} versions of each, {turns} turns, load {load:.1f}: bare "
        f"{len(images) / np.median(bare):.3f} images a second of processor time"
    )
    order = sorted(fastest, key=lambda method: float(np.median(fastest[method] / bare)))
    for method in order:
        took, shares = fastest[method], 100 * bare / fastest[method]
        print(
            f"  {method:8} {len(images) / np.median(took):8.3f} images/s   {np.median(shares):5.1f} % of it bare "
            f"passes ({shares.min():.1f} to {shares.max():.1f})"
        )
    for first, second in pairwise(order):
        wins = int((fastest[first] < fastest[second]).sum())
        print(f"  {first} was faster than {second} in {wins} of {turns} turns")


def passes(classifier: Classifier, versions: int, images: Images) -> None:
    """The classifier's answers to as many versions as are made of the images."""
    for image in images:
        classifier.probabilities(np.broadcast_to(image, (versions, *image.shape)).copy())


def ours(classifier: Classifier, versions: int, runtime: Runtime, images: Images) -> None:
    """All images together."""
    classes = np.zeros(len(images), np.int64)
    lime.load(None, lime.Settings(samples=versions), runtime).explain(classifier, images, classes)


def package(classifier: Classifier, versions: int, size: int, images: Images) -> None:
    """One after the other, with our superpixels; `size` versions at a time."""
    explainer = LimeImageExplainer(random_state=0)
    for image in images:
        explainer.explain_instance(
            image,
            classifier.probabilities,
            labels=(0,),
            top_labels=None,
            hide_color=127,
            num_samples=versions,
            num_features=8,
            batch_size=size,
            segmentation_fn=lambda each: segment(each, lime.Settings()),
        )


def captums(classifier: Classifier, versions: int, size: int, images: Images) -> None:
    """One after the other, with our superpixels; `size` versions at a time."""

    def forward(inputs: torch.Tensor) -> torch.Tensor:
        images = inputs.permute(0, 2, 3, 1).to(torch.uint8).numpy()
        return torch.from_numpy(classifier.probabilities(images))

    explainer = captum.attr.Lime(forward)
    for image in images:
        inputs = torch.from_numpy(image).permute(2, 0, 1)[None].float()
        mask = torch.from_numpy(segment(image, lime.Settings())).long()[None, None]
        explainer.attribute(inputs, 127.0, target=0, feature_mask=mask, n_samples=versions, perturbations_per_eval=size)


def seconds(run: Callable[[], None]) -> float:
    """Processor time of a call, of all threads."""
    begun = time.process_time()
    run()
    return time.process_time() - begun


if __name__ == "__main__":
    main()
