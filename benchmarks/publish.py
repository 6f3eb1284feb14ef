"""The size of a published dataset, and the bytes that a new version of it sends: `python -m benchmarks.publish`.

A study with the default's samples, but without LPIPS and with searches of two rounds, is prepared in five versions:
with ten batches; with eleven; with ratings by ten raters a batch; with one more rater of one batch; with one more of
every batch. What a version sends is measured twice. Whole files: those whose hash the version before does not have. By
content: files are cut into chunks by FastCDC, 64 KiB on average as on the Hub, and those are sent that are new.
The same is printed of other ways to write `pairs`.
"""

import datetime
import hashlib
import io
import random
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, Features, disable_progress_bars
from fastcdc import fastcdc

from builder.build import Crew, build
from builder.publish.layout import parquet, part_of
from builder.publish.prepare import Options, prepare
from builder.ratings.store import RatingsFolder
from builder.shards import StudyFolder
from builder.study import parse_study
from tests import schema
from tests.asks import ASKS

BATCHES, RATERS = 11, 10
CHUNK = 2**16
"""Bytes on average; from an eighth to twice as many, as on the Hub."""

WANTED_SIZE, WANTED_BATCH = 1.1, 0.15

Files = dict[str, bytes]
"""Content by path."""


def main() -> None:
    """Prints the size of `pairs`, then what each version sends."""
    disable_progress_bars()
    with tempfile.TemporaryDirectory() as scratch:
        versions = prepare_versions(Path(scratch))
    print_size(versions["eleven batches"])
    print(f"\n{'':34}{'bytes':>12}{'whole files':>14}{'by content':>14}{'touched':>12}")
    for (_, before), (name, after) in zip(versions.items(), list(versions.items())[1:], strict=False):
        print_step(f"{name}: all files", before, after, touched(before, after))
    ways: dict[str, Callable[[list[pa.Table]], Files]] = {
        "a file a batch": a_file_a_batch,
        "one file": one_file,
        "one file, pages cut by content": one_file_cut_by_content,
        "one file, aggregates first": one_file_aggregates_first,
    }
    for way, write in ways.items():
        print(f"\npairs as {way}")
        written = {name: write(pairs_of(files)) for name, files in versions.items()}
        for (_, before), (name, after) in zip(written.items(), list(written.items())[1:], strict=False):
            print_step(name, before, after, None)


def prepare_versions(scratch: Path) -> dict[str, Files]:
    """All files of each version by name, in order."""
    study = parse_study(
        {
            "name": "benchmark",
            "batches": BATCHES,
            "recognizers": [{"name": "dlib", "model": "dlib", "alignment": "center"}],
            "distances": ["latent_l2"],
            "samples": {"optimized": {"max_iterations": 2, "max_norm": 1.2}},
            "publish": {"license": "cc-by-4.0", "authors": ["Nobody"]},
        },
        "the benchmark's study",
    )
    root = scratch / "study"
    build(study, root, Crew(device="cpu"))
    ten = shutil.copytree(root, scratch / "ten")
    for path in [*ten.glob(f"*/batch-{BATCHES - 1:05d}.*"), *ten.glob(f"*/*/batch-{BATCHES - 1:05d}.*")]:
        path.unlink()
    (ten / "study.toml").write_text(study.model_copy(update={"batches": BATCHES - 1}).to_toml())
    versions = {"ten batches": prepared(ten, scratch), "eleven batches": prepared(root, scratch)}
    steps = {
        f"{RATERS} raters a batch": (range(BATCHES), RATERS),
        "one more rater of one batch": (range(1), 1),
        "one more rater of every batch": (range(BATCHES), 1),
    }
    for name, (batches, raters) in steps.items():
        rate(root, batches, raters, name)
        versions[name] = prepared(root, scratch)
    return versions


def prepared(root: Path, scratch: Path) -> Files:
    """The files of a version."""
    with tempfile.TemporaryDirectory(dir=scratch) as into:
        prepare(root, "1.0.0", None, Path(into), Options(with_simulated=True))
        return {
            path.relative_to(into).as_posix(): path.read_bytes() for path in Path(into).rglob("*") if path.is_file()
        }


def rate(root: Path, batches: Iterable[int], raters: int, name: str) -> None:
    """Adds raters of each batch with random answers to all its pairs."""
    store, draw = RatingsFolder(root, ASKS), random.Random(name)  # noqa: S311 - no secret
    people: list[dict[str, Any]] = []
    ratings: list[dict[str, Any]] = []
    for batch in batches:
        pairs = StudyFolder(root).read("pairs", batch)["pair_id"].to_pylist()
        for _ in range(raters):
            person = f"p-{draw.getrandbits(128):032x}"
            people.append({"participant_id": person, "source": "simulated", "batch": batch, "duration_s": 900.0})
            for position, pair in enumerate(draw.sample(pairs, len(pairs))):
                ratings.append(
                    {
                        "rating_id": f"{draw.getrandbits(80):020x}",
                        "pair_id": pair,
                        "participant_id": person,
                        "similarity": float(draw.randint(0, 100)),
                        "identity": draw.random() > 0.5,
                        "response_time_ms": draw.randint(900, 9000),
                        "position": position,
                        "rated_at": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
                        + datetime.timedelta(milliseconds=draw.randint(0, 10**10)),
                        "source": "simulated",
                    }
                )
    added = [_table(ratings, schema.ratings()), _table(people, schema.participants())]
    tables = [store.ratings(), store.participants()]
    store.write(*(pa.concat_tables(both) for both in zip(tables, added, strict=True)))


