"""Time and memory of the whole report on a study of the paper's size: `python -m benchmarks.report`.

The dataset is synthetic: 40 bases, 28 pairs each, four recognizers, ten simulated raters a pair; gray noise for faces.
"""

import io
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil
import yaml
from datasets import Dataset, disable_progress_bars
from PIL import Image

from benchmarks.memory import resident
from loading_script.tables import CONTINENTS, GENDERS
from tests import schema

BATCHES, BASES, RATERS = 10, 4, 10
RECOGNIZERS = {"dlib": 0.6, "vgg_face": 0.86, "facenet512": 1.04, "openface": 0.55}
DISTANCES = ["lpips_alex", "latent_l2"]
LATENT = 100
WANTED_SECONDS, WANTED_GIB = 60, 2.0
INTERVAL = 0.05


def main() -> None:
    """Prints the wall time, the peak memory and the size of the page."""
    disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        dataset, out = Path(folder, "synthetic"), Path(folder, "report")
        pairs, ratings = write_dataset(dataset)
        print(f"synthetic dataset: {pairs} pairs, {ratings} simulated ratings, {len(RECOGNIZERS)} recognizers")
        seconds, cpu, peak = measure([sys.executable, "-m", "analysis", "report", str(dataset), "--out", str(out)])
        size = (out / "index.html").stat().st_size
    print(f"report: {seconds:.0f} s (wanted: below {WANTED_SECONDS}), of which {cpu:.0f} s of processor time")
    print(f"peak memory {peak / 2**30:.2f} GiB (wanted: below {WANTED_GIB}); index.html {size / 1e6:.0f} MB")


def measure(command: list[str]) -> tuple[float, float, int]:
    """Seconds until the command has ended well, seconds of processor time, and its largest resident memory in bytes."""
    peak, start, before = 0, time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, resident(psutil.Process(process.pid)))
            time.sleep(INTERVAL)
    if process.returncode:
        raise SystemExit(f"the report ended with exit status {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu, peak


def write_dataset(folder: Path) -> tuple[int, int]:
    """Writes the tables as Parquet and the card that lists them; gives the number of pairs and of ratings."""
    rng = np.random.default_rng(0)
    latents: dict[str, npt.NDArray[np.float32]] = {}
    pairs = [pair for batch in range(BATCHES) for pair in batch_pairs(batch, latents, rng)]
    ratings, participants = rate(pairs, rng)
    images = [image_row(name, latent, rng) for name, latent in latents.items()]
    shown = {row["image_id"]: row["image"] for row in images}
    for row in pairs:
        row |= {"base": shown[row["base_id"]], "sample": shown[row["sample_id"]]}
    of_pairs = schema.rated_pairs(schema.pairs(list(RECOGNIZERS), DISTANCES))
    rows = {
        "pairs": (pairs, of_pairs),
        "images": (images, schema.images(["hog"], LATENT)),
        "ratings": (ratings, schema.ratings()),
        "participants": (participants, schema.participants()),
    }
    (folder / "data").mkdir(parents=True)
    configs = []
    for name, (content, features) in rows.items():
        content = [{column: row.get(column) for column in features} for row in content]
        Dataset.from_list(content, features=features).to_parquet(folder / "data" / f"{name}.parquet")
        configs.append({"config_name": name, "data_files": [{"split": "train", "path": f"data/{name}.parquet"}]})
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump({'configs': configs})}---\n")
    return len(pairs), len(ratings)


def batch_pairs(batch: int, latents: dict[str, Any], rng: np.random.Generator) -> list[dict[str, Any]]:
    """The pairs of a batch as in the default study; the latents of their images are added to `latents`."""
    names = [f"b{batch}-{base}" for base in range(BASES)]
    latents.update({name: rng.normal(size=LATENT).astype(np.float32) for name in names})
    pairs = [pair(batch, name, name, "genuine", None, latents, rng) for name in names]
    for name in names:
        for direction in range(2):
            step = rng.normal(size=LATENT)
            for level in (0.2, 0.4, 0.6):
                sample = f"{name}-positive-{direction}-{level}"
                latents[sample] = (latents[name] + level * step).astype(np.float32)
                pairs.append(pair(batch, name, sample, "positive", level, latents, rng))
        for anchor in (other for other in names if other != name):
            pairs.append(pair(batch, name, anchor, "negative", None, latents, rng))
            for kind, levels in (("interpolation", (0.25, 0.5, 0.75)), ("optimized", (0.5, 0.4, 0.3))):
                for level in levels:
                    sample = f"{name}-{kind}-{anchor}-{level}"
                    share = level if kind == "interpolation" else 0.9 + level
                    latents[sample] = ((1 - share) * latents[name] + share * latents[anchor]).astype(np.float32)
                    pairs.append(pair(batch, name, sample, kind, level, latents, rng))
    return pairs


