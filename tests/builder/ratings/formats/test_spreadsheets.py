"""Spreadsheets and files of SPSS and R, as the programs write them."""

import bz2
import gzip
import io
import lzma
import struct
import subprocess
import sys
import zipfile
from importlib.util import find_spec

import pytest

from builder.errors import RatingsError
from builder.ratings.formats import files, workbook
from tests.builder.ratings.formats.exports import (
    EXPORTS,
    GENUINE,
    NEGATIVE,
    answers,
    file,
    read_text,
    refused,
)
from tests.builder.ratings.formats.exports import rows as of

HEADER = ["participant", f"similarity_{GENUINE}", f"identity_{GENUINE}", f"similarity_{NEGATIVE}"]
NO_EXTRA = "an extra, exports, is not installed"
needs_calamine = pytest.mark.skipif(not find_spec("python_calamine"), reason=f"python-calamine: {NO_EXTRA}")
needs_pyreadstat = pytest.mark.skipif(not find_spec("pyreadstat"), reason=f"pyreadstat: {NO_EXTRA}")
needs_rdata = pytest.mark.skipif(not find_spec("rdata"), reason=f"rdata: {NO_EXTRA}")

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def xlsx(*sheets: list[list[object]], padding: int = 0, more: str = "") -> bytes:
    """A workbook of ECMA-376 with text in its cells, or numbers."""
    types = '<Default Extension="xml" ContentType="application/xml"/>'
    types += '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    types += f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
    names = range(1, len(sheets) + 1)
    listed = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="rId{n}"/>' for n in names)
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATED}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in names
    )
    office = f'<Relationship Id="rId1" Type="{RELATED}/officeDocument" Target="xl/workbook.xml"/>'
    entries = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{office}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATED}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{relations}</Relationships>',
    }
    for number, rows in zip(names, sheets, strict=True):
        text = "".join(f'<row r="{line}">{"".join(map(cell, row))}</row>' for line, row in enumerate(rows, 1)) + more
        entries[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{MAIN}"><sheetData>{text}</sheetData></worksheet>' + " " * padding
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def cell(value: object) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>' if value else "<c/>"
    return f"<c><v>{value}</v></c>"


ROWS: list[list[object]] = [HEADER, ["ann", 90, "yes", 4.5], ["", "", "", ""], ["bob", "", "no", 0]]


@needs_calamine
def test_a_spreadsheet(tmp_path):
    export = read_text(tmp_path, xlsx([], ROWS))
    assert answers(export) == [
        (2, "ann", GENUINE, 90.0, True),
        (2, "ann", NEGATIVE, 4.5, None),
        (4, "bob", GENUINE, None, False),
        (4, "bob", NEGATIVE, 0.0, None),
    ]
    assert refused(export) == []


@needs_calamine
def test_a_spreadsheet_says_its_encoding_itself(tmp_path):
    with pytest.raises(RatingsError, match="encoding says nothing to the reader plain, which reads a spreadsheet"):
        read_text(tmp_path, xlsx([], ROWS), {"encoding": "cp1252"})
    assert len(answers(read_text(tmp_path, xlsx([], ROWS), {"decimal_comma": True}))) == 4


@needs_calamine
def test_a_spreadsheet_of_two_tables_and_damaged_ones(tmp_path):
    with pytest.raises(RatingsError, match="sheets with something in them: S1, S2; save the one with answers alone"):
        read_text(tmp_path, xlsx(ROWS, ROWS))
    with pytest.raises(RatingsError, match=r"export\.csv: a damaged spreadsheet: .*save it again"):
        read_text(tmp_path, xlsx(ROWS).replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/other1.xml"))


@needs_calamine
def test_a_spreadsheet_that_unpacks_to_far_more_is_refused_before_it_is_parsed(tmp_path):
    with pytest.raises(RatingsError, match=r"export\.csv: .*unpack"):
        read_text(tmp_path, xlsx(ROWS, padding=60_000_000))


@needs_calamine
def test_a_small_spreadsheet_that_takes_any_amount_of_memory_takes_nothing_with_it(tmp_path):
    """Two cells in opposite corners: 1,048,576 rows of 16,384 cells."""
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with pytest.raises(RatingsError, match=r"export\.csv: a spreadsheet that is damaged, or takes more than 4 GiB"):
        read_text(tmp_path, xlsx([["a"]], more=far))


@pytest.mark.parametrize("kind", ["spreadsheet", "spss", "r"])
def test_without_the_extra_the_parser_says_that_it_is_not_there(kind):
    command = [sys.executable, "-S", "-P", workbook.__file__, kind, "4", "60"]  # -S: without installed packages
    assert subprocess.run(command, input=b"PK", capture_output=True).returncode == workbook.NOT_INSTALLED


def test_without_the_extra_the_error_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], workbook.NOT_INSTALLED))
    with pytest.raises(RatingsError, match=r"export\.csv: is a spreadsheet; .* pip install 'lands-between\[exports\]'"):
        read_text(tmp_path, xlsx([], ROWS))


