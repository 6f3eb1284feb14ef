"""Search strategies, full and diagonal CMA-ES, on generated faces: `python -m benchmarks.strategies`.

For each strategy: processor time of a round of `cma` alone at 512 dimensions, and the candidates per second that would
leave, beside what the models of the same batch do. Then searches of the default study's first batch, which no distance
stops, from each base to the next: the mean of the distances that are reached, after as many rounds and in equal
processor time, and how long the latents are. Latents are those of the embedded generator (100 numbers), and as many as
StyleGAN2's (512), of which a fixed projection gives the generator its 100: no StyleGAN2 runs here.
"""

import time
import warnings
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.search import first_batch
from builder.generators import Latents
from builder.generators.space import EuclideanSpace
from builder.recognizers import Faces
from builder.runtime import start_runtime
from builder.studies.verification.models import Models
from builder.studies.verification.samples import Bases, Evaluation, View, randomness
from builder.studies.verification.samples.optimized import Settings
from builder.studies.verification.samples.search import Search, run_together

STRATEGIES = ("full", "diagonal")
DIMENSIONS, ROUNDS_ALONE = 512, 40
SEARCHES, ROUNDS = 4, 20


class Curve(NamedTuple):
    """The way of several searches together: processor seconds at the end of each round (r,), the mean of their best
    distances then (r,), and the mean norm of what they ended with, by the expected norm.
    """

    seconds: npt.NDArray[np.float64]
    distances: npt.NDArray[np.float64]
    norm: float


def main() -> None:
    """Prints both tables."""
    warnings.filterwarnings("ignore", "TPA: apparent inconsistency")  # cma's, of candidates rounded to float32
    _, models, bases = first_batch(start_runtime("cpu"), "center", 1)
    limit = models_limit(models, bases)
    print(f"cma alone at {DIMENSIONS} dimensions; the models do {limit:.0f} candidates in a second of processor time")
    print(f"{'':12}{'ms a round':>12}{'candidates/s':>14}{'share of a search':>20}")
    for strategy in STRATEGIES:
        seconds, candidates = alone(strategy)
        share = seconds / (seconds + candidates / limit)
        print(f"{strategy:12}{seconds * 1e3:12.2f}{candidates / seconds:14.0f}{share:20.0%}", flush=True)
    print(f"\n{bases.count} searches on faces, {ROUNDS} rounds, alignment center; processor time")
    print(f"{'numbers':>8}  {'strategy':10}{'distance':>10}{'seconds':>9}{'in equal time':>15}{'norm':>7}")
    for dimensions in (bases.space.dim, DIMENSIONS):
        curves = {strategy: searched(bases, strategy, dimensions) for strategy in STRATEGIES}
        least = min(curve.seconds[-1] for curve in curves.values())
        for strategy, curve in curves.items():
            then = curve.distances[np.searchsorted(curve.seconds, least, side="right") - 1]
            figures = f"{curve.distances[-1]:10.3f}{curve.seconds[-1]:9.1f}{then:15.3f}{curve.norm:7.2f}"
            print(f"{dimensions:8}  {strategy:10}{figures}", flush=True)


def alone(strategy: str, rounds: int = ROUNDS_ALONE) -> tuple[float, int]:
    """Processor seconds of a round of a search among latents of 512 numbers, and its candidates."""
    search = started(np.zeros(DIMENSIONS, np.float32), strategy, rounds + 1)
    start, candidates = time.process_time(), 0
    for _ in range(rounds):
        asked = search.ask()
        candidates = len(asked)
        search.tell(asked, Evaluation(_nothing(candidates), np.linalg.norm(asked - 1, axis=1).astype(np.float32)))
    return (time.process_time() - start) / rounds, candidates


def models_limit(models: Models, bases: Bases) -> float:
    """Candidates of a round that generator, alignment and recognizer evaluate in a second of processor time."""
    latents = np.repeat(bases.pictures[0].latent[None], 22 * SEARCHES, axis=0)
    indices = np.zeros(len(latents), np.intp)
    bases.evaluate(latents, indices)  # the first call sets up kernels
    start = time.process_time()
    bases.evaluate(latents, indices)
    return len(latents) / (time.process_time() - start)


def searched(bases: Bases, strategy: str, dimensions: int) -> Curve:
    """Searches from each base to the next, among latents of so many numbers."""
    projection = _projection(bases.space.dim, dimensions)
    rng = randomness(0, 0, "optimized")
    searches = []
    for base in range(bases.count):
        anchor = (base + 1) % bases.count
        beside = rng(base).standard_normal(dimensions)
        beside -= projection.T @ (projection @ beside)  # what the projection does not see
        start = (projection.T @ bases.pictures[anchor].latent + beside).astype(np.float32)
        searches.append(started(start, strategy, ROUNDS, base, anchor, rng(base, anchor)))
    seconds: list[float] = []

    def evaluate(latents: Latents, indices: npt.NDArray[np.intp]) -> Evaluation:
        seconds.append(time.process_time())
        return bases.evaluate((latents @ projection.T).astype(np.float32), indices)

    run_together(searches, evaluate)
    ends = np.array([*seconds[1:], time.process_time()]) - seconds[0]
    reached = np.array([[each.best_distance or np.nan for each in search.rounds] for search in searches])
    norms = [np.linalg.norm(search.best.latent) / np.sqrt(dimensions) for search in searches if search.best]
    return Curve(ends, np.nanmean(reached, axis=0), float(np.mean(norms)))


def started(
    start: Latents,
    strategy: str,
    rounds: int,
    base: int = 0,
    anchor: int = 1,
    rng: np.random.Generator | None = None,
) -> Search:
    """A search that no score ends."""
    settings = Settings.model_validate({"strategy": strategy, "max_iterations": rounds})
    return Search(
        name=f"{base}-{anchor}",
        base=base,
        anchor=anchor,
        start=start,
        settings=settings,
        scores={},
        stop=-np.inf,
        space=EuclideanSpace(len(start)),
        rng=rng or np.random.default_rng(0),
    )


def _projection(seen: int, dimensions: int) -> npt.NDArray[np.float64]:
    """(seen, dimensions), orthonormal rows; the identity where both are as many."""
    if seen == dimensions:
        return np.eye(seen)
    rows = np.random.default_rng(0).standard_normal((dimensions, seen))
    return np.asarray(np.linalg.qr(rows)[0].T, np.float64)


def _nothing(count: int) -> View:
    """The view of candidates of which nothing but a score is known."""
    pixels = np.zeros((count, 1, 1, 3), np.uint8)
    faces = Faces(
        pixels, np.ones(count, np.bool_), np.zeros((count, 4), np.float32), np.zeros((count, 0, 2), np.float32)
    )
    return View(pixels, faces, np.zeros((count, 1), np.float32))


if __name__ == "__main__":
    main()
