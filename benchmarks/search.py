"""Searches as `builder` runs them against the obvious script: `python -m benchmarks.search`.

The obvious script, for each of 3 searches and 5 rounds: ask cma, and for each candidate render one latent,
enlarge the image, call `face_recognition.face_encodings` and take the distance; then tell. Ours: the same
searches as a part of the default batch, with `hog` and with `center`. Rates are candidates per second.
Also printed: the share of the default batch's searches that generator, alignment and recognizer take.
"""

import math
import time

import cma
import face_recognition
import numpy as np

from builder.generators import Latents, dcgan
from builder.recognizers.alignments.hog import enlarge
from builder.runtime import Runtime, start_runtime
from builder.studies.verification.models import Models, load_models
from builder.studies.verification.pipeline import draw_bases
from builder.studies.verification.samples import Bases, optimized, randomness
from builder.studies.verification.study import VerificationStudy, verification
from builder.study import parse_study

SEARCHES, ROUNDS = 3, 5
WANTED = {"hog": 8, "center": 15}
WANTED_SHARE = 0.8


def main() -> None:
    """Prints candidates per second of the script and of ours, the ratios, and the models' share of the time."""
    runtime = start_runtime("cpu")
    script_rate = obvious_script(runtime)
    print(f"{SEARCHES} searches, {ROUNDS} rounds, {runtime.threads} threads, {runtime.device}")
    print(f"{'':16}{'candidates/s':>14}{'ratio':>8}{'wanted':>8}{'in models':>11}")
    print(f"{'obvious script':16}{script_rate:14.1f}{1:8.1f}")
    for alignment, wanted in WANTED.items():
        for iterations, name in ((ROUNDS, alignment), (100, f"{alignment}, whole")):
            rate, share = ours(runtime, alignment, iterations)
            print(f"{name:16}{rate:14.1f}{rate / script_rate:8.1f}{wanted:8}{share:11.0%}")
    print(f"wanted in models: at least {WANTED_SHARE:.0%}")


def ours(runtime: Runtime, alignment: str, iterations: int) -> tuple[float, float]:
    """All searches of the default batch for `iterations` rounds: candidates per second, share of models."""
    study, models, bases = first_batch(runtime, alignment, iterations)
    bases.evaluate(np.repeat(bases.pictures[0].latent[None], 32, axis=0), np.zeros(32, np.intp))  # warm
    models.stopwatch.restart()
    start = time.perf_counter()
    drawn = optimized.draw(bases, study.samples.optimized, randomness(0, 0, "optimized"))
    seconds = time.perf_counter() - start
    candidates = sum(each.evaluations for each in drawn.rounds if each.stop)
    in_models = sum(each.seconds for each in models.stopwatch.steps() if each.step in ("render", "align", "embed"))
    return candidates / seconds, in_models / seconds


def first_batch(runtime: Runtime, alignment: str, iterations: int) -> tuple[VerificationStudy, Models, Bases]:
    """The default study's first batch, with another alignment and number of rounds."""
    recognizers = [{"name": "dlib", "model": "dlib", "alignment": alignment}]
    settings = {"max_iterations": iterations, "max_norm": 1.2}
    keys = {"name": "benchmark", "recognizers": recognizers, "samples": {"optimized": settings}}
    study = verification(parse_study(keys, "benchmark"))
    models = load_models(study, runtime)
    _, _, bases = draw_bases(study, models, 0)
    return study, models, bases


def obvious_script(runtime: Runtime) -> float:
    """Candidates per second."""
    _, _, bases = first_batch(runtime, "hog", ROUNDS)
    pictures = bases.pictures
    generator = dcgan.load(None, dcgan.Settings(), runtime)
    generator.micro_batch = 1  # one image at a time is the script's way
    base = encoded(generator, pictures[0].latent)
    start = time.perf_counter()
    candidates = 0
    for anchor in range(1, 1 + SEARCHES):
        options = {"seed": 1 + anchor, "verbose": -9, "verb_log": 0}
        search = cma.CMAEvolutionStrategy(pictures[anchor].latent.astype(float), 1.0, options)
        for _ in range(ROUNDS):
            asked = search.ask()
            search.tell(asked, [distance(encoded(generator, latent.astype(np.float32)), base) for latent in asked])
            candidates += len(asked)
    return candidates / (time.perf_counter() - start)


def encoded(generator: dcgan.DCGAN, latent: Latents) -> np.ndarray | None:
    """One image's encoding; None where no face is found."""
    image = generator.render(latent[None])[0]
    encodings = face_recognition.face_encodings(enlarge(image), model="small")
    return encodings[0] if encodings else None


def distance(encoding: np.ndarray | None, base: np.ndarray | None) -> float:
    """Euclidean; a fixed worst score where a face is missing."""
    return 1e6 if encoding is None or base is None else math.dist(encoding, base)


if __name__ == "__main__":
    main()
