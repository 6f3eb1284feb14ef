"""Recognizers, on generated faces: `python -m benchmarks.recognizer`.

dlib's network in torch against dlib's own runtime, on the same 256 chips. And the share of pairs of different faces
that each packaged recognizer accepts at its threshold, which is where that of `faceplugin` comes from.
"""

import time
from collections.abc import Callable

import dlib
import numpy as np

from builder import assets
from builder.generators import Images, dcgan
from builder.recognizers import Recognizer, alignments, faceplugin
from builder.recognizers import dlib as dlib_recognizer
from builder.recognizers.alignments import hog
from builder.runtime import Runtime, start_runtime

CHIPS = 256
WANTED = 15
STRANGERS = range(10_000_000, 10_000_400)
"""Seeds of which no study draws its bases by default."""


def main() -> None:
    """Prints faces per second of both and their ratio."""
    runtime = start_runtime("cpu")
    generator, alignment = dcgan.load(None, dcgan.Settings(), runtime), hog.load(runtime)
    ours = dlib_recognizer.load(None, dlib_recognizer.Settings(), runtime)
    faces = alignment.align(generator.render(generator.sample(range(3 * CHIPS))))
    chips = faces.crops[faces.found][:CHIPS]
    reference = dlib.face_recognition_model_v1(str(assets.path(dlib_recognizer.NETWORK)))
    ours.embed(chips)  # the first call sets up kernels
    our_seconds = min(seconds(lambda: ours.embed(chips)) for _ in range(3))
    their_seconds = seconds(lambda: [reference.compute_face_descriptor(chip) for chip in chips])
    embedded = np.array([reference.compute_face_descriptor(chip) for chip in chips[:16]])
    print(f"{len(chips)} chips, {runtime.threads} threads, {runtime.device}")
    print(f"{'':28}{'ms a face':>10}{'faces/s':>10}")
    print(f"{'dlib.face_recognition_model_v1':28}{their_seconds / CHIPS * 1e3:8.2f}{CHIPS / their_seconds:10.1f}")
    print(f"{'dlib in torch':28}{our_seconds / CHIPS * 1e3:10.2f}{CHIPS / our_seconds:10.1f}")
    print(f"ratio {their_seconds / our_seconds:.1f} (wanted: at least {WANTED})")
    print(f"largest difference of a component, 16 faces: {np.abs(embedded - ours.embed(chips[:16])).max():.1e}")
    strangers = generator.render(generator.sample(STRANGERS))
    other = faceplugin.load(None, faceplugin.Settings(), runtime)
    recognizers: dict[str, Recognizer] = {"dlib": ours, "faceplugin": other}
    for name, recognizer in recognizers.items():
        count, share = accepted_strangers(recognizer, strangers, runtime)
        print(f"{name} accepts {share:.1%} of the pairs of {count} generated faces at {recognizer.threshold}")


def accepted_strangers(recognizer: Recognizer, images: Images, runtime: Runtime) -> tuple[int, float]:
    """The number of images in which a face is found, and the share of their pairs that is accepted."""
    faces = alignments.load(recognizer.alignment, runtime).align(images)
    embedded = recognizer.embed(faces.crops[faces.found])
    a, b = np.triu_indices(len(embedded), 1)
    return len(embedded), float(np.mean(recognizer.distance(embedded[a], embedded[b]) <= (recognizer.threshold or 0)))


def seconds(run: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
