"""The tables of a study whose parameters are known, beside numbers by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from analysis.errors import AnalysisError, MissingDataError
from analysis.makers import answers_of
from analysis.studies.counterfeits import ANALYSIS
from analysis.studies.counterfeits.data import study as known
from analysis.studies.counterfeits.tables.detectors import defense, detector_roc, detectors
from analysis.studies.counterfeits.tables.distance import distance, diversity
from analysis.studies.counterfeits.tables.inversion import curves, inversion
from analysis.studies.counterfeits.tables.seen import seen
from tests.analysis.studies.counterfeits.synthetic import study


def one(table: pd.DataFrame, **where: object) -> pd.Series:
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_people_see_what_the_classifier_says_as_often_as_they_do():
    of = study()
    table = seen(of, answers_of(of, ANALYSIS))
    all_ = one(table, kind="one_hot", **{"class": "all", "confidence": "all"})
    assert (all_["n_items"], all_["n"]) == (80, 400)
    assert (all_["as_classifier"], all_["nothing"], all_["another"]) == pytest.approx((0.4, 0.6, 0.0))
    assert all_["certainty"] == pytest.approx(42)
    assert all_["confidence_mean"] == pytest.approx((0.9 + 0.995) / 2)
    control = one(table, kind="control", **{"class": "all", "confidence": "all"})
    assert (control["as_classifier"], control["nothing"]) == (1, 0)


def test_answers_are_told_apart_by_class_and_by_confidence():
    of = study()
    table = seen(of, answers_of(of, ANALYSIS))
    by_class = table[(table["kind"] == "one_hot") & (table["confidence"] == "all")].set_index("class")["n_items"]
    assert by_class.to_dict() == {"all": 80, "3": 32, "8": 48}
    spans = table[(table["kind"] == "one_hot") & (table["confidence"] != "all")].set_index("confidence")["n_items"]
    assert spans.to_dict() == {"0.9 to 0.99": 40, "0.99 to 0.999": 40}


def test_images_of_generators_that_failed_are_not_counted_among_what_people_see():
    of = study(failed=(1, 2))
    table = seen(of, answers_of(of, ANALYSIS))
    assert one(table, kind="one_hot", **{"class": "all", "confidence": "all"})["n_items"] == 40
    assert one(table, kind="control", **{"class": "all", "confidence": "all"})["n_items"] == 80
    assert len(of.failed) == 2


def test_accuracy_and_confidence_by_hand():
    table = inversion(study())
    row = one(table, kind="one_hot", **{"class": "3"})
    assert (row["n"], row["accuracy"], row["above_9"], row["above_99"]) == pytest.approx((40, 0.8, 0.5, 0.5))
    assert row["confidence"] == pytest.approx((0.9 + 0.995) / 2)
    assert row["confidence_low"] <= row["confidence"] <= row["confidence_high"]
    assert one(table, kind="held_out", **{"class": "all"})["accuracy"] == 1
    assert np.isnan(one(table, kind="noise", **{"class": "all"})["accuracy"])


def test_beyond_is_the_share_that_lies_past_most_held_out_images():
    table = distance(study())
    row = one(table, kind="one_hot", measure="lpips", **{"class": "all"})
    assert row["held_out_far"] == pytest.approx(norm.ppf(0.95), abs=0.5)
    assert row["beyond"] == pytest.approx(norm.cdf(3 - norm.ppf(0.95)), abs=0.08)
    assert row["beyond_low"] < row["beyond"] < row["beyond_high"]
    assert one(table, kind="held_out", measure="lpips", **{"class": "all"})["beyond"] == pytest.approx(0.05, abs=0.01)


def test_diversity_is_the_mean_over_batches_and_twins_are_counted():
    row = one(diversity(study()), kind="one_hot", **{"class": "all"})
    assert (row["pixels"], row["features"], row["frechet"]) == pytest.approx((6.15, 6, 37.5))
    assert (row["real_pixels"], row["twins"]) == pytest.approx((2, 0.25))
    assert row["pixels_low"] < 6.15 < row["pixels_high"]


def test_the_area_of_a_detector_is_that_of_two_normal_distributions():
    row = one(detectors(study()), kind="one_hot", detector="energy")
    assert row["auroc"] == pytest.approx(norm.cdf(3 / 2**0.5), abs=0.02)
    assert row["low"] < row["auroc"] < row["high"]
    assert row["caught"] == pytest.approx(norm.cdf(3 - norm.ppf(0.95)), abs=0.1)
    curve = detector_roc(study()).query("kind == 'one_hot' and detector == 'energy'")
    assert np.trapezoid(curve["caught"], curve["alarms"]) == pytest.approx(row["auroc"], abs=0.01)


def test_what_a_defense_rejects_does_not_pass():
    table = defense(study())
    before, after = (one(table, kind="one_hot", classifier=number) for number in (0, 1))
    assert (before["passes"], before["rejects"]) == pytest.approx((0.9, 0))
    assert (after["passes"], after["rejects"]) == pytest.approx((0.4, 0.5))
    assert one(table, kind="held_out", classifier=1)["passes"] == 1
    of = study()
    tables = {**of.tables, "predictions": of.tables["predictions"].query("round == 0")}
    without = replace(of, tables=tables)
    with pytest.raises(MissingDataError, match="has no defense"):
        defense(without)


def test_curves_are_means_over_the_batches():
    table = curves(study())
    assert set(table["term"]) == {"kl", "cosine", "orthogonality", "pixels"}
    first = one(table, term="kl", step=1)
    assert (first["mean"], first["least"], first["most"]) == (3.5, 2, 5)


def test_another_kind_is_refused():
    with pytest.raises(AnalysisError, match="is no counterfeits study"):
        known(object.__new__(type("Other", (), {"name": "x"})))  # type: ignore[arg-type]
