"""The whole report: with labels, with simulated raters, and of models alone."""

import re

import pandas as pd
import pytest

from analysis import AnalysisError
from analysis.report.make import report_files
from analysis.results import results
from tests.analysis.studies.expression.faces import drawn, faces, simulated


def text(files) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", files["index.html"].decode()))


@pytest.fixture(scope="module")
def labeled():
    of = drawn(600, classifiers=("fer",))
    tables = results(of)
    return tables, report_files(of, tables)


@pytest.fixture(scope="module")
def rated():
    of = simulated(3, raters=5, per_batch=60)
    tables = results(of)
    return tables, report_files(of, tables)


def test_a_labeled_study_has_every_table_of_its_faces(labeled):
    tables, files = labeled
    wanted = {"accuracy", "rates", "differences", "equalized_odds", "confusion_by_group", "calibration", "faces_needed"}
    assert wanted | {"counts", "dropped", "acquisition", "model_agreement", "compared_rates", "limits"} <= set(tables)
    assert set(tables["rates"]["grouping"]) == {"all", "gender", "race", "gender x race"}
    names = set(files)
    assert "tables/rates.csv" in names
    assert {"figures/rates-fer-1-gender.svg", "figures/heat-fer-3-gender-x-race.svg"} <= names
    page = text(files)
    assert "95 % intervals take every face as a unit of its own" in page
    assert "label rules make no difference" in page
    family = tables["differences"].groupby(tables["differences"]["grouping"] == "gender x race")["family"].first()
    assert f"of a family: {family[False]} of single groupings, and {family[True]} of two groupings together" in page
    assert not any("differences-fer" in name and "-x-" in name for name in names)
    assert "here right is what follows from the source" in page
    assert "It is open whether fer takes" in page or "fer takes" in page


def test_no_ratings_column_where_labels_are_right(labeled):
    assert "ratings_source" not in labeled[0]["rates"]


def test_simulated_stands_in_every_figure_and_table(rated):
    tables, files = rated
    page = files["index.html"].decode()
    captions = re.findall(r"<figcaption>.*?</figcaption>", page, re.DOTALL)
    captions += re.findall(r'<p class="caption".*?</p>', page, re.DOTALL)
    assert len(captions) > 20
    without = [caption for caption in captions if "Simulated ratings." not in caption]
    assert len(without) == 1
    assert "tables/acquisition" in without[0]  # it holds none
    for name, content in files.items():
        if name.endswith(".svg"):
            assert b"Simulated ratings." in content
    assert set(tables["rates"]["ratings_source"]) == {"simulated"}


def test_predicted_groups_are_named_so(rated):
    tables, _ = rated
    for name in ("counts", "rates", "accuracy", "confusion_by_group", "calibration", "faces_needed", "label_rules"):
        assert set(tables[name]["grouping"]) == {"all", "gender (predicted)"}


def test_models_alone_are_said_to_be_alone():
    of = faces([None] * 40, {"fer": ["sad"] * 40, "other": ["happy"] * 40}, group_gender=["female", "male"] * 20)
    tables = results(of)
    assert "rates" not in tables
    assert {"counts", "model_agreement", "acquisition"} <= set(tables)
    page = text(report_files(of, tables))
    assert "this report is about what models say alone" in page
    assert "Nobody was asked" in page


def test_a_grouping_of_nobody_has_no_figures():
    of = faces(["sad"] * 40, {"fer": ["sad"] * 40}, predicted_gender=None, predicted_gender_confidence=0.5)
    tables = results(of)
    assert "not known" in set(tables["acquisition"]["group"])
    files = report_files(of, tables)
    assert "figures/counts-all.svg" in files
    assert not any("gender" in name for name in files)


def test_more_groups_are_asked_for_by_name():
    of = faces(["sad"] * 90, {"fer": ["sad"] * 45 + ["happy"] * 45}, age=[float(n) for n in range(90)])
    attributes = pd.DataFrame({"image_id": of.items["image_id"], "light": ["dark", "bright"] * 45})
    tables = results(of, attributes, groups=["age"])
    by = tables["rates"].query("emotion == 'sad' and rate == 'TPR'").set_index(["grouping", "group"])["value"]
    assert by["age", "0 to 29"] == 1
    assert by["age", "60 to 89"] == 0
    assert by["light", "dark"] == pytest.approx(23 / 45)
    assert ("light x age", "dark, 0 to 29") in by.index
    assert "by age" in text(report_files(of, tables))


def test_no_such_printed_study_is_one_error():
    with pytest.raises(AnalysisError, match="no printed figures of 'another'; there are those of: paper"):
        results(faces(["sad"], {"fer": ["sad"]}), compare_with="another")
