"""CMA-ES searches that advance together.

A round asks every live search for its candidates, renders and scores all of them in one go, and tells each search
its own.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from builder import evolution, progress
from builder.generators import Latents, LatentSpace
from builder.studies.verification.samples import Evaluation, Round, View

if TYPE_CHECKING:
    from builder.studies.verification.samples.optimized import Settings

WORST_SCORE = 1e6
"""Told to a search for a candidate in which nothing was found: above any distance. CMA-ES ranks, so its
size does not matter."""


@dataclass(frozen=True)
class Candidate:
    """One evaluated candidate: its number in the search (from 1), distance, latent (d,) and view (n = 1)."""

    evaluation: int
    distance: float
    latent: Latents
    view: View


class Search:
    """A CMA-ES run from one negative towards one base.

    crossings: level -> the first candidate at or below it, by round and then by ask order.
    best: the closest candidate in which something was found, the first of equals; None where there was none.
    rounds: one row per round, for the table `searches`.
    """

    def __init__(
        self,
        *,
        name: str,
        base: int,
        anchor: int,
        start: Latents,
        settings: "Settings",
        space: LatentSpace,
        rng: np.random.Generator,
    ) -> None:
        self.name, self.base, self.anchor = name, base, anchor
        self.crossings: dict[float, Candidate] = {}
        self.best: Candidate | None = None
        self.rounds: list[Round] = []
        self._settings, self._space = settings, space
        self._evaluations = 0
        options: dict[str, Any] = {
            "maxiter": settings.max_iterations,
            "ftarget": settings.stop if settings.stop is not None else min(settings.levels),
        }
        if settings.popsize is not None:
            options["popsize"] = settings.popsize
        self._strategy = evolution.strategy(start, settings.sigma, rng, **options)

    @property
    def max_iterations(self) -> int:
        """The most rounds that this search may take."""
        return self._settings.max_iterations

    @property
    def alive(self) -> bool:
        """Whether no stopping rule holds yet: the distance asked for, the most rounds, or one of cma's own."""
        return not self.rounds or self.rounds[-1].stop is None

    def ask(self) -> Latents:
        """The candidates of the next round, (popsize, d), none longer than `max_norm` allows."""
        asked = np.asarray(self._strategy.ask())
        if self._settings.max_norm is not None:
            asked = self._space.limit(asked, self._settings.max_norm)
        return asked.astype(np.float32)

    def tell(self, candidates: Latents, evaluation: Evaluation) -> None:
        """Takes the distances of the candidates that `ask` gave; what is told is what was rendered."""
        for row, distance in enumerate(evaluation.distances.tolist()):
            self._evaluations += 1
            if not math.isnan(distance):
                self._keep(row, distance, candidates, evaluation)
        scores = np.where(np.isnan(evaluation.distances), WORST_SCORE, evaluation.distances.astype(np.float64))
        evolution.tell(self._strategy, candidates, scores)
        reasons = self._strategy.stop()
        self.rounds.append(
            Round(
                search=self.name,
                base=self.base,
                anchor=self.anchor,
                iteration=len(self.rounds) + 1,
                evaluations=self._evaluations,
                best_distance=self.best.distance if self.best else None,
                stop=" ".join(sorted(reasons)) or None,
            )
        )

    def _keep(self, row: int, distance: float, candidates: Latents, evaluation: Evaluation) -> None:
        crossed = [level for level in self._settings.levels if distance <= level and level not in self.crossings]
        if not crossed and self.best is not None and distance >= self.best.distance:
            return
        candidate = Candidate(self._evaluations, distance, candidates[row].copy(), evaluation.view.row(row))
        for level in crossed:
            self.crossings[level] = candidate
        if self.best is None or distance < self.best.distance:
            self.best = candidate


def run_together(searches: list[Search], evaluate: Callable[[Latents, npt.NDArray[np.intp]], Evaluation]) -> None:
    """Runs all searches to their end, one round of all of them at a time."""
    most_rounds = max(search.max_iterations for search in searches)
    with progress.bar(most_rounds, "searches", "round") as bar:
        while live := [search for search in searches if search.alive]:
            asked = [search.ask() for search in live]
            sizes = [len(candidates) for candidates in asked]
            bases = np.repeat([search.base for search in live], sizes)
            evaluation = evaluate(np.concatenate(asked), bases)
            for search, candidates, end in zip(live, asked, np.cumsum(sizes), strict=True):
                search.tell(candidates, _rows(evaluation, slice(end - len(candidates), end)))
            bar.set_postfix_str(f"{len(live)} of {len(searches)} searching")
            bar.update()


def _rows(evaluation: Evaluation, rows: slice) -> Evaluation:
    view = evaluation.view
    part = View(view.images[rows], view.faces.rows(rows), view.embeddings[rows])
    return Evaluation(part, evaluation.distances[rows])
