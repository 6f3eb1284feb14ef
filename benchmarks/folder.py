"""The cost of 100 to 100,000 finished batches, to list, resume, verify and load: `python -m benchmarks.folder [DIR]`.

One batch of tiny tables (the real schemas, one row each) is written as a worker writes it. The others are copies of its
files with manifests and logs of their own, written without flushing each to the disk: only what follows is measured.
Commands run in processes of their own. "Further batch": the processor time beyond that of the last number of batches,
for each batch more; where it stays the same, time is linear. DIR: scratch space, by default the system's.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from builder.log import Place, batch_lines
from builder.shards import StudyFolder
from builder.study import Study, parse_study
from builder.toml import parse_toml
from tests import schema

COUNTS = [100, 1_000, 10_000, 100_000]
MOST_LOADED = 10_000
"""Batches up to which `load_dataset` is tried."""

NAME = "tiny"
STUDY = f"""
name = "{NAME}"

[[recognizers]]
name = "dlib"
model = "dlib"
"""
LOAD = """
import sys
import datasets
datasets.disable_progress_bars()
datasets.load_dataset(sys.argv[1], "pairs", split="train", cache_dir=sys.argv[2])
"""
LATENT, EMBEDDING = 100, 128
STEPS = ["render", "align", "embed", "search", "distances", "latents", "tables"]


class Cost(NamedTuple):
    """Seconds by the clock and of processor time; the most memory, where a process of its own was at work."""

    seconds: float
    processor: float
    gib: float | None = None


def main() -> None:
    """Prints a line for each command at each number of batches."""
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as temporary:
        folder = StudyFolder(Path(temporary, NAME))
        study = begin(folder)
        print("| batches | what | s | processor s | ms a further batch | GiB |\n|---|---|---|---|---|---|")
        before: dict[str, Cost] = {}
        for batches, fewer in zip(COUNTS, [0, *COUNTS], strict=False):
            grow(folder, range(fewer, batches))
            file = Path(temporary, "study.toml")
            file.write_text(study.model_copy(update={"batches": batches}).to_toml())
            for what, cost in measured(folder, file, batches):
                more = cost.processor - before[what].processor if what in before else None
                further = "" if more is None else f"{1000 * more / (batches - fewer):.3f}"
                gib = "" if cost.gib is None else f"{cost.gib:.2f}"
                print(f"| {batches:,} | {what} | {cost.seconds:.2f} | {cost.processor:.2f} | {further} | {gib} |")
                sys.stdout.flush()
                before[what] = cost
        print(f"README.md at {COUNTS[-1]:,}: {(folder.root / 'README.md').stat().st_size / 1e6:.1f} MB")


def measured(folder: StudyFolder, study: Path, batches: int) -> Iterator[tuple[str, Cost]]:
    """Each thing that is done with a folder, and its cost."""
    where = str(folder.root)
    yield "list", timed(folder.finished)
    finished = folder.batches(folder.manifest().study_hash, verify=False).whole
    yield "write README.md", timed(lambda: folder.write_readme(NAME, finished))
    yield "resume", run("-m", "builder", "build", str(study), "--out", where)
    yield "status", run("-m", "builder", "status", where)
    yield "status --verify", run("-m", "builder", "status", where, "--verify")
    if batches <= MOST_LOADED:
        for what in ("load_dataset", "load_dataset again"):
            yield what, run("-c", LOAD, where, f"{where}-cache-{batches}")


def timed(what: Callable[[], object]) -> Cost:
    """The cost of a call in this process."""
    start, processor = time.perf_counter(), time.process_time()
    what()
    return Cost(time.perf_counter() - start, time.process_time() - processor)


def run(*arguments: str) -> Cost:
    """The cost of `python ...` in a process of its own, which has to end well."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True)
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status or ("--out" in arguments and "nothing to do" not in output):
        raise SystemExit(f"{' '.join(arguments)} failed: {output}")
    return Cost(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)


def begin(folder: StudyFolder) -> Study:
    """Describes the folder and writes batch 0 as a worker does."""
    study = parse_study(parse_toml(STUDY.encode(), "study"), "study")
    environment = {f"package_{number}": f"{number}.1.0" for number in range(12)}
    folder.storage.write("study.toml", study.to_toml().encode())
    folder.describe(study, {"generator": 16, "dlib": 32, "lpips": 8}, environment)
    timings = dict.fromkeys([*STEPS, "batch"], 1.25)
    folder.write_batch(
        0, tables(), seeds=range(4), passed_over=[], environment=environment, micro_batches={}, timings=timings
    )
    return study


def grow(folder: StudyFolder, batches: Iterable[int]) -> None:
    """Copies batch 0 to each of `batches`; the rows still say batch 0, which nothing here reads."""
    record = folder.batch_manifest(0, folder.manifest().study_hash)
    shards = {shard.table: folder.shard_path(shard.table, 0).read_bytes() for shard in record.shards}
    (folder.root / "log").mkdir(exist_ok=True)
    for batch in batches:
        name = f"batch-{batch:05d}"
        for table, content in shards.items():
            (folder.root / f"shards/{table}/{name}.arrow").write_bytes(content)
        (folder.root / f"log/{name}.jsonl").write_text(log_text(batch))
        (folder.root / f"manifest/{name}.json").write_bytes(record.model_copy(update={"batch": batch}).to_json())


def log_text(batch: int) -> str:
    """The log that a worker writes of a batch."""
    steps = [(step, 1.25, 100) for step in STEPS]
    lines = batch_lines(batch, steps, 10.0, Place(0, 1, "cpu", 2), {"peak_memory_bytes": 2**30})
    return "".join(line.model_dump_json(exclude_none=True) + "\n" for line in lines)


def tables() -> dict[str, pa.Table]:
    """One row a table, null where the schema lets it; no image, so that copies are small."""
    embedding = {"image_id": f"{NAME}-00000-base0", "dlib": [0.5] * EMBEDDING}
    rows = {
        "pairs": ({"pair_id": f"{NAME}-00000-base0-genuine", "batch": 0}, schema.pairs(["dlib"], ["latent_l2"])),
        "images": ({"image_id": embedding["image_id"], "latent": [0.5] * LATENT}, schema.images(["hog"], LATENT)),
        "embeddings": (embedding, schema.embeddings({"dlib": EMBEDDING})),
        "searches": ({"search_id": f"{NAME}-00000-base0-base1", "iteration": 0}, schema.searches()),
    }
    return {table: pa.Table.from_pylist([row], schema=of.arrow_schema) for table, (row, of) in rows.items()}


if __name__ == "__main__":
    main()
