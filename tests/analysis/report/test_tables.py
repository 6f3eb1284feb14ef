import io
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from analysis.report import tables

FRAME = pd.DataFrame(
    {
        "a_b": ["50 % & {more} of_$x^2~\\ #1", "two\nlines\x07"],
        "n": [1, 20],
        "value": [0.12345, np.nan],
        "level": [0.25, 0.5],
        "yes": pd.array([True, None], dtype="boolean"),
    }
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (float("nan"), ""),
        (pd.NA, ""),
        (True, "yes"),
        (np.bool_(False), "no"),
        (7, "7"),
        (np.int64(7), "7"),
        (0.5, "0.500"),
        (12.3456, "12.346"),
        (1234.56, "1234.6"),
        (2.5e-7, "2.5e-07"),
        (2.8e-17, "0"),
        (0.00031, "0.0003"),
        (16.0, "16"),
        (0.0, "0"),
        (float("inf"), "inf"),
        (["a", "b"], "a, b"),
        ("text", "text"),
    ],
)
def test_a_value_as_it_is_shown(value, shown):
    assert tables.cell(value) == shown


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.25, 0.5, np.nan], ["0.25", "0.50", ""]),
        ([1.0, 20.0], ["1", "20"]),
        ([0.1234, 0.0], ["0.123", "0.000"]),
        ([0.1234, 3e-9], ["0.123", "3.0e-09"]),
        ([np.nan, np.nan], ["", ""]),
        ([-0.0, 0.25], ["0.00", "0.25"]),
        ([-2.8e-17, 0.125], ["0.000", "0.125"]),
        ([16.0, 107.0 + 1 / 3], ["16", "107.3"]),
    ],
)
def test_a_column_has_as_many_digits_as_its_values_need(values, shown):
    assert tables.texts(pd.Series(values)) == shown


def test_a_small_p_value_is_only_said_to_be_small():
    assert tables.texts(pd.Series([0.02, 3e-7, np.nan], name="p_holm")) == ["0.020", "<0.001", ""]


def test_csv_has_all_digits_and_reads_back():
    read = pd.read_csv(io.BytesIO(tables.to_csv(FRAME, None)))
    assert read["value"][0] == 0.12345
    assert list(read["a_b"]) == list(FRAME["a_b"])
    assert list(read) == list(FRAME)


def test_csv_of_simulated_ratings_says_so_in_every_row():
    read = pd.read_csv(io.BytesIO(tables.to_csv(FRAME, "simulated")))
    assert list(read["ratings_source"]) == ["simulated", "simulated"]


def test_csv_keeps_the_source_that_a_table_has():
    read = pd.read_csv(io.BytesIO(tables.to_csv(FRAME.assign(ratings_source="model"), "simulated")))
    assert list(read["ratings_source"]) == ["model", "model"]


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1-1", "-0.706*A1", "-0.706***", "-1\n", "@x", "\tx"])
def test_csv_holds_no_formula(text):
    content = tables.to_csv(pd.DataFrame({text: [text], "n": [-1.5]}), None)
    read = pd.read_csv(io.BytesIO(content), skipinitialspace=False)
    assert list(read) == [f"'{text}", "n"]
    assert read.iloc[0].tolist() == [f"'{text}", -1.5]


@pytest.mark.parametrize("text", ["-0.706**", "-0.706*", "+1", "-12.5", "-3.0e-09"])
def test_a_number_is_no_formula(text):
    assert tables.to_csv(pd.DataFrame({"printed": [text]}), None) == f"printed\n{text}\n".encode()


def test_latex_has_rules_and_escapes_texts():
    latex = tables.to_latex(FRAME, "Of 5 % & more.", "some").decode()
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert latex.count(rule) == 1
    assert r"\caption{Of 5 \% \& more.}" in latex
    assert r"\label{tab:some}" in latex
    assert r"\begin{tabular}{lrrrl}" in latex
    assert r"50 \% \& \{more\} of\_\$x\textasciicircum{}2\textasciitilde{}\textbackslash{} \#1" in latex
    assert "two lines & 20" in latex  # neither the line break nor the control character


def test_latex_takes_two_columns_of_the_same_heading():
    latex = tables.to_latex(pd.DataFrame({"a_b": [1], "a b": [2]}), "c", "l").decode()
    assert "a b & a b" in latex


def test_a_fitted_table_is_scaled_and_an_arrow_is_one():
    latex = tables.to_latex(pd.DataFrame({"net ↓": ["0.61 (0.43)"]}), "c", "l", fitted=True).decode()
    assert r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%" in latex
    assert r"\end{tabular}}" in latex
    assert r"net $\downarrow$" in latex
    assert r"\begin{tabular}{r}" in latex


@pytest.mark.parametrize(
    ("values", "number"),
    [
        ([1.5, np.nan], True),
        (["-0.796**", "", "0.347"], True),
        (["0.61 (0.43)", ""], True),
        (["0.61 (see above)"], False),
        (["", ""], False),
        ([True, False], False),
    ],
)
def test_a_column_of_numbers_is_set_to_the_right(values, number):
    assert tables.is_number(pd.Series(values)) is number


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX here")
def test_latex_compiles_and_a_fitted_table_fits(tmp_path):
    wide = pd.DataFrame({f"recognizer{n} ↓": ["0.61 (0.43)"] for n in range(12)})
    plain, fitted = tables.to_latex(FRAME, "Of 5 % & more.", "some"), tables.to_latex(wide, "c", "l", fitted=True)
    packages = r"\usepackage{booktabs}\usepackage{graphicx}"
    body = (plain + fitted).decode()
    (tmp_path / "t.tex").write_text(rf"\documentclass{{article}}{packages}\begin{{document}}{body}\end{{document}}")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    said = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert "Overfull" not in said
