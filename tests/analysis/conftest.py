import functools
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features
from PIL import Image

from analysis.dataset import Published, load
from tests import schema

STUDY = Path(__file__).parents[1] / "data" / "study"
COLORS = {"a": 10, "a1": 60, "a2": 110, "b": 160, "b1": 210, "b2": 250}

Write = Callable[..., Path]


def hand_made() -> dict[str, pd.DataFrame]:
    """The tables of tests/data/study."""
    pairs = pd.read_csv(STUDY / "pairs.csv")
    wide = pd.read_csv(STUDY / "ratings.csv").set_index("pair_id")
    rows = []
    for pair_id, answers in wide.iterrows():
        for participant, answer in answers.items():
            similarity, identity = str(answer).split()
            row = {"rating_id": f"{pair_id}/{participant}", "pair_id": pair_id, "participant_id": participant}
            rows.append(row | {"similarity": float(similarity), "identity": identity == "yes", "source": "human"})
    people = pd.read_csv(STUDY / "participants.csv", dtype={"age": str}, keep_default_na=False).replace({"": None})
    people["flags"] = [[flag] if flag else [] for flag in people["flags"]]
    people["duration_s"] = people["duration_s"].astype(float)
    return {"pairs": pairs, "ratings": pd.DataFrame(rows), "participants": people.assign(source="human", batch=0)}


def images() -> pd.DataFrame:
    """One gray image for each that the study names."""
    rows = []
    for image_id, gray in COLORS.items():
        content = io.BytesIO()
        Image.fromarray(np.full((16, 16, 3), gray, np.uint8)).save(content, "PNG")
        rows.append({"image_id": image_id, "image": {"bytes": content.getvalue(), "path": None}, "latent": [0.0, 1.0]})
    return pd.DataFrame(rows).assign(batch=0, hog_found=[True] * 5 + [False])


def features(table: str, rated: bool = False) -> Features:
    pairs = schema.pairs(["net"], ["lpips_alex"])
    of_table = {
        "pairs": lambda: schema.rated_pairs(pairs) if rated else pairs,
        "images": lambda: schema.images(["hog"], 2),
        "ratings": schema.ratings,
        "participants": schema.participants,
    }
    made = of_table[table]()
    return Features({name: feature for name, feature in made.items() if name not in ("base", "sample")})


def rows_of(table: str, rows: pd.DataFrame) -> Dataset:
    """The rows with the table's schema; columns that they lack are null."""
    wanted = features(table, rated="n_ratings" in rows)
    rows = rows.reindex(columns=list(wanted)).astype(object)
    rows = rows.where(rows.notna(), None)
    if isinstance(wanted.get("kind"), ClassLabel):
        rows["kind"] = rows["kind"].map(schema.KINDS.index)
    return Dataset.from_dict({name: rows[name].tolist() for name in wanted}, features=wanted)


def publish(folder: Path, tables: dict[str, pd.DataFrame], splits: tuple[str, ...] = ("train",)) -> Path:
    """Writes tables as a published folder: Parquet, a README with `configs`, `provenance.json`."""
    lines = ["---", "configs:"]
    for name, rows in tables.items():
        lines += [f"- config_name: {name}", "  data_files:"]
        parts = np.array_split(np.arange(len(rows)), len(splits))
        for split, part in zip(splits, parts, strict=True):
            path = folder / "data" / name / f"{split}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows_of(name, rows.iloc[part]).to_parquet(path)
            lines += [f"  - split: {split}", f"    path: data/{name}/{split}.parquet"]
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]))
    models = [{"role": "recognizer", "name": "net", "model": "net", "license": "mit", "threshold": 0.5}]
    study = {"recognizers": [{"name": "net", "model": "net"}], "samples": {"optimized": {"target": "net"}}}
    (folder / "provenance.json").write_text(json.dumps({"models": models, "study": study}))
    return folder


@pytest.fixture(scope="session", autouse=True)
def no_deepface_weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a report says depends on the weights in DeepFace's folder: here there are none but those a test writes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPFACE_HOME", str(tmp_path_factory.mktemp("deepface")))
        yield


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return functools.partial(publish, tmp_path / "published")


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """tests/data/study, as loaded from a published folder."""
    return load(str(publish(tmp_path_factory.mktemp("hand") / "made", hand_made() | {"images": images()})))
