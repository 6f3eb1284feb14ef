import pandas as pd
import pytest

from builder.ratings.formats import cells
from builder.ratings.mapping import Mapping
from builder.studies.verification.tasks import QUESTIONS
from tests.asks import ASKS


def texts(*values: str) -> "pd.Series[str]":
    return pd.Series(list(values), dtype="str")


def test_numbers() -> None:
    read = cells.numbers(texts("1", " 2.5 ", "73,5", "1e1", "inf", "nan", "x", "", "1_0", "0x1F"), comma=False)
    assert [None if pd.isna(value) else value for value in read] == [1, 2.5, None, 10, *[None] * 6]
    assert cells.numbers(texts("73,5", "1.5"), comma=True).tolist() == [73.5, 1.5]


def test_words_for_yes_and_no() -> None:
    read = cells.yes_or_no(texts("Yes", " SAME  person ", "nein", "FALSE", "1", ""), QUESTIONS[1], None)
    assert read.tolist() == [True, True, False, False, pd.NA, pd.NA]


def test_mapped_words_replace_ours() -> None:
    mapping = Mapping.read({"identity": {"yes": ["1"], "no": ["2"]}}, ASKS)
    assert cells.yes_or_no(texts("1", "2", "yes"), QUESTIONS[1], mapping).tolist() == [True, False, pd.NA]


@pytest.mark.parametrize("text", ["1.23E+17", "1,23E+17", "5E+23", "05. Jan", "Jan 05", "3/4/2026", "####"])
def test_damage_of_a_spreadsheet(text: str) -> None:
    assert cells.damaged(texts(text)).all()


@pytest.mark.parametrize("text", ["5e1234", "42", "abc", "1.5"])
def test_no_damage(text: str) -> None:
    assert not cells.damaged_id(texts(text)).any()


def test_times() -> None:
    written = texts(
        "2026-11-02T10:00:00+01:00", "2026-11-02 09:00:00 UTC", "1793610000000", "2026-11-02 10:00:00", "gestern", ""
    )
    moment = pd.Timestamp("2026-11-02T09:00:00Z")
    read, bad = cells.times(written, None)
    assert read[:3].tolist() == [moment] * 3
    assert read[3:].isna().all()
    assert bad.tolist() == [False, False, False, False, True, False]
    assert cells.times(written, "Europe/Berlin")[0][3] == moment


def test_an_hour_that_the_clock_showed_twice_is_left_out() -> None:
    read, bad = cells.times(texts("2026-10-25 02:30:00", "2026-03-29 02:30:00"), "Europe/Berlin")
    assert read.isna().all()
    assert not bad.any()


def test_a_date_with_hyphens_names_no_zone() -> None:
    read, bad = cells.times(texts("04-03-2026", "2026-11-02T10:00:00-0200"), "UTC", "month first")
    assert read.tolist() == [pd.Timestamp("2026-04-03", tz="UTC"), pd.Timestamp("2026-11-02 12:00", tz="UTC")]
    assert not bad.any()
