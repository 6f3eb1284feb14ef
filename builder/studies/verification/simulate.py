"""Ratings that no human gave: of simulated raters, who follow `RaterModel`, and of a study's own recognizers.

For power analysis, for pipelines and the demo. `source` says in every row what it is: `simulated` or `model`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from datasets import Features

from builder.errors import RatingsError
from builder.ratings.rows import Rater, finished_batches, model_tables, simulated_tables
from builder.shards import StudyFolder
from builder.studies.verification.study import verification

Floats = npt.NDArray[np.float64]

_PERCEPTUAL = ("lpips_alex", "lpips_vgg")
"""The first that a study has is used."""

_LATENT = "latent_l2"


@dataclass(frozen=True)
class RaterModel:
    """The model of a simulated rater, with every constant of it.

    Both distances of a pair are divided by their means over the negative pairs of its batch, so that 0 is the same
    image and 1 a stranger, whatever the generator; the latent distance ends at 1, for a search moves far in the latent
    space without moving away from the face it looks for. Their weighted mean d gives how similar the pair seems, in
    logits:

        felt = slope * (midpoint - d ** exponent)

    A rater perceives `felt + noise * N(0, 1)`, answers 100 / (1 + exp(-(shift + stretch * perceived))), rounded, to the
    question of similarity, and "the same person" where `perceived + identity_noise * Logistic(0, 1) > criterion`.
    With the probability `lapse` both answers are uniformly random instead. A response time is log-normal.

    slope, midpoint, exponent, weight and criterion are a least-squares fit, of all kinds but optimized, to the means
    of similarity and identity by kind and level in Table 1 of "Exploring the Lands Between" (Mecke, Buschek,
    Gruenefeld, Alt), over that table's own distances and over those of the default study together. The paper gives no
    spread within raters, between raters, or of response times: those constants are assumptions.
    """

    slope: float = 6.2
    midpoint: float = 0.6
    exponent: float = 0.7
    weight: float = 0.25
    """Weight of the perceptual distance, 0 to 1; the latent one has the rest. Where a study has one alone, that is d.
    """
    criterion: float = 0.75
    """Mean over raters of what must be perceived, in logits, to call two images the same person."""
    noise: float = 0.6
    """Standard deviation of what one rater perceives of one pair, in logits."""
    identity_noise: float = 0.35
    """Scale of the logistic noise of the answer on identity, in logits."""
    lapse: float = 0.02
    """Share of pairs that are answered at random."""
    shift: float = 0.4
    """Standard deviation between raters of their bias towards similar, in logits."""
    stretch: float = 0.15
    """Standard deviation between raters of the logarithm of how much of the scale they use."""
    criterion_spread: float = 0.4
    """Standard deviation between raters of their criterion, in logits."""
    median_ms: float = 6000.0
    """Median response time, milliseconds."""
    pace: float = 0.3
    """Standard deviation between raters of the logarithm of their median response time."""
    time_spread: float = 0.5
    """Standard deviation within a rater of the logarithm of the response time."""


class Answers(NamedTuple):
    """The answers of one rater to n pairs, each an array (n,): 0 to 100 in whole numbers, bool, milliseconds, place."""

    similarity: Floats
    identity: npt.NDArray[np.bool_]
    response_time_ms: npt.NDArray[np.int32]
    position: npt.NDArray[np.int32]


def simulate(folder: Path, raters: int, seed: int, model: RaterModel | None = None) -> tuple[pa.Table, pa.Table]:
    """Ratings of every finished batch by `raters` simulated raters each, and these participants.

    A rater's answers are a function of the batch, `seed` and the rater's number alone: more batches or raters add rows
    and change none. `rated_at`, age, gender, continent and strategies are null, for no clock ran and nobody was asked.

    Returns:
        Tables with the schemas `ratings` and `participants`, `source` "simulated"; no participant is flagged yet.

    Raises:
        FolderError: the folder holds no study, or a batch is damaged.
        RatingsError: `raters` is not 1 to 10,000, `seed` is negative, no batch is finished, or the study has
            neither an LPIPS nor a latent distance.
    """
    model = model or RaterModel()
    study = StudyFolder(folder)

    def batch_rater(batch: int, _: np.random.Generator) -> tuple[list[str], Rater]:
        pairs = _pairs(study, batch)
        distance = pair_distance(pairs, model)
        return pairs["pair_id"].tolist(), lambda rng: rate(distance, rng, model)._asdict()

    return simulated_tables(study, raters, seed, batch_rater)


def pair_distance(pairs: pd.DataFrame, model: RaterModel) -> Floats:
    """The standardized distances of one batch's pairs, their weighted mean (n,): 0 the same image, 1 a stranger.

    Args:
        pairs: rows of the table `pairs`; `kind` as its name.
        model: for its weight.

    Raises:
        RatingsError: there is neither an LPIPS nor a latent distance.
    """
    strangers = pairs["kind"] == "negative"
    perceptual = next((name for name in _PERCEPTUAL if name in pairs), None)
    weights = {perceptual: model.weight, _LATENT: 1 - model.weight}
    parts: list[tuple[float, Floats]] = []
    for name, weight in weights.items():
        if name in pairs and pairs.loc[strangers, name].mean() > 0:
            values = pairs[name].to_numpy(np.float64) / pairs.loc[strangers, name].mean()
            parts.append((weight, np.minimum(values, 1.0) if name == _LATENT else values))
    if not parts:
        raise RatingsError(
            f"simulated raters go by a perceptual or the latent distance, and this study has none of {_LATENT}, "
            f"{', '.join(_PERCEPTUAL)}; build one with them, or rate with a recognizer instead"
        )
    if len(parts) == 1:
        return parts[0][1]
    return np.asarray(sum(weight * values for weight, values in parts))


def rate(distance: Floats, rng: np.random.Generator, model: RaterModel) -> Answers:
    """The answers of one rater to pairs of these standardized distances (n,).

    The rater's own traits are drawn first, then what every pair adds.
    """
    n = len(distance)
    shift = model.shift * rng.standard_normal()
    stretch = np.exp(model.stretch * rng.standard_normal())
    criterion = model.criterion + model.criterion_spread * rng.standard_normal()
    median = model.median_ms * np.exp(model.pace * rng.standard_normal())
    felt = model.slope * (model.midpoint - distance**model.exponent)
    perceived = felt + model.noise * rng.standard_normal(n)
    similarity = np.round(100 / (1 + np.exp(-(shift + stretch * perceived))))
    identity = perceived + model.identity_noise * rng.logistic(size=n) > criterion
    lapsed = rng.random(n) < model.lapse
    times = median * np.exp(model.time_spread * rng.standard_normal(n))
    return Answers(
        similarity=np.where(lapsed, rng.integers(0, 101, n), similarity),
        identity=np.where(lapsed, rng.random(n) < 0.5, identity),
        response_time_ms=np.round(times).astype(np.int32),
        position=rng.permutation(n).astype(np.int32),
    )


def from_model(folder: Path, name: str) -> tuple[pa.Table, pa.Table, int]:
    """The decisions of one of the study's recognizers as ratings of the participant `model-<name>`.

    identity is `<name>_accept`; similarity 100 * (1 - distance / (2 * threshold)), at least 0, so that it is 50 where
    identity flips. The threshold is the study file's number; where that gives none, the middle between the largest
    accepted and the smallest rejected distance.

    Returns:
        Tables with the schemas `ratings` and `participants`, `source` "model"; and the number of pairs without a
        rating, because the recognizer found nothing in one of the images.

    Raises:
        FolderError: the folder holds no study, or a batch is damaged.
        RatingsError: the study has no recognizer of this name, or no batch is finished.
    """
    study = StudyFolder(folder)
    thresholds = {each.name: each.threshold for each in verification(study.study()).recognizers}
    if name not in thresholds:
        raise RatingsError(f"{folder}: has no recognizer {name!r}; it has {', '.join(thresholds)}")
    pairs = pd.concat([_pairs(study, batch) for batch in finished_batches(study)], ignore_index=True)
    scored = pairs[pairs[f"{name}_distance"].notna()]
    distance, accept = scored[f"{name}_distance"].to_numpy(np.float64), scored[f"{name}_accept"].to_numpy(bool)
    stated = thresholds[name]
    threshold = stated if isinstance(stated, float) else _boundary(distance, accept)
    similarity = np.clip(100 * (1 - distance / (2 * threshold)), 0, 100)
    answers = {"similarity": similarity, "identity": accept}
    return *model_tables(study, name, scored["pair_id"].tolist(), answers), len(pairs) - len(scored)


def _boundary(distance: Floats, accept: npt.NDArray[np.bool_]) -> float:
    """Between the largest accepted and the smallest rejected distance; where one side is empty, the other's end."""
    ends = [distance[accept].max(initial=-np.inf), distance[~accept].min(initial=np.inf)]
    finite = [end for end in ends if np.isfinite(end) and end > 0]
    return float(np.mean(finite)) if finite else 1.0


def _pairs(study: StudyFolder, batch: int) -> pd.DataFrame:
    """The pairs of a batch without their images, `kind` as its name."""
    table = study.read("pairs", batch)
    labels = Features.from_arrow_schema(table.schema)["kind"]
    pairs: pd.DataFrame = table.drop_columns(["base", "sample"]).to_pandas()
    return pairs.assign(kind=[labels.int2str(kind) for kind in pairs["kind"]])
