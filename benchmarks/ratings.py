"""Imports by a process of their own: a million ratings from one Qualtrics export, a million from a CSV of 290 MB with a
line for each, then 200 files of jsPsych.

`python -m benchmarks.ratings`
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from builder.ratings.items import read_design

PARTICIPANTS = 9_000
WANTED_S, WANTED_GIB = 60, 1.5
FILES, WANTED_FILES_S = 200, 10

STUDY = """
name = "million"
bases_per_batch = 4
distances = []

[[recognizers]]
name = "dlib"
model = "dlib"
alignment = "center"

[samples.positive]
directions = 6

[samples.interpolation]
levels = [0.33, 0.67]

[samples.optimized]
levels = []
"""
"""One batch of 112 pairs, as many as in the default study, without a search."""

_PLATFORM = {
    "StartDate": "2026-11-02 09:00:00",
    "Status": "IP Address",
    "IPAddress": "203.0.113.7",
    "Duration (in seconds)": "1500",
    "Finished": "True",
    "RecordedDate": "2026-11-02 09:25:00",
}


def main() -> None:
    """Prints the time and the peak memory of the import, and the time of reading the file with pandas alone."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, export, study = Path(temporary, "out"), Path(temporary, "export.csv"), Path(temporary, "study.toml")
        study.write_text(STUDY)
        _run("build", study, "--out", folder)
        pairs = list(read_design(folder).items.index)
        with export.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows(qualtrics(pairs, PARTICIPANTS))
        size = export.stat().st_size / 2**20
        print(f"{PARTICIPANTS * len(pairs):,} ratings of {PARTICIPANTS:,} participants, {size:.0f} MiB")
        seconds = _import("ratings import", folder, export)
        _import("the same again", folder, export)
        start = time.perf_counter()
        rows = melted(export)
        alone = time.perf_counter() - start
        ratio = seconds / alone
        print(f"pandas.read_csv and melt, nothing checked: {alone:.0f} s for {len(rows):,} cells; ratio {ratio:.1f}")
        shutil.rmtree(folder / "ratings")
        export.write_text("\n".join(long_table(pairs, PARTICIPANTS)) + "\n")
        _import(f"a line for each, {export.stat().st_size / 1e6:.0f} MB", folder, export)
        many = Path(temporary, "many")
        many.mkdir()
        for number in range(FILES):
            (many / f"{number}.json").write_text(json.dumps(jspsych(pairs, number)))
        shutil.rmtree(folder / "ratings")
        load = os.getloadavg()[0]
        seconds, processor, _ = _run("ratings", "import", folder, many)
        print(
            f"{FILES} files of jsPsych, {len(pairs)} trials each: {seconds:.1f} s (wanted: below {WANTED_FILES_S}), "
            f"{processor:.1f} s of processor time, load {load:.1f}"
        )


def qualtrics(pairs: Sequence[str], participants: int) -> Iterator[list[str]]:
    """The records of an export: names, texts, import ids, then one participant each, who rated every pair."""
    parts = [f"{part}_{pair}" for pair in pairs for part in ("similarity", "identity", "time")]
    names = [f"{name}_Page Submit" if name.startswith("time_") else name for name in parts]
    platform = [*_PLATFORM, "ResponseId", "Age", "Gender"]
    yield [*platform, *names]
    yield [*platform, *("How similar are the two people?" for _ in names)]
    yield [f'{{"ImportId":"{name}"}}' for name in (*platform, *(f"QID{number}" for number in range(len(names))))]
    rng = np.random.default_rng(0)
    for participant in range(participants):
        similarity = rng.integers(0, 101, len(pairs))
        identity = np.where(similarity > 50, "yes", "no")
        seconds = np.round(rng.lognormal(1.7, 0.5, len(pairs)), 3)
        answers = np.column_stack([similarity.astype(str), identity, seconds.astype(str)]).ravel()
        age, gender = str(rng.integers(18, 80)), str(rng.choice(["female", "male"]))
        yield [*_PLATFORM.values(), f"R_{participant:015d}", age, gender, *answers]


def long_table(pairs: Sequence[str], participants: int) -> Iterator[str]:
    """The lines of a plain table with one answered pair each, and with a long text beside it that nobody asks for."""
    yield "participant_id,pair_id,similarity,identity,response_time_ms,position,rated_at,user_agent"
    rng = np.random.default_rng(0)
    for participant in range(participants):
        similarity = rng.integers(0, 101, len(pairs)).tolist()
        for position, (pair, alike) in enumerate(zip(pairs, similarity, strict=True)):
            at = f"2026-11-02T10:{position // 60:02d}:{position % 60:02d}Z"
            answer = f"{alike},{'yes' if alike > 50 else 'no'},{2_000 + alike},{position},{at}"
            yield f"{participant:024x},{pair},{answer},{'x' * 190}"


def jspsych(pairs: Sequence[str], participant: int) -> list[dict[str, object]]:
    """The trials of one participant, who rated every pair, said who they are, and wrote how they answered."""
    rng = np.random.default_rng(participant)
    similarity = rng.integers(0, 101, len(pairs)).tolist()
    trials: list[dict[str, object]] = [
        {"pair_id": pair, "similarity": alike, "identity": alike > 50, "rt": 2_000 + alike, "position": position}
        for position, (pair, alike) in enumerate(zip(pairs, similarity, strict=True))
    ]
    demographics = {"age": 20 + participant % 50, "gender": "female", "country": "DE"}
    texts = {"strategy_similarity": f"the eyes, {participant} times", "strategy_identity": "nose and chin"}
    trials = [{"task": "demographics", **demographics}, *trials, {"task": "strategies", **texts}]
    who = {"trial_type": "lands-between", "participant_id": f"{participant:024x}"}
    return [{**trial, **who, "trial_index": n, "time_elapsed": 5_000 * n} for n, trial in enumerate(trials)]


def melted(export: Path) -> pd.DataFrame:
    """The work of a script that trusts the file."""
    wide = pd.read_csv(export, skiprows=[1, 2], encoding="utf-8-sig")
    answers = [name for name in map(str, wide) if name.startswith(("similarity_", "identity_", "time_"))]
    return wide.melt("ResponseId", answers)


def _import(what: str, folder: Path, export: Path) -> float:
    """Prints what an import took; the seconds by the clock."""
    load = os.getloadavg()[0]
    seconds, processor, gib = _run("ratings", "import", folder, export)
    print(
        f"{what}: {seconds:.0f} s (wanted: below {WANTED_S}), {processor:.0f} s of processor time, {gib:.2f} GiB "
        f"(wanted: below {WANTED_GIB}), load {load:.1f}",
        flush=True,
    )
    return seconds


def _run(*arguments: object) -> tuple[float, float, float]:
    """Seconds by the clock, of processor time, and peak GiB of `python -m builder` in a process of its own."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "builder", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20


if __name__ == "__main__":
    main()
