import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.ratings import records


def written(folder, text):
    name, content = records.file("held-back", pd.DataFrame([["p", "q", "link", text]], columns=records.HELD_BACK))
    (folder / "ratings").mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return content.decode().splitlines()[1].split(",", 3)[3]


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(A1)", "=HYPERLINK(www.example.org)", "\t=1"])
def test_a_text_is_no_formula_in_a_spreadsheet(text, tmp_path):
    assert written(tmp_path, text).strip('"').startswith("'")


@pytest.mark.parametrize("text", ["-3", "+49", "-1.5", "the eyes", "p-0123"])
def test_a_number_and_a_text_stay_as_they_are(text, tmp_path):
    assert written(tmp_path, text) == text


@given(st.text(alphabet="'=+-@ab1.,", max_size=6))
def test_what_was_said_is_read_again(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("study")
    written(folder, text)
    assert records.read(folder, "held-back", records.HELD_BACK)["text"].tolist() == [text]
