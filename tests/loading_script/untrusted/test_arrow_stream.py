import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loading_script.untrusted.arrow_stream import map_stream, read_stream
from tests.fuzz.guard import survives

ROWS = pa.table({"text": ["a", "b", None], "numbers": pa.array([[1.0], [2.0, 3.0], None])})


def written(rows, **options):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(rows)
    return sink.getvalue().to_pybytes()


def read(content):
    return read_stream(pa.py_buffer(content))


def test_a_stream_is_read_from_memory_and_from_a_file(tmp_path):
    assert read(written(ROWS)).equals(ROWS)
    (tmp_path / "x.arrow").write_bytes(written(ROWS))
    assert map_stream(tmp_path / "x.arrow").equals(ROWS)
    (tmp_path / "x.arrow").write_bytes(b"")
    with pytest.raises(ValueError, match="is empty"):
        map_stream(tmp_path / "x.arrow")


@pytest.mark.parametrize("method", ["zstd", "lz4"])
def test_a_compressed_stream_is_not_expanded(method):
    zeros = pa.table({"numbers": pa.array([0.0] * 1_000_000)})
    content = written(zeros, compression=method)
    assert len(content) < 100_000
    with pytest.raises(ValueError, match="is compressed"):
        read(content)


def test_a_text_said_often_is_not_expanded():
    with pytest.raises(ValueError, match="a message of type 2"):
        read(written(pa.table({"text": pa.array(["a" * 10_000] * 10_000).dictionary_encode()})))


def test_an_offset_that_leads_out_of_the_texts_is_found():
    content = written(pa.table({"text": ["abcd", "efgh"]}))
    offsets = b"".join(at.to_bytes(4, "little") for at in (0, 4, 8))
    assert content.count(offsets) == 1
    for lie in (2**31 - 1, -1, 9):
        changed = offsets[:4] + lie.to_bytes(4, "little", signed=True) + offsets[8:]
        with pytest.raises(ValueError, match=r"\w"):
            read(content.replace(offsets, changed))


@given(st.integers(0, 1000), st.binary(min_size=1, max_size=8))
def test_whatever_bytes_a_stream_has_it_is_read_or_refused(position, replacement):
    whole = written(ROWS)
    at = position % len(whole)
    survives(lambda: read(whole[:at] + replacement + whole[at + len(replacement) :]).to_pylist(), ValueError)
