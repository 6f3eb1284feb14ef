"""A small study: twelve pictures of three classes, and what a model of twelve classes said of them."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from PIL import Image

from builder.ratings.importing import import_exports
from builder.runtime import Runtime
from builder.shards import StudyFolder
from builder.studies.classification import KIND
from builder.study import parse_study

CLASSES = "abcdefghijkl"

RANKED = {
    "a/0.png": "abcde",
    "a/1.png": "abcde",
    "a/2.png": "bacde",
    "a/3.png": "cbdef",
    "b/0.png": "bcdef",
    "b/1.png": "bcdef",
    "b/2.png": "acdef",
    "b/3.png": "abcde",
    "c/0.png": "cdefg",
    "c/1.png": "cdefg",
    "c/2.png": "dcefg",
    "c/3.png": "defgh",
}
"""The first five classes of each picture, whose folder is its label: two of each class right, two wrong."""

SURVEY = {
    "purpose": "We ask what letters are.",
    "institution": "University of Somewhere",
    "contact": "Jane Doe, jane.doe@example.org",
    "ethics_approval": "Board of Somewhere, 2026-17",
    "expected_minutes": 5.0,
    "pay": "1 EUR",
    "recruitment": "Prolific, adults",
    "consent": "I take part.",
    "consent_version": "1",
    "question_relevant": "Is {shown_class} relevant for this image?",
}


def study_keys(root: Path, **changes: Any) -> dict[str, Any]:
    """The keys of the study, whose pictures and predictions are written into `root`; `changes` replace some."""
    for number, name in enumerate(RANKED):
        path = root / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((16, 16, 3), 20 * number, np.uint8)).save(path)
    write_predictions(root / "said.csv", RANKED)
    return {
        "study": "classification",
        "name": "small",
        "images": {"model": f"folder:{root / 'pictures'}", "redistributable": True, "license": "CC0-1.0"},
        "classifiers": [{"name": "said", "model": f"predictions:{root / 'said.csv'}"}],
        "survey": SURVEY,
        "publish": {
            "license": "cc0-1.0",
            "authors": ["Jane Doe"],
            "licenses": {"images": "CC0-1.0", "said": "CC0-1.0"},
        },
        **changes,
    }


def write_predictions(path: Path, ranked: Mapping[str, str]) -> None:
    """Predictions with these classes as the first ones, with .5, .2, .15, .1 and .05."""
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["row_id", *CLASSES])
        for name, order in ranked.items():
            scores = dict.fromkeys(CLASSES, 0.0) | dict(zip(order, (0.5, 0.2, 0.15, 0.1, 0.05), strict=True))
            table.writerow([name, *scores.values()])


def build(root: Path, runtime: Runtime, **changes: Any) -> Path:
    """The folder of the built study, whose batches are built here and not in processes of their own."""
    return built(root, runtime, study_keys(root, **changes))


def built(root: Path, runtime: Runtime, keys: dict[str, Any]) -> Path:
    """The same of a study with these keys, whose files are there."""
    study = parse_study(keys, "small.toml")
    folder = StudyFolder(root / "study")
    folder.claim(study)
    models = KIND.load(study, runtime)
    folder.describe(study, models.micro_batches(), runtime.environment())
    for batch in range(study.batches):
        made = KIND.build(study, models, batch)
        folder.write_batch(
            batch,
            made.tables,
            seeds=made.seeds,
            passed_over=made.passed_over,
            environment=runtime.environment(),
            micro_batches=made.micro_batches,
            timings=made.timings,
        )
    folder.write_readme(study.name, folder.batches(study.hash(), verify=True).whole)
    return root / "study"


def write_study(root: Path, **changes: Any) -> Path:
    """The study file, for the command line."""
    path = root / "small.toml"
    path.write_text(tomli_w.dumps(study_keys(root, **changes)))
    return path


def item_ids(folder: Path, batch: int = 0) -> dict[tuple[str, str], str]:
    """The items' ids by row and shown class."""
    rows = StudyFolder(folder).read("items", batch).to_pylist()
    return {(row["row"], row["shown_class"]): row["item_id"] for row in rows}


def rate(folder: Path, answers: Iterable[tuple[str, str, str]], **how: Any) -> None:
    """Imports answers: participant, id of the item, word."""
    path = folder.parent / "answers.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["participant", "item_id", "relevant"])
        table.writerows(answers)
    import_exports(folder, [path], **how)
