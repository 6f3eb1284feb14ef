"""Time and memory of the report on as many faces as FERPlus has: `python -m benchmarks.report_faces`.

The dataset is synthetic: 35,887 crops of gray noise with ten votes each, two groups of the source, one that a model
predicts, one classifier; 321 batches, nobody asked.
"""

import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from datasets import Dataset, Features, disable_progress_bars
from PIL import Image

from benchmarks.report import WANTED_GIB, WANTED_SECONDS, measure
from builder.studies.expression import schema
from builder.studies.expression.tasks import EMOTIONS, VOTED
from loading_script.votes import labels

FACES, PER_BATCH, SIDE = 35_887, 112, 48
RIGHT = {"female": 0.62, "male": 0.55}
RACES = ["Asian", "Black", "Indian", "Latino", "Middle Eastern", "White"]


def main() -> None:
    """Prints the wall time, the processor time, the peak memory and the size of the page."""
    disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        dataset, out = Path(folder, "synthetic"), Path(folder, "report")
        write_dataset(dataset)
        seconds, cpu, peak = measure([sys.executable, "-m", "analysis", "report", str(dataset), "--out", str(out)])
        size = (out / "index.html").stat().st_size
    print(f"synthetic dataset: {FACES} faces with ten votes, one classifier")
    print(f"report: {seconds:.0f} s (wanted: below {WANTED_SECONDS}), of which {cpu:.0f} s of processor time")
    print(f"peak memory {peak / 2**30:.2f} GiB (wanted: below {WANTED_GIB}); index.html {size / 1e6:.0f} MB")


def write_dataset(folder: Path) -> None:
    """Writes the tables as Parquet, the card that lists them, and what the dataset says of itself."""
    rng = np.random.default_rng(0)
    shown = rng.choice(len(EMOTIONS), FACES, p=[0.1, 0.02, 0.03, 0.27, 0.12, 0.12, 0.34])
    votes = np.array([rng.multinomial(10, chances(each)) for each in shown])
    counted = labels(votes, VOTED, EMOTIONS, "majority")
    gender, race = rng.choice(list(RIGHT), FACES), rng.choice(RACES, FACES)
    hit = rng.random(FACES) < np.array([RIGHT[each] for each in gender])
    predictions = np.where(hit, shown, rng.integers(0, len(EMOTIONS), FACES))
    rows: dict[str, list[dict[str, Any]]] = {"items": [], "images": [], "predictions": []}
    for at in range(FACES):
        image = {"image_id": f"image{at}", "row": str(at), "batch": at // PER_BATCH}
        rows["images"].append(image | {"image": {"bytes": png(rng), "path": None}, "sha256": ""})
        label = EMOTIONS[int(counted.weights[at].argmax())] if counted.weights[at].any() else None
        item = image | {"item_id": f"face{at}", "kind": 0, "label": label, "label_shares": counted.weights[at].tolist()}
        item |= {"votes": votes[at].tolist(), "group_gender": gender[at], "group_race": race[at]}
        item |= {"predicted_gender": gender[at] if rng.random() < 0.9 else "unsure", "predicted_gender_confidence": 0.9}
        share = float(rng.uniform(0.3, 1))
        emotion = EMOTIONS[predictions[at]]
        rows["items"].append(item | {"fer_class": emotion, "fer_confidence": share, "fer_found": True})
        of = {"image_id": image["image_id"], "batch": image["batch"], "classifier": "fer"}
        rows["predictions"] += [
            of | {"class": each, "probability": share if each == emotion else (1 - share) / 6} for each in EMOTIONS
        ]
    features = {
        "items": schema.items(["fer"], ["gender", "race"], ["gender"], voted=True),
        "images": schema.images(),
        "predictions": schema.predictions(),
    }
    configs = [write(folder, name, content, features[name]) for name, content in rows.items()]
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump({'configs': configs})}---\n")
    (folder / "provenance.json").write_text(json.dumps({"study": {"study": "expression", "label_rule": "majority"}}))


def write(folder: Path, name: str, rows: list[dict[str, Any]], features: Features) -> dict[str, Any]:
    """Writes a table, and gives its entry on the card."""
    kept = Features({column: feature for column, feature in features.items() if name == "images" or column != "image"})
    content = [{column: row.get(column) for column in kept} for row in rows]
    path = folder / "data" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(content, features=kept).to_parquet(path)
    return {"config_name": name, "data_files": [{"split": "train", "path": f"data/{name}.parquet"}]}


def chances(emotion: int) -> "np.typing.NDArray[np.float64]":
    """The chances of each vote on a face that shows an emotion."""
    shares = np.full(len(VOTED), 0.03)
    shares[emotion] = 1 - 0.03 * (len(VOTED) - 1)
    return shares


def png(rng: np.random.Generator) -> bytes:
    """A crop of gray noise."""
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (SIDE, SIDE), dtype=np.uint8)).save(buffer, format="PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
