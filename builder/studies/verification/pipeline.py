"""The making of one batch: the method of the study, step by step.

A batch depends on the study and its own number alone; nothing here knows of folders or other batches.
"""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from builder import progress, registry
from builder.boundary import Boundary, Call, context
from builder.errors import ModelError, Place
from builder.generators import Latents
from builder.recognizers import Embeddings, Faces
from builder.studies import Batch
from builder.studies.verification import tables
from builder.studies.verification.models import Models
from builder.studies.verification.samples import (
    Bases,
    Drawn,
    Evaluation,
    Judgment,
    Picture,
    Round,
    Sample,
    SampleKind,
    View,
    base_name,
    randomness,
)
from builder.studies.verification.study import SEEDS_PER_BATCH, VerificationStudy
from builder.studies.verification.tables import Gallery


def build_batch(study: VerificationStudy, models: Models, batch: int) -> Batch:
    """Draws, renders, searches, scores.

    Raises:
        ModelError: too few seeds in whose image something is found, or a model that does not deliver.
    """
    models.restart()
    with models.stopwatch.step("other"), context(batch=batch):  # "other": what lies in no step of its own
        seeds, passed_over, bases = draw_bases(study, models, batch)
        with context(seeds=seeds):
            samples, rounds = draw_samples(study, models, bases, batch)
            gallery = show(models, bases, samples)
            scores = score(models, gallery, samples)
        with models.stopwatch.step("tables", len(gallery.names)):
            named = tables.Names(study.name, batch)
            built = tables.build(models, named, gallery, seeds, samples, scores, rounds)
    return Batch(built, seeds, passed_over, models.stopwatch.steps(), models.forced_micro_batches())


