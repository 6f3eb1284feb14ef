"""From ratings to the paper's Table 1 and 2: a study made to have the printed means and correlations gives them back.

Each cell (kind and level) gets its number of "same" answers and of accepted pairs, and means of everything else, so
that every printed mean, also that of a kind and of all, comes out to the printed digits. Within a cell a score is
a x (identity rate of the pair) + b x (noise that the rate says nothing of), a and b by kind, so that the correlations
come out: those of the kinds and that over all of them. The printed figures over all only hold beside those of the
kinds when genuine pairs are among them (without, no data were found with dlib's -0.765): "all with genuine".
"""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from analysis import AnalysisError, MissingDataError
from analysis.studies.verification.tables.correlations import correlations
from analysis.studies.verification.tables.paper import (
    compared_correlations,
    compared_means,
    printed_figures,
    table_1,
    table_2,
)
from analysis.studies.verification.tables.scores_by_kind import scores_by_kind
from tests.schema import KINDS

RECOGNIZERS = ["dlib", "vgg_face", "facenet512", "openface"]
PER_BASE = {"genuine": 1, "positive": 2, "negative": 3, "interpolation": 3, "optimized": 3}
"""Pairs of a base in each cell of the kind."""

BASES = 40
RATERS = 10
ROUNDED = 0.005 + 1e-9
"""How far a figure may be from its two printed digits."""

EVENNESS = 2.0
"""Of the pairs' identity rates in a cell: the sum of a beta distribution's parameters."""

NOT_SIGNIFICANT = 0.05
"""What is taken for a correlation that is not printed."""


LOST = {"vgg_face": -0.5, "facenet512": -0.668}
"""What is taken for the correlations on interpolations of which one is lost in print."""


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    """The printed figures; of Table 1 a row per kind and level."""
    printed = printed_figures("paper")
    columns, rows = printed["means"]["columns"], []
    for label, figures in printed["means"].items():
        if label != "columns":
            kind, _, level = label.partition(" ")
            row = {"kind": kind, "level": float(level) if level else None}
            rows.append(row | dict(zip(columns, figures, strict=True)))
    return {"table_1": rows, "table_2": {"rows": printed["correlations"]}}


class Cells:
    """The cells of the paper's Table 1, in its order, and the pairs in them."""

    def __init__(self, reference: dict[str, Any]) -> None:
        rows = reference["table_1"]
        with_levels = {row["kind"] for row in rows if row["level"] is not None}
        self.rows = rows
        self.cells = [row for row in rows if (row["level"] is not None) == (row["kind"] in with_levels)][:-1]
        self.sizes = np.array([BASES * PER_BASE[cell["kind"]] for cell in self.cells])
        self.cell_of_pair = np.repeat(np.arange(len(self.cells)), self.sizes)
        self.kind_of_pair = np.array([cell["kind"] for cell in self.cells])[self.cell_of_pair]
        self._shares = np.array([self._share(row) for row in rows])

    def _share(self, row: dict[str, Any]) -> np.ndarray:
        """The weights of the cells in the mean that a row of the table prints."""
        inside = [row["kind"] in ("all", cell["kind"]) and row["level"] in (None, cell["level"]) for cell in self.cells]
        return np.where(inside, self.sizes, 0) / self.sizes[inside].sum()

    def means(self, column: str, counted: int = 0) -> np.ndarray:
        """Means of the cells from which every printed mean follows; multiples of 1 / (counted x pairs) where given."""
        target = np.array([row[column] for row in self.rows], float)
        unit = 1 / (counted * self.sizes) if counted else np.ones(len(self.cells))
        n = len(self.cells)
        rows = np.hstack([self._shares * unit, -np.ones((len(target), 1))])
        mirrored = np.hstack([-self._shares * unit, -np.ones((len(target), 1))])
        limits = optimize.LinearConstraint(np.vstack([rows, mirrored]), ub=np.concatenate([target, -target]))
        found = optimize.milp(
            np.eye(n + 1)[-1],
            constraints=limits,
            integrality=np.append(np.full(n, int(counted > 0)), 0),
            bounds=optimize.Bounds(0, np.append(1 / unit if counted else np.full(n, np.inf), np.inf)),
        )
        assert found.x[-1] <= ROUNDED, f"{column}: the printed means contradict each other"
        return found.x[:n] * unit


