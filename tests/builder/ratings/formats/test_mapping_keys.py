"""Every key of a mapping with every reader: it changes what is read, or it is said that it does not."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from builder.errors import RatingsError
from builder.ratings.column_keys import column_keys
from builder.ratings.export import Export, ExportFile
from builder.ratings.formats import PLAIN, READERS, detect, read_file
from builder.ratings.mapping import keys_in, known_keys
from tests.asks import ASKS
from tests.builder.ratings.formats.exports import EXPORTS, GENUINE, NEGATIVE, PAIRS, POSITIVE, file, mapping_of
from tests.builder.ratings.formats.test_jatos import archive

LINES: list[dict[str, Any]] = [
    {"who": f"w{n}", "face": f"img/{pair}.png", "sim": sim, "same": same, "at": "03/04/2026 10:00", "ms": 1500 + n,
     "nth": n, "years": years, "sex": "female", "land": "Kenya", "part": "Africa", "took": 90.5 + n, "how": "by eye",
     "why": "no idea", "block": "main", "other": f"o{n}"}
    for n, (pair, sim, same, years) in enumerate([(GENUINE, 73.5, "yes", 33), (NEGATIVE, 4.5, "no", 44)], start=1)
]  # fmt: skip
"""Two answers, a line each; `other` is what no key should name."""

COLUMNS = {
    "participant": "who", "pair": "face", "similarity": "sim", "identity": "same", "rated_at": "at",
    "response_time_ms": "ms", "position": "nth", "age": "years", "gender": "sex", "country": "land",
    "duration_s": "took", "strategy_similarity": "how", "strategy_identity": "why",
}  # fmt: skip

MAPPING = {"columns": COLUMNS, "time_zone": "UTC", "dates": "day first"}


def table(**own: str) -> bytes:
    """The lines as a CSV with decimal commas, with a tool's own columns before them."""
    rows = [
        own | {name: str(cell).replace(".", ",") if isinstance(cell, float) else cell for name, cell in line.items()}
        for line in LINES
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def trials(**own: str) -> list[dict[str, Any]]:
    """The lines as trials of an experiment."""
    return [{"trial_type": "x", "trial_index": n, "time_elapsed": n, **own, **each} for n, each in enumerate(LINES)]


FILES: dict[str, Callable[[], ExportFile]] = {
    "formr": lambda: file(table(session="abc", created="2026", modified="2026", ended="2026")),
    "gorilla": lambda: file(table(**{"Event Index": "1", "Participant Private ID": "7", "Response": "x"})),
    "jatos": lambda: file("\n".join(json.dumps([each]) for each in trials())),
    "jspsych": lambda: file(table(trial_type="x", trial_index="1", time_elapsed="1")),
    "label-studio": lambda: file(table(annotator="7", annotation_id="1", lead_time="3")),
    "labjs": lambda: file(table(sender="x", sender_type="html", sender_id="1")),
    "limesurvey": lambda: file(table(id="1", submitdate="2026", lastpage="3")),
    "mturk": lambda: file(table(HITId="h", WorkerId="w", AssignmentStatus="Approved")),
    "lands-between": lambda: ExportFile(EXPORTS, (EXPORTS / "lands-between.jsonl").read_bytes()),
    "prolific": lambda: file(table(**{"Submission id": "1", "Participant id": "p", "Status": "APPROVED"})),
    "psychopy": lambda: file(table(expName="e", date="2026", psychopyVersion="3")),
    "qualtrics-csv": lambda: file(table(ResponseId="R_1", Progress="100", StartDate="2026-11-02 10:00:00")),
    "qualtrics-json": lambda: file(
        json.dumps({"responses": [{"responseId": f"R_{n}", "values": each} for n, each in enumerate(LINES)]})
    ),
    "sosci": lambda: file(table(CASE="1", QUESTNNR="q", MODE="interview", STARTED="2026")),
    "plain": lambda: file(table()),
    "jspsych, JSON": lambda: file(json.dumps(trials())),
    "jatos, archive": lambda: archive(
        {"study_result_1/comp-result_1/data.txt": table(trial_type="x", trial_index="1", time_elapsed="1").decode()}
    ),
    "jatos, archive of JSON": lambda: archive({"study_result_1/comp-result_1/data.txt": json.dumps(trials())}),
    "label-studio, JSON": lambda: file(json.dumps([{"annotator": 7, "annotation_id": 1, **each} for each in LINES])),
    "plain, JSON": lambda: file(json.dumps(LINES)),
}
"""A file of every reader."""

CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("encoding", {"encoding": "cp037"}),
    ("delimiter", {"delimiter": "\t"}),
    ("decimal_comma", {"decimal_comma": False}),
    ("time_zone", {"time_zone": "Asia/Tokyo"}),
    ("dates", {"dates": "month first", "time_zone": "UTC"}),
    ("pair_pattern", {"pair_pattern": "i(m)g"}),
    ("similarity", {"similarity": {"from": 1, "to": 7}}),
    ("identity", {"identity": {"yes": ["no"], "no": ["yes"]}}),
    ("pairs", {"pairs": {f"img/{GENUINE}.png": POSITIVE}}),
    ("loops", {"loops": {"batch": 0}}),
    ("packed", {"packed": {"separator": "-"}}),
    *((f"columns.{key}", {"columns": {key: "other"}}) for key in COLUMNS),
    ("columns.response_time_s", {"columns": {"response_time_ms": None, "response_time_s": "ms"}}),
    ("columns.continent", {"columns": {"continent": "other"}}),
    *(
        (f"where.{key}", {"where": {key: {"block": "practice"}}})
        for key in COLUMNS
        if key not in ("participant", "pair")
    ),
]
"""Keys, and what each could say otherwise."""

