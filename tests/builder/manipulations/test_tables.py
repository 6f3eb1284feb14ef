"""Manipulations of classifiers of rows: tables drawn and read, and what explainers see of the sensitive column."""

import numpy as np
import pytest
import torch

from builder.errors import AssetError, StudyError
from builder.explainers.tables import kernel_shap, lime
from builder.explainers.tables.kernel_shap import TableKernelShap
from builder.explainers.tables.lime import TableLime
from builder.manipulations import conceal, scaffold, table

ROWS = 20


@pytest.fixture(scope="module")
def parts():
    """1,000 rows of the synthetic table: three quarters to train on, the others held out."""
    return table.synthetic(3, 1000).split(0)


def test_the_synthetic_table_follows_its_rule():
    drawn = table.synthetic(0, 4000)
    numbers = drawn.rows[:, :6]
    np.testing.assert_allclose(numbers.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(numbers.std(axis=0), 1, atol=1e-5)
    assert [drawn.columns[each] for each in drawn.categorical] == ["group", "unrelated"]
    assert drawn.columns[drawn.sensitive] == "group"
    column = dict(zip(drawn.columns, drawn.rows.T, strict=True))
    score = 2 * column["group"] - 1 + 0.5 * (column["income"] + column["savings"] - column["debt"])
    assert (drawn.labels[score > 1.2] == 1).all()
    assert (drawn.labels[score < -1.2] == 0).all()
    correlations = np.corrcoef(drawn.rows.T)
    assert np.abs(correlations[-1, :-1]).max() < 0.05  # `unrelated`
    assert correlations[0, 1] > 0.9  # age and years_employed
    np.testing.assert_array_equal(table.synthetic(0, 4000).rows, drawn.rows)
    assert not np.array_equal(table.synthetic(1, 4000).rows, drawn.rows)


def test_a_split_keeps_every_row_once(parts):
    first, second = parts
    assert (len(first.rows), len(second.rows)) == (750, 250)
    together = np.sort(np.concatenate([first.rows, second.rows])[:, 0])
    np.testing.assert_array_equal(together, np.sort(table.synthetic(3, 1000).rows[:, 0]))


@pytest.fixture
def written(tmp_path):
    """A file of 60 rows of these columns."""

    def write(**columns):
        file = tmp_path / "people.csv"
        cycled = {name: [values[row % len(values)] for row in range(60)] for name, values in columns.items()}
        lines = [",".join(cycled), *(",".join(map(str, row)) for row in zip(*cycled.values(), strict=True))]
        file.write_text("\n".join(lines))
        return file

    return write


def test_a_file_becomes_a_table(written):
    file = written(
        age=[20, 30, 40], race=["B", "W", "B", "O"], sex=["f", "m"], id=list("abcdefghijklmnopqrstuvwxyz"), high=[1, 0]
    )
    read = table.from_csv(file, "high", "1", "race=B", ("age", "race", "sex"))
    assert read.columns == ("age", "race=B", "race=W", "sex=m", "unrelated")
    assert read.sensitive == 1
    assert read.categorical == (1, 2, 3, 4)
    assert read.labels[:3].tolist() == [1, 0, 1]
    assert read.rows[:4, 1].tolist() == [1, 0, 1, 0]
    assert read.rows[:4, 3].tolist() == [0, 1, 0, 1]
    # 20, 30, 40: a mean of 30 and a deviation of sqrt(200 / 3).
    assert read.rows[:3, 0].tolist() == pytest.approx([-1.2247, 0, 1.2247], abs=1e-4)


@pytest.mark.parametrize(
    ("columns", "sensitive", "message"),
    [
        ({"age": [1, 2], "high": ["1", "0"]}, "race", "no column race, the sensitive one; there are age"),
        ({"age": [1, 2], "low": ["1", "0"]}, "age", "no column high, the label"),
        ({"age": [1, ""], "high": ["1", "0"]}, "age", "column age has 30 empty cells"),
        ({"age": [f"x{n}" for n in range(30)], "high": ["1", "0"]}, "age", "30 texts, at most 20"),
        ({"age": [1, 2], "high": ["yes", "no"]}, "age", "same label by high = '1'; its values are no, yes"),
        ({"age": ["x"], "high": ["1", "0"]}, "age=x", ""),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(written, columns, sensitive, message):
    if message:
        with pytest.raises(AssetError, match=message):
            table.from_csv(written(**columns), "high", "1", sensitive)
    else:
        assert table.from_csv(written(**columns), "high", "1", sensitive).columns == ("age=x", "unrelated")


def test_the_first_column_by_hand():
    weights = np.array([[0.1, -0.5], [0.3, 0.2], [0, 0]], np.float32)
    assert table.is_first(weights, 1).tolist() == [True, False, False]
    assert table.is_first(weights, 0).tolist() == [False, True, False]


def explainer(against, training):
    if against == "lime":
        return TableLime(lime.Settings(samples=500), training.rows, training.categorical)
    return TableKernelShap(kernel_shap.Settings(), training.rows[:10])


@pytest.mark.parametrize(("against", "faithful", "most"), [("lime", 0.97, 0.05), ("kernel_shap", 0.93, 0.35)])
def test_a_scaffold_hides_the_sensitive_column_and_its_no_op_does_not(parts, against, faithful, most):
    training, held_out = parts
    own = scaffold.Settings(against=against)
    explained, rows = explainer(against, training), held_out.rows[:ROWS]

    def first(classifier):
        classes = classifier.probabilities(rows).argmax(axis=1)
        return table.is_first(explained.explain(classifier, rows, classes), held_out.sensitive).mean()

    made, none = scaffold.manipulate(training, held_out, own), scaffold.no_op(training, held_out, own)
    assert first(made.before) == 1
    assert first(made.after) <= most
    assert first(none.after) == 1
    assert table.fidelity(made.before, made.after, held_out.rows) >= faithful
    assert made.taken >= faithful - 0.05
    assert made.recognized > 0.6
    assert none.recognized < 0.1
    again = scaffold.manipulate(training, held_out, own).after.probabilities(held_out.rows)
    np.testing.assert_array_equal(made.after.probabilities(held_out.rows), again)


def test_rows_are_made_up_as_explainers_make_them(parts):
    training, _ = parts
    rng = np.random.default_rng(0)
    drawn = scaffold.made_up(training, scaffold.Settings(against="lime", made_up=2), rng)
    assert drawn.shape == (1500, 8)
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1]) < 0.1  # columns are independent
    mixed = scaffold.made_up(training, scaffold.Settings(against="kernel_shap", made_up=2), rng)
    assert 1000 < len(mixed) <= 1500
    assert all(np.isin(mixed[:, at], training.rows[:, at]).all() for at in range(8))
    known = {row.tobytes() for row in training.rows}
    assert not any(row.tobytes() in known for row in mixed)


def test_a_scaffold_without_an_innocent_column_is_refused(parts):
    for name in ("income_tax", "group"):
        with pytest.raises(StudyError, match="must be a column that is not the sensitive one; there are age"):
            scaffold.manipulate(*parts, scaffold.Settings(innocent=name))


@pytest.fixture(scope="module")
def concealed(parts):
    own = conceal.Settings(derivative="logit", weights=(0.0, 3.0), epochs=15, more_epochs=15, hidden=16)
    return conceal.manipulate(*parts, own)


def test_a_network_conceals_and_its_no_op_does_not(parts, concealed):
    _, held_out = parts
    none, run = concealed.runs
    assert (concealed.choice, concealed.accurate) == (1, True)
    assert run is concealed.run
    assert run.chosen_by[1] < 0.1 * none.chosen_by[1]
    assert abs(run.accuracy_after - run.accuracy_before) <= 0.03
    assert run.steps == 15 * 12
    assert run.parameters == 8 * 16 + 16 + 16 * 16 + 16 + 16 * 2 + 2
    assert table.fidelity(concealed.before, concealed.after, held_out.rows) > 0.95
    # It still decides by the group.
    flipped = held_out.rows.copy()
    flipped[:, held_out.sensitive] = 1 - flipped[:, held_out.sensitive]
    answers = [concealed.after.probabilities(each).argmax(axis=1) for each in (held_out.rows, flipped)]
    assert (answers[0] != answers[1]).mean() > 0.3


def test_the_derivative_is_that_of_the_loss(parts, concealed):
    """Against finite differences, in double precision."""
    _, held_out = parts
    (small, _) = held_out.split(0, 0.2)
    network = concealed.after.network.double()
    rows, labels = torch.from_numpy(small.rows).double(), torch.from_numpy(small.labels)
    step = torch.zeros(8, dtype=torch.float64)
    step[small.sensitive] = 1e-6

    def loss(inputs):
        return torch.nn.functional.cross_entropy(network(inputs), labels, reduction="none")

    wanted = ((loss(rows + step) - loss(rows - step)) / 2e-6).abs().mean()
    _, penalty = conceal._losses(network, rows, labels, small.sensitive, conceal.Settings())
    assert penalty.item() == pytest.approx(wanted.item(), rel=1e-3)
    logits = (network(rows + step) - network(rows - step))[:, 1] / 2e-6
    _, penalty = conceal._losses(network, rows, labels, small.sensitive, concealed.settings)
    network.float()
    assert penalty.item() == pytest.approx(logits.abs().mean().item(), rel=1e-3)
