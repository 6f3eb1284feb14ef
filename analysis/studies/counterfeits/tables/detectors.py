"""Whether anything would have caught counterfeits, and how many pass once the classifier was trained against them."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from analysis.errors import MissingDataError
from analysis.inference import LOGIT, jackknife, rate, together, weighted_auc
from analysis.studies.counterfeits.data import DETECTORS, HELD_OUT, NOTHING, Counterfeits, cells

GRID = np.linspace(0, 1, 101)
"""Shares of held-out images that raise an alarm, at which curves are kept."""


def detectors(of: Counterfeits) -> pd.DataFrame:
    """A row per kind of images, round and detector: kind, round, detector, n, n_held_out, auroc (chance that an image
    scores higher than a held-out one), low, high, interval, caught (share that scores higher than 95 % of held-out
    images). Replicates are the batches.
    """
    return pd.DataFrame([_row(head, name, cell) for head, name, cell in _against(of)])


def _row(head: dict[str, Any], name: str, cell: pd.DataFrame) -> dict[str, Any]:
    world, score = (cell["kind"] == HELD_OUT).to_numpy(np.bool_), cell[f"detector_{name}"].to_numpy(np.float64)
    area = jackknife(lambda weights: weighted_auc(world, score, weights), cell["batch"], LOGIT)
    row = head | {"detector": name, "n": int((~world).sum()), "n_held_out": int(world.sum()), "auroc": area.estimate}
    caught = float((score[~world] > np.quantile(score[world], 0.95)).mean())
    return row | area.columns() | {"caught": caught}


def detector_roc(of: Counterfeits) -> pd.DataFrame:
    """A row per kind of images, round, detector and share of held-out images that raise an alarm: kind, round,
    detector, alarms, caught (share of the images that do).
    """
    frames = []
    for head, name, cell in _against(of):
        alarms, caught, _ = roc_curve(cell["kind"] != HELD_OUT, cell[f"detector_{name}"])
        rows = pd.DataFrame({"alarms": GRID, "caught": np.interp(GRID, alarms, caught)})
        frames.append(rows.assign(**head, detector=name)[["kind", "round", "detector", "alarms", "caught"]])
    return pd.concat(frames, ignore_index=True)


def _against(of: Counterfeits) -> list[tuple[dict[str, Any], str, pd.DataFrame]]:
    """Each kind and round together with the held-out images, once for each detector."""
    images = of.classified
    world = images[images["kind"] == HELD_OUT]
    if world.empty:
        raise MissingDataError("the dataset has no held-out images")
    return [
        (head, name, pd.concat([cell, world]))
        for head, cell in cells(images)
        if head["kind"] != HELD_OUT
        for name in DETECTORS
    ]


def defense(of: Counterfeits) -> pd.DataFrame:
    """A row per kind of images, their round, and classifier: 0 is the study's own, then it as each defense left it.

    Columns: kind, round, classifier, n, passes (share to which the classifier gives the wanted class; of held-out
    images the label), rejects (share that it gives the class "nothing"), low and high of each, interval. A classifier
    has seen counterfeits of the rounds before its own, but none of these images. Replicates are the batches.

    Raises:
        MissingDataError: the study has no defense.
    """
    predictions = of.tables["predictions"]
    if predictions["round"].nunique() < 2:
        raise MissingDataError("the study has no defense")
    first_classes = predictions.assign(first=predictions["classes"].map(lambda classes: classes[0]))
    joined = of.classified.merge(
        first_classes.rename(columns={"round": "classifier"}), on="image_id", suffixes=("", "_said")
    )
    lines = []
    for head, cell in cells(joined):
        for number, rows in cell.groupby("classifier"):
            units = rows["batch"]
            passes = rate(np.asarray(rows["first"] == rows["wanted"], np.float64), units)
            rejects = rate(np.asarray(rows["first"] == NOTHING, np.float64), units)
            row = head | {"classifier": int(str(number)), "n": len(rows)}
            row |= {"passes": passes.estimate, "passes_low": passes.low, "passes_high": passes.high}
            row |= {"rejects": rejects.estimate, "rejects_low": rejects.low, "rejects_high": rejects.high}
            lines.append(row | {"interval": together(passes=passes, rejects=rejects)})
    return pd.DataFrame(lines)
