"""Of all readers of tables: recognized by themselves, private, and never surprised."""

import functools
import tomllib
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import RatingsError
from builder.ratings.export import ExportFile, participant_columns, rating_columns, reader_reasons, refused_columns
from builder.ratings.formats import PLAIN, READERS, detect, read_export
from builder.ratings.mapping import Mapping
from builder.ratings.preview import draft_mapping
from builder.shards import StudyFolder
from tests.asks import ASKS
from tests.builder.ratings.formats.exports import EXPORTS, GENUINE, MAPPINGS, PAIRS, read, read_text

FORMATS = {
    "formr.csv": "formr",
    "formr.json": "formr",
    "gorilla.csv": "gorilla",
    "label-studio.csv": "label-studio",
    "labjs.csv": "labjs",
    "limesurvey-codes.csv": "limesurvey",
    "limesurvey.csv": "limesurvey",
    "mturk-json-list.csv": "mturk",
    "mturk-json.csv": "mturk",
    "mturk-packed.csv": "mturk",
    "mturk.csv": "mturk",
    "plain-long.csv": None,
    "plain-wide.tsv": None,
    "prolific.csv": "prolific",
    "psychopy.csv": "psychopy",
    "qualtrics-loops.csv": "qualtrics-csv",
    "qualtrics-old.csv": "qualtrics-csv",
    "qualtrics.csv": "qualtrics-csv",
    "qualtrics.json": "qualtrics-json",
    "sosci.csv": "sosci",
}

PRIVATE = [
    *("192.0.2", "Erika", "Musterfrau", "example.org", "47.1", "7.23", "ext-", "Chrome", "Windows", "aBcD3fGh"),
    *("3INVENTED", "64invented", "Hauptstra", "Kenya", "White", "Full-Time", "anonymous", "C0DE"),
]
"""Pieces of what the exports hold of people beside the named fields."""


@pytest.mark.parametrize("name", FORMATS)
def test_exactly_one_reader_recognizes(name: str) -> None:
    assert detect(ExportFile(EXPORTS / name, (EXPORTS / name).read_bytes())) == FORMATS[name]


@pytest.mark.parametrize("name", FORMATS)
def test_columns_types_and_reasons(name: str) -> None:
    export = read(name)
    for frame, columns in (
        (export.ratings, rating_columns(ASKS)),
        (export.participants, participant_columns(ASKS)),
        (export.refused, refused_columns(ASKS)),
    ):
        assert {column: str(kind) for column, kind in frame.dtypes.items()} == columns
        assert frame.index.equals(pd.RangeIndex(len(frame)))
    assert set(export.refused["reason"]) <= set(reader_reasons(ASKS))
    assert export.participants["participant"].is_unique


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_else_of_a_person_is_read(name: str) -> None:
    export = read(name)
    text = " ".join(frame.to_csv() for frame in (export.ratings, export.participants, export.refused))
    content = (EXPORTS / name).read_bytes()
    present = [piece for piece in PRIVATE if piece.encode() in content or piece.encode("utf-16-le") in content]
    assert present
    assert [piece for piece in present if piece in text] == []


def test_several_readers(tmp_path: Path) -> None:
    path = tmp_path / "both.csv"
    path.write_text("session,created,modified,ended,CASE,QUESTNNR,MODE,STARTED\n")
    with pytest.raises(RatingsError, match="looks like formr and like sosci; say which with --format"):
        read_export(path, PAIRS)


def test_no_such_file_or_format(tmp_path: Path) -> None:
    with pytest.raises(RatingsError, match="no such file"):
        read_export(tmp_path / "none.csv", PAIRS)
    with pytest.raises(RatingsError, match="--format spss: must be one of: auto, "):
        read_text(tmp_path, "a,b\n", format="spss")


def test_a_damaged_spreadsheet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    with pytest.raises(RatingsError, match=r"is a spreadsheet; reading it|a damaged spreadsheet"):
        read_export(path, PAIRS)


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(1_000_000_001)
    with pytest.raises(RatingsError, match="larger than 1000000000 bytes"):
        read_export(path, PAIRS)


@pytest.mark.slow
def test_the_pairs_are_those_of_the_small_study(small_folder: Path) -> None:
    folder = StudyFolder(small_folder)
    assert {batch: folder.read("pairs", batch)["pair_id"].to_pylist() for batch in folder.finished()} == PAIRS.by_batch


