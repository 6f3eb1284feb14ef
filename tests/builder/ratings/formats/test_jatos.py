import io
import json
import zipfile

import pytest

from builder.errors import RatingsError
from builder.ratings.export import ExportFile
from builder.ratings.formats import detect, jatos
from tests.builder.ratings.formats.exports import (
    EXPORTS,
    GENUINE,
    NEGATIVE,
    PAIRS,
    POSITIVE,
    everything_in,
    mapping_of,
    read,
    rows,
)


def trial(index, **fields):
    return {"trial_type": "x", "trial_index": index, "time_elapsed": 1000 * index, **fields}


def archive(entries, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return ExportFile(EXPORTS / "results.jrzip", buffer.getvalue())


RATED = json.dumps([trial(0, response="x"), trial(1, pair_id=GENUINE, similarity=80, identity="same")])
METADATA = json.dumps(
    {"data": [{"studyResults": [{"id": 9001, "workerId": 501, "urlQueryParameters": {"pid": "Z9"}}]}]}
)


def test_one_result_a_line_and_results_saved_piece_by_piece():
    export = read("jatos.txt")
    assert rows(export.ratings, "line", "participant", "pair_id", "similarity", "identity") == [
        (2, "Frieda00000000000001", GENUINE, 97.0, True),
        (2, "Frieda00000000000001", NEGATIVE, 12.0, False),
        (3, "Hanna000000000000002", POSITIVE, 33.0, False),
    ]
    assert rows(export.participants, "participant", "age", "gender", "continent", "strategy_identity") == [
        ("Frieda00000000000001", "40", "male", "Europe", None),
        ("Hanna000000000000002", None, None, None, "-"),
    ]
    text = everything_in(export)
    assert "Muster" not in text
    assert "A1B2C3WORKER" not in text
    assert export.refused.empty


def test_an_archive_without_participants_goes_by_its_study_results():
    file = archive(
        {
            "metadata.json": METADATA,
            "study_result_9002/comp-result_7003/data.txt": RATED + "\n     \n",
            "study_result_9002/comp-result_7002/data.txt": "",
            "study_result_9001/comp-result_7001/data.txt": RATED.replace("80", "20"),
            "study_result_9001/comp-result_7001/files/drawing.png": b"\x89PNG",
        }
    )
    assert detect(file) == "jatos"
    export = jatos.READER.read(file, PAIRS, None)
    assert rows(export.ratings, "line", "participant", "similarity") == [(2, "9001", 20.0), (4, "9002", 80.0)]
    assert "501" not in everything_in(export)


def test_an_archive_within_a_folder_of_csv_and_of_osweb():
    mapping = mapping_of(columns={"participant": "subject", "pair": "pair_id", "similarity": "similarity"})
    file = archive(
        {
            "batch_34/study_result_1/comp-result_1/data.txt": (
                '"trial_type","trial_index","subject","pair_id","similarity"\r\n'
                f'"x","0","anna","{GENUINE}","90"\r\n"x","1","anna","{NEGATIVE}","nine"\r\n'
            ),
            "batch_34/study_result_2/comp-result_2/data.txt": json.dumps(
                {"data": [{"subject": "berta", "pair_id": GENUINE, "similarity": 60}], "context": {"ip": "203.0.113.9"}}
            ),
        }
    )
    export = jatos.READER.read(file, PAIRS, mapping)
    assert rows(export.ratings, "participant", "similarity") == [("anna", 90.0), ("berta", 60.0)]
    assert rows(export.refused, "line", "reason") == [(2, "similarity is no number")]


def test_nothing_is_written_and_no_name_in_an_archive_is_followed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = archive(
        {
            "../../study_result_1/comp-result_1/data.txt": RATED,
            "/etc/study_result_2/comp-result_1/data.txt": RATED,
            "study_result_3/comp-result_1/../../../x/data.txt": RATED,
        }
    )
    jatos.READER.read(file, PAIRS, None)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(jatos, "_MOST_BYTES", 10_000)
    file = archive({f"study_result_{n}/comp-result_1/data.txt": " " * 4000 for n in range(5)})
    with pytest.raises(RatingsError, match="unpacks to more than 10000 bytes"):
        jatos.READER.read(file, PAIRS, None)


def test_a_damaged_archive_is_refused():
    content = bytearray(archive({"study_result_1/comp-result_1/data.txt": RATED}, zipfile.ZIP_STORED).content)
    content[80] ^= 1
    with pytest.raises(RatingsError, match=r"study_result_1/comp-result_1: cannot be unpacked: Bad CRC-32"):
        jatos.READER.read(ExportFile(EXPORTS / "results.jrzip", bytes(content)), PAIRS, None)


def test_a_result_that_is_cut_is_refused_with_its_name():
    file = archive({"study_result_1/comp-result_2/data.txt": RATED[:-5]})
    with pytest.raises(RatingsError, match=r"study_result_1/comp-result_2, line 1, column \d+: no JSON"):
        jatos.READER.read(file, PAIRS, None)
