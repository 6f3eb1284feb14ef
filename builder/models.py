"""The models of a study, loaded, and what a batch asks of them."""

import logging
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from builder import registry
from builder.distances import Distance
from builder.errors import BuildError, StudyError
from builder.generators import Generator, Images, Latents
from builder.recognizers import Alignment, Embeddings, Faces, Recognizer, alignments
from builder.recognizers.paper import paper_threshold
from builder.runtime import Runtime
from builder.samples import Evaluation, View
from builder.stopwatch import Stopwatch
from builder.study import RecognizerSettings, Study

log = logging.getLogger(__name__)

MOST_DIMENSIONS = 5_000
"""Of a latent that CMA-ES searches: its covariance then takes 0.2 GB for every search of a batch."""

_GRAY = np.full((1, 64, 64, 3), 128, np.uint8)


@dataclass(frozen=True)
class Models:
    """A study's models by the names that its columns carry.

    alignments: by alignment name; alignment_of: recognizer name -> alignment name; target: a recognizer name.
    """

    generator: Generator
    recognizers: dict[str, Recognizer]
    alignments: dict[str, Alignment]
    alignment_of: dict[str, str]
    thresholds: dict[str, float]
    distances: dict[str, Distance]
    target: str
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    def micro_batches(self) -> dict[str, int]:
        """Rows that each model sees at a time, by its name; those of the manifest."""
        sizes = {"generator": self.generator.micro_batch}
        sizes |= {name: recognizer.micro_batch for name, recognizer in self.recognizers.items()}
        return sizes | {name: distance.micro_batch for name, distance in self.distances.items() if distance.micro_batch}

    def render(self, latents: Latents) -> Images:
        """(n, d), n >= 1 -> (n, h, w, 3)."""
        with self.stopwatch.step("render", len(latents)):
            return self.generator.render(latents)

    def align(self, alignment: str, images: Images) -> Faces:
        """What the named alignment makes of images."""
        with self.stopwatch.step("align", len(images)):
            return self.alignments[alignment].align(images)

    def embed(self, recognizer: str, faces: Faces) -> Embeddings:
        """(n, k); rows of NaN where nothing was found. Only what was found is run through the model.

        Raises:
            BuildError: the model returned something that is no finite embedding.
        """
        with self.stopwatch.step("embed", int(faces.found.sum())):
            return _embed(recognizer, self.recognizers[recognizer], faces)

    def view(self, images: Images) -> View:
        """Images as the target sees them."""
        faces = self.align(self.alignment_of[self.target], images)
        return View(images, faces, self.embed(self.target, faces))

    def evaluate(self, latents: Latents, bases: npt.NDArray[np.intp], base_embeddings: Embeddings) -> Evaluation:
        """Renders candidates and compares each with its base, (n, d) and (n,) indices into `base_embeddings`."""
        self.stopwatch.count(len(latents))
        view = self.view(self.render(latents))
        return Evaluation(view, self.distance(self.target, view.embeddings, base_embeddings[bases]))

    def distance(self, recognizer: str, a: Embeddings, b: Embeddings) -> npt.NDArray[np.float32]:
        """(n,), NaN where either row is."""
        with self.stopwatch.step("compare", len(a)):
            return self.recognizers[recognizer].distance(a, b)


def load_models(study: Study, runtime: Runtime) -> Models:
    """Loads what a study names, fetching embedded weights that are missing.

    Raises:
        AssetError: weights are absent and cannot be fetched, or are not what they should be.
        StudyError: a model refuses its argument.
    """
    log.info("loading models on %s, %d threads", runtime.device, runtime.threads)
    generator: Generator = study.generator.load(runtime)
    if study.samples.optimized.levels and generator.space.dim > MOST_DIMENSIONS:  # type: ignore[attr-defined]
        raise StudyError(
            f"samples.optimized: a search among latents of {generator.space.dim} numbers needs that many squared, for "
            f"its covariance; at most {MOST_DIMENSIONS} are searched. Write levels = [] to leave searches out"
        )
    if study.max_norm is not None:  # a space that has no such limit says so now, not after hours
        generator.space.limit(np.zeros((1, generator.space.dim)), study.max_norm)
    recognizers: dict[str, Recognizer] = {each.name: each.load(runtime) for each in study.recognizers}
    alignment_of = {each.name: each.alignment or recognizers[each.name].alignment for each in study.recognizers}
    models = Models(
        generator=generator,
        recognizers=recognizers,
        alignments={name: alignments.load(name, runtime) for name in sorted(set(alignment_of.values()))},
        alignment_of=alignment_of,
        thresholds={each.name: decision_threshold(each, recognizers[each.name]) for each in study.recognizers},
        distances={
            name: registry.load("distances", name).load(name, generator.space, runtime) for name in study.distances
        },
        target=study.target,
    )
    for name, recognizer in recognizers.items():  # one that cannot take its alignment's crops says so now
        recognizer.embed(models.alignments[alignment_of[name]].align(_GRAY).crops)
    return models


def decision_threshold(settings: RecognizerSettings, recognizer: Recognizer) -> float:
    """The decision distance of a recognizer as the study sets it.

    Raises:
        StudyError: neither the study nor the model has one, or the paper has none for it.
    """
    if settings.threshold == "paper":
        return paper_threshold(settings.name, settings.model, recognizer.metric)
    threshold = settings.threshold or recognizer.threshold
    if threshold is None:
        raise StudyError(f"recognizers: {settings.name} has no threshold of its own; add threshold = ... to its table")
    return threshold


def _embed(name: str, recognizer: Recognizer, faces: Faces) -> Embeddings:
    if not faces.found.any():
        width = recognizer.embed(faces.crops[:1]).shape[1]
        return np.full((len(faces.found), width), np.nan, np.float32)
    embedded = recognizer.embed(faces.crops[faces.found])
    if embedded.ndim != 2 or len(embedded) != faces.found.sum() or not np.isfinite(embedded).all():
        raise BuildError(
            f"recognizer {name!r}: embed gave an array of shape {embedded.shape} with "
            f"{np.count_nonzero(~np.isfinite(embedded))} values that are not finite for "
            f"{faces.found.sum()} crops; wanted is one finite embedding for each"
        )
    embeddings = np.full((len(faces.found), embedded.shape[1]), np.nan, np.float32)
    embeddings[faces.found] = embedded
    return embeddings
