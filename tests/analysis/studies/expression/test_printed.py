"""Data made to have the figures that the paper prints give them back, in tables and on the heat maps."""

import numpy as np
import pytest

from analysis.studies.expression.data import Expression
from analysis.studies.expression.figures.bars import rate_bars
from analysis.studies.expression.figures.heat_maps import rate_maps
from analysis.studies.expression.references import EMOTIONS
from analysis.studies.expression.tables.cells import needed
from analysis.studies.expression.tables.confusion import confusion_by_group
from analysis.studies.expression.tables.counts import counts
from analysis.studies.expression.tables.measured import measured
from analysis.studies.expression.tables.paper import compared_rates, printed_figures
from analysis.studies.expression.tables.rates import rates
from tests.analysis.studies.expression.faces import faces

# (label, what is said, women, men): happy 400 women and 500 men, neutral 324 and 830, sad the rest
FACES = [
    ("happy", "happy", 340, 390),
    ("happy", "sad", 60, 110),
    ("neutral", "neutral", 91, 299),
    ("neutral", "happy", 100, 60),
    ("neutral", "sad", 133, 471),
    ("sad", "happy", 50, 20),
    ("sad", "sad", 226, 150),
]
PRINTED = {
    ("happy", "female"): {"TPR": "0.85", "TNR": "0.75"},
    ("happy", "male"): {"TPR": "0.78", "TNR": "0.92"},
    ("neutral", "female"): {"TPR": "0.28", "FNR": "0.72"},
    ("neutral", "male"): {"TPR": "0.36", "FNR": "0.64"},
}


@pytest.fixture(scope="module")
def study() -> Expression:
    rows = [
        (label, said, gender)
        for label, said, women, men in FACES
        for gender, n in (("female", women), ("male", men))
        for _ in range(n)
    ]
    labels, said, gender = zip(*rows, strict=True)
    return faces(labels, {"deepface": said}, group_gender=list(gender))


@pytest.fixture(scope="module")
def table(study: Expression):
    return rates(study, measured(study, needed(study)))


def test_the_rates_are_those_printed(table):
    by = table[table["grouping"] == "gender"].set_index(["emotion", "group", "rate"])
    for (emotion, group), figures in PRINTED.items():
        for rate, figure in figures.items():
            assert f"{by.loc[(emotion, group, rate), 'value']:.2f}" == figure
    assert by.loc[("neutral", "female", "TPR"), "labels"] == 324
    assert by.loc[("neutral", "male", "TPR"), "labels"] == 830


def test_the_counts_are_those_printed(study):
    by = counts(study).set_index(["of", "group", "emotion"])["n"]
    assert by["labels", "female", "neutral"] == 324
    assert by["labels", "male", "neutral"] == 830
    assert by["deepface", "female", "neutral"] == 91


def test_heat_maps_show_the_printed_rates(table):
    figure = rate_maps(table[table["grouping"] == "gender"], ("happy", "neutral"), "deepface", source=None)
    columns = ["TPR", "FPR", "TNR", "FNR"]
    for axes, emotion in zip(figure.axes, ("happy", "neutral"), strict=False):
        shown = {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in axes.texts}
        for row, group in enumerate(("female", "male")):
            for rate, value in PRINTED[emotion, group].items():
                assert shown[row, columns.index(rate)].startswith(value)
    assert "n 324" in "".join(text.get_text() for text in figure.axes[1].texts)


def test_bars_have_their_intervals_drawn(table):
    rows = table[table["grouping"] == "gender"]
    figure = rate_bars(rows, ("TPR", "FPR"), "deepface", source=None)
    for axes, rate in zip(figure.axes, ("TPR", "FPR"), strict=True):
        for lines, group in zip(axes.collections, ("female", "male"), strict=True):
            drawn = [line[:, 1].tolist() for line in lines.get_segments() if len(line)]
            cells = rows[(rows["rate"] == rate) & (rows["group"] == group)].set_index("emotion").reindex(EMOTIONS)
            wanted = cells[["low", "high"]].dropna().to_numpy()
            assert len(wanted) == {"TPR": 3, "FPR": 7}[rate]
            np.testing.assert_allclose(drawn, wanted)


def test_confusions_of_every_group_by_hand(study):
    table = confusion_by_group(study).set_index(["group", "right", "said"]).sort_index()
    columns = ["n", "n_right", "n_said", "share"]
    assert table.loc[("female", "neutral", "sad"), columns].tolist() == pytest.approx([133, 324, 419, 133 / 324])
    assert table.loc[("male", "happy", "sad"), columns].tolist() == pytest.approx([110, 500, 731, 0.22])
    assert table.loc[("male", "neutral"), "share"].sum() == pytest.approx(1)


def test_compared_with_the_paper_nothing_differs(table):
    compared = compared_rates(table, printed_figures("paper"))
    assert len(compared) == 10  # 8 rates and two counts
    assert compared.query("figure == 'TPR'")[["labels", "predictions"]].to_numpy().tolist() == [
        [400, 490],
        [500, 470],
        [324, 91],
        [830, 299],
    ]
    assert (compared.loc[compared["figure"] != "labels", "difference"].abs() < 0.005).all()
    assert (compared.loc[compared["figure"] == "labels", "difference"] == 0).all()
    assert compared["order"].all()
    assert compared.loc[compared["figure"] != "labels", "inside"].all()
