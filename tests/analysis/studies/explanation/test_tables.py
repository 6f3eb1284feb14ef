"""Tables of an explanation study, from comparisons that are written out by hand."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.errors import MissingDataError
from analysis.questions import Scale
from analysis.report.summary import Claim
from analysis.studies.explanation.figures.agreement_matrix import agreement_matrix
from analysis.studies.explanation.figures.curves import curves as drawn_curves
from analysis.studies.explanation.tables.curves import curves
from analysis.studies.explanation.tables.explainer_agreement import explainer_agreement
from analysis.studies.explanation.tables.measure_differences import measure_differences
from analysis.tables.answers import Answers

VALUES = {0: [0.1, 0.3], 1: [0.2, 0.4], 2: [0.6, np.nan]}
"""Of two pictures of each of three batches."""


def compared(values, check="cascading", place=1, layer="fc", explainer="gradient", other=None, measure="spearman"):
    return pd.DataFrame(
        [
            {
                "item_id": None,
                "batch": batch,
                "check": check,
                "classifier": "net",
                "image_id": f"{batch}-{at}",
                "explainer": explainer,
                "other_explainer": other or explainer,
                "layer": layer,
                "place": place,
                "first_map": f"{batch}-{at}-{explainer}",
                "second_map": f"{batch}-{at}-{other or explainer}-{place}",
                "measure": measure,
                "value": value,
            }
            for batch, of_batch in values.items()
            for at, value in enumerate(of_batch)
        ]
    )


def sanity_of(comparisons):
    rows = comparisons[["batch", "check", "classifier", "place"]].drop_duplicates()
    return rows.assign(same_class=rows["batch"] / 4)


def test_a_curve_is_the_mean_over_pictures_with_the_jackknife_over_batches():
    comparisons = compared(VALUES)
    (row,) = curves(comparisons, sanity_of(comparisons)).to_dict("records")
    means = [np.mean([0.2, 0.4, 0.6]), np.mean([0.1, 0.3, 0.6]), np.mean([0.1, 0.3, 0.2, 0.4])]
    error = np.sqrt(2 / 3 * np.sum((np.array(means) - np.mean(means)) ** 2))
    reach = stats.t.ppf(0.975, 2) * error
    assert (row["n"], row["pictures"], row["batches"], row["layer"]) == (5, 6, 3, "fc")
    assert row["mean"] == pytest.approx(0.32)
    assert (row["low"], row["high"]) == (pytest.approx(0.32 - reach), pytest.approx(0.32 + reach))
    assert row["interval"] == "jackknife of 3 batches"
    assert row["same_class"] == pytest.approx((0 + 1 + 2) / 4 / 3)


def test_controls_and_other_checks_are_in_no_curve():
    control = compared({0: [1.0]}, place=0).assign(second_map="0-0-gradient", item_id="a")
    edges = compared({0: [1.0]}, explainer="edges").assign(second_map="0-0-edges")
    others = compared(VALUES, check="explainers", other="lime", place=0)
    comparisons = pd.concat([compared(VALUES), control, edges, others], ignore_index=True)
    made = curves(comparisons, sanity_of(comparisons))
    assert [(row.explainer, row.place, row.n) for row in made.itertuples()] == [("gradient", 1, 5), ("edges", 1, 1)]
    with pytest.raises(MissingDataError, match="no batch compares a network"):
        curves(others, sanity_of(others))


def test_two_batches_have_no_interval_and_undefined_measures_no_mean():
    two = compared({0: [0.1], 1: [0.3]})
    nothing = compared({0: [np.nan]}, explainer="grad_cam")
    made = curves(pd.concat([two, nothing]), sanity_of(two)).set_index("explainer")
    assert (made["mean"]["gradient"], made["interval"]["gradient"]) == (
        pytest.approx(0.2),
        "too few batches for an interval",
    )
    assert (made["n"]["grad_cam"], made["pictures"]["grad_cam"]) == (0, 1)
    assert np.isnan(made["mean"]["grad_cam"])


def test_explainers_agree_as_the_mean_of_their_comparisons_says():
    comparisons = pd.concat(
        [
            compared(VALUES, check="explainers", other="lime", place=0),
            compared({0: [1.0]}, check="explainers", place=0).assign(item_id="a"),
            compared(VALUES),
        ]
    )
    (row,) = explainer_agreement(comparisons).to_dict("records")
    assert (row["first"], row["second"], row["n"], row["mean"]) == ("gradient", "lime", 5, pytest.approx(0.32))
    with pytest.raises(MissingDataError, match="no batch compares explainers"):
        explainer_agreement(compared(VALUES))


def couples(noise: dict[str, float], batches=8, items=12, raters=4) -> Answers:
    """Raters who see the truth with a little noise; measures that see it with more."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 1, (batches, items))
    rows, ratings = [], []
    for batch, at in product(range(batches), range(items)):
        measured = {name: sign(name) * truth[batch, at] + sd * rng.normal() for name, sd in noise.items()}
        rows.append(
            {"item_id": f"{batch}-{at}", "batch": batch, "image_id": f"{batch}-{at // 3}", "kind": "labels"} | measured
        )
        ratings += [
            {
                "item_id": f"{batch}-{at}",
                "participant_id": f"{batch}-{rater}",
                "likeness": 100 * truth[batch, at] + 5 * rng.normal(),
            }
            for rater in range(raters)
        ]
    about = (pd.DataFrame(rows), pd.DataFrame(ratings), "item_id", (Scale("likeness"),))
    return Answers.about(*about, clusters={"batches": "batch", "images": "image_id"}, condition="kind")


