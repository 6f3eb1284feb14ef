"""The alignment `hog_coarse` beside `hog`: `python -m benchmarks.alignment`.

Images are random ones of the embedded generator and every fourth round of four searches of the default batch. Printed:
milliseconds of processor time an image, in how many a face is found, and how far apart the two are in what dlib's
network makes of them: the distances of images to a base of the search, or of random images to the one before them.
"""

import time

import numpy as np
import numpy.typing as npt

from benchmarks.search import first_batch
from builder.generators import Images
from builder.recognizers import Alignment, Embeddings, alignments
from builder.recognizers.dlib import THRESHOLD
from builder.runtime import start_runtime
from builder.studies.verification.models import Models
from builder.studies.verification.samples import Bases, Evaluation, randomness
from builder.studies.verification.samples.search import Search, SearchSettings, run_together

RANDOM, FIRST_SEED = 400, 20_000_000
SEARCHES, ROUNDS, EVERY = ((0, 1), (1, 2), (2, 3), (3, 0)), 17, 4
"""Base and anchor of each search."""

Distances = npt.NDArray[np.float32]


def main() -> None:
    """Prints one table of both alignments, and a line for each set of images."""
    runtime = start_runtime("cpu")
    _, models, bases = first_batch(runtime, "hog", ROUNDS)
    references = np.stack([picture.latent for picture in bases.pictures])
    images = {
        "random": models.render(models.sample(range(FIRST_SEED, FIRST_SEED + RANDOM))),
        "search": candidates(bases),
        "bases": models.render(references),
    }
    print(f"{'':12}{'images':>8}{'ms hog':>8}{'coarse':>8}{'found':>8}{'coarse':>8}{'lost':>6}", flush=True)
    both = [alignments.load(each, runtime) for each in ("hog", "hog_coarse")]
    for alignment in both:
        alignment.align(np.repeat(images["bases"], 8, axis=0))  # every stream makes a detector of its own, once
    embedded = {name: compare(models, both, rows, name) for name, rows in images.items()}
    print(f"\n{'':12}{'pairs':>8}{'median':>8}{'95 %':>8}{'most':>8}{'bias':>8}{'other side of ' + str(THRESHOLD):>22}")
    print_differences("random", *(distances(each, np.roll(each, 1, axis=0)) for each in embedded["random"]))
    to_bases = [
        np.concatenate([distances(own, base) for base in of_bases])
        for own, of_bases in zip(embedded["search"], embedded["bases"], strict=True)
    ]
    print_differences("search", *to_bases)


def candidates(bases: Bases) -> Images:
    """Images that four searches with `hog` evaluated."""
    rounds: list[Images] = []

    def evaluate(latents: npt.NDArray[np.float32], towards: npt.NDArray[np.intp]) -> Evaluation:
        evaluation = bases.evaluate(latents, towards)
        rounds.append(evaluation.view.images)
        return evaluation

    rng = randomness(0, 0, "optimized")
    searches = [
        Search(
            name="",
            base=base,
            anchor=anchor,
            start=bases.pictures[anchor].latent,
            settings=SearchSettings(max_iterations=ROUNDS, max_norm=1.2),
            scores={},
            stop=0.3,
            space=bases.space,
            rng=rng(base, anchor),
        )
        for base, anchor in SEARCHES
    ]
    run_together(searches, evaluate)
    return np.concatenate(rounds[::EVERY])


def compare(models: Models, both: list[Alignment], images: Images, name: str) -> list[Embeddings]:
    """Prints processor time and faces of both alignments; the embeddings by each, NaN where nothing was found."""
    faces, spent = [], []
    for alignment in both:
        start = time.process_time()
        faces.append(alignment.align(images))
        spent.append(1000 * (time.process_time() - start) / len(images))
    has_face = [each.found for each in faces]
    print(
        f"{name:12}{len(images):8}{spent[0]:8.2f}{spent[1]:8.2f}{has_face[0].sum():8}{has_face[1].sum():8}"
        f"{(has_face[0] & ~has_face[1]).sum():6}",
        flush=True,
    )
    return [models.embed("dlib", each) for each in faces]


def distances(a: Embeddings, b: Embeddings) -> Distances:
    """Between rows; NaN where nothing was found."""
    between: Distances = np.linalg.norm(a - b, axis=1)
    return between


def print_differences(name: str, hog: Distances, coarse: Distances) -> None:
    """Prints how far the distances by one alignment are from those by the other."""
    seen = ~np.isnan(hog) & ~np.isnan(coarse)
    apart = (coarse - hog)[seen]
    median, high = np.percentile(np.abs(apart), (50, 95))
    other = np.mean((hog[seen] <= THRESHOLD) != (coarse[seen] <= THRESHOLD))
    print(
        f"{name:12}{seen.sum():8}{median:8.3f}{high:8.3f}{np.abs(apart).max():8.3f}{apart.mean():+8.3f}{other:22.1%}",
        flush=True,
    )


if __name__ == "__main__":
    main()