def _table(rows: list[dict[str, Any]], features: Features) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=features.arrow_schema)


def print_size(files: Files) -> None:
    """Bytes of `pairs` beside those of its unique images plus its other columns."""
    pairs = pairs_of(files)
    images = {image["bytes"] for rows in pairs for column in ("base", "sample") for image in rows[column].to_pylist()}
    others = sum(len(parquet(light, schema_of(light))) for light in (without_images(rows) for rows in pairs))
    least = sum(map(len, images)) + others
    ours = sum(len(content) for path, content in files.items() if path.startswith("data/pairs/"))
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        features = Features.from_arrow_schema(pairs[0].schema)
        Dataset(pa.concat_tables(pairs).replace_schema_metadata(features.arrow_schema.metadata)).to_parquet(file.name)
        plain = Path(file.name).stat().st_size
    print(f"pairs: {least} bytes of unique images and other columns")
    print(f"  as published        {ours:12}  {ours / least:.3f} times (wanted: at most {WANTED_SIZE})")
    print(f"  Dataset.to_parquet  {plain:12}  {plain / least:.3f} times")


def print_step(name: str, before: Files, after: Files, columns: int | None) -> None:
    """Prints the bytes that the version `after` sends, and their share of all its bytes."""
    total = sum(map(len, after.values()))
    whole = sum(len(content) for content in after.values() if digest(content) not in set(map(digest, before.values())))
    chunks_before = {chunk for content in before.values() for chunk, _ in chunks(content)}
    new = {chunk: size for content in after.values() for chunk, size in chunks(content) if chunk not in chunks_before}
    sent = sum(new.values())
    share = "" if columns is None else f"{columns:12}"
    print(f"{name:34}{total:12}{whole:9} {whole / total:4.0%}{sent:9} {sent / total:4.0%}{share}")


def touched(before: Files, after: Files) -> int:
    """Bytes of what a version has that is new: new files of tables, and the columns of aggregates of changed ones."""
    size = 0
    for path, content in after.items():
        part = part_of(path)
        if not part or before.get(path) == content:
            continue
        if part.table == "pairs" and path in before:
            group = pq.ParquetFile(io.BytesIO(content)).metadata.row_group(0)
            columns = [group.column(at) for at in range(group.num_columns)]
            size += sum(each.total_compressed_size for each in columns if each.path_in_schema in schema.AGGREGATES)
        else:
            size += len(content)
    return size


def chunks(content: bytes) -> list[tuple[str, int]]:
    """Hash and length of each chunk."""
    cut = fastcdc(content, min_size=CHUNK // 8, avg_size=CHUNK, max_size=CHUNK * 2, fat=True)
    return [(digest(chunk.data), chunk.length) for chunk in cut]


def digest(content: bytes) -> str:
    """SHA-256."""
    return hashlib.sha256(content).hexdigest()


def pairs_of(files: Files) -> list[pa.Table]:
    """`pairs`, a table a batch."""
    paths = sorted(path for path in files if path.startswith("data/pairs/"))
    return [pq.ParquetFile(io.BytesIO(files[path])).read() for path in paths]


def without_images(rows: pa.Table) -> pa.Table:
    """The other columns."""
    return rows.drop_columns(["base", "sample"])


def schema_of(rows: pa.Table) -> Features:
    """The features of some columns of `pairs`."""
    return Features({name: Features.from_arrow_schema(rows.schema)[name] for name in rows.column_names})


def a_file_a_batch(batches: list[pa.Table]) -> Files:
    """The layout as it is published: one file a batch."""
    return {str(at): parquet(rows, schema_of(rows)) for at, rows in enumerate(batches)}


def one_file(batches: list[pa.Table], **options: Any) -> Files:
    """One file of all batches, each a row group, written as each file of ours."""
    sink = io.BytesIO()
    with pq.ParquetWriter(
        sink, batches[0].schema, compression="zstd", dictionary_pagesize_limit=2**30, **options
    ) as writer:
        for rows in batches:
            writer.write_table(rows.cast(batches[0].schema), row_group_size=rows.num_rows)
    return {"pairs": sink.getvalue()}


def one_file_cut_by_content(batches: list[pa.Table]) -> Files:
    """The same, with Arrow's own content-defined pages."""
    return one_file(batches, use_content_defined_chunking=True)


def one_file_aggregates_first(batches: list[pa.Table]) -> Files:
    """The same, with what ratings change before the images."""
    names = [name for name in schema.AGGREGATES if name in batches[0].column_names]
    order = [*names, *(name for name in batches[0].column_names if name not in names)]
    return one_file([rows.select(order) for rows in batches])


if __name__ == "__main__":
    main()
