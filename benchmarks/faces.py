"""A table like FER-2013's, 35,887 gray faces of 48 pixels, built as a study: `python -m benchmarks.faces [ROWS]`.

The faces are of the embedded generator, some hundreds of them again and again: what is measured does not depend on what
they show. Once without a detector, and once behind dlib's, which sees them enlarged.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from builder.generators import dcgan
from builder.images.fer2013 import SIDE
from builder.runtime import start_runtime
from builder.shards import StudyFolder

ROWS = 35_887
"""Rows of FER-2013."""

DIFFERENT = 512
"""Faces that differ."""

WANTED_S = 180

STUDY = """
study = "expression"
name = "faces"
groups = []
faces_per_batch = 1000
batches = {batches}
images = {{ model = "fer2013:{table}", votes = "" }}
classifiers = [{{ name = "fer", model = "fer", alignment = "{alignment}" }}]
"""


def main(rows: int) -> None:
    """Prints seconds of the whole build, and of its steps, by the clock and of the processor."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_table(folder / "fer2013.csv", rows)
        for alignment in ("none", "hog"):
            batches = -(-rows // 1000)
            study = STUDY.format(table=folder / "fer2013.csv", batches=batches, alignment=alignment)
            (folder / f"{alignment}.toml").write_text(study)
            clock, processor = seconds(folder / f"{alignment}.toml", folder / alignment)
            wanted = f" (wanted: {WANTED_S} s on 2 idle cores)" if (alignment, rows) == ("none", ROWS) else ""
            print(f"{rows:,} faces, alignment {alignment}: {clock:.0f} s, {processor:.0f} s of processor time{wanted}")
            built = StudyFolder(folder / alignment)
            faces_found = sum(sum(built.read("items", batch)["fer_found"].to_pylist()) for batch in built.finished())
            print(f"  a face found in {faces_found:,}; seconds of all workers by step, by the clock:", steps(built))


def write_table(path: Path, rows: int) -> None:
    """A table of pixels as FER-2013's."""
    generator = dcgan.load(None, dcgan.Settings(), start_runtime("cpu"))
    texts = [pixels(face) for face in generator.render(generator.sample(range(DIFFERENT)))]
    with path.open("w") as file:
        file.write("emotion,pixels,Usage\n")
        for row in range(rows):
            file.write(f"{row % 7},{texts[row % DIFFERENT]},Training\n")


def pixels(face: npt.NDArray[np.uint8]) -> str:
    """A face as the table has it."""
    gray = cv2.cvtColor(cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    return " ".join(map(str, gray.ravel().tolist()))


def seconds(study: Path, out: Path) -> tuple[float, float]:
    """Seconds of the build of a study in processes of their own: by the clock, and of the processor."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "builder", "build", study, "--out", out], check=True, stdout=subprocess.DEVNULL
    )
    after, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def steps(folder: StudyFolder) -> str:
    """Seconds by step, of all batches."""
    totals, study_hash = dict[str, float](), folder.manifest().study_hash
    for batch in folder.finished():
        for step, spent in folder.batch_manifest(batch, study_hash).timings.items():
            totals[step] = totals.get(step, 0) + spent
    return ", ".join(f"{step} {spent:.0f}" for step, spent in totals.items())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
