"""Small files that mean much: each is refused, in a process that could not hold what they mean."""

import functools
import io
import json
import pickle
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

import analysis.studies.verification.data  # noqa: F401 - loaded before anything is watched: a dataclass runs code
from analysis import AnalysisError
from analysis import load as load_dataset
from builder.errors import LandsBetweenError
from builder.generators.stylegan2.checkpoints import read_weights
from builder.generators.stylegan2.network import Network
from builder.generators.stylegan2.nvidia_pickle import read_pickle
from builder.publish.reading import read_table
from builder.ratings.formats import read_export
from builder.ratings.mapping import read_mapping
from builder.recognizers.dlib_format import read_network
from builder.shards import StudyFolder
from builder.studies import kind_texts
from builder.studies.verification import KIND
from builder.studies.verification.pictures import Scored, draw_base, near_threshold
from builder.studies.verification.study import VerificationStudy
from builder.study import read_study
from builder.survey.items import read_items
from builder.survey.texts import read_texts
from tests import schema
from tests.asks import ASKS
from tests.builder.generators.stylegan2.test_checkpoints import nvidia_modules, nvidia_networks
from tests.builder.ratings.formats.exports import GENUINE, PAIRS
from tests.builder.ratings.formats.test_jatos import RATED, archive
from tests.fuzz import valid
from tests.fuzz.guard import outcome

SIDE = 13_000
"""Of a square image: 169 million pixels, 507 MB, in 20 KB; Pillow refuses only what is larger still."""


