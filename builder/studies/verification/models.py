"""The models of a study, loaded, and what a batch asks of them."""

import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from builder import registry
from builder.boundary import Boundary
from builder.distances import Distance
from builder.errors import StudyError
from builder.generators import Generator, Images, Latents
from builder.hosting import ModelHost, load_model
from builder.recognizers import Alignment, Embeddings, Faces, Recognizer, alignments
from builder.recognizers.hosting import align
from builder.recognizers.settings import RecognizerSettings
from builder.runtime import Runtime
from builder.studies.verification.paper import paper_threshold
from builder.studies.verification.samples import Evaluation, Judgment, View
from builder.studies.verification.samples.search import SearchSettings
from builder.studies.verification.study import VerificationStudy

log = logging.getLogger(__name__)

MOST_DIMENSIONS = 5_000
"""Numbers of the longest latent that CMA-ES searches: its covariance then takes 0.2 GB for every search of a batch."""

_GRAY = np.full((1, 64, 64, 3), 128, np.uint8)


@dataclass(frozen=True, kw_only=True)
class Models(ModelHost):
    """A study's models by the names that its columns carry; what they return is checked, and the time it took kept.

    All raise ModelError where a model raises or returns what it must not.

    generator_name: as the study has it. alignments: by alignment name; alignment_of: recognizer name -> alignment name;
    target: a recognizer name.
    """

    generator: Generator
    generator_name: str
    recognizers: dict[str, Recognizer]
    alignments: dict[str, Alignment]
    alignment_of: dict[str, str]
    thresholds: dict[str, float]
    distances: dict[str, Distance]
    target: str

    def sized(self) -> dict[str, Any]:
        """The models that see rows in micro-batches, by name."""
        distances = {name: distance for name, distance in self.distances.items() if distance.micro_batch}
        return {"generator": self.generator, **self.recognizers, **distances}

    def sample(self, seeds: Sequence[int]) -> Latents:
        """(n, d), one latent for each seed."""
        rows = range(len(seeds))
        with self._generator().call("sample", rows) as call:
            drawn_latents = self.generator.sample(seeds)
            latents: Latents = call.array(drawn_latents, np.float32, (len(rows), self.generator.space.dim))
        return latents

    def render(self, latents: Latents) -> Images:
        """(n, d), n >= 1 -> (n, h, w, 3)."""
        rows = range(len(latents))
        with self.stopwatch.step("render", len(rows)), self._generator().call("render", rows) as call:
            images: Images = call.array(self.generator.render(latents), np.uint8, (len(rows), "h", "w", 3))
        return images

    def align(self, alignment: str, images: Images) -> Faces:
        """The named alignment's result for images."""
        return align(self, alignment, self.alignments[alignment], images)

    def embed(self, recognizer: str, faces: Faces) -> Embeddings:
        """(n, k); rows of NaN where nothing was found. Only what was found is run through the model."""
        rows = np.flatnonzero(faces.found)
        nonempty = rows if len(rows) else np.arange(1)  # of nothing found only the width is taken
        with (
            self.stopwatch.step("embed", len(rows)),
            self._recognizer(recognizer).call("embed", nonempty.tolist()) as call,
        ):
            vectors = self.recognizers[recognizer].embed(faces.crops[nonempty])
            embedded: Embeddings = call.array(vectors, np.float32, (len(nonempty), "k"), finite=len(rows) > 0)
        embeddings = np.full((len(faces.found), embedded.shape[1]), np.nan, np.float32)
        embeddings[rows] = embedded[: len(rows)]
        return embeddings

    def view(self, images: Images) -> View:
        """Images as the target sees them."""
        faces = self.align(self.alignment_of[self.target], images)
        return View(images, faces, self.embed(self.target, faces))

    def see(self, recognizer: str, view: View) -> Embeddings:
        """The embeddings of images by any recognizer, (n, k), from how the target sees them."""
        if recognizer == self.target:
            return view.embeddings
        alignment = self.alignment_of[recognizer]
        same = alignment == self.alignment_of[self.target]
        return self.embed(recognizer, view.faces if same else self.align(alignment, view.images))

    def evaluate(self, latents: Latents, bases: npt.NDArray[np.intp], base_embeddings: Embeddings) -> Evaluation:
        """Renders candidates and compares each with its base, (n, d) and (n,) indices into `base_embeddings`."""
        self.stopwatch.count(len(latents))
        view = self.view(self.render(latents))
        return Evaluation(view, self.distance(self.target, view.embeddings, base_embeddings[bases]))

    def judge(self, latents: Latents, base_embeddings: dict[str, Embeddings]) -> Judgment:
        """Renders candidates (n, d) and compares each with its base: by recognizer, embeddings of bases (n, k)."""
        self.stopwatch.count(len(latents))
        view, relative = self.view(self.render(latents)), {}
        for name, of_bases in base_embeddings.items():
            distances = self.distance(name, self.see(name, view), of_bases)
            relative[name] = np.asarray(distances / self.thresholds[name], np.float32)
        return view, relative

    def distance(self, recognizer: str, a: Embeddings, b: Embeddings) -> npt.NDArray[np.float32]:
        """(n,), NaN where either row is; the model is given the others."""
        distances = np.full(len(a), np.nan, np.float32)
        rows = np.flatnonzero(~np.isnan(a).any(axis=1) & ~np.isnan(b).any(axis=1))
        if len(rows):
            boundary = self._recognizer(recognizer)
            with self.stopwatch.step("compare", len(rows)), boundary.call("distance", rows.tolist()) as call:
                between = self.recognizers[recognizer].distance(a[rows], b[rows])
                distances[rows] = call.array(between, np.float32, (len(rows),))
        return distances

    def between(self, distance: str, a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """(n,), what a distance of images or of latents makes of the rows of two arrays."""
        boundary, rows = self.boundary(distance, "distance", distance), range(len(a))
        with self.stopwatch.step(distance, len(rows)), boundary.call("between", rows) as call:
            answer = self.distances[distance].between(a, b)
            distances: npt.NDArray[np.float32] = call.array(answer, np.float32, (len(rows),))
        return distances

    def _generator(self) -> Boundary:
        return self.boundary("generator", "generator", self.generator_name)

    def _recognizer(self, name: str) -> Boundary:
        return self.boundary(name, "recognizer", name)


def load_models(study: VerificationStudy, runtime: Runtime) -> Models:
    """Loads what a study names, fetching embedded weights that are missing.

    Raises:
        AssetError: weights are absent and cannot be fetched, or are not what they should be.
        StudyError: a model refuses its argument.
        ModelError: a model fails in another way.
    """
    log.info("loading models on %s, %d threads", runtime.device, runtime.threads)
    generator: Generator = load_model("generator", study.generator.model, lambda: study.generator.load(runtime))
    _check_searches(study, generator)
    recognizers: dict[str, Recognizer] = {
        each.name: load_model("recognizer", each.name, functools.partial(each.load, runtime))
        for each in study.recognizers
    }
    alignment_of = {each.name: each.alignment or recognizers[each.name].alignment for each in study.recognizers}
    models = Models(
        runtime=runtime,
        generator=generator,
        generator_name=study.generator.model,
        recognizers=recognizers,
        alignments={name: alignments.load(name, runtime) for name in sorted(set(alignment_of.values()))},
        alignment_of=alignment_of,
        thresholds={each.name: decision_threshold(each, recognizers[each.name]) for each in study.recognizers},
        distances={
            name: load_model("distance", name, functools.partial(_distance, name, generator, runtime))
            for name in study.distances
        },
        target=study.target,
    )
    for name in recognizers:  # one that cannot take its alignment's crops says so now
        faces = models.align(alignment_of[name], _GRAY)
        models.embed(name, faces._replace(found=np.zeros(1, np.bool_)))  # of gray an embedding need not be finite
    return models


def _check_searches(study: VerificationStudy, generator: Generator) -> None:
    """Refuses searches that the latent space has no room or no limit for, before hours of work."""
    for kind, own in study.samples.by_kind().items():
        if not isinstance(own, SearchSettings):
            continue
        if getattr(own, "levels", ()) and own.strategy is None and generator.space.dim > MOST_DIMENSIONS:
            raise StudyError(
                f"samples.{kind}: a search among latents of {generator.space.dim} numbers needs that many squared, for "
                f'its covariance; at most {MOST_DIMENSIONS} are searched. Write strategy = "diagonal", or levels = [] '
                "to leave searches out"
            )
        if own.max_norm is not None:
            generator.space.limit(np.zeros((1, generator.space.dim)), own.max_norm)


def _distance(name: str, generator: Generator, runtime: Runtime) -> Any:
    return registry.load("distances", name).load(name, generator, runtime)


def decision_threshold(settings: RecognizerSettings, recognizer: Recognizer) -> float:
    """The decision distance of a recognizer as the study sets it.

    Raises:
        StudyError: neither the study nor the model has one, or the paper has none for it.
    """
    if settings.threshold == "paper":
        dimensions: int = getattr(recognizer, "dimensions", 0)  # of those for which the paper has one
        return paper_threshold(settings.name, settings.model, recognizer.metric, dimensions)
    threshold = settings.threshold or recognizer.threshold
    if threshold is None:
        raise StudyError(f"recognizers: {settings.name} has no threshold of its own; add threshold = ... to its table")
    return threshold
