"""Whatever is in a file, a reader of JSON ends with an export or with a RatingsError."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import RatingsError
from builder.ratings.export import ExportFile, participant_columns, rating_columns, reader_reasons, refused_columns
from builder.ratings.formats import detect, jatos, jspsych, label_studio, own
from tests.asks import ASKS
from tests.builder.ratings.formats.exports import EXPORTS, GENUINE, NEGATIVE, PAIRS, mapping_of
from tests.builder.ratings.formats.test_jatos import METADATA, RATED, archive

MAPPINGS = [
    None,
    mapping_of(columns={"participant": "subject", "pair": "pair_id", "similarity": "response.Q0", "age": "response"}),
    mapping_of(columns={"participant": "subject", "similarity": "sim_{pair}", "identity": "{pair}"}),
]

VALID = {
    own.READER: [(EXPORTS / "lands-between.jsonl").read_bytes()],
    jspsych.READER: [
        (EXPORTS / name).read_bytes() for name in ("jspsych-page.json", "jspsych-lab.csv", "jspsych-6.json")
    ],
    jatos.READER: [
        (EXPORTS / "jatos.txt").read_bytes(),
        archive({"metadata.json": METADATA, "study_result_1/comp-result_1/data.txt": RATED}).content,
    ],
    label_studio.READER: [(EXPORTS / name).read_bytes() for name in ("label-studio.json", "label-studio-min.json")],
}

WHOLE = [
    (own.READER, VALID[own.READER][0]),
    *((jspsych.READER, VALID[jspsych.READER][file]) for file in (0, 2)),
    *((label_studio.READER, each) for each in VALID[label_studio.READER]),
]
"""Those that are JSON from their first byte to their last."""

NAMES_OF_JSON = [
    "format", "version", "record", "participant_id", "pair_id", "similarity", "identity", "response_time_ms",
    "position", "rated_at", "age", "gender", "duration_s", "strategy_identity", "task", "trial_type", "trial_index",
    "time_elapsed", "rt", "response", "responses", "subject", "data", "context", "annotations", "completions",
    "result", "from_name", "value", "number", "choices", "completed_by", "annotator", "annotation_id", "lead_time",
    "created_at", "was_cancelled", "id", "email", "Q0",
]  # fmt: skip
NAMES = st.sampled_from(NAMES_OF_JSON)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.sampled_from([GENUINE, NEGATIVE, "rating", "participant", "strategies", "yes", "73", "\ud800", 10**400]),
    st.sampled_from(['{"Q0": 1}', '{"Q0": {}, "Q0"', "{[[["]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=8),
    max_leaves=25,
)


def check(reader, content, mapping=None):
    file = ExportFile(EXPORTS / "fuzzed", content)
    with contextlib.suppress(RatingsError):
        detect(file)
    try:
        export = reader.read(file, PAIRS, mapping)
    except RatingsError as error:
        refusal = str(error)
        assert "fuzzed" in refusal
        assert len(refusal) < 3000
        return
    for table, columns in (
        (export.ratings, rating_columns(ASKS)),
        (export.participants, participant_columns(ASKS)),
        (export.refused, refused_columns(ASKS)),
    ):
        assert dict(zip(table, map(str, table.dtypes), strict=True)) == columns
    assert set(export.refused["reason"]) <= set(reader_reasons(ASKS))
    assert export.ratings["participant"].notna().all()
    assert export.ratings["pair_id"].notna().all()
    assert export.ratings[["similarity", "identity"]].notna().any(axis=1).all()


@pytest.mark.parametrize("reader", VALID, ids=lambda reader: reader.name)
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode(errors="replace")))
@settings(max_examples=30)
def test_any_bytes(reader, content):
    check(reader, content)


@pytest.mark.parametrize("reader", VALID, ids=lambda reader: reader.name)
@given(values=st.lists(VALUES, max_size=4), mapping=st.sampled_from(MAPPINGS), apart=st.sampled_from(["\n", "", " "]))
@settings(max_examples=60)
def test_any_json(reader, values, mapping, apart):
    first = ['{"format": "lands-between-survey", "version": 1}'] if reader is own.READER else []
    check(reader, apart.join([*first, *map(json.dumps, values)]).encode(), mapping)


@pytest.mark.parametrize("reader", VALID, ids=lambda reader: reader.name)
@given(data=st.data(), mapping=st.sampled_from(MAPPINGS))
@settings(max_examples=40)
def test_any_damage_to_a_valid_export(reader, data, mapping):
    content = bytearray(data.draw(st.sampled_from(VALID[reader])))
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(content)))
        end = min(begin + data.draw(st.integers(0, 8)), len(content))
        content[begin:end] = data.draw(st.binary(max_size=8) | st.sampled_from([b'"', b"[", b"}", b",", b"\n", b"NaN"]))
    check(reader, bytes(content), mapping)


@pytest.mark.parametrize(("reader", "content"), WHOLE, ids=lambda case: getattr(case, "name", ""))
@given(value=VALUES, data=st.data())
@settings(max_examples=25)
def test_any_value_in_the_place_of_another(reader, content, value, data):
    values = [json.loads(line) for line in content.splitlines()] if reader is own.READER else json.loads(content)
    place, key = data.draw(st.sampled_from([*places(values)]))
    place[key] = value
    check(reader, "\n".join(map(json.dumps, values if reader is own.READER else [values])).encode())


def places(value):
    """Every value within a value, as its container and its key."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield value, key
        yield from places(each)
