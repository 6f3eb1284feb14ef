import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builder.errors import AssetError
from builder.frames import named, quoted, read_frame


def test_values_are_texts_as_they_are_written(tmp_path):
    (tmp_path / "a.csv").write_bytes("\ufeffid,name\n007,NA\n1e3,\n".encode())
    frame = read_frame(tmp_path / "a.csv")
    assert frame.to_dict("list") == {"id": ["007", "1e3"], "name": ["NA", ""]}
    table = {"id": [7, None], "name": ["a", None], "yes": [True, False]}
    pd.DataFrame(table).astype({"id": "Int64"}).to_parquet(tmp_path / "a.parquet")
    frame = read_frame(tmp_path / "a.parquet")
    assert frame.to_dict("list") == {"id": ["7", ""], "name": ["a", ""], "yes": ["true", "false"]}


def test_only_wanted_columns_are_read_and_numbers_where_they_are_asked_for(tmp_path):
    (tmp_path / "a.csv").write_text("id,x,y\n1,0.5,2\n2,0.25,3\n")
    frame = read_frame(tmp_path / "a.csv", ["id", "x"], ["id"])
    assert frame.to_dict("list") == {"id": ["1", "2"], "x": [0.5, 0.25]}
    with pytest.raises(AssetError, match=r"has no column z; it has id, x, y"):
        read_frame(tmp_path / "a.csv", ["id", "z"])


def test_parquet_that_would_take_too_much_memory_is_refused_before_it_is_read(tmp_path):
    """A page of a few bytes says one text five million times."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000_000, pa.int8()), pa.array(["x" * 100]))
    pq.write_table(pa.table({"id": text}), tmp_path / "bomb.parquet", compression="zstd")
    assert (tmp_path / "bomb.parquet").stat().st_size < 100_000
    said = r"bomb\.parquet: not a table that can be read: would take \d+ bytes of memory, \d+ times its own"
    with pytest.raises(AssetError, match=said):
        read_frame(tmp_path / "bomb.parquet")


def test_parquet_with_lists_is_refused(tmp_path):
    pq.write_table(pa.table({"id": ["a"], "x": [[1.0, 2.0]]}), tmp_path / "a.parquet")
    with pytest.raises(AssetError, match="has a column of lists or of records"):
        read_frame(tmp_path / "a.parquet")
    pq.write_table(pa.table({"id": ["a"], "x": [{"y": 1}]}), tmp_path / "a.parquet")
    with pytest.raises(AssetError, match="has a column of lists or of records"):
        read_frame(tmp_path / "a.parquet")


def test_what_is_no_table_is_one_error(tmp_path):
    for name, content in {"a.csv": b"\xff\xfe\x00", "b.parquet": b"PAR1", "c.parquet": b""}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(AssetError, match=f"{name}: not a table that can be read"):
            read_frame(tmp_path / name)
    (tmp_path / "a.xlsx").touch()
    with pytest.raises(AssetError, match=r"must be a file that ends in \.csv or \.parquet"):
        read_frame(tmp_path / "a.xlsx")


def test_errors_show_no_more_of_a_file_than_a_line():
    assert quoted("a") == "'a'"
    assert len(quoted("a" * 1000)) == 80
    assert named(["a", 1]) == "a, 1"
    assert named(map(str, range(25))).endswith("18, 19 and 5 more")
    assert len(named(["a" * 1000] * 1000)) < 2000