def large_png(side: int) -> bytes:
    """A black image of one bit a pixel, whole where it is not too large to make."""
    row = bytes(1 + (side + 7) // 8)
    packer = zlib.compressobj()
    pixels = b"".join(packer.compress(row) for _ in range(min(side, SIDE))) + packer.flush()
    chunks = [b"IHDR" + struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0), b"IDAT" + pixels, b"IEND"]
    packed = [struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


@pytest.fixture(scope="module", params=[SIDE, 100_000])
def png(request: pytest.FixtureRequest) -> bytes:
    return large_png(request.param)


def study_folder(root: Path, image: bytes | None = None, **survey: str) -> Path:
    """A study folder of one batch, with all its images being `image`."""
    study = VerificationStudy.model_validate({"name": "a", "survey": survey})
    folder = StudyFolder(root)
    tables = {table: valid.rows_of(table) for table in schema.BUILD_TABLES}
    if image is not None:
        for table, columns in {"pairs": ["base", "sample"], "images": ["image"]}.items():
            rows = [
                row | {name: {"bytes": image, "path": None} for name in columns} for row in tables[table].to_pylist()
            ]
            tables[table] = pa.Table.from_pylist(rows, schema=tables[table].schema)
        names = tables["images"]["image_id"]
        for column in ("base_id", "sample_id"):
            tables["pairs"] = tables["pairs"].set_column(
                tables["pairs"].column_names.index(column), tables["pairs"].schema.field(column), names
            )
    with folder.locked():
        folder.claim(study)
        folder.describe(study, {"dlib": 8}, {"python": "3"})
        manifest = folder.write_batch(
            0,
            tables,
            seeds=[1],
            passed_over=[],
            environment={"python": "3"},
            micro_batches={},
            timings={"render": 0.5},
        )
        folder.write_readme("a", {0: manifest})
    return root


def test_a_large_image_is_not_decoded(png: bytes, tmp_path: Path) -> None:
    root = study_folder(tmp_path / "study", png, consent="Yes", contact="me")
    table = tmp_path / "images.parquet"
    rows = valid.rows_of("images").to_pylist()
    rows[0]["image"] = {"bytes": png, "path": None}
    pq.write_table(pa.Table.from_pylist(rows, schema=schema.stored(valid.features("images"))), table)
    readers: dict[str, tuple[Callable[[], object], type[Exception]]] = {
        "picture": (lambda: draw_base(root, tmp_path / "x.png", batch=0, base=0), LandsBetweenError),
        "publish": (lambda: near_threshold([Scored("negative", 0.5, png, png)], 0.6), ValueError),
        "verify": (lambda: read_table(table, "images", 3, KIND), LandsBetweenError),
        "survey": (lambda: read_items(root), LandsBetweenError),
        "analysis": (lambda: load_dataset(str(root)).pictures.decoded("image_id-0"), AnalysisError),
    }
    for name, (read, errors) in readers.items():
        assert "pixels" in outcome(read, errors), name


def parquet_of(rows: pa.Table, path: Path) -> Path:
    pq.write_table(rows, path, compression="zstd", row_group_size=len(rows), dictionary_pagesize_limit=2**30)
    assert path.stat().st_size < 3_000_000
    return path


def people(count: int, **columns: object) -> pa.Table:
    wanted = schema.stored(schema.participants())
    given = {"participant_id": pa.array(np.arange(count).astype(str)), **columns}
    arrays = [given.get(field.name, pa.nulls(count, field.type)) for field in wanted]
    return pa.Table.from_arrays(
        [pa.array(each, field.type) for each, field in zip(arrays, wanted, strict=True)], schema=wanted
    )


LONG = "A" * 1_000_000
PARQUET = {
    "a page that expands": lambda: people(3, strategy_identity=[f"{LONG * 100}{at}" for at in range(3)]),
    "a text said often": lambda: people(400, strategy_identity=pa.array([LONG] * 400)),
    "a text said often in lists": lambda: people(400, flags=pa.array([[LONG]] * 400)),
    "a number said often": lambda: people(1, flags=pa.array([[None] * 30_000_000], pa.list_(pa.string()))),
}


@pytest.mark.parametrize("name", PARQUET)
def test_a_parquet_file_that_expands_is_not_read(name: str, tmp_path: Path) -> None:
    rows = PARQUET[name]()
    folder = tmp_path / "published"
    (folder / "data").mkdir(parents=True)
    path = parquet_of(rows, folder / "data" / "participants.parquet")
    pq.write_table(valid.rows_of("pairs").drop_columns(["base", "sample"]), folder / "data" / "pairs.parquet")
    configs = "".join(
        f"- config_name: {table}\n  data_files: data/{table}.parquet\n" for table in ("pairs", "participants")
    )
    (folder / "README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    count = len(rows)
    del rows
    assert "of memory" in outcome(lambda: read_table(path, "participants", count, KIND), LandsBetweenError)
    assert "of memory" in outcome(lambda: load_dataset(str(folder)), AnalysisError)


def laughs(depth: int) -> str:
    """A billion of what is short: each line says the one before nine times."""
    return "a0: &a0 [x]\n" + "".join(f"a{at}: &a{at} [{','.join([f'*a{at - 1}'] * 9)}]\n" for at in range(1, depth))


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("README.md", lambda card: card.replace("---\n", "---\n" + laughs(12), 1), "aliases"),
        ("README.md", lambda card: card.replace("path:", f"path: {'[' * 5000}{']' * 5000} #"), "nested too deep"),
        ("README.md", lambda card: card.replace("shards/pairs", "../other/shards/pairs"), "leads out of the dataset"),
        ("README.md", lambda card: card.replace("shards/pairs", "/etc"), "leads out of the dataset"),
        ("README.md", lambda card: card.replace("shards/pairs", "https://example.org"), "leads out of the dataset"),
        ("README.md", lambda card: card.replace("configs:", "configs: !!python/name:os.system"), "cannot be read"),
        (".huggingface.yaml", lambda _: laughs(12), "aliases"),
    ],
)
def test_a_card_of_somebody_is_only_read(name: str, change: Callable[[str], str], said: str, tmp_path: Path) -> None:
    root = Path(shutil.copytree(valid.study_folder(), tmp_path / "study"))
    path = root / name
    path.write_text(change(path.read_text() if path.exists() else ""))
    assert said in outcome(lambda: load_dataset(str(root)), AnalysisError)


DEEP = 10_000
TOML = {
    "lists": "a = " + "[" * DEEP + "]" * DEEP,
    "tables": "a = " + "{a = " * DEEP + "1" + "}" * DEEP,
    "parts of a key": "a." * DEEP + "a = 1",
    "parts of many keys": "\n".join(f"a{at}.{'a.' * 990}b = 1" for at in range(400)),
    "a header": "[" + "a." * DEEP + "a]",
}


