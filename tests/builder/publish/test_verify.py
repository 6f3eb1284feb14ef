"""Whatever is wrong with a published folder is found and named."""

import contextlib
import hashlib
import json
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Features
from hypothesis import strategies as st

from builder.errors import PublishError
from builder.publish.pictures import picture_columns
from builder.publish.prepare import Options
from builder.publish.publishing import publish_to_folder
from builder.publish.reading import read_table
from builder.publish.verify import verify
from builder.studies.verification import KIND
from loading_script.lands_between import PROVENANCE
from loading_script.untrusted import parquet
from tests import schema
from tests.conftest import run_builder
from tests.studies import copy_study, rate

pytestmark = pytest.mark.slow

PAIRS, IMAGES = "data/pairs/train-000000.parquet", "data/images/train-000000.parquet"
EMBEDDINGS = "data/embeddings/train-000000.parquet"
RATINGS, PEOPLE = "data/ratings/train-000000.parquet", "data/participants/train.parquet"

Change = Callable[[pa.Table], pa.Table]


@pytest.fixture(scope="module")
def whole(small_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_study(small_folder, tmp_path_factory.mktemp("verified") / "study")
    rate(root, 24)
    folder = tmp_path_factory.mktemp("whole") / "faces"
    publish_to_folder(root, folder, "1.0.0", Options())
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "faces"))


def accept(folder: Path, **changed: Any) -> None:
    """Makes provenance.json that of the files as they are now, as somebody who forges a dataset would."""
    provenance = json.loads((folder / PROVENANCE).read_text())
    for path, file in provenance["files"].items():
        content = (folder / path).read_bytes()
        file.update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        if path.endswith(".parquet"):
            file["rows"] = pq.read_metadata(folder / path).num_rows
    (folder / PROVENANCE).write_text(json.dumps(provenance | changed))


def forge(folder: Path, path: str, change: Change, **options: Any) -> None:
    """Replaces rows of a table, with hashes that fit."""
    rows = change(pq.ParquetFile(folder / path).read())
    pq.write_table(rows, folder / path, **options)
    accept(folder)


def replaced(column: str, values: Callable[[list[Any]], list[Any]]) -> Change:
    def change(rows: pa.Table) -> pa.Table:
        field = rows.schema.field(column)
        at = rows.column_names.index(column)
        return rows.set_column(at, field, pa.array(values(rows[column].to_pylist()), field.type))

    return change


def first(value: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda values: [value, *values[1:]]


def test_a_published_folder_is_as_it_should_be(folder):
    assert verify(folder) == []


def test_the_command_prints_what_is_wrong_and_exits_with_1(folder, tmp_path):
    result = run_builder("verify", folder)
    assert (result.returncode, result.stdout) == (0, f"{folder}: everything is as it should be\n")
    size = (folder / "CITATION.cff").stat().st_size
    (folder / "CITATION.cff").write_text("Cite somebody else")
    result = run_builder("verify", folder)
    assert (result.returncode, result.stdout) == (
        1,
        f"CITATION.cff: has 18 bytes, provenance.json says {size}\n",
    )
    assert run_builder("verify", tmp_path).returncode == 2


@pytest.mark.parametrize("path", [PAIRS, "README.md", "pictures/base.png"])
def test_a_flipped_bit_is_found(folder, path):
    content = bytearray((folder / path).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / path).write_bytes(content)
    assert verify(folder) == [f"{path}: its bytes do not have the SHA-256 that provenance.json says"]


def test_a_missing_a_cut_and_an_added_file_are_found(folder):
    (folder / IMAGES).unlink()
    (folder / PAIRS).write_bytes((folder / PAIRS).read_bytes()[:-1])
    shutil.copy(folder / RATINGS, folder / "data/ratings/train-000009.parquet")
    found = verify(folder)
    assert len(found) == 3
    assert f"{IMAGES}: is missing" in found
    assert "data/ratings/train-000009.parquet: is no file of this version" in found
    assert any(line.startswith(f"{PAIRS}: has ") for line in found)


def test_links_are_not_followed(folder, tmp_path):
    shutil.move(folder / PAIRS, tmp_path / "pairs.parquet")
    (folder / PAIRS).symlink_to(tmp_path / "pairs.parquet")
    shutil.move(folder / "pictures", tmp_path / "pictures")
    (folder / "pictures").symlink_to(tmp_path / "pictures")
    found = verify(folder)
    assert f"{PAIRS}: lies behind a link" in found
    assert "pictures/base.png: lies behind a link" in found


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "/etc/passwd", "data/pairs/../../x.parquet", "run.py", "data/pairs/train.PARQUET"]
)
def test_no_path_leads_out_of_the_folder(folder, path):
    provenance = json.loads((folder / PROVENANCE).read_text())
    provenance["files"][path] = provenance["files"]["VERSION"]
    (folder / PROVENANCE).write_text(json.dumps(provenance))
    (found,) = verify(folder)
    assert "no file of a published folder is called" in found


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON that this project writes"),
        ("[" * 100_000, "no JSON that this project writes"),
        ("[]", "damaged"),
        ('{"format": 2}', "has format 2"),
        ('{"format": 1}', "Field required"),
    ],
)
def test_a_damaged_provenance_is_said(folder, content, said):
    (folder / PROVENANCE).write_text(content)
    (found,) = verify(folder)
    assert said in found


