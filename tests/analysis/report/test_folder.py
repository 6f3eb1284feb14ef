import json
import os

import pytest

from analysis.errors import AnalysisError
from analysis.report.folder import LISTING, check_replaceable, write_folder

FILES = {"index.html": b"<html>", "figures/a.svg": b"<svg/>"}


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_files_and_their_list_are_written(tmp_path):
    out = tmp_path / "deep" / "report"
    write_folder(out, FILES, {"dataset": "d"})
    written = content(out)
    assert json.loads(written.pop(LISTING)) == {"dataset": "d", "files": sorted(FILES)}
    assert written == FILES
    assert os.listdir(out.parent) == ["report"]  # nothing partial stays
    assert out.stat().st_mode & 0o777 == 0o755


def test_an_earlier_report_is_replaced_whole(tmp_path):
    out = tmp_path / "report"
    write_folder(out, {**FILES, "tables/old.csv": b"old"}, {})
    write_folder(out, FILES, {})
    assert set(content(out)) == {*FILES, LISTING}
    assert os.listdir(tmp_path) == ["report"]


def test_an_empty_folder_is_used(tmp_path):
    (tmp_path / "report").mkdir()
    write_folder(tmp_path / "report", FILES, {})
    assert set(content(tmp_path / "report")) == {*FILES, LISTING}


@pytest.mark.parametrize("listing", [None, "{", "[]", '{"files": 3}', '{"files": ["other.txt"]}', "[" * 100_000])
def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path, listing):
    out = tmp_path / "report"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    if listing is not None:
        (out / LISTING).write_text(listing)
    with pytest.raises(AnalysisError, match=r"thesis\.tex"):
        write_folder(out, FILES, {})
    assert (out / "thesis.tex").read_text() == "years of work"


def test_something_added_to_a_report_keeps_it_from_being_replaced(tmp_path):
    write_folder(tmp_path / "report", FILES, {})
    (tmp_path / "report" / "figures" / "notes.txt").write_text("mine")
    with pytest.raises(AnalysisError, match=r"figures/notes\.txt"):
        check_replaceable(tmp_path / "report")


def test_a_file_or_a_link_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link"):
        with pytest.raises(AnalysisError, match="a file or a link"):
            check_replaceable(tmp_path / name)


def test_an_earlier_report_stays_where_a_new_one_cannot_be_written(tmp_path, monkeypatch):
    out = tmp_path / "report"
    write_folder(out, FILES, {})
    before = content(out)
    with pytest.raises(AnalysisError, match="cannot write the report"):
        write_folder(out, {"index.html": b"new", "index.html/impossible": b""}, {})
    assert content(out) == before
    assert os.listdir(tmp_path) == ["report"]
