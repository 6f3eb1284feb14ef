import numpy as np
import pandas as pd
import pytest
from datasets import Dataset
from scipy import stats

from analysis import MissingDataError
from analysis.studies.verification.tables.correlations import correlations
from analysis.studies.verification.tables.paper import table_2
from tests.analysis.synthetic import draw_pairs, draw_ratings


def test_against_the_formula_and_scipy() -> None:
    pairs = draw_pairs(batches=3)
    ratings = draw_ratings(pairs)
    table = correlations(pairs, ratings).set_index(["kind", "measure"])
    rate = ratings.groupby("pair_id")["identity"].mean()
    genuine = pairs["kind"] == "genuine"
    for kind, of_kind in (
        ("interpolation", pairs[pairs["kind"] == "interpolation"]),
        ("all", pairs[~genuine]),
        ("all with genuine", pairs),
    ):
        x, y = rate[of_kind["pair_id"]].to_numpy(), of_kind["facenet512_distance"].to_numpy()
        found = table.loc[(kind, "facenet512")]
        centered = (x - x.mean()) @ (y - y.mean())
        assert found["pearson"] == pytest.approx(centered / (len(x) * x.std() * y.std()))
        t = found["pearson"] * np.sqrt((len(x) - 2) / (1 - found["pearson"] ** 2))
        assert found["p"] == pytest.approx(2 * stats.t.sf(abs(t), len(x) - 2))
        assert found["spearman"] == pytest.approx(np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1])
        of_batch, low, high = of_kind["batch"].to_numpy(), found["low"], found["high"]
        z = np.arctanh([np.corrcoef(x[of_batch != out], y[of_batch != out])[0, 1] for out in range(3)])
        reach = stats.t.ppf(0.975, 2) * np.sqrt(3 * z.var())
        assert np.arctanh([low, high]) == pytest.approx(np.arctanh(found["pearson"]) + np.array([-reach, reach]))
        t = np.arctanh(found["pearson"]) / np.sqrt(3 * z.var())
        assert found["p_batches"] == pytest.approx(2 * stats.t.sf(abs(t), 2))
        assert found["spearman_low"] < found["spearman"] < found["spearman_high"]


@pytest.mark.parametrize(("noise", "stars"), [(0.1, "**"), (9.0, "*"), (100.0, "")])
def test_stars(noise: float, stars: str) -> None:
    rng = np.random.default_rng(1)
    rate = np.linspace(0, 1, 40)
    pairs = pd.DataFrame(
        {"pair_id": [f"p{n}" for n in range(40)], "base_id": ["a", "b"] * 20, "batch": 0, "kind": "positive"}
    )
    pairs = pairs.assign(level=0.2, net_distance=1 - rate + noise * rng.normal(0, 0.1, 40), net_accept=True)
    pairs = pairs.assign(identity_rate=rate, similarity_mean=100 * rate, n_ratings=10)
    found = correlations(pairs).query("measure == 'net' and kind == 'all'").iloc[0]
    p = stats.pearsonr(rate, pairs["net_distance"]).pvalue
    assert {"**": p < 0.001, "*": 0.001 <= p < 0.05, "": p >= 0.05}[stars]
    assert found["stars"] == stars
    assert found["printed"] == (f"{found['pearson']:.3f}{stars}" if stars else "")


def test_constant_columns_have_a_reason() -> None:
    pairs = draw_pairs(batches=1).assign(latent_l2=1.0)
    ratings = draw_ratings(pairs)
    table = correlations(pairs, ratings)
    constant = table[table["measure"] == "latent_l2"]
    assert set(constant["reason"]) == {"latent_l2 is the same in all pairs"}
    assert constant[["pearson", "spearman", "low", "high"]].isna().all(axis=None)
    same = correlations(pairs, ratings.assign(identity=True))
    assert set(same["reason"]) == {"the identity rate is the same in all pairs"}


def test_pairs_that_were_not_acquired_do_not_count() -> None:
    pairs = draw_pairs(batches=2)
    pairs.loc[pairs.index[5:25], ["dlib_distance", "dlib_accept"]] = None
    ratings = draw_ratings(draw_pairs(batches=2))
    table = correlations(pairs, ratings).set_index(["kind", "measure"])
    assert table.loc[("all", "similarity"), "n"] == 216
    assert table.loc[("all", "dlib"), "n"] == 216 - 20
    complete = correlations(pairs.dropna(subset="dlib_distance"), ratings).set_index(["kind", "measure"])
    assert table.loc[("all", "dlib"), "pearson"] == complete.loc[("all", "dlib"), "pearson"]


def test_printed_is_laid_out_as_in_the_paper() -> None:
    pairs = draw_pairs(batches=1)
    wide = table_2(correlations(pairs, draw_ratings(pairs)))
    assert wide["pairs"].tolist() == ["interpolation", "negative", "optimized", "positive", "all", "all with genuine"]
    assert wide.columns.tolist() == ["pairs", "similarity", "dlib", "facenet512", "lpips_alex", "latent_l2"]


def test_a_dataset_gives_what_a_frame_gives() -> None:
    pairs = draw_pairs(batches=1)
    ratings = draw_ratings(pairs)
    plain = pairs.astype({"kind": "str"})
    from_datasets = correlations(Dataset.from_pandas(plain), Dataset.from_pandas(ratings))
    pd.testing.assert_frame_equal(from_datasets, correlations(pairs, ratings))


def test_without_ratings() -> None:
    pairs = draw_pairs(batches=1)
    with pytest.raises(MissingDataError, match="no ratings"):
        correlations(pairs)
    with pytest.raises(MissingDataError, match="of one of the pairs"):
        correlations(pairs, draw_ratings(pairs).assign(pair_id="another"))