def draw_bases(study: VerificationStudy, models: Models, batch: int) -> tuple[list[int], list[int], Bases]:
    """The first seeds of the batch in whose image the target's alignment finds something.

    Returns:
        The seeds kept, those passed over before the last one kept, and the bases.
    """
    first = study.first_seed + SEEDS_PER_BATCH * batch
    tried = range(first, first + SEEDS_PER_BATCH)
    base_seeds: list[int] = []
    pictures: list[Picture] = []
    with models.stopwatch.step("draw bases"), progress.bar(SEEDS_PER_BATCH, "seeds", "seed") as bar:
        start = 0
        while len(base_seeds) < study.bases_per_batch and start < SEEDS_PER_BATCH:
            # No more than have to be tried, in whole micro-batches: as many of them at a time as there are threads.
            rounds = -(-(study.bases_per_batch - len(base_seeds)) // models.generator.micro_batch)
            seeds = tried[start : start + rounds * models.generator.micro_batch]
            start += len(seeds)
            models.stopwatch.count(len(seeds))
            with context(rows=[Place(seed=seed) for seed in seeds]):
                latents = models.sample(seeds)
                view = models.view(models.render(latents))
            for row in np.flatnonzero(view.faces.found)[: study.bases_per_batch - len(base_seeds)].tolist():
                pictures.append(Picture(base_name(len(base_seeds)), latents[row], view.row(row)))
                base_seeds.append(seeds[row])
            bar.set_postfix_str(f"{len(base_seeds)} of {study.bases_per_batch} bases")
            bar.update(len(seeds))
    if len(base_seeds) < study.bases_per_batch:
        raise ModelError(
            f"found something in {len(base_seeds)} of the images that generator {study.generator.model!r} makes of the "
            f"seeds {tried[0]} to {tried[-1]}; {study.bases_per_batch} bases are wanted. Is it the right alignment for "
            "them?",
            f"alignment {models.alignment_of[models.target]!r}",
        )
    passed_over = sorted(set(range(first, base_seeds[-1])) - set(base_seeds))
    embeddings = np.concatenate([picture.view.embeddings for picture in pictures if picture.view])

    def evaluate(latents: Latents, indices: npt.NDArray[np.intp]) -> Evaluation:
        with context(rows=[Place(base=int(base)) for base in indices]):
            return models.evaluate(latents, indices, embeddings)

    views = [picture.view for picture in pictures if picture.view]

    @functools.cache
    def embedded(recognizer: str) -> Embeddings:
        return models.see(recognizer, View.concatenate(views))

    def judge(recognizers: tuple[str, ...], latents: Latents, indices: npt.NDArray[np.intp]) -> Judgment:
        compared = {name: embedded(name)[indices] for name in recognizers}
        with context(rows=[Place(base=int(base)) for base in indices]):
            return models.judge(latents, compared)

    space, names = models.generator.space, tuple(models.recognizers)
    return base_seeds, passed_over, Bases(tuple(pictures), space, evaluate, names, judge)


def draw_samples(
    study: VerificationStudy, models: Models, bases: Bases, batch: int
) -> tuple[dict[str, list[Sample]], list[Round]]:
    """The samples of every kind, by kind, and the rounds of all searches."""
    samples: dict[str, list[Sample]] = {}
    rounds: list[Round] = []
    for kind, settings in tables.kinds(study.samples).items():
        module: SampleKind = registry.load("samples", kind)
        boundary = Boundary("sample kind", kind)
        with models.stopwatch.step(f"draw {kind}"), context(kind=kind), boundary.call("draw") as call:
            answer = module.draw(bases, settings, randomness(study.seed, batch, kind))
            answered = _checked_drawn(call, answer, bases.count, bases.space.dim)
        samples[kind] = answered.samples
        rounds += answered.rounds
    return samples, rounds


def _checked_drawn(call: Call, answer: Any, bases: int, dim: int) -> Drawn:
    """The samples of a kind in a batch of so many bases, checked, from a space of `dim` numbers.

    Raises:
        ModelError: it is not what `Drawn` says.
    """
    if not isinstance(answer, Drawn):
        raise call.fault(f"{call.method} gave {type(answer).__name__}; wanted is Drawn")
    for sample in answer.samples:
        for index in (sample.base, sample.anchor):
            if index is not None and index not in range(bases):
                raise call.fault(f"{call.method} gave a sample of base {index!r}; the batch has {bases} bases")
        what = f"the latent of {sample.picture.name!r}"
        latent = call.array(sample.picture.latent, np.float32, (dim,), what, finite=False)
        if not np.isfinite(latent).all():
            raise call.fault(f"{call.method} gave {what} with numbers that are not finite")
    return answer


def show(models: Models, bases: Bases, samples: dict[str, list[Sample]]) -> Gallery:
    """Every different picture of the batch once: rendered once, aligned once per alignment, embedded once per
    recognizer. What a search or the choice of bases rendered and embedded is not done again.
    """
    pictures = {picture.name: picture for picture in bases.pictures}
    for sample in (sample for of_kind in samples.values() for sample in of_kind):
        pictures.setdefault(sample.picture.name, sample.picture)
    views = {name: picture.view for name, picture in pictures.items() if picture.view is not None}
    unseen = [name for name in pictures if name not in views]
    places = _places(bases, samples)
    if unseen:
        with context(rows=[places[name] for name in unseen]):
            view = models.view(models.render(np.stack([pictures[name].latent for name in unseen])))
        views |= {name: view.row(row) for row, name in enumerate(unseen)}
    with context(rows=[places[name] for name in pictures]):
        return _gallery(models, list(pictures.values()), [views[name] for name in pictures])


def _places(bases: Bases, samples: dict[str, list[Sample]]) -> dict[str, Place]:
    """The place where each picture is shown first, by its name."""
    places: dict[str, Place] = {}
    for kind, of_kind in samples.items():
        for sample in of_kind:
            places.setdefault(sample.picture.name, Place(kind, sample.base))
    return {picture.name: Place(base=base) for base, picture in enumerate(bases.pictures)} | places


def _gallery(models: Models, pictures: list[Picture], views: list[View]) -> Gallery:
    images = np.concatenate([view.images for view in views])
    target_alignment = models.alignment_of[models.target]
    faces = {target_alignment: Faces.concatenate([view.faces for view in views])}
    for alignment in models.alignments:
        if alignment not in faces:
            faces[alignment] = models.align(alignment, images)
    embeddings: dict[str, Embeddings] = {}
    for name in models.recognizers:
        if name == models.target:
            embeddings[name] = np.concatenate([view.embeddings for view in views])
        else:
            embeddings[name] = models.embed(name, faces[models.alignment_of[name]])
    latents = np.stack([picture.latent for picture in pictures])
    return Gallery([picture.name for picture in pictures], latents, images, faces, embeddings)


def score(models: Models, gallery: Gallery, samples: dict[str, list[Sample]]) -> dict[str, tables.Column]:
    """The distance of every pair, by column: a recognizer's NaN where something was not found."""
    pairs = [sample for of_kind in samples.values() for sample in of_kind]
    base = np.array([gallery.row(base_name(sample.base)) for sample in pairs])
    other = np.array([gallery.row(sample.picture.name) for sample in pairs])
    scores: dict[str, tables.Column] = {}
    with context(rows=[Place(kind, sample.base) for kind, of_kind in samples.items() for sample in of_kind]):
        for name, embedded in gallery.embeddings.items():
            scores[f"{name}_distance"] = models.distance(name, embedded[base], embedded[other])
        for name, distance in models.distances.items():
            of = gallery.images if distance.on == "images" else gallery.latents
            scores[name] = models.between(name, of[base], of[other])
    return scores
