"""Small valid files of every format, written by the code that writes them, or as others write them."""

import functools
import io
import itertools
import pickle
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from datasets import Features
from PIL import Image
from pydantic import TypeAdapter

from builder.generators.stylegan2.checkpoints import to_safetensors
from builder.generators.stylegan2.network import Config
from builder.publish import history
from builder.publish.layout import parquet
from builder.publish.provenance import Aggregates, Batch, Demographics, Model, Provenance, file_of, to_json
from builder.shards import StudyFolder
from builder.studies.verification.study import VerificationStudy
from builder.study import default_text
from tests import schema
from tests.builder.generators.stylegan2.test_checkpoints import nvidia_modules, nvidia_networks
from tests.builder.generators.stylegan2.test_network import random_state
from tests.conftest import SMALL_STUDY

TINY = Config(4, 0, 4, 8, channel_base=32, channel_max=4, mapping_layers=1)
"""The smallest StyleGAN2 that there is: images of 8 pixels."""


def png(side: int = 4) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.arange(side * side * 3, dtype=np.uint8).reshape(side, side, 3)).save(content, "PNG")
    return content.getvalue()


def studies() -> list[bytes]:
    return [SMALL_STUDY.encode(), default_text().encode(), VerificationStudy(name="a", batches=2).to_toml().encode()]


@functools.cache
def network_pickles() -> list[bytes]:
    with pytest.MonkeyPatch.context() as patch:
        networks = nvidia_networks(nvidia_modules(patch), TINY, random_state(TINY))
        return [pickle.dumps(networks, protocol) for protocol in (3, 4)]


def safetensors() -> bytes:
    return to_safetensors(TINY, random_state(TINY))


def checkpoint() -> bytes:
    """A file of torch as rosinality's are, with too few parameters."""
    content = io.BytesIO()
    torch.save({"g_ema": {"style.1.weight": torch.zeros(4, 4)}, "latent_avg": torch.zeros(4)}, content)
    return content.getvalue()


def dlib_network() -> bytes:
    """A network of one layer of each kind, as dlib stores it."""
    head = [
        integer(1),
        _string("loss_metric_2"),
        _real(0.04),
        _real(0.6),
        integer(2),
        integer(4),
        integer(3),
    ]
    head += [
        _string("input_rgb_image_sized"),
        _real(122.5),
        _real(117.0),
        _real(104.25),
        integer(150),
        integer(150),
    ]
    views, multipliers = b"".join(map(integer, range(10))), _real(1.0) * 4
    layers = [
        _string("con_4") + _tensor(8, 1, 1, 1) + b"".join(map(integer, (2, 1, 3, 1, 1, 0, 0))) + views + multipliers,
        _string("affine_") + _tensor(2, 1, 1, 1) + views + integer(0),
        _string("relu_"),
        _string("max_pool_2") + b"".join(map(integer, (3, 3, 2, 2, 0, 0))),
        _string("fc_2") + integer(3) + integer(2) + _tensor(2, 3, 1, 1) + views + integer(1) + multipliers,
    ]
    state = b"000" + _tensor(0, 0, 0, 0) * 3
    stored = [layer + state for layer in layers]
    return b"".join([*head, stored[0], integer(0), *stored[1:]])


def integer(value: int) -> bytes:
    """An integer as dlib stores it."""
    content = abs(value).to_bytes(max((abs(value).bit_length() + 7) // 8, 1), "little")
    return bytes([len(content) | (0x80 if value < 0 else 0)]) + content


def _real(value: float) -> bytes:
    return integer(int(value * 2**24)) + integer(-24)


def _string(text: str) -> bytes:
    return integer(len(text)) + text.encode()


def _tensor(*dimensions: int) -> bytes:
    count = int(np.prod(dimensions))
    return integer(2) + b"".join(map(integer, dimensions)) + struct.pack(f"<{count}f", *range(count))


def features(table: str) -> Features:
    return {
        "pairs": lambda: schema.pairs(["dlib"], ["latent_l2"]),
        "images": lambda: schema.images(["center"], 2),
        "embeddings": lambda: schema.embeddings({"dlib": 3}),
        "searches": schema.searches,
        "ratings": schema.ratings,
        "participants": schema.participants,
    }[table]()


def rows_of(table: str, count: int = 3) -> pa.Table:
    """Rows of a table with something in every column that is a text or an image."""
    columns = features(table).arrow_schema
    rows: list[dict[str, Any]] = [{} for _ in range(count)]
    for (at, row), field in itertools.product(enumerate(rows), columns):
        if pa.types.is_string(field.type):
            row[field.name] = f"{field.name}-{at}"
        elif pa.types.is_integer(field.type):
            row[field.name] = 0
        elif pa.types.is_floating(field.type):
            row[field.name] = 0.5
        elif pa.types.is_struct(field.type):
            row[field.name] = {"bytes": png(), "path": None}
        elif pa.types.is_fixed_size_list(field.type):
            row[field.name] = [0.5] * field.type.list_size
    return pa.Table.from_pylist(rows, schema=columns)


@functools.cache
def study_folder() -> Path:
    """A study folder of one batch, without having built one."""
    root = Path(tempfile.mkdtemp(prefix="fuzz-study-"))
    folder, study = StudyFolder(root), VerificationStudy(name="a")
    with folder.locked():
        folder.claim(study)
        folder.describe(study, {"dlib": 8}, {"python": "3"})
        tables = {table: rows_of(table) for table in schema.BUILD_TABLES}
        manifest = folder.write_batch(
            0,
            tables,
            seeds=[1, 2],
            passed_over=[3],
            environment={"python": "3"},
            micro_batches={},
            timings={"render": 0.5},
        )
        folder.write_readme("a", {0: manifest})
    return root


def parquet_file(table: str) -> bytes:
    return parquet(rows_of(table), features(table))


def provenance() -> bytes:
    tables = {f"data/{table}/train-000000.parquet": parquet_file(table) for table in ("pairs", "images")}
    study = VerificationStudy(name="a")
    made = Provenance(
        format=1,
        version="1.0.0",
        study=study.fingerprint(),
        study_hash=study.hash(),
        micro_batches={"dlib": 8},
        environment={"python": "3"},
        statements={"publish": {"title": "A"}},
        models=(Model(role="recognizer", name="dlib", model="dlib", license="CC0-1.0", threshold=0.6),),
        batches=(Batch(batch=0, split="train", seeds=(1, 2), seeds_passed_over=(3,)),),
        aggregates=Aggregates(source="human"),
        demographics=Demographics(k=5, age_years=10),
        files={path: file_of(content, 3) for path, content in tables.items()},
    )
    return to_json(TypeAdapter(Provenance), made)


def versions() -> bytes:
    events = history.withdrawn(history.published((), "1.0.0", ["first"]), "1.0.0", "it was wrong")
    return history.history_files(events)[history.HISTORY]