def test_a_folder_without_a_version_is_said(tmp_path):
    with pytest.raises(PublishError, match="holds no published version"):
        verify(tmp_path)


@pytest.mark.parametrize(
    ("path", "change", "said"),
    [
        (PAIRS, replaced("dlib_accept", lambda v: [not v[0], *v[1:]]), "dlib_accept: is not dlib_distance <= 0.6"),
        (PAIRS, replaced("dlib_distance", first(None)), "dlib_accept: is not dlib_distance <= 0.6"),
        (PAIRS, replaced("pair_id", lambda v: [v[1], *v[1:]]), "pairs: pair_id is not one for each row"),
        (PAIRS, replaced("sample_id", first("nobody")), "sample: 1 images are not those of the table images"),
        (PAIRS, replaced("anchor_id", first("nobody")), "pairs: 1 rows have a anchor_id that images does not have"),
        (PAIRS, replaced("search_id", first("nobody")), "pairs: 1 rows have a search_id that searches does not have"),
        (PAIRS, replaced("batch", first(1)), "has rows of other batches than 0"),
        (PAIRS, replaced("similarity_mean", lambda v: [v[0] + 1e-3, *v[1:]]), "similarity_mean is not that of the"),
        (PAIRS, replaced("identity_std", first(None)), "identity_std is not that of the ratings in 1 rows"),
        (PAIRS, replaced("n_ratings", first(11)), "n_ratings is not that of the ratings in 1 rows"),
        (PAIRS, replaced("ratings_source", first("simulated")), "ratings_source is not that of the ratings in 1 rows"),
        (PAIRS, lambda rows: rows.drop_columns(["level"]), "not the columns of such a table"),
        (PAIRS, lambda rows: rows.append_column("ip", pa.array(["x"] * rows.num_rows)), "not the columns of such"),
        (PAIRS, lambda rows: rows.replace_schema_metadata(None), "not the columns of such a table"),
        (EMBEDDINGS, replaced("image_id", lambda v: [v[1], *v[1:]]), "embeddings: image_id is not one for each row"),
        (IMAGES, replaced("image_id", lambda v: [v[1], v[0], *v[2:]]), "images are not those of the table images"),
        (RATINGS, replaced("similarity", first(50.5)), "similarity_mean is not that of the ratings in 1 rows"),
        (RATINGS, replaced("source", first("simulated")), "n_ratings is not that of the ratings in 1 rows"),
        (RATINGS, replaced("source", first("god")), "source is none of human, expert, simulated, model"),
        (RATINGS, replaced("pair_id", first("nothing")), "1 rows have a pair_id that pairs does not have"),
        (RATINGS, replaced("participant_id", first("nobody")), "participant_id that participants does not have"),
        (PEOPLE, replaced("age", first("99")), "continent is that of 1, fewer than 5"),
        (PEOPLE, lambda rows: rows.slice(1), "participant_id that participants does not have"),
    ],
)
def test_what_does_not_fit_is_found_though_the_hashes_do(folder, path, change, said):
    forge(folder, path, change)
    found = verify(folder)
    assert any(said in line for line in found), found


def test_a_batch_in_another_split_is_found(folder):
    provenance = json.loads((folder / PROVENANCE).read_text())
    provenance["batches"][0]["split"] = "test"
    (folder / PROVENANCE).write_text(json.dumps(provenance))
    assert f"{PAIRS}: batch 0 is in the split test" in verify(folder)


def test_a_withdrawn_version_is_found(folder):
    events = json.loads((folder / "versions.json").read_text())
    (folder / "versions.json").write_text(json.dumps([*events, events[0] | {"event": "withdrawn"}]))
    assert verify(folder) == ["versions.json: says that 1.0.0 was withdrawn"]


def with_texts(texts: list[str]) -> pa.Table:
    columns = schema.stored(schema.participants())
    rows = [{"participant_id": str(at), "strategy_identity": text} for at, text in enumerate(texts)]
    return pa.Table.from_pylist(rows, schema=columns)


def with_image(content: bytes | None) -> Change:
    return replaced("image", lambda images: [images[0] | {"bytes": content}, *images[1:]])


