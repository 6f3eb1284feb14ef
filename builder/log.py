"""The log of a build, JSON lines beside the shards: one file per batch, one line per step.

Durations are measured, not taken from the clock, which may jump; rates and remaining time rest on them alone.
"""

import logging
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tqdm import tqdm

from builder.errors import FolderError
from builder.storage import Storage
from loading_script.shell import printable

log = logging.getLogger(__name__)

WHOLE = "batch"
"""The step that is the whole batch; the others do not overlap and sum to it."""

SLOWEST = 5
"""Batches that a table names."""

LEAST_SHARE = 0.001
"""Least share of the time for a step to stand in a table."""

_MOST_BYTES = 1_000_000
_Count = Annotated[int, Field(ge=0)]


class Line(BaseModel):
    """A step of one batch.

    candidates: rows that the step was given: latents to render, images to align, pairs to compare.
    worker, workers: which of how many workers of the build, from 0.
    at: the clock's time at the batch's end, UTC.
    peak_memory_bytes, peak_device_memory_bytes: the most that the worker's process has held so far, on its GPU too.
    error: why the batch failed, in the line of the whole batch.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch: _Count
    step: str
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    candidates: _Count
    device: str
    threads: int
    worker: _Count
    workers: Annotated[int, Field(ge=1)]
    at: datetime
    peak_memory_bytes: int
    peak_device_memory_bytes: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class Place:
    """The place where a batch was at work: worker `worker` of `workers`, its device and CPU threads."""

    worker: int
    workers: int
    device: str
    threads: int


@dataclass(frozen=True)
class Summary:
    """A summary of the log of a build.

    batches: finished ones that have a log.
    per_hour: batches per hour with as many workers as were at work.
    shares: step -> part of the time, in 0..1, largest first.
    slowest: (batch, seconds), slowest first.
    failed: batch -> why, of those that are not finished.
    """

    batches: int
    per_hour: float
    median_seconds: float
    shares: dict[str, float]
    candidates_per_second: float
    peak_memory_bytes: int
    slowest: list[tuple[int, float]]
    failed: dict[int, str]


def batch_lines(
    batch: int,
    steps: Iterable[tuple[str, float, int]],
    seconds: float,
    place: Place,
    memory: Mapping[str, int],
    error: str | None = None,
) -> list[Line]:
    """The lines of one batch, the whole of it last.

    Args:
        batch: its number.
        steps: name, seconds and candidates of each.
        seconds: of the whole.
        place: where it was at work.
        memory: what `Runtime.peak_memory` says.
        error: why it failed.
    """
    parts = list(steps)
    rendered = sum(count for step, _, count in parts if step == "render")
    now = datetime.now(UTC)
    return [
        Line(
            batch=batch,
            step=step,
            seconds=round(took, 4),
            candidates=count,
            device=place.device,
            threads=place.threads,
            worker=place.worker,
            workers=place.workers,
            at=now,
            error=error if step == WHOLE else None,
            **memory,
        )
        for step, took, count in [*parts, (WHOLE, seconds, rendered)]
    ]


def write_log(storage: Storage, lines: Sequence[Line]) -> None:
    """Writes one batch's lines, in place of earlier ones.

    Raises:
        FolderError: as in `Storage.write`.
    """
    content = "".join(line.model_dump_json(exclude_none=True) + "\n" for line in lines)
    storage.write(_name(lines[0].batch), content.encode())


def read_log(storage: Storage, batches: Iterable[int]) -> Iterator[list[Line]]:
    """The lines of each of those batches that has a log, one batch at a time; warns of one that is no log.

    Raises:
        StoreError: the store does not answer.
    """
    listed = storage.sizes("log")
    there = [batch for batch in batches if _name(batch).removeprefix("log/") in listed]
    contents = storage.read([_name(batch) for batch in there], _MOST_BYTES)
    for batch, content in zip(there, contents, strict=True):
        try:
            yield _parsed(storage, batch, content)
        except FolderError as error:
            log.warning("%s", printable(str(error)))


def summary(logs: Iterable[Sequence[Line]], finished: Iterable[int]) -> Summary | None:
    """The summary of the finished batches from the lines of each; None where none of them has a log."""
    done = set(finished)
    built: dict[int, Line] = {}
    failed: dict[int, str] = {}
    steps: dict[str, float] = {}
    for *parts, whole in logs:
        if whole.batch in done and whole.error is None:
            built[whole.batch] = whole
            for line in parts:
                steps[line.step] = steps.get(line.step, 0.0) + line.seconds
        elif whole.batch not in done and whole.error:
            failed[whole.batch] = whole.error
    if not built:
        return None
    seconds = [line.seconds for line in built.values()]
    total = sum(seconds) or 1.0
    wall = sum(line.seconds / line.workers for line in built.values()) / len(built)
    return Summary(
        batches=len(built),
        per_hour=3600 / wall if wall else 0.0,
        median_seconds=statistics.median(seconds),
        shares={step: took / total for step, took in sorted(steps.items(), key=lambda each: -each[1])},
        candidates_per_second=sum(line.candidates for line in built.values()) / total,
        peak_memory_bytes=max(line.peak_memory_bytes for line in built.values()),
        slowest=sorted(((batch, line.seconds) for batch, line in built.items()), key=lambda each: -each[1])[:SLOWEST],
        failed=dict(sorted(failed.items())),
    )


def table(steps: Summary, missing: int) -> str:
    """A summary as a person reads it; `missing` batches are still to be built."""
    rows = [
        ("rate", f"{steps.per_hour:.1f} batches an hour, {steps.candidates_per_second:.1f} images a second and worker"),
        ("a batch", f"{steps.median_seconds:.1f} s (median)"),
        ("memory", f"{steps.peak_memory_bytes / 2**30:.2f} GiB at most in a worker"),
    ]
    if missing and steps.per_hour:
        rows.insert(1, ("remaining", tqdm.format_interval(missing / steps.per_hour * 3600)))
    lines = [f"{name:10}{text}" for name, text in rows]
    shares = {step: share for step, share in steps.shares.items() if share >= LEAST_SHARE}
    lines += ["", "share of time by step"] + [f"  {share:5.1%}  {printable(step)}" for step, share in shares.items()]
    lines += ["", "slowest batches"] + [f"  {batch:5d}  {seconds:.1f} s" for batch, seconds in steps.slowest]
    if steps.failed:
        lines += ["", "failed batches"] + [f"  {batch:5d}  {printable(why)}" for batch, why in steps.failed.items()]
    return "\n".join(lines)


def _parsed(storage: Storage, batch: int, content: bytes | FolderError) -> list[Line]:
    if isinstance(content, FolderError):
        raise content
    try:
        return [Line.model_validate_json(line) for line in content.splitlines() or [content]]
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        raise FolderError(
            f"{storage.at(_name(batch))}: is no log of this project ({detail['msg']}): left out, nothing needs it"
        ) from error


def _name(batch: int) -> str:
    return f"log/batch-{batch:05d}.jsonl"
