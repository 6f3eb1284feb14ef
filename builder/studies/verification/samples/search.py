"""CMA-ES searches that advance together.

A round asks every live search for its candidates, renders and scores all of them in one go, and tells each search
its own. What is minimized is a score, which the sample kind makes of what it sees.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from builder import evolution, progress
from builder.generators import Latents, LatentSpace
from builder.settings import Settings
from builder.studies.verification.samples import Bases, Evaluation, Picture, Round, Sample, View, base_name

WORST_SCORE = 1e6
"""Told to a search for a candidate in which nothing was found: above any distance. CMA-ES ranks, so its
size does not matter."""


class SearchSettings(Settings):
    """The keys of a search; defaults are the paper's.

    strategy: `full` learns a covariance of all numbers of a latent; `diagonal` a variance for each, which takes linear
    time and memory (Ros, Hansen, "A Simple Modification in CMA-ES Achieving Linear Time and Space Complexity", 2008, as
    `cma` has it). `full`, the default, is None here, so that study files from before the key was keep their hash.
    """

    sigma: Annotated[float, Field(ge=1e-6, le=1000, allow_inf_nan=False)] = 1.0
    max_iterations: Annotated[int, Field(ge=1, le=100_000)] = 100
    popsize: Annotated[int, Field(ge=4, le=100_000)] | None = None
    max_norm: Annotated[float, Field(ge=1e-6, le=1000, allow_inf_nan=False)] | None = None
    strategy: Literal["full", "diagonal"] | None = None

    @field_validator("strategy")
    @classmethod
    def _default(cls, strategy: str | None) -> str | None:
        return None if strategy == "full" else strategy


@dataclass(frozen=True)
class Candidate:
    """One evaluated candidate: its number in the search (from 1), score, latent (d,) and view (n = 1)."""

    evaluation: int
    score: float
    latent: Latents
    view: View


class Search:
    """A CMA-ES run from one negative towards one base, which minimizes a score, such as the distance to the base.

    crossings: level -> the first candidate at or below its score, by round and then by ask order.
    best: the best candidate in which something was found, the first of equals; None where there was none.
    rounds: one row per round, for the table `searches`.
    """

    def __init__(
        self,
        *,
        name: str,
        base: int,
        anchor: int,
        start: Latents,
        settings: SearchSettings,
        scores: Mapping[float, float],
        stop: float,
        space: LatentSpace,
        rng: np.random.Generator,
    ) -> None:
        """scores: by level, the score at or below which it is reached. stop: that at or below which the search ends."""
        self.name, self.base, self.anchor = name, base, anchor
        self.crossings: dict[float, Candidate] = {}
        self.best: Candidate | None = None
        self.rounds: list[Round] = []
        self._settings, self._scores, self._space = settings, scores, space
        self._evaluations = 0
        options: dict[str, Any] = {
            "maxiter": settings.max_iterations,
            "ftarget": stop,
        }
        if settings.popsize is not None:
            options["popsize"] = settings.popsize
        if settings.strategy == "diagonal":
            options["CMA_diagonal"] = True
        self._strategy = evolution.strategy(start, settings.sigma, rng, **options)

    @property
    def max_iterations(self) -> int:
        """The most rounds that this search may take."""
        return self._settings.max_iterations

    @property
    def alive(self) -> bool:
        """Whether no stopping rule holds yet: the score asked for, the most rounds, or one of cma's own."""
        return not self.rounds or self.rounds[-1].stop is None

    def ask(self) -> Latents:
        """The candidates of the next round, (popsize, d), none longer than `max_norm` allows."""
        candidates = np.asarray(self._strategy.ask())
        if self._settings.max_norm is not None:
            candidates = self._space.limit(candidates, self._settings.max_norm)
        return candidates.astype(np.float32)

    def tell(self, candidates: Latents, evaluation: Evaluation) -> None:
        """Takes the scores of the candidates that `ask` gave; what is told is what was rendered."""
        for row, score in enumerate(evaluation.scores.tolist()):
            self._evaluations += 1
            if not math.isnan(score):
                self._keep(row, score, candidates, evaluation)
        scores = np.where(np.isnan(evaluation.scores), WORST_SCORE, evaluation.scores.astype(np.float64))
        evolution.tell(self._strategy, candidates, scores)
        reasons = self._strategy.stop()
        self.rounds.append(
            Round(
                search=self.name,
                base=self.base,
                anchor=self.anchor,
                iteration=len(self.rounds) + 1,
                evaluations=self._evaluations,
                best_distance=self.best.score if self.best else None,
                stop=" ".join(sorted(reasons)) or None,
            )
        )

    def _keep(self, row: int, score: float, candidates: Latents, evaluation: Evaluation) -> None:
        crossed = [level for level, least in self._scores.items() if score <= least and level not in self.crossings]
        if not crossed and self.best is not None and score >= self.best.score:
            return
        candidate = Candidate(self._evaluations, score, candidates[row].copy(), evaluation.view.row(row))
        for level in crossed:
            self.crossings[level] = candidate
        if self.best is None or score < self.best.score:
            self.best = candidate


def run_together(searches: list[Search], evaluate: Callable[[Latents, npt.NDArray[np.intp]], Evaluation]) -> None:
    """Runs all searches to their end, one round of all of them at a time."""
    most_rounds = max(search.max_iterations for search in searches)
    with progress.bar(most_rounds, "searches", "round") as bar:
        while live := [search for search in searches if search.alive]:
            asks = [search.ask() for search in live]
            sizes = [len(candidates) for candidates in asks]
            bases = np.repeat([search.base for search in live], sizes)
            evaluation = evaluate(np.concatenate(asks), bases)
            for search, candidates, end in zip(live, asks, np.cumsum(sizes), strict=True):
                search.tell(candidates, _rows(evaluation, slice(end - len(candidates), end)))
            bar.set_postfix_str(f"{len(live)} of {len(searches)} searching")
            bar.update()


def sample_of(search: Search, bases: Bases, level: float, kind: str, direction: int | None = None) -> Sample:
    """The sample that a search gives for a level: what reached it first, or else the best; the start where nothing was
    ever found.
    """
    candidate = search.crossings.get(level) or search.best
    if candidate is None:
        picture, evaluations = bases.pictures[search.anchor], 0
    else:
        towards = "" if direction is None else f"-d{direction}"
        name = f"{kind}-{base_name(search.base)}-{base_name(search.anchor)}{towards}-e{candidate.evaluation}"
        picture, evaluations = Picture(name, candidate.latent, candidate.view), candidate.evaluation
    return Sample(
        search.base,
        picture,
        level=level,
        direction=direction,
        anchor=search.anchor,
        search=search.name,
        reached=level in search.crossings,
        evaluations=evaluations,
    )


def _rows(evaluation: Evaluation, rows: slice) -> Evaluation:
    view = evaluation.view
    part = View(view.images[rows], view.faces.rows(rows), view.embeddings[rows])
    return Evaluation(part, evaluation.scores[rows])