def sign(name: str) -> int:
    return -1 if name == "mse" else 1


def test_the_measure_that_sees_as_people_do_is_found_whatever_its_sign():
    of = couples({"close": 0.05, "mse": 0.1, "far": 1.0})
    made = measure_differences(of, ["close", "mse", "far"])
    assert [(row.first, row.second) for row in made.itertuples()] == [
        ("close", "mse"),
        ("close", "far"),
        ("mse", "far"),
    ]
    mean = of.joined().groupby("item_id")["likeness"].mean()
    wanted = stats.pearsonr(of.items["mse"], of.items["item_id"].map(mean)).statistic
    assert made["second_correlation"][0] == pytest.approx(wanted)
    assert wanted < 0
    assert (made["difference"][1:] > 0.5).all()
    assert (made["low"][1:] > 0).all()
    assert (made["p_holm"][1:] < 0.05).all()
    assert made["difference"][0] == pytest.approx(made["first_correlation"][0] - abs(wanted))


def test_two_measures_that_see_alike_are_told_apart_no_more_often_than_by_chance():
    made = measure_differences(couples(dict.fromkeys("abcdef", 0.3)), list("abcdef"))
    assert len(made) == 15
    assert (made["p_holm"] > 0.05).sum() >= 14
    with pytest.raises(MissingDataError):
        measure_differences(couples({"a": 0.3}), ["a"])


def test_a_claim_of_few_batches_has_their_degrees_of_freedom():
    """An interval of 0.2 around 0.8 by t with 2 degrees of freedom: the error is .2 / 4.303."""
    claim = Claim("curves", "mean", 0.8, 0.6, 1.0, 0.5, "above", "below", "whether", freedom=2)
    wanted = 2 * stats.t.sf(0.3 / (0.2 / stats.t.ppf(0.975, 2)), 2)
    assert claim.p(11) == pytest.approx(wanted)


def test_the_figures_show_what_their_tables_say():
    comparisons = pd.concat(
        [
            compared(VALUES, explainer=name, measure=measure)
            for name in ("gradient", "edges")
            for measure in ("spearman", "spearman_absolute")
        ]
    )
    figure = drawn_curves(curves(comparisons, sanity_of(comparisons)), ["gradient"], "edges", source=None)
    lines = {
        line.get_label(): line.get_ydata().tolist()
        for line in figure.axes[0].lines
        if not line.get_label().startswith("_")
    }
    assert lines == {each: [pytest.approx(0.32)] for each in ("with signs", "absolute values", "edge detector")}
    of_rows = comparisons[comparisons["explainer"] != "edges"]
    figure = drawn_curves(curves(of_rows, sanity_of(of_rows)), ["gradient"], "edges", source=None)
    assert figure.axes[0].get_legend_handles_labels()[1] == ["with signs", "absolute values"]
    both = [
        compared(VALUES, check="explainers", other="lime", place=0),
        compared({0: [0.9]}, check="explainers", other="lime", place=0, measure="spearman_absolute"),
    ]
    matrix = agreement_matrix(explainer_agreement(pd.concat(both)), ["gradient", "lime"], source=None)
    assert {text.get_text(): text.get_position() for text in matrix.axes[0].texts} == {"0.32": (0, 1), "0.90": (1, 0)}