@needs_pyreadstat
def test_a_file_of_spss(tmp_path):
    import pandas as pd
    import pyreadstat

    names = ["who", "pair", "alike", "same"]
    rows = pd.DataFrame([["ann", GENUINE, 90.0, 1.0], ["bob", NEGATIVE, 4.5, 2.0]], columns=names)
    path = tmp_path / "answers.sav"
    pyreadstat.write_sav(rows, path, variable_value_labels={"same": {1: "Yes", 2: "No"}})
    columns = {"participant": "who", "pair": "pair", "similarity": "alike", "identity": "same"}
    export = read_text(tmp_path, path.read_bytes(), {"columns": columns})
    assert answers(export) == [(2, "ann", GENUINE, 90.0, True), (3, "bob", NEGATIVE, 4.5, False)]
    with pytest.raises(RatingsError, match=r"export\.csv: a damaged file of SPSS: .*save it again"):
        read_text(tmp_path, path.read_bytes()[:100], {"columns": columns})


R = (EXPORTS / "r.rds").read_bytes()
"""Written by R 4.2.2, as are the others: a tibble with an integer64, a factor, times of Berlin, labelled numbers of
haven, and a list in a column."""

R_COLUMNS = {"participant": "person", "pair": "pair_id", "position": "nr"}


@needs_rdata
def test_a_data_frame_of_r_with_all_that_is_not_stored_as_it_is_meant(tmp_path):
    export = read_text(tmp_path, R, {"columns": R_COLUMNS})
    assert answers(export) == [
        (2, "9007199254740993", GENUINE, 90.0, True),
        (3, "2", NEGATIVE, 4.5, False),
    ]
    assert of(export.ratings, "position") == [(1,), (None,)]
    assert [str(each) for each in export.ratings["rated_at"]] == ["2026-11-02 09:00:00+00:00", "NaT"]
    assert refused(export) == [(4, "person", "no participant")]
    mapping = {"columns": R_COLUMNS | {"similarity": "alike", "identity": "same"}}
    labeled = read_text(tmp_path, R, mapping | {"similarity": {"words": {"not at all": 0}}})
    assert [answer[3:] for answer in answers(labeled)] == [(90.0, True), (0.0, False)]


def cells_of_r(content: bytes, *columns: str) -> list[list[str]]:
    """Those columns, row by row, as the program writes them."""
    names, *records = workbook.data_frame(content)
    return [[workbook._cell(record[names.index(name)]) for name in columns] for record in records]


@needs_rdata
def test_dates_truth_line_breaks_and_lists_of_r():
    assert cells_of_r(R, "day", "kept", "city", "clicks") == [
        ["2026-11-02", "True", "Köln", '{"x": [1.0], "y": [2, 3]}'],
        ["", "False", "", "7"],
        ["2026-11-04", "", "a b", ""],
        ["2026-11-05", "True", "c", "a"],
    ]


@needs_rdata
def test_every_compression_of_r_and_its_letters(tmp_path):
    plain, letters = gzip.decompress(R), (EXPORTS / "r-ascii.rds").read_bytes()
    kinds = [R, plain, bz2.compress(plain), lzma.compress(plain), letters, gzip.decompress(letters)]
    for content in kinds:
        assert files._is_r(file(content))
        assert cells_of_r(content, "person", "similarity", "identity") == [
            ["9007199254740993", "90", "yes"],
            ["2", "4.5", "no"],
            ["", "3", "yes"],
            ["4", "", ""],
        ]
    for content in (b"A\n2\n", b"X\nann\n", b"B", gzip.compress(b"participant,pair_id\n")):
        assert not files._is_r(file(content))


@needs_rdata
def test_columns_of_r_with_one_name_are_refused_by_it(tmp_path):
    """What reads them would keep the last of each."""
    with pytest.raises(RatingsError, match=r"export\.csv: several columns are called pair_id, similarity; rename"):
        read_text(tmp_path, (EXPORTS / "r-twice.rds").read_bytes())


@needs_rdata
def test_damaged_and_other_files_of_r(tmp_path):
    plain = gzip.decompress(R)
    with pytest.raises(RatingsError, match=r"export\.csv: a damaged file of R, .*save it again"):
        read_text(tmp_path, R[:200])
    with pytest.raises(workbook._RefusedError, match="damaged"):
        workbook.data_frame(plain[:-40])
    with pytest.raises(workbook._RefusedError, match="data frames with something in them: none"):
        workbook.data_frame(plain.replace(b"data.frame", b"data.fraem"))
    with pytest.raises(RatingsError, match=r"export\.csv: is compressed; unpack it"):
        read_text(tmp_path, gzip.compress(b"participant,pair_id,similarity\n"))


@needs_rdata
def test_a_small_file_of_r_that_takes_any_amount_of_memory_takes_nothing_with_it(tmp_path):
    """Of `saveRDS(1:1e10, ...)` R writes the beginning, the step and the length alone."""
    numbers = b"".join(map(struct.Struct(">d").pack, (1e10, 1, 1)))
    names = [word.to_bytes(4, "big") + text for word, text in ((15, b"compact_realseq"), (4, b"base"))]
    symbols = [b"".join((b"\0\0\0\2\0\0\0\1\0\4\0\t", name)) for name in names]
    kind = b"\0\0\0\2\0\0\0\r\0\0\0\1\0\0\0\x0e\0\0\0\xfe"
    start = b"X\n\0\0\0\3\0\4\2\2\0\3\5\0\0\0\0\5UTF-8\0\0\0\xee"
    huge = b"".join((start, *symbols, kind, b"\0\0\0\x0e\0\0\0\3", numbers, b"\0\0\0\xfe"))
    with pytest.raises(RatingsError, match=r"export\.csv: a file of R that is damaged, or takes more than 4 GiB"):
        read_text(tmp_path, huge)
