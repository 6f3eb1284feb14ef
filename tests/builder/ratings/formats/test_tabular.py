"""Bytes to cells and lines; Python's own csv on a clean file is the independent reader."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import RatingsError
from builder.ratings.formats.json_records import json_value
from builder.ratings.formats.tabular import head, table
from tests.builder.ratings.formats.exports import file, mapping_of


def cells(content: str | bytes, **mapping: object) -> list[list[str]]:
    read = table(file(content), mapping_of(**mapping) if mapping else None)
    return [list(read.names), *read.cells.to_numpy().tolist()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_delimiters_and_ends_of_lines(encoding: str, delimiter: str, end: str) -> None:
    expected = [["näme", "größe"], ["Jürgen Müller", "groß"], ["Zoë", "für später"]]
    text = end.join(delimiter.join(row) for row in expected) + end
    assert cells(text.encode(encoding)) == expected


def test_lines_of_records_with_line_breaks_in_cells() -> None:
    read = table(file('a,b\r\n1,"x\r\ny\nz"\r\n\r\n2,\r\n'))
    assert read.lines.tolist() == [2, 6]
    assert read.cells[1].tolist() == ["x\r\ny\nz", ""]


def test_a_bare_line_feed_ends_no_record_where_the_header_ends_with_crlf() -> None:
    read = table(file("a,b\r\n1,two\nlines\r\n2,x\r\n"))
    assert read.lines.tolist() == [2, 4]
    assert read.cells[1].tolist() == ["two lines", "x"]


def test_short_and_long_records() -> None:
    read = table(file("a,b\n1\n1,2,,\n1,2,3\n"))
    assert read.cells.to_numpy().tolist() == [["1", ""], ["1", "2"]]
    assert [(refusal.line, refusal.reason) for refusal in read.refused] == [(4, "more cells than columns")]


def test_the_line_by_which_excel_knows_the_delimiter() -> None:
    read = table(file("sep=;\na,b;c\n1;2\n"))
    assert read.names == ("a,b", "c")
    assert (read.header_line, read.lines.tolist()) == (2, [3])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('a,b\n1,2\n3,"open\n', "line 3: the record that begins here is no CSV: unexpected end"),
        ('a,b\n1,2\n3,"x"y\n', "line 3: the record that begins here is no CSV"),
        ("a,b;c\n1,2\n", "line 1: what separates the columns"),
        ("", "line 1: no names of columns"),
        (b"a,b\n1,\xd0\xbf\x81\xff\n", "line 2: is not utf-8, and of no encoding that can be told"),
        ('a,b\n1,"' + "x" * 200_000 + '"\n', "line 2: the record that begins here is no CSV: field larger"),
    ],
)
def test_no_table(content: str | bytes, message: str) -> None:
    with pytest.raises(RatingsError, match=message):
        cells(content)


def test_what_a_mapping_says_of_the_file() -> None:
    assert cells("a,b;c\n1,2;3\n", delimiter=";") == [["a,b", "c"], ["1,2", "3"]]
    assert cells("ж,b\nЖ,2\n".encode("cp1251"), encoding="cp1251") == [["ж", "b"], ["Ж", "2"]]
    with pytest.raises(RatingsError, match="is not utf-8"):
        cells("ж,b\nЖ,2\n".encode("cp1251"), encoding="utf-8")


def test_same_names() -> None:
    read = table(file("a,A,b,b\n1,1,2,3\n"))
    assert read.column("a") is not None
    with pytest.raises(RatingsError, match='line 1: columns 3 and 4 are both called "b" and differ'):
        read.column("b")


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0﻿"), max_size=5), min_size=3, max_size=3
        ),
        max_size=8,
    )
)
def test_whatever_csv_wrote_is_read(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([["a", "b", "c"], *rows])
    assert cells(text.getvalue())[1:] == [row for row in rows if any(row)]


@given(st.binary(max_size=200))
def test_the_head_of_anything(content: bytes) -> None:
    assert len(head(file(content))) <= 3


def test_json_says_where_it_breaks() -> None:
    with pytest.raises(RatingsError, match="line 2, column 3: no JSON"):
        json_value(file("{\n  a: 1}"))
    with pytest.raises(RatingsError, match="nested too deep"):
        json_value(file("[" * 1_000_000))