def spread(mean: float, size: int) -> np.ndarray:
    """Identity rates of `size` pairs, in tenths, with just this mean; as uneven as a beta distribution."""
    middles = (np.arange(size) + 0.5) / size
    exact = RATERS * stats.beta.ppf(middles, EVENNESS * mean, EVENNESS * (1 - mean))
    counts = np.rint(exact)
    gap = round(mean * size * RATERS) - int(counts.sum())
    for _ in range(abs(gap)):
        changed = counts + np.sign(gap)
        nearest = np.where((changed >= 0) & (changed <= RATERS), np.abs(changed - exact), np.inf)
        counts[np.argmin(nearest)] += np.sign(gap)
    return counts / RATERS


def score(cells: Cells, means: np.ndarray, rate: np.ndarray, wanted: dict[str, float]) -> np.ndarray:
    """A column with the means of the cells and the correlations with the rate, by kind and over all kinds."""
    rng = np.random.default_rng(0)
    kinds = [kind for kind in wanted if kind != "all"]
    center = means[cells.cell_of_pair]
    own, noise = np.zeros(len(rate)), np.zeros(len(rate))
    for cell in range(len(cells.cells)):
        rows = cells.cell_of_pair == cell
        own[rows] = rate[rows] - rate[rows].mean()
        drawn = rng.uniform(-1, 1, rows.sum())
        design = np.column_stack([np.ones(rows.sum()), own[rows]])
        noise[rows] = drawn - design @ np.linalg.lstsq(design, drawn, rcond=None)[0]
    among = {kind: (cells.kind_of_pair == kind) | (kind == "all") for kind in wanted}
    scored = np.array([cell["kind"] in kinds for cell in cells.cells])

    def column(parameters: np.ndarray) -> np.ndarray:
        slope, rough = parameters.reshape(2, -1) * scored
        values: np.ndarray = center + slope[cells.cell_of_pair] * own + rough[cells.cell_of_pair] * noise
        return values

    def misses(parameters: np.ndarray) -> np.ndarray:
        values = column(parameters)
        return np.array([np.corrcoef(values[rows], rate[rows])[0, 1] - wanted[kind] for kind, rows in among.items()])

    size = np.ptp(means)
    sign = np.array([np.sign(wanted.get(cell["kind"], 1)) for cell in cells.cells])
    for start in (0.3, 1.0, 0.1, 3.0):
        first = start * size * np.concatenate([sign, np.ones(len(means))])
        found = optimize.least_squares(misses, first, xtol=1e-15, ftol=1e-15, gtol=1e-15)
        if np.abs(found.fun).max() < 4e-4:
            return column(found.x)
    raise AssertionError(f"no column with {wanted}: {found.fun}")


def correlations_of(reference: dict[str, Any], column: str) -> dict[str, float]:
    """What Table 2 prints of a column, None where it is blank."""
    rows = reference["table_2"]["rows"]
    return {kind: rows[kind].get(column) for kind in ("interpolation", "negative", "optimized", "positive", "all")}


