"""Spreadsheets and files of SPSS, as the programs write them."""

import io
import subprocess
import sys
import zipfile
from importlib.util import find_spec

import pytest

from builder.errors import RatingsError
from builder.ratings.formats import workbook
from tests.builder.ratings.formats.exports import GENUINE, NEGATIVE, answers, read_text, refused

HEADER = ["participant", f"similarity_{GENUINE}", f"identity_{GENUINE}", f"similarity_{NEGATIVE}"]
NO_EXTRA = "an extra, exports, is not installed"
needs_calamine = pytest.mark.skipif(not find_spec("python_calamine"), reason=f"python-calamine: {NO_EXTRA}")
needs_pyreadstat = pytest.mark.skipif(not find_spec("pyreadstat"), reason=f"pyreadstat: {NO_EXTRA}")

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
    files = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{office}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATED}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{relations}</Relationships>',
    }
    for number, rows in zip(names, sheets, strict=True):
        text = "".join(f'<row r="{line}">{"".join(map(cell, row))}</row>' for line, row in enumerate(rows, 1)) + more
        files[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{MAIN}"><sheetData>{text}</sheetData></worksheet>' + " " * padding
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
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


@pytest.mark.parametrize("kind", ["spreadsheet", "spss"])
def test_without_the_extra_the_parser_says_that_it_is_not_there(kind):
    command = [sys.executable, "-S", "-P", workbook.__file__, kind, "4", "60"]  # -S: without installed packages
    assert subprocess.run(command, input=b"PK", capture_output=True).returncode == workbook.NOT_INSTALLED


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
