"""Manipulations of `digits-cnn` and of a synthetic table, each beside its no-op of equal cost: `python -m
benchmarks.manipulations`, or one of them by `--parts`.

Printed of `thresholds` is where each explainer counts as fooled. Of `pictures`, the three searches with a gradient and
`random`, which is such noise itself, are printed medians over 100 digits, of the 8-bit pictures and the network itself;
of searches, and of noise of the same L-inf, the median of three seeds and their range. Targets of `target_map` are the
maps of the next digit. "goal" is the correlation with the target, the share of the pixels of most importance that still
are, how many pixels the center moved, or of `random` Spearman's correlation with the map as it was. The other parts are
in `manipulated.py`.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benchmarks import manipulated
from benchmarks.sanity import load_explainer, sampled_digits
from builder.classifiers import Classifier, digits
from builder.explainers import Classes, Maps
from builder.explainers.base import NetworkExplainer
from builder.explainers.measures import Values
from builder.explainers.measures.faithfulness import aopc
from builder.explainers.measures.maps import pearson, spearman, top_k
from builder.explainers.measures.success import THRESHOLDS
from builder.explainers.sanity import of_images
from builder.explainers.softplus import softplus
from builder.generators import Images
from builder.manipulations import Manipulated, mass_center, sign_noise, target_map
from builder.manipulations import top_k as lost_top
from builder.manipulations.outcome import no_op, outcome
from builder.manipulations.table import synthetic
from builder.runtime import Runtime, start_runtime

EXPLAINERS = ("gradient", "gradient_x_input", "lrp", "deeplift", "grad_cam")

SEEDS = (0, 1, 2)

NO_NO_OP = 1000
"""Added to the seed of noise that is not a no-op."""

DEFENSES = (0.5, 1.0, 2.0, 5.0)
"""Betas of the softplus twin whose maps withstand `target_map`."""

MODELS = ("location", "top_k_model", "center_model", "active")

SEARCHES = ("target_map", "top_k", "mass_center", "random")

PARTS = ("thresholds", "pictures", *MODELS, "scaffold", "conceal", "patch", "black_box")

COLUMNS = ("goal", "pearson", "spearman", "L2", "change of p", "same class")


@dataclass(frozen=True)
class Setting:
    """One explainer of one classifier, and the digits that are manipulated."""

    classifier: Classifier
    explainer: NetworkExplainer
    images: Images
    classes: Classes
    runtime: Runtime

    def maps(self, images: Images) -> Maps:
        """The maps of pictures that take the place of the digits."""
        return self.explainer.explain(self.classifier, images, self.classes).maps


def main() -> None:
    """Prints what became of each manipulation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--explainers", nargs="*", default=list(EXPLAINERS), help="of pictures")
    parser.add_argument("--searches", nargs="*", choices=SEARCHES, default=list(SEARCHES), help="of pictures")
    parser.add_argument("--radius", type=float, default=0.15)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--rows", type=int, default=100, help="digits or rows of patch, scaffold and conceal")
    parser.add_argument("--digits", type=int, default=5, help="of black_box, which takes its time")
    parser.add_argument("--compas", type=Path, help="ProPublica's file, in place of the synthetic table")
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    options = parser.parse_args()
    runtime, seeds = start_runtime("cpu"), tuple(options.seeds)
    table_of = partial(manipulated.compas, options.compas) if options.compas else synthetic
    others: dict[str, Callable[[], None]] = {
        "thresholds": lambda: print_thresholds(runtime),
        **{name: partial(manipulated.print_models, name, runtime, seeds) for name in MODELS},
        "scaffold": lambda: manipulated.print_scaffolds(options.rows, seeds, table_of),
        "conceal": lambda: manipulated.print_conceal(options.rows, seeds, table_of),
        "patch": lambda: manipulated.print_patch(runtime, options.rows, options.steps, seeds),
        "black_box": lambda: manipulated.print_black_box(runtime, options.digits, seeds),
    }
    for part in options.parts:
        if part in others:
            others[part]()
        else:
            print_pictures(options, runtime)