@pytest.fixture(scope="module")
def study(reference: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs and ratings."""
    cells = Cells(reference)
    yes = cells.means("identity", RATERS)
    rate = np.concatenate([spread(mean, size) for mean, size in zip(yes, cells.sizes, strict=True)])
    columns = {"similarity": "similarity", "lpips": "lpips_alex", "latent": "latent_l2"}
    columns |= {name: f"{name}_distance" for name in RECOGNIZERS}
    n = len(rate)
    position = np.concatenate([np.arange(size) for size in cells.sizes])
    base = position % BASES
    pairs = pd.DataFrame({"pair_id": [f"p{number}" for number in range(n)], "batch": base // 4})
    pairs["base_id"], pairs["sample_id"] = [f"b{number}" for number in base], [f"s{number}" for number in range(n)]
    pairs["kind"] = pd.Categorical(cells.kind_of_pair, categories=KINDS, ordered=True)
    pairs["level"] = np.array([cell["level"] for cell in cells.cells], float)[cells.cell_of_pair]
    for printed_name, column in columns.items():
        wanted = correlations_of(reference, printed_name)
        default = NOT_SIGNIFICANT if printed_name == "latent" else -NOT_SIGNIFICANT
        known = {kind: default if value is None else value for kind, value in wanted.items()}
        if printed_name in LOST:
            known["interpolation"] = LOST[printed_name]
        pairs[column] = score(cells, cells.means(printed_name), rate, known)
    for name in RECOGNIZERS:
        counts = np.rint(cells.means(f"{name}_accept", 1) * cells.sizes).astype(int)
        rank = pairs.groupby(cells.cell_of_pair)[f"{name}_distance"].rank(method="first")
        pairs[f"{name}_accept"] = rank.to_numpy() <= counts[cells.cell_of_pair]
    return pairs.drop(columns="similarity"), ratings_of(pairs, rate)


def ratings_of(pairs: pd.DataFrame, rate: np.ndarray) -> pd.DataFrame:
    """Ten raters a batch, whose answers have the mean of the pair: as many say "same", similarities lie around it."""
    number = np.repeat(np.arange(len(pairs)), RATERS)
    rater = np.tile(np.arange(RATERS), len(pairs))
    order = (rater + number) % RATERS
    batch = pairs["batch"].to_numpy()[number]
    return pd.DataFrame(
        {
            "pair_id": pairs["pair_id"].to_numpy()[number],
            "participant_id": [f"r{of}-{who}" for of, who in zip(batch, rater, strict=True)],
            "similarity": pairs["similarity"].to_numpy()[number] + (order - (RATERS - 1) / 2) * 0.5,
            "identity": order < np.rint(rate * RATERS)[number],
        }
    )


def test_table_1_is_printed(reference: dict[str, Any], study: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    table = scores_by_kind(*study)
    assert (table["n_pairs"].iloc[-1], table["n_ratings"].iloc[-1]) == (1120, 11200)
    names = {"similarity": "similarity_mean", "identity": "identity_rate", "lpips": "lpips_alex", "latent": "latent_l2"}
    for name in RECOGNIZERS:
        names |= {name: f"{name}_distance", f"{name}_accept": f"{name}_accept"}
    for row in reference["table_1"]:
        level = table["level"].isna() if row["level"] is None else table["level"] == row["level"]
        found = table[(table["kind"] == row["kind"]) & level]
        assert len(found) == 1
        for printed_name, column in names.items():
            assert found[column].item() == pytest.approx(row[printed_name], abs=ROUNDED), (row, column)


def test_table_2_is_printed(reference: dict[str, Any], study: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    table = table_2(correlations(*study)).set_index("pairs")
    columns = {"similarity": "similarity", "lpips": "lpips_alex", "latent": "latent_l2"} | {n: n for n in RECOGNIZERS}
    for printed_name, column in columns.items():
        for kind, value in correlations_of(reference, printed_name).items():
            if kind != "interpolation" or printed_name not in LOST:
                cell = table.loc["all with genuine" if kind == "all" else kind, column]
                assert cell.rstrip("*") == ("" if value is None else f"{value:.3f}"), (kind, column)
    assert table.loc["interpolation", "similarity"] == "0.901**"
    assert table.loc["negative", "vgg_face"] == "-0.210*"
    assert "genuine" not in table.index


def test_table_1_has_the_papers_layout(study: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    table = table_1(scores_by_kind(*study))
    assert table["pairs"].tolist() == [
        *("genuine", "interpolation", "interpolation, 25 %", "interpolation, 50 %", "interpolation, 75 %", "negative"),
        *("optimized", "optimized, threshold 0.3", "optimized, threshold 0.4", "optimized, threshold 0.5"),
        *("positive", "positive, distance 0.2", "positive, distance 0.4", "positive, distance 0.6", "all"),
    ]
    assert list(table.columns) == [
        *("pairs", "similarity ↑", "identity ↑", "dlib ↓", "vgg_face ↓", "facenet512 ↓", "openface ↓"),
        *("lpips_alex ↓", "latent_l2 ↓"),
    ]
    row = table.set_index("pairs").loc["optimized, threshold 0.3"].tolist()
    assert row == ["51.67", "0.31", "0.31 (0.99)", "0.76 (0.68)", "0.92 (0.70)", "0.80 (0.22)", "0.55", "279.99"]


def test_the_printed_figures_beside_a_study_that_has_them(study: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    printed = printed_figures("paper")
    means = compared_means(scores_by_kind(*study), printed)
    assert len(means) == 15 * 12
    assert means["difference"].abs().max() <= ROUNDED
    table = compared_correlations(correlations(*study), printed)
    ours = table[table["kind"] != "all"]  # the figures over all hold where genuine pairs are in
    assert (ours["this_study"] - ours["printed"]).abs().max() < 5e-4
    assert ours["same_sign"].all()
    assert table["kind"].value_counts().to_dict() == {
        "interpolation": 5, "negative": 3, "optimized": 7, "positive": 7, "all": 7, "all with genuine": 7
    }  # fmt: skip


def test_a_study_with_nothing_of_the_printed_one_cannot_be_compared(study: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    other = scores_by_kind(*study).assign(kind="another")
    with pytest.raises(MissingDataError, match="shares no kind"):
        compared_means(other, printed_figures("paper"))
    with pytest.raises(AnalysisError, match="there are those of: paper"):
        printed_figures("another")
