"""Batches that manipulate classifiers of rows, their bar charts, and what stays of a table."""

import json
from pathlib import Path

import numpy as np
import pytest

from builder.explainers.views import AGAINST, FOR
from builder.manipulations.table import synthetic
from builder.runtime import Runtime
from builder.studies.explanation.charts import LINE, NAMES, WIDTH, Charts
from builder.studies.explanation.models import load_models
from builder.studies.explanation.pipeline import build_batch
from builder.studies.explanation.publish import ExplanationParts
from builder.studies.explanation.schema import KINDS
from builder.studies.explanation.study import explanation
from loading_script.untrusted.png import decode_rgb
from tests.builder.studies.explanation.test_pipeline import small
from tests.builder.studies.explanation.test_study import explainers, of_rows

SCAFFOLD = of_rows("scaffold", "lime", trees=20)


@pytest.fixture(scope="module")
def made(runtime: Runtime) -> dict[str, list[dict]]:
    own = explanation(small("explainers", images_per_batch=3, explainers=explainers("gradient"), checks=[SCAFFOLD]))
    built = build_batch(own, load_models(own, runtime), 0)
    return {name: table.to_pylist() for name, table in built.tables.items()}


def test_a_scaffold_hides_the_sensitive_column_and_its_no_op_does_not(made):
    manipulated, no_op = made["runs"]
    assert (manipulated["level"], manipulated["likeness_wanted"], manipulated["wanted"]) == ("table", "high", "low")
    assert [(row["goal_before"], row["goal_after"]) for row in (manipulated, no_op)] == [(1, 0), (1, 1)]
    assert manipulated["accuracy_after"] > manipulated["accuracy_before"] - 0.02
    assert json.loads(manipulated["settings"])["sensitive"] == "group"
    assert [(row["fooled"], row["fooled_below"]) for row in (manipulated, no_op)] == [(3, None), (0, None)]
    assert {row["classifier"] for name in ("runs", "comparisons", "items") for row in made[name]} == {"row_model"}
    assert all(row["changed_id"] == row["image_id"] and row["l_inf"] is None for row in made["manipulations"])


def test_weights_are_kept_as_maps_of_one_line_and_measured_as_such(made):
    table = synthetic(0)
    for row in made["maps"]:
        assert len(row["map"]) == 1
        weights = np.abs(np.array(row["map"][0]))
        first = weights.argmax() == table.sensitive
        assert row["explainer"] != "lime" or first == (row["network"] != "manipulated")
    assert {row["explainer"] for row in made["maps"]} == {"lime", "kernel_shap"}
    measured = {row["measure"] for row in made["comparisons"]}
    assert (
        measured == {"spearman", "pearson", "mse", "spearman_absolute", "pearson_absolute", "mse_absolute"} & measured
    )
    assert {"spearman", "spearman_absolute"} <= measured
    assert all(row["ssim"] is None for row in made["items"])


def test_people_see_bar_charts_and_are_not_asked_about_pictures(made):
    assert {row["task"] for row in made["items"]} == {"likeness", "trust"}
    assert {KINDS[row["kind"]] for row in made["items"]} == {"manipulated", "no_op", "control"}
    maps = {row["map_id"]: row for row in made["maps"]}
    images = {row["image_id"]: row for row in made["images"]}
    for row in made["items"]:
        shown = maps[images[row["second_id"]]["map_id"]]
        assert row["second"]["bytes"] == shown["absolute"]["bytes"]
        assert np.asarray(decode_rgb(row["second"]["bytes"])).shape == (8 * LINE + 6, WIDTH, 3)


def test_bars_are_as_long_as_their_values():
    charts = Charts(["a", "b", "c"])
    (chart,) = charts.diverging(np.array([[[1.0, -4.0, 2.0]]], np.float32))
    zero = (NAMES + WIDTH) // 2
    counted = [
        (chart[3 + line * LINE + 8] == color).all(axis=1).sum() for line, color in enumerate((FOR, AGAINST, FOR))
    ]
    reach = (WIDTH - NAMES) // 2 - 4
    assert counted == pytest.approx([reach / 4, reach, reach / 2], abs=2)
    assert (chart[3 + LINE + 8, :zero] == AGAINST).all(axis=1).any()
    (absolute,) = charts.absolute(np.array([[[1.0, -4.0, 2.0]]], np.float32))
    assert (absolute[3 + LINE + 8] == (89, 89, 89)).all(axis=1).sum() == pytest.approx(WIDTH - NAMES - 4, abs=2)


def test_a_file_as_compas_is_hides_the_race_behind_a_column_that_means_nothing(tmp_path: Path, runtime: Runtime):
    """Columns as in ProPublica's file, with names, empty cells and a column that is there twice; nobody's rows."""
    rng = np.random.default_rng(0)
    header = "id,name,sex,age,race,decile_score,juv_other_count,priors_count,days_b_screening_arrest,c_charge_degree"
    lines = [f"{header},priors_count,two_year_recid"]
    for row in range(600):
        race, sex, degree = (str(rng.choice(each)) for each in (["African-American", "Other"], ["M", "F"], ["F", "M"]))
        risk = rng.normal()
        age, score, juvenile, priors = (
            round(each) for each in (40 - 10 * risk, 50 + 20 * risk, 9 + 3 * risk, 20 + 9 * risk)
        )
        own = f"{row},Jo Doe {row},{sex},{age},{race},{score},{juvenile},{priors},,{degree},{priors}"
        lines.append(f"{own},{int(risk > 0)}")
    (tmp_path / "compas.csv").write_text("\n".join(lines))
    columns = ["race", "sex", "age", "decile_score", "juv_other_count", "priors_count", "c_charge_degree"]
    file = {"path": str(tmp_path / "compas.csv"), "label": "two_year_recid", "positive": "1", "columns": columns}
    keys = {"table": file | {"sensitive": "race=African-American"}, "checks": [SCAFFOLD]}
    own = explanation(small("explainers", explainers=explainers("gradient"), **keys))
    manipulated, no_op = build_batch(own, load_models(own, runtime), 0).tables["runs"].to_pylist()
    assert [(row["goal_before"], row["goal_after"]) for row in (manipulated, no_op)] == [(1, 0), (1, 1)]
    assert json.loads(manipulated["settings"])["innocent"] == "unrelated"
    assert json.loads(manipulated["settings"])["sensitive"] == "race=African-American"


def test_charts_of_a_users_table_are_not_published(tmp_path: Path, runtime: Runtime):
    file = {"path": str(tmp_path / "a.csv"), "label": "b", "positive": "1", "sensitive": "c"}
    theirs, ours = (explanation(small("explainers", checks=[SCAFFOLD], **keys)) for keys in ({"table": file}, {}))
    assert not ExplanationParts().rights(theirs, runtime).redistributable
    assert ExplanationParts().rights(ours, runtime).redistributable
