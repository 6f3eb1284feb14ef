"""Manipulations of models, of tables, by a patch and without a gradient, each beside its no-op of equal cost: the parts
of `python -m benchmarks.manipulations` besides the searches of pictures.

Each figure is the median over the seeds, with their range. A seed is that of the order in training, of the table and
its split, or of the search.
"""

import hashlib
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.onnx_file import write_onnx
from benchmarks.sanity import load_explainer
from builder import registry
from builder.classifiers import Classifier, digits
from builder.classifiers.settings import ClassifierSettings
from builder.explainers import Explainer, Maps
from builder.explainers.base import NetworkExplainer
from builder.explainers.measures.maps import mse, pearson
from builder.explainers.tables import TableExplainer, kernel_shap, lime
from builder.explainers.tables.gradient import TableGradient
from builder.explainers.tables.kernel_shap import TableKernelShap
from builder.explainers.tables.lime import TableLime
from builder.manipulations import active, black_box, center_model, conceal, location, patch, scaffold, top_k_model
from builder.manipulations.fine_tuning import Labeled, ManipulatedModel
from builder.manipulations.mass_center import moved
from builder.manipulations.outcome import no_op, outcome
from builder.manipulations.table import UNRELATED, Table, fidelity, from_csv, is_first
from builder.runtime import Runtime

SWAPPED = ("3", "8")

Figures = Mapping[str, float]

Seeds = Sequence[int]

TableOf = Callable[[int], Table]
"""The table of a seed."""


def print_models(method: str, runtime: Runtime, seeds: Seeds) -> None:
    """One of the four manipulations of a model, of Grad-CAM's maps on 100 digits that `digits-cnn` has not seen; beside
    them SmoothGrad's maps of the same models.
    """
    classifier = digits.CNN.load(None, digits.CNN.Settings(), runtime)
    explainers: dict[str, Any] = {name: load_explainer(name, runtime) for name in ("grad_cam", "smoothgrad")}
    training, held_out = digits_of("train", 1, runtime), digits_of("audit", 4, runtime)
    every = 2 if method == "active" else 10  # it looks at two classes of ten
    shown = Labeled(held_out.images[1::every], held_out.classes[1::every])  # of those that measure
    module = {"location": location, "top_k_model": top_k_model, "center_model": center_model, "active": active}[method]
    keys: dict[str, Any] = {"classes": SWAPPED} if method == "active" else {}

    def manipulate(seed: int, weights: dict[str, Any]) -> ManipulatedModel:
        own = module.Settings(seed=seed, **keys, **weights)
        product: ManipulatedModel = module.manipulate(
            classifier, explainers["grad_cam"], training, held_out, own, runtime
        )
        return product

    def figures(product: ManipulatedModel) -> Figures:
        seen = outcome(classifier, explainers["grad_cam"], *_twice(shown), after=product.classifier)
        goals = {
            f"goal, {name}": reached(method, classifier, product.classifier, explainer, shown)
            for name, explainer in explainers.items()
        }
        trained = Labeled(training.images[::10], training.classes[::10])
        run = product.run
        return goals | {
            "goal, trained on": reached(method, classifier, product.classifier, explainers["grad_cam"], trained),
            "accuracy, points": 100 * (run.accuracy_after - run.accuracy_before),
            "other answers, %": 100 * float((~seen.same_class).mean()),
            "change of p": float(np.median(seen.probability_change)),
            "pearson of maps": float(np.nanmedian(seen.maps["pearson"])),
            "parameters": run.changed,
            "steps": run.steps,
            "seconds": run.seconds,
        }

    looks_at = [classifier.classes.index(name) for name in SWAPPED] if method == "active" else shown.classes
    count = int(np.isin(shown.classes, looks_at).sum())
    print(f"\n{method} of grad_cam, {count} digits; accuracy on {len(held_out.images) // 2}")
    originals = {
        name: reached(method, classifier, classifier, explainer, shown) for name, explainer in explainers.items()
    }
    print("  before: " + ", ".join(f"goal, {name} {value:.3f}" for name, value in originals.items()))
    for name, weights in (("manipulated", {}), ("lambda 0", {"weights": (0.0,)})):
        _print(name, [figures(manipulate(seed, weights)) for seed in seeds])


def _twice(shown: Labeled) -> tuple[Any, Any, Any]:
    return shown.images, shown.images, shown.classes


