"""Merging what files brought with what is there: nothing twice, nothing overwritten, nothing silently gone."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from builder.ratings import records
from builder.ratings.clean import Cleaned, refusal
from builder.ratings.collection import Collection
from builder.ratings.completion import fates
from builder.ratings.export import stacked
from builder.ratings.submissions import kept_out, standing
from builder.tasks import Questionnaire
from loading_script.tables import DEMOGRAPHICS


@dataclass(frozen=True)
class Outcome:
    """The outcome of a file, which refused.csv calls `file`: `read` = `added` + `completed` + `already` there +
    `refused` ratings, and how often which reason stands in refused.csv (those of cells that were left out while their
    rating was kept included). `completed` are answers to a question that nobody had asked of the same rating.
    """

    file: str
    read: int
    added: int
    completed: int
    already: int
    refused: int
    participants: int
    reasons: Counter[str]


def merged(
    collection: Collection, rows: Cleaned, asks: Questionnaire, files: Sequence[str], source: str = "human"
) -> tuple[Collection, list[Outcome]]:
    """The folder's content with the rows of some files, and what became of each file's.

    It is as if one file were merged after the other; those that follow each other and speak of different people are
    merged together, for of many small ones each has its price.

    Args:
        collection: what the folder holds.
        rows: what the files brought.
        asks: what the study asks.
        files: what refused.csv calls the files, `records.file_label`: never their own names.
        source: whose answers they have; who is there already with another source keeps it, and the answers stay out.
    """
    outcomes: list[Outcome] = []
    for some in _of_different_people(rows, len(files)):
        part = rows if len(some) == len(files) else rows.of_files(some)
        collection, counted = _merged(collection, part, asks, files, some, source)
        outcomes += counted
    return collection, outcomes


def _of_different_people(rows: Cleaned, files: int) -> Iterator[range]:
    """The files in order, as long as no two of those together say something of the same participant."""
    parts = [rows.ratings, rows.participants.reset_index(), rows.submissions]
    pairs = stacked([each[["file", "participant_id"]] for each in parts]).drop_duplicates()
    people: dict[int, set[str]] = {}
    for file, participant in pairs.itertuples(index=False, name=None):
        people.setdefault(file, set()).add(participant)
    first, seen = 0, set[str]()
    for file in range(files):
        participants = people.get(file, set())
        if not seen.isdisjoint(participants):
            yield range(first, file)
            first, seen = file, set()
        seen |= participants
    yield range(first, files)


def _merged(
    collection: Collection, rows: Cleaned, asks: Questionnaire, files: Sequence[str], some: range, source: str
) -> tuple[Collection, list[Outcome]]:
    """The folder's content as in `merged`, with those files alone, which speak of different people."""
    read = [rows.ratings, rows.refused]
    withdrawn = standing(collection.withdrawn, rows.submissions)
    rows, outside = kept_out(rows, withdrawn, asks)
    rows, elsewhere = _of_source(collection, rows, asks, source)
    forgotten = rows.ratings["participant_id"].isin(collection.forgotten["participant_id"])
    removed = refusal(rows.ratings[forgotten], asks, "participant was removed")
    fate = fates(collection.ratings, rows.ratings[~forgotten], asks, source)
    rest = _without_held_back(collection, rows, asks)
    people, fresh, differing = _with_people(collection, rest, fate.added, asks, source)
    refused = [rows.refused, outside, elsewhere, removed, fate.contradicting]
    noted = stacked([*refused, rows.left_out, differing]).sort_values("file", kind="stable", ignore_index=True)
    counts = {
        name: _by_file(frames, some)
        for name, frames in {
            "read": read,
            "added": [fate.added],
            "completed": [fate.completing],
            "already": [fate.again],
            "refused": refused,
            "participants": [fresh],
        }.items()
    }
    reasons = {file: Counter(reason) for file, reason in noted.groupby("file")["reason"]}
    outcomes = [
        Outcome(files[file], reasons=reasons.get(file, Counter()), **{name: each[at] for name, each in counts.items()})
        for at, file in enumerate(some)
    ]
    after = replace(
        collection,
        ratings=fate.ratings,
        participants=people,
        held_back=_with_held_back(collection, rows, asks),
        refused=stacked([collection.refused, _lines(noted, asks, files)]).drop_duplicates()
        if len(noted)
        else collection.refused,
        withdrawn=withdrawn,
    )
    return after, outcomes


def _by_file(frames: Sequence[pd.DataFrame], files: range) -> list[int]:
    """The number of rows of the frames that are of each of the files."""
    numbers = np.concatenate([frame["file"].to_numpy(np.int64) for frame in frames])
    return [int(count) for count in np.bincount(numbers - files.start, minlength=len(files))]