LIKE_OTHERS = {
    f"{table}.{key}"
    for table in ("columns", "where")
    for key in ("identity", "position", "gender", "country", "strategy_similarity")
} | {"where.rated_at", "where.duration_s", "where.strategy_identity"}
"""Keys that all readers treat as they treat another one: two readers show it, of tables and of sparse records."""


def changed(mapping: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    columns = mapping.get("columns", {}) | change.get("columns", {})
    return mapping | change | {"columns": {key: name for key, name in columns.items() if name is not None}}


def outcome(reader: str, mapping: dict[str, Any]) -> Export | str:
    name = reader.partition(",")[0]
    try:
        return read_file(FILES[reader](), PAIRS, name, mapping_of(**mapping))
    except RatingsError as error:
        return str(error)


def texts(export: Export) -> tuple[str, ...]:
    return tuple(each.to_csv() for each in (export.ratings, export.participants, export.refused, export.submissions))


@pytest.fixture(scope="module")
def before() -> dict[str, tuple[dict[str, Any], Export | str]]:
    """What is read of each file with the whole mapping, and the mapping; commas are decimal where that can be said."""
    read = {}
    for reader in FILES:
        mapping: dict[str, Any] = {} if reader == "lands-between" else MAPPING | {"decimal_comma": True}
        if "says nothing" in str(outcome(reader, mapping)):
            mapping = MAPPING
        read[reader] = mapping, outcome(reader, mapping)
    return read


def test_every_reader_and_every_key_is_here() -> None:
    assert {name.partition(",")[0] for name in FILES} == {*READERS, PLAIN.name}
    assert {detect(content()) or PLAIN.name for content in FILES.values()} == {*READERS, PLAIN.name}
    keys = {key for name, _ in CHANGES for key in (name, name.partition(".")[0])} | {"questions"}  # which comes later
    assert keys >= {*known_keys(ASKS), *(f"columns.{key}" for key in column_keys(ASKS))}
    for name, change in CHANGES:
        mapping = mapping_of(**changed(MAPPING | {"decimal_comma": True}, change))
        assert any(key.partition(".")[0] == name.partition(".")[0] for key in keys_in(mapping, ASKS))


@pytest.mark.parametrize("reader", FILES)
def test_a_key_does_something_or_is_refused(reader: str, before) -> None:
    mapping, read = before[reader]
    assert isinstance(read, Export)
    assert len(read.ratings) == (0 if read.of_people else 3 if reader == "lands-between" else 2)
    assert not read.absent or read.of_people
    silent = []
    for key, change in CHANGES:
        if key in LIKE_OTHERS and not reader.startswith("plain"):
            continue
        now = outcome(reader, changed(mapping or MAPPING, change))
        if isinstance(now, Export):
            named = any(absent == key or absent.startswith(f"{key}.") for absent in now.absent or ())
            if not named and texts(now) == texts(read):
                silent.append(key)
        elif "says nothing" in now:
            assert key in now
            assert f"to the reader {reader.partition(',')[0]}" in now
    assert silent == []
