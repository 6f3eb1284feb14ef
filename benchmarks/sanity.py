"""The sanity checks of every explainer on 100 digits that `digits-cnn` has not seen, and of those of rows on a table:
`python -m benchmarks.sanity`.

Printed is Spearman's correlation, the mean over the digits and in brackets how many of them have a map, of the trained
network's maps with those of networks whose weights are drawn from the output on; beside them guided backpropagation,
which is known to fail, and an edge detector, which does not see the network.
"""

import argparse
from typing import Any

import numpy as np
import torch
from torch import nn

from builder import registry
from builder.classifiers import Classifier, digits
from builder.classifiers.network import NetworkClassifier
from builder.explainers import Classes, Explainer, Explanations, sanity
from builder.explainers.measures import Measure, Values
from builder.explainers.measures.maps import absolute, pearson, spearman
from builder.explainers.tables import Rows, TableExplainer, kernel_shap, lime
from builder.explainers.tables.gradient import TableGradient
from builder.explainers.tables.kernel_shap import TableKernelShap
from builder.explainers.tables.lime import TableLime
from builder.generators import Images
from builder.images import mnist
from builder.runtime import Runtime, start_runtime

DIGITS = 100

ROWS = 40

KEYS: dict[str, dict[str, Any]] = {"lime": {"samples": 200, "features": 50}, "kernel_shap": {"samples": 200}}
"""Fewer than by default: there are eight networks."""

SIGNED = Measure("spearman", -1, 1, "high", spearman)
ABSOLUTE = absolute(SIGNED)


class Edges:
    """Satisfies `builder.explainers.Explainer`."""

    micro_batch: int | None = None

    def explain(self, classifier: Classifier, images: Images, classes: Classes) -> Explanations:
        """The images' edges."""
        return Explanations(sanity.edges(images))


def main() -> None:
    """Prints the curves of the cascade in three readings, of independent layers and of permuted labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--explainers", nargs="*", default=registry.names("explainers"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    runtime = start_runtime("cpu")
    classifier = digits.CNN.load(None, digits.CNN.Settings(), runtime)
    images = sampled_digits(runtime)
    classes = classifier.probabilities(images).argmax(axis=1)
    explainers = {name: load_explainer(name, runtime) for name in options.explainers} | {"edges": Edges()}
    _print_cascades(explainers, classifier, images, classes, runtime, options.seed)
    _print_labels(explainers, images, classes, runtime)
    _print_rows(options.seed)


def _print_cascades(
    explainers: dict[str, Explainer],
    classifier: Classifier,
    images: Images,
    classes: Classes,
    runtime: Runtime,
    seed: int,
) -> None:
    readings: tuple[tuple[str, Classes | None, Measure, sanity.Mode], ...] = (
        ("cascade, signed, the trained network's class", classes, SIGNED, "cascading"),
        ("cascade, signed, each network's own class", None, SIGNED, "cascading"),
        ("cascade, absolute values, the trained network's class", classes, ABSOLUTE, "cascading"),
        ("one layer alone, absolute values, the trained network's class", classes, ABSOLUTE, "independent"),
    )
    network = classifier.network
    if network is None:
        raise SystemExit("digits-cnn has a network")
    for title, explained, measure, mode in readings:
        print(f"\n{title}\n{'':24}" + "".join(f"{name:>12}" for name in sanity.layers(network)))
        for name, explainer in explainers.items():
            explain = sanity.of_images(explainer, classifier, images, explained, runtime)
            curve = sanity.model_randomization(explain, network, measure, mode, seed)
            print(f"{name:24}" + "".join(f"{_shown(values):>12}" for values in curve.values()), flush=True)


def _print_labels(explainers: dict[str, Explainer], images: Images, classes: Classes, runtime: Runtime) -> None:
    own, permuted = (_memorized(label_seed, runtime) for label_seed in (None, 1))
    if own.network is None or permuted.network is None:
        raise SystemExit("both have a network")
    print(f"\n200 digits known by heart, by their labels and by permuted ones\n{'':24}{'signed':>12}{'absolute':>12}")
    for name, explainer in explainers.items():
        explain = sanity.of_images(explainer, own, images, classes, runtime)
        values = [
            sanity.label_randomization(explain, own.network, permuted.network, each) for each in (SIGNED, ABSOLUTE)
        ]
        print(f"{name:24}" + "".join(f"{_shown(each):>12}" for each in values), flush=True)


def _memorized(label_seed: int | None, runtime: Runtime) -> NetworkClassifier:
    network = digits.CNN.load(None, digits.CNN.Settings(), runtime).memorized(label_seed)
    return NetworkClassifier("memorized", mnist.CLASSES, network, runtime, row_bytes=digits.BYTES_PER_IMAGE)


def _print_rows(seed: int) -> None:
    """Pearson's correlation of weights, of a table whose label is the sign of a sum of three of twelve columns."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(400, 12)).astype(np.float32)
    labels = (rows[:, 0] + rows[:, 1] - rows[:, 2] > 0).astype(np.int64)
    own, permuted = _known_by_heart(rows, labels), _known_by_heart(rows, rng.permutation(labels))
    explainers: dict[str, TableExplainer] = {
        "gradient": TableGradient(),
        "lime": TableLime(lime.Settings(samples=500, features=12), rows),
        "kernel_shap": TableKernelShap(kernel_shap.Settings(samples=500), rows[:50]),
    }
    measure = Measure("pearson", -1, 1, "high", pearson)
    title = "rows of a table, signed: the cascade, one layer alone, and permuted labels"
    layers = sanity.layers(own)
    print(f"\n{title}\n{'':24}" + "".join(f"{name:>12}" for name in (*layers, *layers, "labels")))
    for name, explainer in explainers.items():
        explain = sanity.of_rows(explainer, rows[:ROWS], labels[:ROWS])
        modes: tuple[sanity.Mode, ...] = ("cascading", "independent")
        curves = [sanity.model_randomization(explain, own, measure, mode, seed) for mode in modes]
        values = [*curves[0].values(), *curves[1].values(), sanity.label_randomization(explain, own, permuted, measure)]
        print(f"{name:24}" + "".join(f"{_shown(each):>12}" for each in values), flush=True)


def _known_by_heart(rows: Rows, labels: Classes) -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(rows.shape[1], 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(600):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(torch.from_numpy(rows)), torch.from_numpy(labels))
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return network.eval()


def sampled_digits(runtime: Runtime) -> Images:
    """100 digits from the whole of those that `digits-cnn` has not seen."""
    module = registry.load("images", "mnist-5k")
    source = module.load("audit", module.Settings(), runtime)
    return np.stack([source.image(row) for row in range(0, source.rows(), source.rows() // DIGITS)])


def load_explainer(name: str, runtime: Runtime) -> Explainer:
    """An explainer with its defaults, but for what is in `KEYS`."""
    module = registry.load("explainers", name)
    explainer: Explainer = module.load(None, module.Settings(**KEYS.get(name, {})), runtime)
    return explainer


def _shown(values: Values) -> str:
    there = np.isfinite(values)
    return f"{values[there].mean():.2f} ({there.sum()})" if there.any() else "none"


if __name__ == "__main__":
    main()