def reached(
    method: str, before: Classifier, after: Classifier, explainer: NetworkExplainer, pictures: Labeled
) -> float:
    """The goal of a manipulation of a model: the mean share of the heat in the corner, the share left at the pixels of
    most importance, pixels that the center moved, or the share of the maps of two classes that are nearer to the
    other's original.
    """
    if method == "active":
        wanted = active.swapped(before, explainer, pictures, *(before.classes.index(name) for name in SWAPPED))
        swapped = explainer.explain(after, wanted.images, wanted.classes).maps
        own = np.roll(wanted.targets, len(swapped) // 2, axis=0)
        return float((mse(swapped, wanted.targets) < mse(swapped, own)).mean())
    originals, maps = (torch.from_numpy(explainer.explain(each, *pictures).maps) for each in (before, after))
    values: dict[str, Callable[[], torch.Tensor]] = {
        "location": lambda: location.heat(maps, 0.25),
        "top_k_model": lambda: top_k_model.overlap(maps, originals, 0.05),
        "center_model": lambda: moved(maps, originals),
    }
    return float(values[method]().mean())


def compas(path: Path, seed: int) -> Table:
    """The table of ProPublica's `compas-scores-two-years.csv`, which whoever wants it fetches; race is sensitive."""
    columns = ("race", "sex", "age", "priors_count", "juv_fel_count", "juv_misd_count", "juv_other_count")
    return from_csv(path, "two_year_recid", "1", "race=African-American", (*columns, "c_charge_degree"), seed)


def print_scaffold(against: str, rows: int, seeds: Seeds, table_of: TableOf) -> None:
    """How often the sensitive column is first, and the unrelated one: of the biased rule, of the scaffold and of its
    no-op.
    """
    print(f"\nscaffold against {against}, {rows} rows")
    for name, method in (("manipulated", scaffold.manipulate), ("no-op", scaffold.no_op)):
        of_seeds: list[Figures] = []
        for seed in seeds:
            training, held_out = table_of(seed).split(seed)
            product = method(training, held_out, scaffold.Settings(against=against, seed=seed))  # type: ignore[arg-type]
            explainer = table_explainers(training)[against]
            shown = held_out.rows[:rows]
            weights = [
                explainer.explain(each, shown, each.probabilities(shown).argmax(axis=1))
                for each in (product.before, product.after)
            ]
            firsts = [is_first(each, held_out.sensitive) for each in weights]
            unrelated = is_first(weights[1], held_out.columns.index(UNRELATED))
            of_seeds.append(
                {
                    "sensitive first before, %": 100 * float(firsts[0].mean()),
                    "sensitive first after, %": 100 * float(firsts[1].mean()),
                    "unrelated first after, %": 100 * float(unrelated.mean()),
                    "fidelity": fidelity(product.before, product.after, held_out.rows),
                    "made-up rows recognized": product.recognized,
                    "seconds": product.seconds,
                }
            )
        _print(name, of_seeds)


def print_scaffolds(rows: int, seeds: Seeds, table_of: TableOf) -> None:
    """Against LIME, and against KernelSHAP."""
    for against in ("lime", "kernel_shap"):
        print_scaffold(against, rows, seeds, table_of)


def print_conceal(rows: int, seeds: Seeds, table_of: TableOf) -> None:
    """The rest of the sensitive column in three explanations, and of its use: answers that change with it."""
    print(f"\nconceal, {rows} rows")
    for name, weights in (("manipulated", {}), ("alpha 0", {"weights": (0.0,)})):
        of_seeds: list[Figures] = []
        for seed in seeds:
            training, held_out = table_of(seed).split(seed)
            product = conceal.manipulate(training, held_out, conceal.Settings(seed=seed, **weights))  # type: ignore[arg-type]
            shown = held_out.rows[:rows]
            flipped = shown.copy()
            flipped[:, held_out.sensitive] = 1 - flipped[:, held_out.sensitive]
            figures = {
                "derivative": product.run.chosen_by[1],
                "accuracy, points": 100 * (product.run.accuracy_after - product.run.accuracy_before),
                "fidelity": fidelity(product.before, product.after, held_out.rows),
                "seconds": product.run.seconds,
            }
            for when, model in (("before", product.before), ("after", product.after)):
                classes = model.probabilities(shown).argmax(axis=1)
                other = model.probabilities(flipped).argmax(axis=1)
                figures[f"flips {when}, %"] = 100 * float((classes != other).mean())
                for label, explainer in table_explainers(training).items():
                    first = is_first(explainer.explain(model, shown, classes), held_out.sensitive)
                    figures[f"first {when}, {label}, %"] = 100 * float(first.mean())
            of_seeds.append(figures)
        _print(name, of_seeds)


def table_explainers(training: Table) -> dict[str, TableExplainer]:
    """LIME, KernelSHAP with 20 rows behind it, and the gradient."""
    return {
        "lime": TableLime(lime.Settings(samples=1000), training.rows, training.categorical),
        "kernel_shap": TableKernelShap(kernel_shap.Settings(), training.rows[:20]),
        "gradient": TableGradient(),
    }


def print_patch(runtime: Runtime, count: int, steps: int, seeds: Seeds) -> None:
    """How often the class changes, and the share of Grad-CAM's map on the patch, hidden or not."""
    classifier = digits.CNN.load(None, digits.CNN.Settings(), runtime)
    explainer: Any = load_explainer("grad_cam", runtime)
    images = digits_of("audit", 4000 // count, runtime).images[:count]
    classes = classifier.probabilities(images).argmax(axis=1)
    print(f"\npatch, {count} digits, {steps} steps")
    for name, hide in (("hidden", 10.0), ("not hidden", 0.0)):
        of_seeds: list[Figures] = []
        for seed in seeds:
            own = patch.Settings(steps=steps, hide=hide, seed=seed)
            start = time.perf_counter()
            product = patch.manipulate(classifier, explainer, images, classes, own, runtime)
            seconds = time.perf_counter() - start
            fooled = product.images[product.reached]
            maps = explainer.explain(classifier, fooled, classifier.probabilities(fooled).argmax(axis=1)).maps
            share = patch.on_patch(torch.from_numpy(maps), own.side)
            hidden = float((1 - share).sum()) / len(images)
            figures = {"class changed, %": 100 * product.reached.mean(), "map on the patch": float(share.median())}
            of_seeds.append(figures | {"beside it, or 0": hidden, "seconds": seconds})
        _print(name, of_seeds)
    noise = images.copy()
    side = round(patch.Settings().side * images.shape[1])
    noise[:, :side, :side] = np.random.default_rng(0).integers(0, 256, (len(images), side, side, 1), np.uint8)
    other = (classifier.probabilities(noise).argmax(axis=1) != classes).mean()
    print(f"  a patch of noise: class changed, % {100 * other:.1f}; the patch is {own.side**2:.1%} of a picture")


def print_black_box(runtime: Runtime, count: int, seeds: Seeds) -> None:
    """The gain in correlation with the occlusion map of another digit, of `digits-cnn` as a file of ONNX."""
    classifier = of_file(runtime)
    explainer: Explainer = load_explainer("occlusion", runtime)
    images = digits_of("audit", 4000 // count, runtime).images[:count]
    classes = classifier.probabilities(images).argmax(axis=1)
    before: Maps = explainer.explain(classifier, images, classes).maps
    targets = np.roll(before, -1, axis=0)
    print(f"\nblack_box against occlusion, {count} digits, ONNX, no gradient")
    manipulated: list[Figures] = []
    noise: list[Figures] = []
    for seed in seeds:
        start = time.perf_counter()
        product = black_box.manipulate(
            classifier, explainer, images, classes, targets, black_box.Settings(seed=seed), runtime
        )
        seconds = time.perf_counter() - start
        for figures, changed in ((manipulated, product.images), (noise, no_op(images, product.images, seed))):
            seen = outcome(classifier, explainer, images, changed, classes)
            after = explainer.explain(classifier, changed, classes).maps
            figures.append(
                {
                    "r before": float(np.median(pearson(before, targets))),
                    "gain in r": float(np.median(pearson(after, targets) - pearson(before, targets))),
                    "L-inf": float(seen.l_inf.max()),
                    "same class, %": 100 * float(seen.same_class.mean()),
                    "candidates a digit": float(product.evaluations[0]),
                    "seconds": seconds,
                }
            )
    _print("manipulated", manipulated)
    _print("noise", noise)


def of_file(runtime: Runtime) -> Classifier:
    """`digits-cnn`, loaded from ONNX."""
    network: Any = digits.CNN.load(None, digits.CNN.Settings(), runtime).network
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.onnx"
        write_onnx(network, 28, path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        keys: dict[str, Any] = {"mean": 0.0, "scale": 255.0, "input_size": 28, "classes": list("0123456789")}
        keys |= {"model": f"onnx:{path}", "sha256": digest}
        classifier: Classifier = ClassifierSettings(name="digits", **keys).load(runtime)
    return classifier


def digits_of(part: str, step: int, runtime: Runtime) -> Labeled:
    """Every `step`th digit of a part of `mnist-5k`."""
    module = registry.load("images", "mnist-5k")
    source = module.load(part, module.Settings(), runtime)
    rows = range(0, source.rows(), step)
    return Labeled(np.stack([source.image(row) for row in rows]), np.array([source.label(row) for row in rows]))


def _print(name: str, of_seeds: list[Any]) -> None:
    """Median and range over the seeds."""
    print(f"  {name}")
    for figure in of_seeds[0]:
        values = [each[figure] for each in of_seeds]
        print(f"    {figure:28}{np.median(values):12.3f}   {min(values):.3f} to {max(values):.3f}", flush=True)