def print_thresholds(runtime: Runtime) -> None:
    """Prints how alike the maps of a digit and one of another class are, by every explainer, and halfway from there to
    1, where it counts as fooled.
    """
    classifier = digits.CNN.load(None, digits.CNN.Settings(), runtime)
    images = sampled_digits(runtime)  # in the order of their classes
    classes = classifier.probabilities(images).argmax(axis=1)
    for name, interval in THRESHOLDS.items():
        explainer: Any = load_explainer(name, runtime)
        maps = np.abs(explainer.explain(classifier, images, classes).maps)
        alike = float(np.nanmedian(spearman(maps, np.roll(maps, len(maps) // 2, axis=0))))
        print(f"{name:24} {alike:.3f}, halfway {(1 + alike) / 2:.3f}, declared {interval:.2f}", flush=True)


def print_pictures(options: argparse.Namespace, runtime: Runtime) -> None:
    """Prints what became of decision, picture and explanation by the searches."""
    classifier = digits.CNN.load(None, digits.CNN.Settings(), runtime)
    images = sampled_digits(runtime)
    classes = classifier.probabilities(images).argmax(axis=1)
    for name in options.explainers:
        explainer: Any = load_explainer(name, runtime)
        setting = Setting(classifier, explainer, images, classes, runtime)
        for manipulation in options.searches:
            start = time.perf_counter()
            keys = {"radius": options.radius, "steps": options.steps}
            searches = [searched(setting, manipulation, keys, seed) for seed in options.seeds]
            seconds = time.perf_counter() - start
            reached = np.mean([search.reached.mean() for search in searches])
            print(f"\n{name}, {manipulation}: {seconds:.0f} s, reached on {reached:.0%}")
            print_outcome(setting, manipulation, dict(zip(options.seeds, searches, strict=True)))
            if manipulation == "target_map":
                print_defense(setting, searches[0].images)


def searched(setting: Setting, manipulation: str, keys: dict[str, Any], seed: int) -> Manipulated:
    """The digits by one of the three searches, or with noise that is none of a no-op."""
    if manipulation == "random":
        n = len(setting.images)
        levels = np.full(n, int(255 * keys["radius"]), np.int64)
        noisy = sign_noise.manipulate(setting.images, levels, NO_NO_OP + seed)
        return Manipulated(noisy, np.ones(n, np.bool_), np.zeros(n, np.int64))
    common = (setting.classifier, setting.explainer, setting.images, setting.classes)
    keys = keys | {"seed": seed}
    if manipulation == "target_map":
        targets = np.roll(setting.maps(setting.images), -1, axis=0)
        return target_map.manipulate(*common, targets, target_map.Settings(**keys), setting.runtime)
    if manipulation == "top_k":
        return lost_top.manipulate(*common, lost_top.Settings(**keys), setting.runtime)
    return mass_center.manipulate(*common, mass_center.Settings(**keys), setting.runtime)


def goal(manipulation: str, maps: Maps, before: Maps) -> Values:
    """The goal of a search, in units that a reader knows."""
    if manipulation == "target_map":
        return pearson(maps, np.roll(before, -1, axis=0))
    if manipulation == "top_k":
        return top_k(maps, before)
    if manipulation == "random":
        return spearman(maps, before)
    return mass_center.moved(torch.from_numpy(maps), torch.from_numpy(before)).numpy().astype(np.float64)


def print_outcome(setting: Setting, manipulation: str, searches: dict[int, Manipulated]) -> None:
    """Before, after, and noise of the same L-inf: of each search by its seed."""
    before = setting.maps(setting.images)

    def row(images: Images) -> npt.NDArray[np.float64]:
        seen = outcome(setting.classifier, setting.explainer, setting.images, images, setting.classes)
        reached = goal(manipulation, setting.maps(images), before)
        medians = (reached, seen.maps["pearson"], seen.maps["spearman"], seen.l_2, seen.probability_change)
        return np.array([*(np.nanmedian(each) for each in medians), seen.same_class.mean()])

    after = [row(search.images) for search in searches.values()]
    noise = [row(no_op(setting.images, search.images, seed)) for seed, search in searches.items()]
    print(f"{'':8}" + "".join(f"{column:>14}" for column in COLUMNS))
    for name, rows in (("before", [row(setting.images)]), ("after", after), ("noise", noise)):
        print(f"{name:8}" + "".join(f"{value:14.3f}" for value in np.median(rows, axis=0)))
        ends = zip(np.min(rows, axis=0), np.max(rows, axis=0), strict=True)
        print(f"{'  range':8}" + "".join(f"{low:8.3f}{high:6.3f}" for low, high in ends), flush=True)


def print_defense(setting: Setting, changed: Images) -> None:
    """Prints how alike the softplus twins' maps are before and after, and how faithful to the network."""
    if setting.classifier.network is None:
        raise SystemExit("digits-cnn has a network")
    common = (setting.classifier, setting.images, setting.classes)
    plain = aopc(*common, setting.maps(setting.images))
    for beta in DEFENSES:
        twin = softplus(setting.classifier.network, beta)
        before, after = (
            of_images(setting.explainer, setting.classifier, images, setting.classes, setting.runtime)(twin)
            for images in (setting.images, changed)
        )
        alike, kept = np.nanmedian(pearson(before, after)), aopc(*common, before).mean()
        print(f"beta {beta}: r of before and after {alike:.3f}, AOPC {kept:.3f} of the network's {plain.mean():.3f}")


if __name__ == "__main__":
    main()
