"""Studies drawn from known parameters, with the tables of a published dataset; nothing of them is real."""

import io

import numpy as np
import pandas as pd
from datasets import Dataset, Image
from PIL import Image as PILImage

from analysis.dataset import Pictures
from analysis.questions import Scale, YesNo
from analysis.studies.verification.data import Verification, frame, thresholds
from tests.schema import KINDS

LEVELS = {"positive": [0.2, 0.4, 0.6] * 2, "interpolation": [0.25, 0.5, 0.75] * 3, "optimized": [0.5, 0.4, 0.3] * 3}
SAMPLES = [("genuine", np.nan)] + [("negative", np.nan)] * 3
SAMPLES += [(kind, level) for kind, levels in LEVELS.items() for level in levels]
CENTER = {"genuine": 0.0, "positive": 0.45, "negative": 0.8, "interpolation": 0.6, "optimized": 0.5}


def draw_pairs(batches: int = 10, recognizers: tuple[str, ...] = ("dlib", "facenet512"), seed: int = 0) -> pd.DataFrame:
    """28 samples of each of four bases a batch; closeness runs through all distances."""
    rng = np.random.default_rng(seed)
    rows = []
    for batch in range(batches):
        for base in range(4):
            for number, (kind, level) in enumerate(SAMPLES):
                closeness = 0.0 if kind == "genuine" else CENTER[kind] + rng.normal(0, 0.12)
                name = f"{batch}-{base}"
                sample = name if kind == "genuine" else f"{name}-{number}"
                row = {"pair_id": f"p{name}-{number}", "batch": batch, "base_id": name, "sample_id": sample}
                row |= {"kind": kind, "level": level, "reached": True if kind == "optimized" else None}
                for recognizer in recognizers:
                    distance = abs(closeness + rng.normal(0, 0.08)) if kind != "genuine" else 0.0
                    row |= {f"{recognizer}_distance": distance, f"{recognizer}_accept": distance <= 0.6}
                lpips = abs(closeness + rng.normal(0, 0.1)) if kind != "genuine" else 0.0
                rows.append(row | {"lpips_alex": lpips, "latent_l2": 100 * closeness})
    pairs = pd.DataFrame(rows)
    pairs["kind"] = pd.Categorical(pairs["kind"], categories=KINDS, ordered=True)
    return frame(pairs)


def draw_ratings(
    pairs: pd.DataFrame, raters: int = 10, seed: int = 1, sd: tuple[float, float] = (0.8, 0.5)
) -> pd.DataFrame:
    """`raters` for each batch, who rate all of it; log odds fall with the distance, by 10 a unit."""
    rng = np.random.default_rng(seed)
    tables = []
    for batch, of_batch in pairs.groupby("batch"):
        of_pair = rng.normal(0, sd[0], len(of_batch))
        for rater in range(raters):
            odds = 5 - 10 * of_batch["dlib_distance"].to_numpy() + of_pair + rng.normal(0, sd[1])
            identity = rng.random(len(odds)) < 1 / (1 + np.exp(-odds))
            similarity = np.clip(50 + 10 * odds + rng.normal(0, 10, len(odds)), 0, 100).round()
            answers = {"pair_id": of_batch["pair_id"], "similarity": similarity, "identity": identity}
            order = np.random.default_rng(rater)
            answers |= {
                "position": order.permutation(len(odds)),
                "response_time_ms": order.integers(900, 9000, len(odds)),
            }
            tables.append(pd.DataFrame(answers).assign(participant_id=f"r{batch}-{rater}", source="human"))
    return pd.concat(tables, ignore_index=True)


def draw_participants(ratings: pd.DataFrame, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    ids = ratings["participant_id"].unique()
    people = pd.DataFrame({"participant_id": ids, "source": "human"})
    people["batch"] = [int(name[1:].split("-")[0]) for name in ids]
    people["age"] = rng.integers(18, 70, len(ids)).astype(str)
    people["gender"] = rng.choice(["female", "male", "non-binary"], len(ids), p=[0.5, 0.45, 0.05])
    people["continent"] = rng.choice(["Europe", "Asia", "Africa"], len(ids))
    people["duration_s"] = rng.normal(1200, 200, len(ids))
    people["flags"] = [["speed"] if number % 10 == 0 else [] for number in range(len(ids))]
    people["strategy_similarity"] = "I looked at the eyes and the hair color."
    people["strategy_identity"] = "Nose and mouth"
    return people


def draw_images(pairs: pd.DataFrame, seed: int = 3) -> Dataset:
    """One image of noise, 32 a side, and five landmarks for every image that a pair names."""
    rng = np.random.default_rng(seed)
    ids = pd.unique(pd.concat([pairs["base_id"], pairs["sample_id"]]))
    rows = {"image_id": list(ids), "image": [], "hog_found": [True] * len(ids), "hog_landmarks": []}
    for _ in ids:
        content = io.BytesIO()
        pixels = (rng.random((32, 32, 3)) * rng.uniform(50, 255, 3)).astype(np.uint8)
        PILImage.fromarray(pixels).save(content, "PNG")
        rows["image"].append({"bytes": content.getvalue(), "path": None})
        face = np.array([[24, 12], [20, 12], [8, 12], [12, 12], [16, 20]]) + rng.normal(0, 1, (5, 2))
        rows["hog_landmarks"].append(face.tolist())
    return Dataset.from_dict(rows).cast_column("image", Image())


def draw_study(
    batches: int = 10, raters: int = 10, recognizers: tuple[str, ...] = ("dlib", "facenet512")
) -> Verification:
    pairs = draw_pairs(batches, recognizers)
    ratings = draw_ratings(pairs, raters)
    return published(pairs, ratings, draw_participants(ratings), draw_images(pairs))


def published(
    pairs: pd.DataFrame, ratings: pd.DataFrame, participants: pd.DataFrame, images: Dataset, source: str = "human"
) -> Verification:
    """The tables as `load` would give them."""
    return Verification(
        name="synthetic",
        revision=None,
        kind="verification",
        key="pair_id",
        items=pairs,
        images=frame(images),
        ratings=ratings,
        participants=participants,
        model_ratings=pd.DataFrame(),
        pictures=Pictures(images),
        source=source if len(ratings) else None,
        questions=(Scale("similarity"), YesNo("identity")),
        thresholds=thresholds(pairs),
        target=recognizers_first(pairs),
    )


def recognizers_first(pairs: pd.DataFrame) -> str:
    return next(str(name).removesuffix("_distance") for name in pairs.columns if str(name).endswith("_distance"))
