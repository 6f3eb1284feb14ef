"""Images a second that LIME explains: ours, the package `lime` and captum, each at its fastest setting, on `digits-cnn`
and `efficientnet-lite0`: `python -m benchmarks.lime`.

All have the same superpixels and as many versions of an image, 1,000 by default. Printed beside are the classifier's
bare forward passes over as many versions, and the share of each method's time that these take: what is left is the
method's own.
"""

import argparse
import functools
import time
from collections.abc import Callable, Iterable

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
    options = parser.parse_args()
    runtime = start_runtime("cpu")
    pixels, _ = mnist.read()
    some = np.repeat(pixels[: 500 * options.digits : 500][: options.digits, ..., None], 3, axis=3)
    noise = np.random.default_rng(0).integers(0, 256, (options.photographs, 28, 28, 3), np.uint8)
    large = noise.repeat(8, axis=1).repeat(8, axis=2)
    compare("digits-cnn", digits.CNN.load(None, digits.CNN.Settings(), runtime), some, options.versions, runtime)
    if len(large):
        compare(
            "efficientnet-lite0",
            efficientnet.load(None, efficientnet.Settings(), runtime),
            large,
            options.versions,
            runtime,
        )


def compare(name: str, classifier: Classifier, images: Images, versions: int, runtime: Runtime) -> None:
    """Prints the images a second of each method, and which share of its time bare forward passes take."""
    bare = min(seconds(lambda: passes(classifier, versions, images)) for _ in range(2))
    print(f"{name}, {len(images)} images, {versions} versions of each: bare {len(images) / bare:.3f} images/s")
    tried: dict[str, Iterable[Explain]] = {
        "ours": [functools.partial(ours, classifier, versions, runtime)],
        "lime": [functools.partial(package, classifier, versions, size) for size in SIZES],
        "captum": [functools.partial(captums, classifier, versions, size) for size in SIZES],
    }
    for method, settings in tried.items():
        took = min(seconds(functools.partial(explain, images)) for explain in settings)
        print(f"  {method:8} {len(images) / took:8.3f} images/s   {100 * bare / took:5.1f} % of it bare passes")


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
    """Wall time of a call."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
