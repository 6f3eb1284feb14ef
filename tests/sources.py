"""Small studies of pictures that may not be redistributed, one of each kind that draws from a source, built here."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from builder.images import mnist
from builder.runtime import Runtime
from builder.shards import StudyFolder
from builder.studies import load_kind
from builder.study import Study, parse_study
from builder.trained import keep_weights

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
LICENSE = "FER-2013's terms (research use); not redistributed"
PUBLISH = {"license": "cc0-1.0", "authors": ["Jane Doe"], "licenses": {"images": "Jane's own"}}


def classification(folder: Path, per_class: int = 12, **images: Any) -> Study:
    """Digits in a folder of the user's, attacked."""
    pixels, labels = mnist.read()
    for label in (3, 5):
        (folder / "digits" / str(label)).mkdir(parents=True, exist_ok=True)
        for number, row in enumerate(np.flatnonzero(labels == label)[-per_class:]):
            Image.fromarray(pixels[row]).save(folder / "digits" / str(label) / f"{number:02}.png")
    return parse_study(
        {
            "study": "classification",
            "name": "digits",
            "images": {"model": f"folder:{folder / 'digits'}", **images},
            "classifiers": [{"name": "weak", "model": "digits-weak"}],
            "controls": 6,
            "attack": {"classifier": "weak", "step": 0.05, "iterations": 40, "items": 8},
            "publish": PUBLISH,
        },
        "study.toml",
    )


def expression(folder: Path, faces: int = 6) -> Study:
    """Noise in the form of FER-2013, and what a model said of it elsewhere."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{row % 7},{' '.join(map(str, rng.integers(0, 256, 48 * 48)))},Training" for row in range(faces)]
    (folder / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    said = [f"{row}," + ",".join(f"{0.4 if at == row % 7 else 0.1}" for at in range(7)) for row in range(faces)]
    (folder / "said.csv").write_text("\n".join([f"row_id,{','.join(EMOTIONS)}", *said]) + "\n")
    return parse_study(
        {
            "study": "expression",
            "name": "faces",
            "images": {"model": f"fer2013:{folder / 'fer2013.csv'}", "votes": ""},
            "classifiers": [{"name": "closed", "model": f"predictions:{folder / 'said.csv'}"}],
            "groups": [],
            "publish": PUBLISH | {"licenses": {"closed": "MIT"}},
        },
        "study.toml",
    )


def build(study: Study, out: Path, runtime: Runtime) -> Path:
    """The study's folder, built in this process."""
    folder, kind = StudyFolder(out), load_kind(study.study)
    with folder.locked():
        study, _ = folder.claim(study)
        weights = keep_weights(study, folder)
        models = kind.load(study, runtime)
        folder.describe(study, models.micro_batches(), runtime.environment(), weights)
        finished = {}
        for batch in range(study.batches):
            built = kind.build(study, models, batch)
            finished[batch] = folder.write_batch(
                batch,
                built.tables,
                seeds=built.seeds,
                passed_over=built.passed_over,
                environment=runtime.environment(),
                micro_batches=built.micro_batches,
                timings=built.timings,
            )
        folder.write_readme(study.name, finished)
    return out