def png(width: int, height: int) -> bytes:
    """A PNG of this size, without pixels."""
    chunks = [b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT", b"IEND"]
    packed = [struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def test_a_file_that_expands_beyond_bounds_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "LEAST_EXPANDED", 10**6)
    path = tmp_path / "people.parquet"
    rows = with_texts(["A" * 1_000_000 + str(at) for at in range(3)])
    pq.write_table(rows, path, compression="zstd", use_dictionary=False)
    assert path.stat().st_size < 10_000
    with pytest.raises(PublishError, match=r"would take 30\d{5} bytes of memory"):
        read_table(path, "participants", 3, KIND)


def test_a_text_that_is_repeated_beyond_bounds_is_not_expanded(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "LEAST_EXPANDED", 10**6)
    path = tmp_path / "people.parquet"
    pq.write_table(with_texts(["A" * 10_000] * 200), path)
    assert path.stat().st_size < 20_000
    with pytest.raises(PublishError, match=r"would take 20\d{5} bytes of memory"):
        read_table(path, "participants", 200, KIND)


def test_a_file_of_more_rows_than_it_should_have_is_not_read(tmp_path):
    path = tmp_path / "people.parquet"
    pq.write_table(with_texts(["a", "b"]), path)
    with pytest.raises(PublishError, match=r"has 2 rows, provenance\.json says 1"):
        read_table(path, "participants", 1, KIND)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (png(100_000, 100_000), "pixels"),
        (png(2**31 - 1, 2**31 - 1), "pixels"),
        (b"\x89PNG\r\n\x1a\n", "an image is no PNG that can be read"),
        (b"GIF89a" + bytes(100), "an image is no PNG that can be read"),
        (None, "a row has no image"),
    ],
)
def test_an_image_that_is_too_large_or_none_is_found(folder, content, said):
    forge(folder, IMAGES, with_image(content))
    assert any(said in line for line in verify(folder))


def test_a_column_that_its_metadata_does_not_describe_is_read_as_such_a_table_has_it(folder):
    def forget(rows):
        described = json.loads(rows.schema.metadata[b"huggingface"])
        del described["info"]["features"]["level"]["dtype"]
        return rows.replace_schema_metadata({b"huggingface": json.dumps(described).encode()})

    forge(folder, PAIRS, forget)
    assert verify(folder) == []


@hypothesis.settings(max_examples=60)
@hypothesis.given(
    st.sampled_from([PAIRS, IMAGES, EMBEDDINGS, RATINGS, PEOPLE]),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=20),
    st.booleans(),
)
def test_whatever_bytes_a_table_has_it_is_read_or_refused(whole, path, changed, at_the_end):
    """The Parquet footer is at the end, where a changed byte does most."""
    content = bytearray((whole / path).read_bytes())
    for at, value in changed:
        content[-1 - at % min(len(content), 6000) if at_the_end else at % len(content)] = value
    table, rows = path.split("/")[1], json.loads((whole / PROVENANCE).read_text())["files"][path]["rows"]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "x.parquet").write_bytes(content)
        with contextlib.suppress(PublishError, pa.ArrowException, OSError, ValueError):
            read = read_table(Path(folder) / "x.parquet", table, rows, KIND)
            assert read.num_rows == rows
            read.drop_columns(picture_columns(Features.from_arrow_schema(read.schema))).to_pylist()


def test_a_version_of_a_kind_that_is_not_installed_is_checked_as_far_as_any_study(folder, caplog):
    study = json.loads((folder / PROVENANCE).read_text())["study"] | {"study": "brightness"}
    accept(folder, study=study)
    assert verify(folder) == []
    assert 'study = "brightness": no such kind of study is installed' in caplog.text
    forge(folder, PAIRS, lambda rows: rows.append_column("ip", pa.array(["x"] * rows.num_rows)))
    assert verify(folder) == [f"{PAIRS}: its columns are not those that its metadata says"]


def test_a_file_that_is_no_parquet_is_found(folder):
    (folder / PAIRS).write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    provenance = json.loads((folder / PROVENANCE).read_text())
    content = (folder / PAIRS).read_bytes()
    provenance["files"][PAIRS].update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    (folder / PROVENANCE).write_text(json.dumps(provenance))
    assert any(line.startswith(f"{PAIRS}: ") for line in verify(folder))


def test_a_folder_of_another_version_is_not_verified_as_this_one(folder):
    for revision in ("v1.0.0", "1.0.0"):
        assert run_builder("verify", folder, "--revision", revision).returncode == 0
    result = run_builder("verify", folder, "--revision", "v9.9.9")
    assert result.returncode == 2
    assert "is version 1.0.0, not v9.9.9; a folder has one version: leave --revision out" in result.stderr
