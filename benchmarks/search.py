"""Searches as `builder` runs them against the obvious script: `python -m benchmarks.search`.

The obvious script, for each of 3 searches and 5 rounds: ask cma, and for each candidate render one latent,
enlarge the image, call `face_recognition.face_encodings` and take the distance; then tell. Ours: the same
searches as a part of the default batch, with each of three alignments. Rates are candidates per second.
Also printed: the share of the default batch's searches that generator, alignment and recognizer take. All of it alone,
and beside as many busy processes as there are cores; script and ours take turns, and the median of their ratios counts.
"processor" is the ratio of candidates per second of processor time times the threads, which the script has one of: what
idle cores would give, however busy they are.
"""

import contextlib
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

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

SEARCHES, ROUNDS, TURNS = 3, 5, 3
WANTED = {
    "alone": {"hog": 14, "hog_coarse": 25, "center": 15},
    "beside busy processes": {"hog": 10, "hog_coarse": 10, "center": 10},
}
WANTED_SHARE = 0.8


def main() -> None:
    """Prints candidates per second of the script and of ours, the ratios, and the models' share of the time."""
    runtime = start_runtime("cpu")
    print(f"{SEARCHES} searches, {ROUNDS} rounds, {TURNS} turns, {runtime.threads} threads, {runtime.device}")
    for company, wanted in WANTED.items():
        print(f"\n{company}; load {os.getloadavg()[0]:.1f} in the minute before")
        heads = (("candidates/s", 14), ("ratio", 8), ("least", 8), ("processor", 11), ("wanted", 8), ("in models", 11))
        print(" " * 16 + "".join(f"{head:>{width}}" for head, width in heads), flush=True)
        with busy(0 if company == "alone" else runtime.threads):
            compare(runtime, wanted)
    print("\nsearches to their end, alone")
    for alignment in WANTED["alone"]:
        rate, _, share = ours(runtime, alignment, 100)
        print(f"{alignment:16}{rate:14.1f}{'':35}{share:11.0%}", flush=True)
    print(f"wanted in models: at least {WANTED_SHARE:.0%}")


def compare(runtime: Runtime, wanted: dict[str, int]) -> None:
    """Prints a line for the script and one for each alignment, which take turns: medians, and the least ratio."""
    scripts: list[float] = []
    turns: dict[str, list[tuple[float, float, float, float]]] = {alignment: [] for alignment in wanted}
    for _ in range(TURNS):
        script, of_script = obvious_script(runtime)
        scripts.append(script)
        for alignment, measured in turns.items():
            rate, of_processor, share = ours(runtime, alignment, ROUNDS)
            measured.append((rate, rate / script, runtime.threads * of_processor / of_script, share))
    print(f"{'obvious script':16}{statistics.median(scripts):14.1f}{1:8.1f}")
    for alignment, measured in turns.items():
        rates, ratios, on_idle_cores, shares = map(list, zip(*measured, strict=True))
        print(
            f"{alignment:16}{statistics.median(rates):14.1f}{statistics.median(ratios):8.1f}{min(ratios):8.1f}"
            f"{statistics.median(on_idle_cores):11.1f}{wanted[alignment]:8}{statistics.median(shares):11.0%}",
            flush=True,
        )


@contextlib.contextmanager
def busy(processes: int) -> Iterator[None]:
    """Other processes that compute without end, until the block ends."""
    neighbors = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for neighbor in neighbors:
            neighbor.kill()
            neighbor.wait()


def ours(runtime: Runtime, alignment: str, iterations: int) -> tuple[float, float, float]:
    """All searches of the default batch for `iterations` rounds: candidates per second, and per second of processor
    time, and the share of models.
    """
    study, models, bases = first_batch(runtime, alignment, iterations)
    bases.evaluate(np.repeat(bases.pictures[0].latent[None], 32, axis=0), np.zeros(32, np.intp))  # warm
    models.stopwatch.restart()
    start, processor = time.perf_counter(), time.process_time()
    drawn = optimized.draw(bases, study.samples.optimized, randomness(0, 0, "optimized"))
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    candidates = sum(each.evaluations for each in drawn.rounds if each.stop)
    in_models = sum(each.seconds for each in models.stopwatch.steps() if each.step in ("render", "align", "embed"))
    return candidates / seconds, candidates / processor, in_models / seconds


def first_batch(runtime: Runtime, alignment: str, iterations: int) -> tuple[VerificationStudy, Models, Bases]:
    """The default study's first batch, with another alignment and number of rounds."""
    recognizers = [{"name": "dlib", "model": "dlib", "alignment": alignment}]
    settings = {"max_iterations": iterations, "max_norm": 1.2}
    keys = {"name": "benchmark", "recognizers": recognizers, "samples": {"optimized": settings}}
    study = verification(parse_study(keys, "benchmark"))
    models = load_models(study, runtime)
    _, _, bases = draw_bases(study, models, 0)
    return study, models, bases


def obvious_script(runtime: Runtime) -> tuple[float, float]:
    """Candidates per second, and per second of processor time."""
    _, _, bases = first_batch(runtime, "hog", ROUNDS)
    pictures = bases.pictures
    generator = dcgan.load(None, dcgan.Settings(), runtime)
    generator.micro_batch = 1  # one image at a time is the script's way
    base = encoded(generator, pictures[0].latent)
    start, processor = time.perf_counter(), time.process_time()
    candidates = 0
    for anchor in range(1, 1 + SEARCHES):
        options = {"seed": 1 + anchor, "verbose": -9, "verb_log": 0}
        search = cma.CMAEvolutionStrategy(pictures[anchor].latent.astype(float), 1.0, options)
        for _ in range(ROUNDS):
            asked = search.ask()
            search.tell(asked, [distance(encoded(generator, latent.astype(np.float32)), base) for latent in asked])
            candidates += len(asked)
    return candidates / (time.perf_counter() - start), candidates / (time.process_time() - processor)


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