@pytest.mark.parametrize(
    "read",
    [
        read_study,
        functools.partial(read_mapping, asks=ASKS),
        functools.partial(read_texts, asks=ASKS, own=kind_texts("verification")),
    ],
)
@pytest.mark.parametrize("name", TOML)
def test_toml_that_is_deep_is_not_read(name: str, read: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "deep.toml"
    path.write_text(TOML[name])
    assert "deep.toml" in outcome(lambda: read(path), LandsBetweenError)


@pytest.mark.parametrize("file", ["/dev/zero", "../pairs.csv", "/etc/hostname", "a/../../pairs.csv"])
def test_a_mapping_leads_nowhere_else(file: str, tmp_path: Path) -> None:
    path = tmp_path / "inner" / "mapping.toml"
    path.parent.mkdir()
    (tmp_path / "pairs.csv").write_text("pair_id\nsecret\n")
    path.write_text(f'[loops]\nfile = "{file}"\n')
    assert "must be a file beside the mapping" in outcome(lambda: read_mapping(path, ASKS), LandsBetweenError)


def sparse_json(count: int) -> bytes:
    return json.dumps(
        [{"session": "x", "created": "", "modified": "", "ended": "", f"c{at}": ""} for at in range(count)]
    ).encode()


EXPORTS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a long header over short lines": (
        "plain",
        lambda: ",".join(["participant_id", *(f"c{at}" for at in range(20_000))]).encode() + b"\n" + b"a\n" * 20_000,
        "too many cells",
    ),
    "other names in every record": ("formr", lambda: sparse_json(9_000), "too many cells"),
    "an archive that expands": (
        "jatos",
        lambda: archive({"study_result_1/comp-result_1/data.txt": b" " * 300_000_000 + RATED.encode()}).content,
        "unpacks to more than 5",
    ),
    **{
        f"deep JSON of {name}": (name, lambda: b'{"a":' * 100_000, "nested too deep")
        for name in ("jatos", "jspsych", "label-studio", "lands-between", "qualtrics-json")
    },
    "UTF-16 of one cell": ("plain", lambda: "a".encode("utf-16") * 20_000_000, "no CSV"),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_that_expands_is_not_read(name: str, tmp_path: Path) -> None:
    format_name, made, said = EXPORTS[name]
    path = tmp_path / "export"
    path.write_bytes(made())
    assert said in outcome(lambda: read_export(path, PAIRS, format_name), LandsBetweenError)


