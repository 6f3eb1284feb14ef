"""The exports of tests/data/exports (invented people, real oddities) and how tests read them."""

from pathlib import Path
from typing import Any

import pandas as pd

from builder.ratings.export import Export, ExportFile, StudyItems
from builder.ratings.formats import read_export
from builder.ratings.mapping import Mapping
from tests.asks import ASKS

EXPORTS = Path(__file__).parents[3] / "data" / "exports"

KINDS = ["genuine", "positive-d0-0.2", "positive-d0-0.4", "positive-d0-0.6", "negative-base{}"] + [
    f"{kind}-base{{}}-{level}"
    for kind, level in zip(
        ["interpolation"] * 3 + ["optimized"] * 2, ["0.25", "0.5", "0.75", "0.5", "0.3"], strict=True
    )
]

PAIRS = StudyItems(
    {
        batch: [f"small-{batch:05d}-base{base}-{kind.format(1 - base)}" for base in (0, 1) for kind in KINDS]
        for batch in (0, 1)
    },
    ASKS,
)
"""The pairs of SMALL_STUDY, in the order of its tables."""

GENUINE = "small-00000-base0-genuine"
POSITIVE = "small-00000-base0-positive-d0-0.2"
NEGATIVE = "small-00000-base0-negative-base1"
INTERPOLATION = "small-00000-base0-interpolation-base1-0.25"
OPTIMIZED = "small-00000-base0-optimized-base1-0.5"

MAPPINGS: dict[str, dict[str, Any]] = {
    "limesurvey-codes.csv": {
        "columns": {"similarity": "sim[{loop}]", "identity": "same[{loop}]", "age": "alter"},
        "loops": {"batch": 0},
        "identity": {"yes": ["A1"], "no": ["A2"]},
    },
    "mturk-packed.csv": {
        "columns": {"pair": "Input.pairs", "similarity": "Answer.sims", "identity": "Answer.same"},
        "packed": {"separator": ","},
        "identity": {"yes": ["1"], "no": ["0"]},
    },
    "plain-wide.tsv": {
        "columns": {"participant": "person", "similarity": "{pair}_sim", "identity": "{pair}_same"},
        "pairs": {"q1": GENUINE, "q2": OPTIMIZED},
        "identity": {"yes": ["1"], "no": ["2"]},
    },
    "qualtrics-loops.csv": {"identity": {"yes": ["1"], "no": ["2"]}},
}
"""What these exports do not say themselves."""


def mapping_of(**keys: Any) -> Mapping:
    """The mapping of a file with these keys."""
    return Mapping.read(keys, ASKS)


def read(name: str) -> Export:
    """An export of tests/data/exports, recognized by itself."""
    mapping = MAPPINGS.get(name)
    return read_export(EXPORTS / name, PAIRS, mapping=mapping_of(**mapping) if mapping else None)


def read_text(folder: Path, text: str | bytes, mapping: dict[str, Any] | None = None, format: str = "auto") -> Export:
    """An export of that content."""
    path = folder / "export.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_export(path, PAIRS, format, mapping_of(**mapping) if mapping else None)


def file(content: str | bytes) -> ExportFile:
    return ExportFile(Path("export.csv"), content.encode() if isinstance(content, str) else content)


def rows(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Those columns, row by row, None for what is missing."""
    return [
        tuple(None if pd.isna(cell) else cell for cell in row) for row in frame[list(columns)].itertuples(index=False)
    ]


def answers(export: Export) -> list[tuple[Any, ...]]:
    """Line, participant, pair, similarity, identity of every rating."""
    return rows(export.ratings, "line", "participant", "pair_id", "similarity", "identity")


def refused(export: Export) -> list[tuple[Any, ...]]:
    """Line, column and reason of all that was kept out."""
    return rows(export.refused, "line", "column", "reason")


def everything_in(export: Export) -> str:
    """All that an export holds, as one text."""
    return "\n".join(frame.to_csv() for frame in (export.ratings, export.participants, export.refused))
