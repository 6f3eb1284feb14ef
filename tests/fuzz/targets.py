"""One target for each reader of what others wrote: a function of a file, and how files for it are made."""

import functools
import gzip
import hashlib
import io
import json
import pickle
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import tomli_w
from hypothesis import strategies as st

from analysis import AnalysisError
from analysis import load as load_dataset
from builder.errors import LandsBetweenError
from builder.generators.stylegan2.checkpoints import read_weights
from builder.publish.history import HISTORY, read_history
from builder.publish.provenance import read_provenance
from builder.publish.reading import read_table
from builder.ratings.clean import cleaned
from builder.ratings.formats import PLAIN, READERS, read_export, read_file
from builder.ratings.formats.files import export_files
from builder.ratings.items import Design
from builder.ratings.mapping import Mapping, read_mapping
from builder.recognizers.dlib_format import read_network
from builder.shards import StudyFolder
from builder.studies import kind_texts
from builder.studies.verification import KIND
from builder.studies.verification.study import VerificationRatings, VerificationStudy
from builder.study import read_study
from builder.survey.texts import read_texts
from loading_script.lands_between import PROVENANCE
from tests.asks import ASKS
from tests.builder.ratings.formats.exports import EXPORTS, GENUINE, MAPPINGS, PAIRS
from tests.builder.ratings.formats.test_formats import FORMATS, names_of
from tests.builder.ratings.formats.test_fuzz_json import NAMES_OF_JSON
from tests.builder.ratings.formats.test_jatos import METADATA, RATED, archive
from tests.builder.ratings.formats.test_labjs import FULL, database, form
from tests.builder.ratings.formats.test_spreadsheets import xlsx
from tests.fuzz import valid
from tests.fuzz.inputs import damaged, json_values, tables
from tests.fuzz.sources import SOURCES
from tests.fuzz.target import Inputs, Target

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "builder"


def _study(path: Path) -> object:
    study = read_study(path)
    return study.fingerprint(), study.hash(), study.to_toml()


def _study_inputs() -> Inputs:
    keys = ["name", "seed", "model", "levels", "sha256", "threshold", *VerificationStudy.model_fields]
    values = json_values(keys, ["a", "dlib", "onnx:x", "stylegan2:hf://a/b/c@main", "paper", "center", "de"])
    made = st.dictionaries(st.sampled_from(keys), values, max_size=6).map(_toml)
    words = [f"{key} = ".encode() for key in keys] + [b"[samples.positive]\n", *b'[ ]] """ 0x 1979-01-01'.split()]
    return damaged(valid.studies(), [*words, b"a." * 300, b"{a=" * 300]) | made