def _of_source(collection: Collection, rows: Cleaned, asks: Questionnaire, source: str) -> tuple[Cleaned, pd.DataFrame]:
    """The rows of a file without those of people who are there with another source, and their ratings as refused.csv
    has them. Of an expert nothing is left but the ratings.
    """
    sources = collection.participants["source"]
    others = sources.index[sources != source]
    other_source = rows.ratings["participant_id"].map(sources[others])
    refused = [
        refusal(rows.ratings[other_source == other], asks, f"participant is there as {other}, not as {source}")
        for other in sources[others].unique()
    ]
    participants = rows.participants[~rows.participants.index.isin(others)]
    held_back = rows.held_back[~rows.held_back["participant_id"].isin(others)]
    if source == "expert":
        participants, held_back = participants.iloc[:0], held_back.iloc[:0]
    left = replace(rows, ratings=rows.ratings[other_source.isna()], participants=participants, held_back=held_back)
    return left, stacked([refusal(rows.ratings.iloc[:0], asks, ""), *refused])


def _lines(noted: pd.DataFrame, asks: Questionnaire, files: Sequence[str]) -> pd.DataFrame:
    """The rows of refused.csv."""
    return (
        noted.assign(file=noted["file"].map(dict(enumerate(files))))[records.refused_lines(asks.key)]
        .astype("str")
        .fillna("")
    )


def _with_people(
    collection: Collection, rows: Cleaned, added: pd.DataFrame, asks: Questionnaire, source: str
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The participants with new ones and with what was not known of known ones; the new ones with the number of the
    file; and where a file says another thing.

    A later duration is no contradiction: platforms measure from other moments.
    """
    before, details = collection.participants, [*DEMOGRAPHICS, *asks.text_names]
    answers = rows.participants[~rows.participants.index.isin(collection.forgotten["participant_id"])]
    both = answers.index.intersection(before.index)
    differing = [refusal(answers.iloc[:0], asks, "")]
    for name in details if len(both) else ():
        old_values, new_values = before.loc[both, name], answers.loc[both, name]
        other = old_values.notna() & new_values.notna() & (old_values != new_values)
        reason = f"another {name} than the one already there, left out"
        differing.append(refusal(answers.loc[both][other], asks, reason, name))
    met = stacked([answers.reset_index()[["participant_id", "file"]], added[["participant_id", "file"]]])
    new = met.sort_values("file", kind="stable").drop_duplicates("participant_id")
    new = new[~new["participant_id"].isin(before.index)]
    fresh = pd.Index(new["participant_id"])
    people = pd.concat([before, pd.DataFrame(index=fresh, columns=before.columns)]) if len(fresh) else before.copy()
    for name in [*details, "duration_s"]:
        people[name] = people[name].fillna(answers[name].reindex(people.index)).astype(before[name].dtype)
    people.loc[fresh, "source"] = source
    return people.rename_axis("participant_id"), new, stacked(differing)


def _without_held_back(collection: Collection, rows: Cleaned, asks: Questionnaire) -> Cleaned:
    """The rows without texts that are held back: what somebody withheld does not come in again."""
    if collection.held_back.empty:
        return rows
    participants = rows.participants.copy()
    for question in asks.text_names:
        ours = collection.held_back[collection.held_back["question"] == question]
        texts = pd.MultiIndex.from_frame(participants[[question]].reset_index())
        back = texts.isin(pd.MultiIndex.from_frame(ours[["participant_id", "text"]]))
        participants[question] = participants[question].mask(back)
    return replace(rows, participants=participants)


def _with_held_back(collection: Collection, rows: Cleaned, asks: Questionnaire) -> pd.DataFrame:
    """The texts held back with new ones; one that was confirmed stays confirmed, one of a removed person goes."""
    if rows.held_back.empty:
        return collection.held_back
    confirmed = collection.participants[list(asks.text_names)].stack().rename_axis(["participant_id", "question"])
    new = rows.held_back[~rows.held_back["participant_id"].isin(collection.forgotten["participant_id"])]
    text = pd.MultiIndex.from_frame(new[["participant_id", "question"]])
    new = new[(confirmed.reindex(text).to_numpy() != new["text"].to_numpy())]
    here = pd.MultiIndex.from_frame(collection.held_back[records.RELEASED])
    new = new[~pd.MultiIndex.from_frame(new[records.RELEASED]).isin(here)]
    return stacked([collection.held_back, new[records.HELD_BACK].astype("str")]).drop_duplicates()