def pair(
    batch: int,
    base: str,
    sample: str,
    kind: str,
    level: float | None,
    latents: dict[str, Any],
    rng: np.random.Generator,
) -> dict[str, Any]:
    """A pair whose distances follow that of its latents; an optimized one is accepted all the same."""
    latent = float(np.linalg.norm(latents[base] - latents[sample]))
    row: dict[str, Any] = {
        "pair_id": f"{base}/{sample}", "batch": batch, "base_id": base, "sample_id": sample, "kind": kind,
        "level": level, "reached": True if kind == "optimized" else None, "lpips_alex": latent / 20,
        "latent_l2": latent,
    }  # fmt: skip
    for name, threshold in RECOGNIZERS.items():
        distance = 0.0 if kind == "genuine" else abs(latent / 14 * 1.2 + rng.normal(0, 0.15)) * threshold
        distance = float(level or 0) if kind == "optimized" and name == "dlib" else distance
        row |= {f"{name}_distance": distance, f"{name}_accept": distance <= threshold}
    return row


def rate(pairs: list[dict[str, Any]], rng: np.random.Generator) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Ratings by RATERS of each batch's own participants, and those; the pairs get their aggregates."""
    ratings: list[dict[str, Any]] = []
    people = [(batch, f"person-{batch}-{number}") for batch in range(BATCHES) for number in range(RATERS)]
    bias = {name: rng.normal(0, 8) for _, name in people}
    for row in pairs:
        raters = [name for batch, name in people if batch == row["batch"]]
        seen = 100 * (1 - row["latent_l2"] / 15)
        similarity = np.clip([seen + bias[name] + rng.normal(0, 15) for name in raters], 0, 100)
        identity = similarity + rng.normal(0, 10, len(raters)) > 60
        ratings += [
            {
                "rating_id": f"{name}/{row['pair_id']}", "pair_id": row["pair_id"], "participant_id": name,
                "similarity": float(score), "identity": bool(same), "response_time_ms": int(rng.integers(900, 9000)),
                "position": 0, "source": "simulated",
            }
            for name, score, same in zip(raters, similarity, identity, strict=True)
        ]  # fmt: skip
        row |= {
            "similarity_mean": similarity.mean(),
            "similarity_std": similarity.std(ddof=1),
            "n_ratings": len(raters),
        }
        row |= {"identity_rate": identity.mean(), "identity_std": identity.std(ddof=1), "ratings_source": "simulated"}
    return ratings, [participant(batch, name, number) for number, (batch, name) in enumerate(people)]


def participant(batch: int, name: str, number: int) -> dict[str, Any]:
    """Somebody who says little."""
    return {
        "participant_id": name, "source": "simulated", "batch": batch, "age": str(18 + number % 50),
        "gender": GENDERS[number % 2], "continent": CONTINENTS[number % 7], "duration_s": 900.0 + number,
        "flags": ["speed"] if number % 20 == 0 else [],
        "strategy_similarity": ["the eyes", "hair and nose"][number % 2],
        "strategy_identity": ["the mouth", "the shape of the face"][number % 2],
    }  # fmt: skip


def image_row(name: str, latent: npt.NDArray[np.float32], rng: np.random.Generator) -> dict[str, Any]:
    """An image of 64 x 64 pixels: coarse gray noise."""
    coarse = Image.fromarray(rng.integers(0, 255, (8, 8), dtype=np.uint8))
    buffer = io.BytesIO()
    coarse.convert("RGB").resize((64, 64), Image.Resampling.BICUBIC).save(buffer, format="PNG")
    return {
        "image_id": name, "image": {"bytes": buffer.getvalue(), "path": None}, "latent": latent,
        "latent_norm": float(np.linalg.norm(latent)), "batch": int(name[1 : name.index("-")]), "hog_found": True,
        "hog_box": [8.0, 8.0, 56.0, 56.0], "hog_landmarks": (rng.random((5, 2)) * 64).tolist(),
    }  # fmt: skip


if __name__ == "__main__":
    main()
