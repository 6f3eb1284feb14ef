"""Tables and figures of manipulations, from rows that are written out by hand."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.errors import MissingDataError
from analysis.questions import Choice, YesNo
from analysis.studies.explanation.figures.room import room as drawn_room
from analysis.studies.explanation.figures.transfer_matrix import transfer_matrix
from analysis.studies.explanation.manipulations import strongest
from analysis.studies.explanation.tables.beyond_noise import beyond_noise
from analysis.studies.explanation.tables.generalization import generalization
from analysis.studies.explanation.tables.noticed import noticed, room, thresholds
from analysis.studies.explanation.tables.properties import properties, settings_tried
from analysis.studies.explanation.tables.transfer import transfer
from analysis.studies.explanation.tables.trusted import trusted
from analysis.tables.answers import Answers

GOALS = {"manipulated": [[0.1, 0.3], [0.2, 0.2], [0.1, 0.2]], "no_op": [[0.4, 0.4], [0.5, 0.3], [0.4, 0.4]]}
"""The goal after each version, of two pictures of each of three batches; before it is 0.5, and low is wanted."""

LIKENESS = {"manipulated": 0.4, "no_op": 0.9}


def study(radii=(0.05, 0.1)) -> SimpleNamespace:
    """A radius of 0.1 makes twice the way of 0.05."""
    rows, runs, compared = [], [], []
    for run, radius in enumerate(radii, start=1):
        for version, goals in GOALS.items():
            for batch, of_batch in enumerate(goals):
                names = {"batch": batch, "manipulation": "top_k", "classifier": "net", "explainer": "gradient"}
                names |= {"run": run, "version": version}
                told = {"settings": json.dumps({"radius": radius, "seed": batch, "steps": 9}), "level": "input"}
                told |= {"goal": "left", "wanted": "low", "likeness_wanted": "low", "losses": np.array([0.5, 0.25])}
                told |= {"steps": 9 * (version == "manipulated"), "parameters_changed": 0, "fooled_below": 0.67}
                runs.append(names | told)
                for at, goal in enumerate(of_batch):
                    after = 0.5 - (0.5 - goal) * radius / 0.05
                    change = {"goal_before": 0.5, "goal_after": after, "l_inf": radius, "l_2": 1.0, "lpips": np.nan}
                    change |= {"reached": at == 0, "same_class": True, "probability_change": 0.1, "steps": 3.0}
                    change |= {"fooled": version == "manipulated" and (batch, at) != (0, 0)}
                    rows.append(names | {"image_id": f"{batch}-{at}"} | change)
                    of_map = {"check": "manipulation", "batch": batch, "image_id": f"{batch}-{at}", "network": version}
                    of_map |= {"place": run, "measure": "spearman_absolute", "first_map": "a", "second_map": "b"}
                    compared += [
                        of_map | {"explainer": name, "value": LIKENESS[version] if name == "gradient" else 0.8}
                        for name in ("gradient", "lime")
                    ]
    control = {"check": "manipulation", "batch": 0, "image_id": "0-0", "network": "trained", "place": 0, "value": 1.0}
    compared.append(
        control | {"measure": "spearman_absolute", "first_map": "a", "second_map": "a", "explainer": "lime"}
    )
    tables = {"manipulations": pd.DataFrame(rows), "runs": pd.DataFrame(runs)}
    return SimpleNamespace(tables=tables, comparisons=pd.DataFrame(compared))


def test_a_manipulation_is_held_against_its_noise_picture_by_picture():
    made = beyond_noise(study()).set_index("setting")
    assert list(made.index) == ["radius 0.05", "radius 0.1"]
    apart = np.array([[0.3, 0.1], [0.3, 0.1], [0.3, 0.2]])
    row = made.loc["radius 0.05"]
    assert (row["n"], row["better"], row["wanted"]) == (6, 1.0, "low")
    assert row["gain"] - row["no_op_gain"] == pytest.approx(apart.mean())
    assert (row["median"], row["lowest"], row["highest"]) == pytest.approx((0.2, 0.2, 0.25))
    without = np.array([np.delete(apart, batch, axis=0).mean() for batch in range(3)])
    error = np.sqrt(2 / 3 * ((without - without.mean()) ** 2).sum())
    assert row["low"] == pytest.approx(apart.mean() - stats.t.ppf(0.975, 2) * error)
    assert made.loc["radius 0.1", "difference"] == pytest.approx(2 * apart.mean())
    high = study()
    high.tables["runs"]["wanted"] = "high"
    assert beyond_noise(high)["difference"][0] == pytest.approx(-apart.mean())


def test_properties_stand_side_by_side_with_those_of_the_noise():
    made = properties(study()).set_index(["setting", "version"])
    assert len(made) == 4
    row = made.loc[("radius 0.05", "manipulated")]
    assert (row["pictures"], row["batches"], row["reached"], row["same_class"]) == (6, 3, 0.5, 1.0)
    assert row["goal_after"] == pytest.approx(1.1 / 6)
    assert (row["median"], row["lowest"], row["highest"]) == pytest.approx((0.2, 0.15, 0.2))
    assert (row["likeness"], made.loc[("radius 0.05", "no_op"), "likeness"]) == pytest.approx((0.4, 0.9))
    assert (row["fsr"], made.loc[("radius 0.05", "no_op"), "fsr"]) == (pytest.approx(5 / 6), 0)
    assert (row["fooled_below"], row["parameters_changed"]) == (0.67, 0)
    assert (row["steps"], made.loc[("radius 0.05", "no_op"), "steps"]) == (9, 0)
    assert settings_tried(study())["losses"].tolist()[0] == "0.5 0.25"
    with pytest.raises(MissingDataError, match="nothing was manipulated"):
        properties(SimpleNamespace(tables={}, comparisons=pd.DataFrame()))


def test_the_matrix_shows_what_is_lost_beyond_noise():
    made = transfer(study((0.05,)))
    cells = made.set_index("of")["difference"]
    assert cells.to_dict() == {"gradient": pytest.approx(-0.5), "lime": pytest.approx(0)}
    shown = strongest(SimpleNamespace(tables={"transfer": made}))
    figure = transfer_matrix(shown, ["gradient", "lime"], source=None)
    assert [text.get_text() for text in figure.axes[0].texts] == ["0.50", "0.00"]
    assert [patch.get_xy() for patch in figure.axes[0].patches] == [(-0.5, -0.5)]


def test_pictures_near_to_the_training_and_far_are_apart():
    of = study((0.05,))
    with pytest.raises(MissingDataError, match="no model was manipulated"):
        generalization(of)
    rows, runs = of.tables["manipulations"], of.tables["runs"]
    rows["distance"] = rows["image_id"].str.endswith("1") + 1.0
    runs["trained_goal_before"], runs["trained_goal_after"] = 0.5, 0.1 * (1 + runs["batch"])
    made = generalization(of).set_index(["version", "pictures"])
    assert made["n"].tolist() == [6, 3, 3] * 2
    after = made.loc["manipulated", "goal_after"]
    assert after.to_dict() == pytest.approx({"training": 0.2, "near": 0.4 / 3, "far": 0.7 / 3})
    assert made.loc["manipulated", "distance"].tolist() == [0, 1, 2]


def test_a_change_of_class_counts_by_what_the_map_hides():
    """It leaves the map more like what it was than its no-op does, and hides what changed the class better."""
    of = study((0.05,))
    hidden = of.comparisons[of.comparisons["network"] != "trained"].assign(measure="hidden")
    hidden["value"] = np.where(hidden["network"] == "manipulated", 0.75, 0.5)
    of.comparisons = pd.concat([of.comparisons, hidden])
    of.tables["manipulations"]["fooled"] = None
    shown = strongest(SimpleNamespace(tables={"transfer": transfer(of)}))
    assert shown["measure"].tolist() == ["hidden", "hidden"]
    assert shown["beyond"].tolist() == pytest.approx([0.25, 0.25])
    assert properties(of)["fsr"].isna().all()


def answered(question, answer, batches=6, sizes=(0.0, 0.02, 0.04, 0.06, 0.08, 0.1), raters=10, **columns) -> Answers:
    items, ratings = [], []
    for batch in range(batches):
        for size in sizes:
            key = f"{batch}-{size}"
            kind = "manipulated" if size else "same_picture"
            items.append({"item_id": key, "batch": batch, "image_id": key, "kind": kind, "l_inf": size} | columns)
            ratings += [
                {"item_id": key, "participant_id": f"{batch}-{rater}", question.name: answer(size, rater)}
                for rater in range(raters)
            ]
    about = (pd.DataFrame(items), pd.DataFrame(ratings), "item_id", (question,))
    return Answers.about(*about, clusters={"batches": "batch", "images": "image_id"}, condition="kind")


def test_the_size_that_half_of_the_people_see_is_found():
    """A rater in ten sees every multiple of 0.01 for the first time."""
    of = SimpleNamespace(about=lambda task: answered(YesNo(task), lambda size, rater: size > 0.01 * rater))
    table = thresholds(of).set_index("condition")
    assert table.loc["all", "threshold"] == pytest.approx(0.05, abs=0.01)
    assert table.loc["all", "slope"] < 0
    shares = noticed(of).set_index("l_inf")["share"]
    assert shares[0.0] == 0
    assert shares[0.04] == pytest.approx(0.4)
    figure = drawn_room(room(study()), noticed(of), table.loc["all"], source="simulated")
    lines = [line.get_xdata()[0] for axes in figure.axes for line in axes.lines if line.get_linestyle() == "--"]
    assert lines == [table.loc["all", "threshold"]] * 2
    assert room(study())["likeness"].tolist() == pytest.approx([0.4, 0.9, 0.4, 0.9])


def test_trust_in_the_changed_pictures_map_is_counted_on_its_side():
    words = {True: "left", False: "right"}
    of = SimpleNamespace(
        about=lambda task: answered(
            Choice(task), lambda size, rater: words[rater < 3], sizes=(0.1,), side="left", manipulation="top_k"
        )
    )
    made = trusted(of)
    assert made["manipulation"].tolist() == ["all", "top_k"]
    assert made["share"].tolist() == pytest.approx([0.3, 0.3])
    assert made["n_answers"].tolist() == [60, 60]