def _toml(keys: dict[str, Any]) -> bytes:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name.encode("utf-8", "replace").decode(): plain(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else 0 if value is None else value

    return tomli_w.dumps(plain(keys)).encode()


def _mappings() -> list[bytes]:
    documented = (PACKAGE / "ratings/mapping.py").read_text().split("two do:")[1].split('"""')[0]
    lines = [line.removeprefix("    ") for line in documented.splitlines()]
    return [tomli_w.dumps(mapping).encode() for mapping in MAPPINGS.values()] + ["\n".join(lines).encode()]


def _export(format: str, path: Path) -> object:
    named = [Mapping.read(MAPPINGS[name], ASKS) for name in _exports(format) if name in MAPPINGS]
    found = []
    for mapping in [None, *named]:
        try:
            export = read_export(path, PAIRS, format, mapping)
        except LandsBetweenError as error:
            found.append(error)
            continue
        items = pd.DataFrame({"batch": 0, "kind": "genuine"}, index=pd.Index(PAIRS.ids(), name=ASKS.key))
        return cleaned([export], Design(items, ASKS, VerificationRatings()), b"k" * 32)
    raise found[0]


def _exports(format: str) -> list[str]:
    wanted = None if format == PLAIN.name else format
    named = {"lands-between.jsonl": "lands-between", "jatos.txt": "jatos"}
    named |= dict.fromkeys(["jspsych-page.json", "jspsych-lab.csv", "jspsych-6.json"], "jspsych")
    named |= dict.fromkeys(["label-studio.json", "label-studio-min.json"], "label-studio")
    return [name for name, of in {**FORMATS, **named}.items() if of == wanted]


def _valid_exports(format: str) -> list[bytes]:
    files = [(EXPORTS / name).read_bytes() for name in _exports(format)]
    if format == "labjs":
        with tempfile.TemporaryDirectory() as folder:
            files.append(database(Path(folder) / "data.sqlite", ("one", FULL, [form(GENUINE, "80", "no")])))
    if format == "jatos":
        files.append(archive({"metadata.json": METADATA, "study_result_1/comp-result_1/data.txt": RATED}).content)
    return files


CELLS = [
    *("", "yes", "No", "50", "73,5", "1E+17", "-9", "NA", GENUINE, '[{"a": 1}]', '"', "\r", "2026-11-02", "9" * 400),
    *("1e400", "-1", "999999999999999999999", "0000000000000", "A" * 3000, "a@b.de", "+49 30 1234567", "[" * 3000),
    *("2026-11-02T10:00:00+99:99", "292277026596-12-04", "\ufeff", "\U0001f600", "{}", '{"a": {"b": [1]}}', "\u0660"),
]


def _export_inputs(format: str) -> Inputs:
    words = [name.encode() for name in names_of(format)] + [GENUINE.encode(), b"sep=;\n"]
    values = st.lists(json_values(NAMES_OF_JSON, [*CELLS, "rating", "participant"]), min_size=1, max_size=4)
    first = '{"format": "lands-between-survey", "version": 1}\n' if format == "lands-between" else ""
    lines = values.map(lambda all_values: (first + "\n".join(map(json.dumps, all_values))).encode())
    made = damaged(_valid_exports(format), words) | tables(names_of(format), CELLS) | lines
    if format == "qualtrics-json":
        objects = st.lists(json_values([*NAMES_OF_JSON, "values", "labels", "responseId"], CELLS), max_size=3)
        return made | objects.map(lambda responses: json.dumps({"responses": responses}).encode())
    if format == "jatos":
        names = st.sampled_from(["study_result_1/comp-result_1/data.txt", "../study_result_2/comp-result_9/data.txt"])
        return made | st.dictionaries(names, made, max_size=2).map(lambda entries: archive(entries).content)
    return made


def _exports_in(path: Path, mapping: dict[str, Any] | None = None) -> object:
    """What is read of a file or of those in an archive, be they spreadsheets or files of SPSS or R."""
    said = Mapping.read(mapping, ASKS) if mapping else None
    return [read_file(file, PAIRS, mapping=said) for file in export_files(path)]


def _archive(entries: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def _zips() -> Inputs:
    """Damage to an archive of exports, and archives of damaged exports under names of any kind."""
    names = st.sampled_from(["a.csv", "../../a.csv", "/etc/passwd", "b/.hidden", "__MACOSX/._a.csv", "xl/workbook.xml"])
    parts = st.dictionaries(names, damaged([_LONG]) | st.binary(max_size=40), max_size=3)
    return damaged([_archive({"a.csv": _LONG, "b/c.csv": _LONG})]) | parts.map(_archive)


_LONG = f"participant_id,pair_id,similarity,identity\np,{GENUINE},50,yes\n".encode()


def _sheets() -> list[bytes]:
    return [xlsx([["participant_id", "pair_id", "similarity", "identity"], ["p", GENUINE, 50, "yes"]])]


def _sav() -> list[bytes]:
    rows = pd.DataFrame([["p", GENUINE, 50.0, "yes"]], columns=["participant_id", "pair_id", "similarity", "identity"])
    with tempfile.TemporaryDirectory() as folder:
        pyreadstat.write_sav(rows, Path(folder) / "a.sav")
        return [(Path(folder) / "a.sav").read_bytes()]


def _sheet_inputs() -> Inputs:
    """Damage to a workbook, and workbooks whose parts are damaged."""
    with zipfile.ZipFile(io.BytesIO(_sheets()[0])) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    words = [b'<row r="1048576">', b'<c r="XFD1048576">', b"<v>", b"</c>", b'<!ENTITY a "b">', b"&a;", b't="s"']
    parts = st.sampled_from(list(entries)).flatmap(
        lambda name: st.tuples(st.just(name), damaged([entries[name]], words))
    )
    return damaged(_sheets()) | parts.map(lambda part: _archive({**entries, part[0]: part[1]}))


def _r() -> list[bytes]:
    return [gzip.decompress((EXPORTS / name).read_bytes()) for name in ("r.rds", "r-ascii.rds")]


_OF_R = [b"\0\0\0\xee", b"\0\0\2\x13", *b"compact_intseq data.frame factor POSIXct integer64 levels row.names".split()]


def _manifest(path: Path) -> object:
    folder = StudyFolder(_placed(path, "manifest.json"))
    return folder.manifest(), folder.study(), folder.status()


def _batch_manifest(path: Path) -> object:
    folder = StudyFolder(_placed(path, "manifest/batch-00000.json"))
    status = folder.status(verify=True)
    return status, folder.batch_manifest(0, folder.manifest().study_hash), folder.read("pairs", 0)


def _shard(path: Path) -> object:
    """A shard whose manifest was forged to fit it."""
    content = path.read_bytes()
    root = _placed(path, "shards/pairs/batch-00000.arrow")
    listing = root / "manifest/batch-00000.json"
    held = json.loads(listing.read_bytes())
    for shard in held["shards"]:
        if shard["table"] == "pairs":
            shard.update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    listing.write_text(json.dumps(held))
    folder = StudyFolder(root)
    return folder.status(verify=True), folder.read("pairs", 0).to_pylist()


@functools.cache
def _pristine() -> dict[str, bytes]:
    root = valid.study_folder()
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _placed(path: Path, name: str) -> Path:
    """The study folder, whole but for one file, which is that at `path`."""
    root = valid.study_folder()
    for other, content in _pristine().items():
        if (root / other).read_bytes() != content:
            (root / other).write_bytes(content)
    (root / name).write_bytes(path.read_bytes())
    return root


def _json_file(valid_files: Callable[[], Sequence[bytes]], names: Sequence[str]) -> Inputs:
    """Damage to a JSON file, and other values in the places of its own."""
    words = [f'"{name}": '.encode() for name in names]
    any_value = json_values(list(names), ["0" * 64, "pairs", "1.0.0", "data/pairs/train.parquet", "../x", "/x"])

    def replaced(drawn: tuple[bytes, int, object]) -> bytes:
        whole = json.loads(drawn[0])
        places = list(_places(whole))
        holder, key = places[drawn[1] % len(places)]
        holder[key] = drawn[2]
        return json.dumps(whole).encode()

    files = list(valid_files())
    return damaged(files, words) | st.tuples(st.sampled_from(files), st.integers(0, 10**6), any_value).map(replaced)


def _places(value: Any) -> Any:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in list(inner):
        yield value, key
        yield from _places(each)


def _parquet(table: str, path: Path) -> object:
    rows = read_table(path, table, 3, KIND)
    return rows.to_pylist()


def _pickles() -> Inputs:
    """Damage to a network pickle, and programs of the pickle machine that call, set and repeat what they can."""
    names = ["os system", "builtins eval", "builtins getattr", "collections OrderedDict", "builtins set"]
    names += ["torch._utils _rebuild_tensor_v2", "torch.storage _load_from_bytes", "numpy dtype", "numpy ndarray"]
    names += ["torch_utils.persistence _reconstruct_persistent_obj", "dnnlib.util EasyDict", "torch float32"]
    names += [f"numpy._core.multiarray {name}" for name in ("scalar", "_reconstruct")]
    loads = [b"c" + "\n".join(name.split()).encode() + b"\n" for name in names]
    values = [pickle.dumps(value, 2)[2:-1] for value in (0, -1, 2**40, 1.5, "x", b"abc", (), [], {}, None, True)]
    values += [b"X\x04\x00\x00\x00G_ema"[:6] + b"G_em", b"(", b"(K\x00K\x01t", b"X\x02\x00\x00\x00f4", b"U\x01x"]
    steps = [bytes([code]) for code in b"Rbsuaet201dQl\x81\x85\x86\x87\x90\x92"]
    steps += [b"q\x00", b"h\x00", b"r\xff\xff\xff\x0f", b"j\x00\x00\x00\x00", b"ios\nsystem\n"]
    steps += [b"\x8b\xff\xff\xff\x7f", b"B\xff\xff\xff\x7f", b"\x8e" + b"\xff" * 7 + b"\x7f", b"\x95" + b"\xff" * 8]
    programs = st.lists(st.sampled_from([*loads, *values, *steps]), max_size=25)
    made = programs.map(lambda parts: b"\x80\x02" + b"".join(parts) + b".")
    return damaged(valid.network_pickles(), [*loads, *values, *steps]) | made


def _archives() -> Inputs:
    """Damage to a checkpoint of torch, and archives of damaged parts."""
    whole = valid.checkpoint()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    program = next(name for name in entries if name.endswith("data.pkl"))

    def packed(content: bytes) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for name, old in entries.items():
                archive.writestr(name, content if name == program else old)
        return made.getvalue()

    return damaged([whole]) | damaged([entries[program]]).map(packed)


def _card(path: Path) -> object:
    return load_dataset(str(_placed(path, "README.md"))).items


def _cards() -> Inputs:
    lines = ["configs:", "- config_name: pairs", "  data_files:", "- split: train", "dataset_info:", "features:", "---"]
    parts = ["&a [1]", "*a", "<<: *a", "!!python/name:os.system", "path: ../x.arrow", "path: /etc/passwd", "dtype: "]
    words = [f"{line}\n".encode() for line in lines] + [part.encode() for part in parts]
    return damaged([_pristine()["README.md"]], words)


def _exports_target(format: str) -> Target:
    return Target(
        functools.partial(_export, format),
        functools.partial(_export_inputs, format),
        lambda: _valid_exports(format)[: 1 if format == "jspsych" else None],  # the others need mappings of their own
        examples=15,
    )


def _table_target(table: str) -> Target:
    return Target(
        functools.partial(_parquet, table),
        lambda: damaged([valid.parquet_file(table)]),
        lambda: [valid.parquet_file(table)],
        examples=100,
    )


def _texts() -> list[bytes]:
    return [tomli_w.dumps(read_texts(each, ASKS, kind_texts("verification"))).encode() for each in ("de", "en")]


def _of_manifest(name: str) -> list[bytes]:
    return [_pristine()[name]]


TARGETS: dict[str, Target] = {
    "study": Target(_study, _study_inputs, valid.studies, "study.toml"),
    "texts": Target(
        functools.partial(read_texts, asks=ASKS, own=kind_texts("verification")),
        lambda: damaged(_texts(), [b"{n}", b"[a.b]\n"]),
        _texts,
        "texts.toml",
    ),
    "mapping": Target(
        functools.partial(read_mapping, asks=ASKS),
        lambda: damaged(_mappings(), [b"[columns]\n", b"{pair}", b"{loop}", b'file = "/dev/zero"\n', b'"punycode"']),
        lambda: _mappings()[:-1],
        "mapping.toml",
    ),
    "manifest": Target(
        _manifest,
        lambda: _json_file(lambda: _of_manifest("manifest.json"), ["format", "study", "study_hash", "samples"]),
        lambda: _of_manifest("manifest.json"),
    ),
    "batch-manifest": Target(
        _batch_manifest,
        lambda: _json_file(lambda: _of_manifest("manifest/batch-00000.json"), ["format", "batch", "shards", "seeds"]),
        lambda: _of_manifest("manifest/batch-00000.json"),
    ),
    "shard": Target(
        _shard,
        lambda: damaged(_of_manifest("shards/pairs/batch-00000.arrow")),
        lambda: _of_manifest("shards/pairs/batch-00000.arrow"),
        examples=60,
    ),
    "dlib": Target(read_network, lambda: damaged([valid.dlib_network()]), lambda: [valid.dlib_network()], "net.dat"),
    "stylegan2-pickle": Target(read_weights, _pickles, valid.network_pickles, "network.pkl"),
    "stylegan2-pt": Target(read_weights, _archives, list, "network.pt", examples=60),
    "stylegan2-safetensors": Target(
        read_weights,
        lambda: damaged([valid.safetensors()], [b'"data_offsets":[0,', b'"dtype":"F16"', b'\\"z_dim\\": ', b"[4,4]"]),
        lambda: [valid.safetensors()],
        "network.safetensors",
    ),
    **{f"export-{name}": _exports_target(name) for name in [*READERS, PLAIN.name]},
    "zip": Target(_exports_in, _zips, lambda: [_archive({"a.csv": _LONG, "b/c.csv": _LONG})], examples=60),
    "spreadsheet": Target(_exports_in, _sheet_inputs, _sheets, examples=10),
    "spss": Target(_exports_in, lambda: damaged(_sav()), _sav, examples=6),
    "r": Target(
        functools.partial(_exports_in, mapping={"columns": {"participant": "person"}}),
        lambda: damaged(_r(), _OF_R),
        _r,
        examples=6,
    ),
    "provenance": Target(
        lambda path: read_provenance(path.parent),
        lambda: _json_file(lambda: [valid.provenance()], ["format", "files", "study", "batches", "models"]),
        lambda: [valid.provenance()],
        PROVENANCE,
    ),
    "versions": Target(
        lambda path: read_history(path.parent),
        lambda: _json_file(lambda: [valid.versions()], ["event", "version", "notes"]),
        lambda: [valid.versions()],
        HISTORY,
    ),
    **{f"parquet-{table}": _table_target(table) for table in ("pairs", "participants")},
    **SOURCES,
    "card": Target(_card, _cards, lambda: [_pristine()["README.md"]], examples=15, errors=AnalysisError),
}