@pytest.mark.parametrize(
    "name", [f"{GENUINE}_" * 5000, f"{GENUINE}_".replace("-", "_") * 5000, "a-" * 60_000, "a-00000-" * 10_000]
)
def test_a_column_with_a_long_name_takes_no_time(name: str, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(f"participant_id,similarity_{name},similarity_{GENUINE}\nx,1,2\n")
    assert not outcome(lambda: read_export(path, PAIRS, "plain"), LandsBetweenError).startswith("BROKEN")


def weights(name: str) -> bytes:
    """Files of weights that claim to be larger than they are."""
    whole = valid.safetensors()
    if name == "header.safetensors":
        return struct.pack("<Q", 2**40) + whole[8:]
    if name == "offsets.safetensors":
        return whole.replace(b'"data_offsets":[0,', b'"data_offsets":[9,', 1)
    if name == "memo.pkl":
        return b"\x80\x02}r\xff\xff\xff\x7f."
    if name == "hash.pkl":  # a tuple of two of the tuple before, 40 times over: its hash is that of 2^40 numbers
        return b"\x80\x02}K\x01" + b"2\x86" * 40 + b"Ns."
    if name == "hash.pt":
        return archived(b"\x80\x02}K\x01" + b"2\x86" * 40 + b"Ns.", zipfile.ZIP_STORED)
    if name == "key.pkl":  # a long number as a key, again and again: its hash is never kept
        number = b"\x8b" + struct.pack("<i", 100_000) + b"\x01" * 100_000
        return b"\x80\x02}q\x00" + number + b"q\x010" + b"h\x01Ns" * 100_000 + b"."
    if name == "sets.pkl":  # sets of one list, again and again
        numbers = b"".join(b"J" + struct.pack("<i", number) for number in range(20_000))
        return b"\x80\x02}cbuiltins\nset\nq\x000](" + numbers + b"eq\x010" + b"h\x00h\x01\x85R0" * 20_000 + b"."
    if name == "steps.pkl":
        return b"\x80\x02}" + b"N0" * 600_000 + b"."
    if name == "array.pkl":
        return b"\x80\x02cnumpy\nndarray\n\x8a\x05\x00\x00\x00\x00\x01\x85\x85R."
    if name == "long name.pt":
        return archived(b"\x80\x02c" + b"x" * 300_000 + b"\nx\n.", zipfile.ZIP_STORED)
    if name == "deflated.pt":
        return archived(pickle.dumps({"g_ema": {}}, 2), zipfile.ZIP_DEFLATED, bytes(300_000_000))
    raise KeyError(name)


def archived(program: bytes, method: int, numbers: bytes = b"") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as file:
        for name, content in {
            "data.pkl": program,
            "data/0": numbers,
            "version": b"3\n",
            "byteorder": b"little",
        }.items():
            file.writestr(f"archive/{name}", content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("header.safetensors", "no safetensors file"),
        ("offsets.safetensors", "no safetensors file"),
        ("memo.pkl", "is numbered 2147483647"),
        ("array.pkl", "has no content"),
        ("hash.pkl", "more work than any network"),
        ("hash.pt", "more work than any network"),
        ("key.pkl", "more work than any network"),
        ("sets.pkl", "more work than any network"),
        ("steps.pkl", "more than 1000000 steps"),
        ("long name.pt", "a name of 300002 characters"),
        ("deflated.pt", "it unpacks to 3000"),
    ],
)
def test_weights_that_claim_to_be_large_are_not_read(name: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(weights(name))
    assert said in outcome(lambda: read_weights(path), LandsBetweenError)


def tensor_program(size: tuple[int, int], stride: tuple[int, int]) -> bytes:
    """A pickle of one tensor of these sizes over a storage of four numbers."""
    stored = io.BytesIO()
    torch.save(torch.zeros(4).storage(), stored, _use_new_zipfile_serialization=False)
    program = b"\x80\x02}X\x01\x00\x00\x00x" + b"ctorch._utils\n_rebuild_tensor_v2\n(ctorch.storage\n_load_from_bytes\n"
    content = b"B" + struct.pack("<I", len(stored.getvalue())) + stored.getvalue()
    unpacked = b"".join(pickle.dumps(each, 2)[2:-1] for each in (0, size, stride, False, None))
    return program + content + b"\x85R" + unpacked + b"tRs."


def test_a_tensor_is_of_what_is_stored_and_never_of_what_was_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(tensor_program((2, 2), (2, 1)))
    assert read_pickle(path)["x"].tolist() == [[0, 0], [0, 0]]
    for size, stride in (((2, 3), (3, 1)), ((10**6, 10**6), (10**6, 1)), ((2, 2), (-2, 1))):
        path.write_bytes(tensor_program(size, stride))
        assert "not read" in outcome(lambda: read_pickle(path), LandsBetweenError)


def test_one_number_does_not_stand_for_many(tmp_path: Path) -> None:
    """Of a network of 100,000 features, whose parameters are views of one number."""
    large = replace(valid.TINY, w_dim=100_000, z_dim=100_000)
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in Network(large).state_dict().items()}
    state = {name: torch.zeros((), dtype=torch.float16).expand(shape) for name, shape in shapes.items()}
    path = tmp_path / "network.pkl"
    with pytest.MonkeyPatch.context() as patch:
        path.write_bytes(pickle.dumps(nvidia_networks(nvidia_modules(patch), large, state)))
    assert "more than the bytes of the file" in outcome(lambda: read_weights(path), LandsBetweenError)


@pytest.mark.parametrize("dimensions", [(2**31, 2**31, 1, 1), (10**8, 1, 1, 1), (-1, -1, 1, 1)])
def test_a_dlib_tensor_that_claims_to_be_large_is_not_read(dimensions: tuple[int, ...], tmp_path: Path) -> None:
    path = tmp_path / "net.dat"
    whole = valid.dlib_network()
    tensor = bytes.fromhex("0102" + "0108" + "0101" * 3)
    assert whole.count(tensor) == 1
    claimed = b"\x01\x02" + b"".join(map(valid.integer, dimensions))
    path.write_bytes(whole.replace(tensor, claimed))
    assert "no dlib network" in outcome(lambda: read_network(path), LandsBetweenError)
