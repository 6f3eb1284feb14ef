"""Distances of images to what the classifier was trained on, and of the images of a class to one another."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.inference import jackknife, rate, together, weighted_mean
from analysis.studies.counterfeits.data import ALL, HELD_OUT, MEASURES, NOISE, Counterfeits, cells

FAR = 0.95
"""The quantile of held-out images beyond which an image counts as far."""

_SPREAD = ("pixels", "features", "nearest_pixels", "nearest_features", "frechet")


def distance(of: Counterfeits) -> pd.DataFrame:
    """A row per kind of images, round, wanted class (or all) and measure: how far the nearest training image is.

    Columns: kind, round, class, measure, n, median, mean, mean_low, mean_high, held_out_median, held_out_far (that 95 %
    of held-out images of the class do not reach), beyond (share of images that are farther than that), beyond_low,
    beyond_high, interval. Replicates are the batches; held_out_far is taken for known.
    """
    images = of.classified.rename(columns={"class": "said"}).rename(columns={"wanted": "class"})
    world = images[images["kind"] == HELD_OUT]
    lines = []
    for head, cell in cells(images, "class"):
        cases = world if head["class"] == ALL else world[world["class"] == head["class"]]
        lines += [_distance_row(head, cell, cases, measure) for measure in MEASURES]
    return pd.DataFrame(lines)


def _distance_row(head: dict[str, Any], cell: pd.DataFrame, world: pd.DataFrame, measure: str) -> dict[str, Any]:
    column = f"{measure}_distance"
    values, reference = cell[column].to_numpy(np.float64), world[column].to_numpy(np.float64)
    far = float(np.quantile(reference, FAR)) if len(reference) else np.nan
    mean = jackknife(weighted_mean(values), cell["batch"])
    beyond = rate((values > far).astype(np.float64), cell["batch"])
    row = head | {"measure": measure, "n": len(cell), "median": float(np.median(values)), "mean": mean.estimate}
    row |= {"mean_low": mean.low, "mean_high": mean.high}
    row |= {"held_out_median": float(np.median(reference)) if len(reference) else np.nan, "held_out_far": far}
    row |= {"beyond": beyond.estimate, "beyond_low": beyond.low, "beyond_high": beyond.high}
    return row | {"interval": together(mean=mean, beyond=beyond)}


def diversity(of: Counterfeits) -> pd.DataFrame:
    """A row per kind of images, round and class (or all): means over the batches of what `spreads` says of each.

    Columns: kind, round, class, n (images of a class and batch), pixels and features (mean distance of two images),
    nearest_pixels and nearest_features (of the nearest two of a batch), frechet, each with low and high;
    real_pixels and real_features (the first percentile over all twos of held-out images), twins (share of batches and
    classes in which the nearest two are nearer than that, in pixels), interval.
    """
    spreads = of.tables["spreads"]
    world = spreads[spreads["kind"] == HELD_OUT].set_index(["batch", "class"])
    real = {f"real_{name}": world[f"percentile_{name}"].rename(f"real_{name}") for name in ("pixels", "features")}
    joined = spreads.join(pd.DataFrame(real), on=["batch", "class"])
    return pd.DataFrame([_spread_row(head, cell) for head, cell in cells(joined, "class") if _said(head)])


def _said(head: dict[str, Any]) -> bool:
    return bool(head["kind"] != NOISE or head["class"] == ALL)


def _spread_row(head: dict[str, Any], cell: pd.DataFrame) -> dict[str, Any]:
    row = head | {"n": int(cell["n"].median())}
    intervals = {name: jackknife(weighted_mean(cell[name].to_numpy(np.float64)), cell["batch"]) for name in _SPREAD}
    for name, interval in intervals.items():
        row |= {name: interval.estimate, f"{name}_low": interval.low, f"{name}_high": interval.high}
    row |= {name: float(cell[name].mean()) for name in ("real_pixels", "real_features")}
    row["twins"] = float((cell["nearest_pixels"] < cell["real_pixels"]).mean())
    return row | {"interval": together(**intervals)}