def only_its_own_error(content: bytes, name: str, mapping: Mapping | None = None) -> None:
    """Reads, or refuses with the one error that readers may raise."""
    reader = {**READERS, PLAIN.name: PLAIN}[name]
    file = ExportFile(Path("export"), content)
    try:
        reader.recognizes(file)
        reader.read(file, PAIRS, mapping)
    except RatingsError:
        pass


TABULAR = sorted({name for name in FORMATS.values() if name} | {"plain"})

cell = st.one_of(
    st.sampled_from(
        ["", "yes", "No", "50", "73,5", "1E+17", "-9", "NA", GENUINE, '[{"a": 1}]', '"', "\r", "2026-11-02"]
    ),
    st.text(max_size=6),
)


@functools.cache
def names_of(name: str) -> list[str]:
    """Names of columns that the reader of a format looks at."""
    own = {
        "formr": ["session", "created", "modified", "ended"],
        "gorilla": ["Event Index", "Participant Private ID", "Response", "Zone Name", "pair_id", "UTC Timestamp"],
        "label-studio": ["annotator", "annotation_id", "lead_time", "created_at"],
        "labjs": ["sender", "sender_type", "sender_id", "response", "duration", "url", "timestamp"],
        "limesurvey": ["id", "submitdate", "lastpage", "seed"],
        "mturk": ["HITId", "WorkerId", "AssignmentStatus", "Input.pair_id", "Answer.similarity", "Answer.identity.yes"],
        "prolific": ["Submission id", "Participant id", "Status", "Time taken", "Age"],
        "psychopy": ["expName", "date", "OS", "participant", "similarity.response", "identity.keys", "identity.rt"],
        "qualtrics-csv": ["StartDate", "ResponseId", "Status", "V1", "V2", "1_similarity", "1_pair_id"],
        "sosci": ["CASE", "QUESTNNR", "MODE", "STARTED"],
    }
    common = ["participant_id", "pair_id", "similarity", "identity", "rated_at", f"similarity_{GENUINE}"]
    return [*own.get(name, []), *common, f"identity_{GENUINE}", "age", "response_time_ms", "position", ""]


@pytest.mark.parametrize("name", TABULAR)
@given(
    content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
)
@settings(max_examples=25)
def test_any_bytes(name: str, content: bytes) -> None:
    only_its_own_error(content, name)


@pytest.mark.parametrize("name", TABULAR)
@given(data=st.data())
@settings(max_examples=25)
def test_any_cells_under_known_names(name: str, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(names_of(name)), min_size=1, max_size=12))
    body = data.draw(st.lists(st.lists(cell, min_size=len(names), max_size=len(names)), max_size=4))
    lines = [",".join('"' + text.replace('"', '""') + '"' for text in row) for row in [names, *body]]
    only_its_own_error("\n".join(lines).encode("utf-8", "replace"), name)


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(max_examples=15)
def test_damaged_exports(name: str, data: st.DataObject) -> None:
    content = (EXPORTS / name).read_bytes()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(start + 40, len(content))))
        content = content[:start] + data.draw(st.binary(max_size=8)) + content[end:]
    mapping = Mapping.read(MAPPINGS[name], ASKS) if name in MAPPINGS else None
    only_its_own_error(content, FORMATS[name] or "plain", mapping)


@pytest.mark.parametrize("name", ["gorilla.csv", "jatos.txt", "mturk.csv", "plain-long.csv", "qualtrics.csv", "twice"])
def test_a_draft_of_a_mapping_is_one_that_says_what_was_told(tmp_path: Path, name: str) -> None:
    """Also with two filters of one key, and a pair in two columns, as a mapping says them."""
    path, given, about = EXPORTS / name, None, {}
    if name == "twice":
        path, given = tmp_path / "export.csv", tmp_path / "given.toml"
        path.write_text(f"participant,set,face,kind,block,s\np,small-00000,{GENUINE[12:]},rate,1,50\np,,,rate,2,\n")
        about = {
            "columns": {"pair": ["set", "face"], "similarity": "s"},
            "where": {"similarity": {"kind": "rate", "block": "1"}},
            "pairs": {f"small-00000 {GENUINE[12:]}": GENUINE},
        }
        given.write_text(tomli_w.dumps(about))
    draft = draft_mapping(path, PAIRS, "auto", given)
    assert ("# and what" in draft) == bool(given)
    mapping = Mapping.read({**about, **tomllib.loads(draft)}, ASKS)
    again = read_export(path, PAIRS, mapping=mapping).ratings
    told = read_export(path, PAIRS, mapping=Mapping.read(about, ASKS) if given else None).ratings
    assert len(told)
    assert again.drop(columns="column").equals(told.drop(columns="column"))
