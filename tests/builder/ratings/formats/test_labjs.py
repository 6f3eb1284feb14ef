import json
import sqlite3
from pathlib import Path

import pytest

from builder.errors import RatingsError
from builder.ratings.formats import detect, read_export
from builder.ratings.formats.files import as_text
from tests.builder.ratings.formats.exports import (
    EXPORTS,
    GENUINE,
    NEGATIVE,
    PAIRS,
    answers,
    everything_in,
    file,
    read,
    read_text,
    refused,
    rows,
)
from tests.builder.ratings.formats.test_jatos import METADATA, archive

PERSON = "aaa000000000000000000004"


def screen(sender: str, response: str | None, pair: str, **more: object) -> dict[str, object]:
    """A line of lab.js' data, as its store exports it."""
    own = {"sender": sender, "sender_type": "html.Screen", "sender_id": "1_0", "timestamp": "2026-11-02T10:00:00.000Z"}
    return {**own, "response": response, "duration": 1000.5, "ended_on": "response", "pair_id": pair, **more}


def form(pair: str, similarity: str, identity: str) -> dict[str, object]:
    """The line of a page with a form, whose fields are columns of their own."""
    return screen("questions", None, pair, similarity=similarity, identity=identity, sender_type="html.Page")


def test_screens_named_as_questions() -> None:
    export = read("labjs.csv")
    assert answers(export) == [(4, PERSON, GENUINE, 93.0, True), (7, PERSON, NEGATIVE, 4.0, None)]
    assert rows(export.ratings, "response_time_ms") == [(3000.75,), (1800.0,)]
    assert refused(export) == []


def test_json_of_several_people_one_a_line(tmp_path: Path) -> None:
    lines = [[screen("welcome", "go", "", url={"PROLIFIC_PID": who}), form(GENUINE, "80", "no")] for who in "ab"]
    export = read_text(tmp_path, "\n".join(map(json.dumps, lines)))
    assert answers(export) == [(1, "a", GENUINE, 80.0, False), (2, "b", GENUINE, 80.0, False)]


def test_an_archive_of_jatos(tmp_path: Path) -> None:
    data = json.dumps([screen("similarity", "80", GENUINE), screen("identity", "no", GENUINE)]).encode()
    content = archive({"metadata.json": METADATA, "study_result_7/comp-result_9/data.txt": data}).content
    export = read_text(tmp_path, content)
    assert answers(export) == [(1, "7", GENUINE, 80.0, False)]
    assert rows(export.ratings, "response_time_ms") == [(2001.0,)]


def database(path: Path, *lines: tuple[str, object, object], owner: str = "session") -> bytes:
    """The database that lab.js' PHP server writes; each line a session, its metadata and data."""
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS labjs (id INTEGER PRIMARY KEY AUTOINCREMENT, "
            f"{owner} TEXT, timestamp TEXT, url TEXT, metadata TEXT, data TEXT)"
        )
        for who, metadata, data in lines:
            values = (who, "2026-11-02T10:00:00+00:00", "https://example.org/", json.dumps(metadata), json.dumps(data))
            connection.execute("INSERT INTO labjs VALUES (NULL, ?, ?, ?, ?, ?)", values)
    connection.close()
    return path.read_bytes()


FULL, PART = {"id": "x", "payload": "full"}, {"id": "x", "payload": "incremental"}


@pytest.mark.parametrize("owner", ["session", "user"])
def test_the_database_of_its_server(tmp_path: Path, owner: str) -> None:
    """A run that came to its end is read whole from what was sent then, another one piece by piece."""
    lines = [
        ("one", PART, [form(GENUINE, "80", "no")]),
        ("two", {**PART, "id": "y"}, [form(GENUINE, "20", "yes")]),
        ("one", PART, [form(NEGATIVE, "10", "no")]),
        ("two", {**PART, "id": "y"}, [form(NEGATIVE, "30", "no")]),
        ("one", FULL, [form(GENUINE, "80", "no"), form(NEGATIVE, "10", "no")]),
    ]
    database(tmp_path / "data.sqlite", *lines, owner=owner)
    export = read_export(tmp_path / "data.sqlite", PAIRS)
    assert answers(export) == [
        (1, "one", GENUINE, 80.0, False),
        (1, "one", NEGATIVE, 10.0, False),
        (2, "two", GENUINE, 20.0, True),
        (2, "two", NEGATIVE, 30.0, False),
    ]


def test_a_database_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    whole = database(tmp_path / "data.sqlite", *[("one", FULL, [form(GENUINE, "80", "no")])] * 40)
    damaged = whole[: len(whole) // 2]
    with pytest.raises(RatingsError, match="damaged database of SQLite"):
        as_text(file(damaged))
    with pytest.raises(RatingsError, match="row 1: data is no JSON"):
        as_text(file(whole.replace(b'[{"sender"', b'{{"sender"')))
    with pytest.raises(RatingsError, match=r"row 1: is not what lab\.js stores"):
        as_text(file(database(tmp_path / "other.sqlite", ("one", [1], []))))


def test_a_database_runs_nothing_of_its_own(tmp_path: Path) -> None:
    """A view in place of the table could take for ever, or read what else is there."""
    with sqlite3.connect(tmp_path / "view.sqlite") as connection:
        connection.execute("CREATE TABLE other (data TEXT)")
        connection.execute("CREATE VIEW labjs AS SELECT * FROM other")
    connection.close()
    with pytest.raises(RatingsError, match=r"without lab.js' table"):
        read_export(tmp_path / "view.sqlite", PAIRS)


@pytest.mark.parametrize(("length", "said"), [(300_000_000, "damaged database"), (1_000_000, "cells are computed")])
def test_a_database_that_is_larger_than_its_file_is_not_read(tmp_path: Path, length: int, said: str) -> None:
    with sqlite3.connect(tmp_path / "generated.sqlite") as connection:
        text = f"""'[{{"a": "' || hex(zeroblob({length})) || '"}}]'"""
        connection.execute(f"CREATE TABLE labjs (id INTEGER, data TEXT AS ({text}))")
        connection.execute("INSERT INTO labjs (id) VALUES (1)")
    connection.close()
    with pytest.raises(RatingsError, match=said):
        read_export(tmp_path / "generated.sqlite", PAIRS)


def test_it_is_recognized_by_itself_and_says_nothing_of_the_browser() -> None:
    assert detect(file((EXPORTS / "labjs.csv").read_bytes())) == "labjs"
    assert "Mozilla" not in everything_in(read("labjs.csv"))
