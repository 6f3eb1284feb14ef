"""A published folder with ratings, made from a study folder: what `publish` writes, as far as `load` reads it."""

from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import yaml
from datasets import Dataset, load_dataset

from loading_script.tables import CONTINENTS, GENDERS
from tests import schema

SIMULATED_PEOPLE = 8


def write_published(study: Path, out: Path, *, source: str | None, texts: tuple[str, str] = ("eyes", "hair")) -> Path:
    """Tables as Parquet and a card that lists them; with `source`, ratings that follow the latent distance."""
    pairs = load_dataset(str(study), "pairs", split="train")
    tables = {name: load_dataset(str(study), name, split="train") for name in ("images", "searches")}
    if source:
        ratings = simulate(pairs, source)
        people = sorted(ratings["participant_id"].unique())
        tables["ratings"] = Dataset.from_pandas(ratings, schema.ratings(), preserve_index=False)
        tables["participants"] = Dataset.from_list(
            [person(name, source, texts) for name in people], schema.participants()
        )
        pairs = with_aggregates(pairs, ratings, source)
    tables["pairs"] = pairs
    configs = []
    for name, table in tables.items():
        path = out / "data" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(path)
        files = [{"split": "train", "path": f"data/{name}.parquet"}]
        configs.append({"config_name": name, "data_files": files, "default": name == "pairs"})
    card = yaml.safe_dump({"configs": configs}, sort_keys=False)
    (out / "README.md").write_text(f"---\n{card}---\n")
    (out / "manifest.json").write_bytes((study / "manifest.json").read_bytes())
    return out


def simulate(pairs: Dataset, source: str) -> pd.DataFrame:
    """Everybody answers every pair: the closer the latents, the more similar, with a bias each and some noise."""
    rng = np.random.default_rng(3)
    distance = np.nan_to_num(np.array(pairs["latent_l2"], dtype=float))
    seen = 100 * (1 - distance / max(distance.max(), 1))
    rows = []
    for number in range(SIMULATED_PEOPLE):
        bias = rng.normal(0, 6)
        for position, at in enumerate(rng.permutation(len(pairs))):
            similarity = float(np.clip(seen[at] + bias + rng.normal(0, 10), 0, 100))
            rows.append(
                {
                    "rating_id": f"r{number}-{position}",
                    "pair_id": pairs[int(at)]["pair_id"],
                    "participant_id": f"person{number}",
                    "similarity": similarity,
                    "identity": bool(similarity + rng.normal(0, 10) > 60),
                    "response_time_ms": int(rng.integers(900, 9000)),
                    "position": position,
                    "rated_at": pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(seconds=position),
                    "source": source,
                }
            )
    return pd.DataFrame(rows)


def person(name: str, source: str, texts: tuple[str, str]) -> dict[str, object]:
    number = int(name.removeprefix("person"))
    return {
        "participant_id": name,
        "source": source,
        "batch": 0,
        "age": str(20 + 3 * number),
        "gender": GENDERS[number % 2],
        "continent": CONTINENTS[2 + number % 3],
        "duration_s": 600.0 + 60 * number,
        "flags": ["speed"] if number == 0 else [],
        "strategy_similarity": texts[0],
        "strategy_identity": texts[1],
    }


def with_aggregates(pairs: Dataset, ratings: pd.DataFrame, source: str) -> Dataset:
    by_pair = ratings.groupby("pair_id")
    identity = ratings["identity"].astype(float).groupby(ratings["pair_id"])
    columns = {
        "similarity_mean": by_pair["similarity"].mean(),
        "similarity_std": by_pair["similarity"].std(),
        "identity_rate": identity.mean(),
        "identity_std": identity.std(),
        "n_ratings": by_pair.size(),
    }
    ids = pairs["pair_id"]
    features = schema.rated_pairs(pairs.features)
    for name, values in columns.items():
        pairs = pairs.add_column(name, [values[pair_id].item() for pair_id in ids], feature=features[name])
    return pairs.add_column("ratings_source", [source] * len(ids), feature=datasets.Value("string"))
