"""Inversion: the rate at which the classifier gives images the class that was wanted, and how sure it is."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.inference import jackknife, rate, together, weighted_mean
from analysis.studies.counterfeits.data import NOISE, TERMS, Counterfeits, cells

ABOVE = {"above_9": 0.9, "above_99": 0.99, "above_999": 0.999}


def inversion(of: Counterfeits) -> pd.DataFrame:
    """A row per kind of images, round and wanted class, or all; replicates are the batches.

    Images of generators that did not converge are among them. Columns: kind, round, class, n, accuracy (share that gets
    the wanted class, of held-out images the label; NaN of noise, of which nothing is wanted), confidence (mean of the
    probability of the class that the classifier names), above_9, above_99, above_999 (shares with a larger one), and
    low and high of each, interval.
    """
    images = of.classified.rename(columns={"class": "said"}).rename(columns={"wanted": "class"})
    return pd.DataFrame([_row(head, cell) for head, cell in cells(images, "class")])


def _row(head: dict[str, Any], cell: pd.DataFrame) -> dict[str, Any]:
    units, confidence = cell["batch"], cell["confidence"].to_numpy(np.float64)
    right = np.asarray(cell["said"] == cell["class"], np.float64)
    intervals = {} if head["kind"] == NOISE else {"accuracy": rate(right, units)}
    intervals["confidence"] = jackknife(weighted_mean(confidence), units)
    intervals |= {name: rate((confidence > bound).astype(np.float64), units) for name, bound in ABOVE.items()}
    row = head | {"n": len(cell), "accuracy": np.nan}
    for name, interval in intervals.items():
        row |= {name: interval.estimate, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return row | {"interval": together(**intervals)}


def convergence(of: Counterfeits) -> pd.DataFrame:
    """A row per generator: batch, round, kind, accuracy, least_accuracy (of the class that has the least),
    min_accuracy (the study's bound for that), confidence, converged.
    """
    columns = ["batch", "round", "kind", "accuracy", "least_accuracy", "min_accuracy", "confidence", "converged"]
    return of.tables["runs"][columns].reset_index(drop=True)


def curves(of: Counterfeits) -> pd.DataFrame:
    """A row per kind, round, term of the loss and step: kind, round, term, step (from 1), mean, least, most (over the
    batches).
    """
    frames = []
    for head, runs in cells(of.tables["runs"]):
        for term in TERMS:
            every = [
                np.asarray(curve, np.float64) for curve in runs[f"curve_{term}"] if curve is not None and len(curve)
            ]
            if every:
                table = np.stack(every)
                steps = {"step": np.arange(1, table.shape[1] + 1), "mean": table.mean(axis=0)}
                rows = pd.DataFrame(steps | {"least": table.min(axis=0), "most": table.max(axis=0)})
                frames.append(rows.assign(**head, term=term)[["kind", "round", "term", *rows.columns]])
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
