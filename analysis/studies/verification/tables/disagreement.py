"""Disagreement of the model with people, and of people among themselves."""

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import MissingDataError
from analysis.frames import Column, Table
from analysis.studies.verification import data

_PAIR = ["pair_id", "base_id", "sample_id", "kind", "level"]
_SCALE = ["inverted_distance", "identity_disagreement", "model_closeness", "people_closeness", "disagreement"]


def disagreement(pairs: Table, ratings: Table | None = None) -> pd.DataFrame:
    """One row per rated pair and recognizer that scored it, ordered from model closer to people closer.

    Two scores, both between -1 and 1; above 0 the model holds the pair closer than people do, below 0 people do:

    - `identity_disagreement`, the paper's: the inverted distance minus the share of people who see one identity. The
      inverted distance is 1 - distance / the recognizer's largest distance over its rated pairs: 1 at distance 0, 0 at
      the largest. (The paper says "inverted" and no more; the unit is ours.)
    - `disagreement`, ours: both sides order the same n pairs, the model by falling distance, people by rising mean
      similarity. `model_closeness` and `people_closeness` are the places in these orders as (midrank - 0.5) / n,
      between 0 (farthest apart) and 1 (closest); the score is the first minus the second. It needs no unit, and moves
      wherever a distance or a similarity changes place, also where all people agree on the identity.

    Columns: pair_id, base_id, sample_id, kind, level, recognizer, distance, accept, similarity_mean, identity_rate,
    inverted_distance, identity_disagreement, model_closeness, people_closeness, disagreement, candidate ("false
    accept": accepted, but most people see two identities; "false reject": rejected, but most people see one; else ""),
    reason (why a score is NaN). Ordered by `identity_disagreement`, then by `disagreement`.

    Raises:
        MissingDataError: no pair has both a distance and a rating.
    """
    rated_pairs = data.with_answers(pairs, ratings)
    tables = [_of_recognizer(rated_pairs, name) for name in data.recognizers(rated_pairs)]
    scored = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    if scored.empty:
        raise MissingDataError("no pair has both a distance and a rating")
    order = ["identity_disagreement", "disagreement"]
    return scored.sort_values(order, ascending=False, kind="stable", ignore_index=True)


def people_disagreement(pairs: Table, ratings: Table | None = None) -> pd.DataFrame:
    """One row per pair with at least two answers to one of the questions, ordered by how little people agree on its
    similarity.

    Columns: pair_id, base_id, sample_id, kind, level, n_ratings, n_similarity and n_identity (answers),
    similarity_mean, identity_rate, similarity_std (0 to 100) and identity_std (0 to 1; both with ddof 1),
    identity_entropy (bits: 0 where all say the same, 1 where half of them do), reason (why one of the last three is
    NaN).

    Raises:
        MissingDataError: no pair has two answers.
    """
    rated_pairs = data.with_answers(pairs, ratings)
    counts = list(data.COUNTS.values())
    rated_pairs = rated_pairs[rated_pairs[counts].max(axis="columns") >= 2]
    if rated_pairs.empty:
        raise MissingDataError("no pair has two answers")
    rate = rated_pairs["identity_rate"].where(rated_pairs["n_identity"] >= 2).to_numpy(np.float64)
    entropy = stats.entropy(np.stack([rate, 1 - rate]), base=2, axis=0)
    columns = [*_PAIR, "n_ratings", *counts, "similarity_mean", "identity_rate", "similarity_std"]
    table = rated_pairs[columns].assign(identity_std=rated_pairs.get("identity_std", np.nan), identity_entropy=entropy)
    few = [name.removeprefix("n_") for name in counts]
    table["reason"] = [
        "; ".join(f"{name}: {n} answer{'' if n == 1 else 's'}" for name, n in zip(few, row, strict=True) if n < 2)
        for row in rated_pairs[counts].itertuples(index=False)
    ]
    return table.sort_values("similarity_std", ascending=False, kind="stable", ignore_index=True)


def _of_recognizer(pairs: pd.DataFrame, name: str) -> pd.DataFrame:
    distance, accept = f"{name}_distance", f"{name}_accept"
    pairs = pairs[pairs[distance].notna() & (pairs["similarity_mean"].notna() | pairs["identity_rate"].notna())]
    table = pairs[[*_PAIR, distance, accept, "similarity_mean", "identity_rate"]]
    table = table.rename(columns={distance: "distance", accept: "accept"}).assign(recognizer=name)
    answered = table[table["identity_rate"].notna()]
    largest = answered["distance"].max()
    table["inverted_distance"] = 1 - answered["distance"] / (largest if largest > 0 else 1.0)
    table["identity_disagreement"] = table["inverted_distance"] - table["identity_rate"]
    placed = table[table["similarity_mean"].notna()]
    table["model_closeness"] = _place(-placed["distance"])
    table["people_closeness"] = _place(placed["similarity_mean"])
    table["disagreement"] = table["model_closeness"] - table["people_closeness"]
    accepted = table["accept"].eq(True).fillna(False).to_numpy(np.bool_)
    rejected = table["accept"].eq(False).fillna(False).to_numpy(np.bool_)
    rate = table["identity_rate"]
    table["candidate"] = ""
    table.loc[accepted & (rate < 0.5), "candidate"] = "false accept"
    table.loc[rejected & (rate > 0.5), "candidate"] = "false reject"
    missing = rate.isna().map({True: "no answer on identity", False: ""})
    table["reason"] = missing.where(table["similarity_mean"].notna(), "no answer on similarity")
    columns = ["recognizer", "distance", "accept", "similarity_mean", "identity_rate", *_SCALE, "candidate", "reason"]
    return table[[*_PAIR, *columns]]


def _place(values: Column) -> Column:
    return (values.rank() - 0.5) / len(values)
