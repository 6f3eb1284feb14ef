"""Merging what a file brought with what is there: nothing twice, nothing overwritten, nothing silently gone."""

from collections import Counter
from dataclasses import dataclass, replace

import pandas as pd

from builder.ratings import records
from builder.ratings.clean import TEXTS, Cleaned, refusal
from builder.ratings.export import stacked
from builder.ratings.held import Held
from builder.ratings.ids import rating_id
from builder.ratings.submissions import kept_out, standing
from builder.tasks import QUESTION_NAMES, QUESTIONS, Scale

_ANSWER = ["participant_id", "pair_id"]
"""What a rating is an answer of and to; there is one for each."""

_QUESTIONS = list(QUESTION_NAMES)

_SAID = ["age", "gender", "continent", *TEXTS]


@dataclass(frozen=True)
class Outcome:
    """What became of one file, which refused.csv calls `file`: `read` = `added` + `already` there + `refused` ratings,
    and how often which reason stands in refused.csv (those of cells that were left out while their rating was kept
    included).
    """

    file: str
    read: int
    added: int
    already: int
    refused: int
    participants: int
    reasons: Counter[str]


def merged(held: Held, rows: Cleaned, file: str) -> tuple[Held, Outcome]:
    """The folder's content with one file's rows, and what became of them.

    Args:
        held: what the folder holds.
        rows: what the file brought.
        file: what refused.csv calls the file, `records.file_label`: never its own name.
    """
    read = len(rows.ratings) + len(rows.refused)
    withdrawn = standing(held.withdrawn, rows.submissions)
    rows, outside = kept_out(rows, withdrawn)
    forgotten = rows.ratings["participant_id"].isin(held.forgotten["participant_id"])
    removed = refusal(rows.ratings[forgotten], "participant was removed")
    added, already, contradicting = _new_ratings(held.ratings, rows.ratings[~forgotten])
    people, differing = _with_people(held, _without_held_back(held, rows), added)
    refused = [rows.refused, outside, removed, contradicting]
    noted = stacked([*refused, rows.left_out, differing])
    outcome = Outcome(
        file=file,
        read=read,
        added=len(added),
        already=already,
        refused=sum(map(len, refused)),
        participants=len(people) - len(held.participants),
        reasons=Counter(noted["reason"]),
    )
    after = replace(
        held,
        ratings=stacked([held.ratings, added[held.ratings.columns]]),
        participants=people,
        held_back=_with_held_back(held, rows),
        refused=stacked([held.refused, _lines(noted, file)]).drop_duplicates() if len(noted) else held.refused,
        withdrawn=withdrawn,
    )
    return after, outcome


def _lines(noted: pd.DataFrame, file: str) -> pd.DataFrame:
    """The rows of refused.csv."""
    return noted.assign(file=file)[records.REFUSED].astype("str").fillna("")


def _new_ratings(known: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.DataFrame, int, pd.DataFrame]:
    """Those that no known one and no earlier row answers; how many say the same again; those that say another thing.

    What a row of the file says for the second time is told by the file alone, so that it is told alike on every import.
    """
    types = {each.name: "Float64" if isinstance(each, Scale) else "boolean" for each in QUESTIONS}
    answers = known.loc[known["participant_id"].isin(rows["participant_id"].unique()), [*_ANSWER, *_QUESTIONS]]
    again = rows.duplicated(_ANSWER)
    if answers.empty and not again.any():
        return _identified(rows), 0, refusal(rows.iloc[:0], "")
    answers = answers.astype(types).assign(known=True)
    beside = rows[_ANSWER].merge(answers, on=_ANSWER, how="left").set_axis(rows.index)
    in_store = beside["known"].notna()
    first = rows[_ANSWER].merge(rows[~again][[*_ANSWER, *_QUESTIONS]], on=_ANSWER, how="left").set_axis(rows.index)
    repeated = (in_store & _equal(rows, beside)) | (~in_store & again & _equal(rows, first))
    new = _identified(rows[~in_store & ~again])
    contradicting = [
        refusal(rows[in_store & ~again & ~repeated], "contradicts a rating already there"),
        refusal(rows[again & ~repeated], "second answer to a pair, the first is kept"),
    ]
    return new, int(repeated.sum()), stacked(contradicting)


def _identified(rows: pd.DataFrame) -> pd.DataFrame:
    """The ratings of people with their rating_id."""
    ids = [rating_id(*each) for each in zip(rows["participant_id"], rows["pair_id"], strict=True)]
    return rows.assign(rating_id=ids, source="human")


def _equal(rows: pd.DataFrame, others: pd.DataFrame) -> pd.Series:
    """Where all answers are the same, those that were not given included."""
    same = pd.Series(data=True, index=rows.index)
    for name in _QUESTIONS:
        same &= (rows[name] == others[name]).fillna(value=False) | (rows[name].isna() & others[name].isna())
    return same.astype(bool)


def _with_people(held: Held, rows: Cleaned, added: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The participants with new ones and with what was not known of known ones; and where a file says another thing.

    A later duration is no contradiction: platforms measure from other moments.
    """
    known = held.participants
    said = rows.participants[~rows.participants.index.isin(held.forgotten["participant_id"])]
    both = said.index.intersection(known.index)
    differing = [refusal(said.iloc[:0], "")]
    for name in _SAID if len(both) else ():
        ours, theirs = known.loc[both, name], said.loc[both, name]
        other = ours.notna() & theirs.notna() & (ours != theirs)
        differing.append(refusal(said.loc[both][other], f"another {name} than the one already there, left out", name))
    fresh = said.index.union(pd.Index(added["participant_id"].unique()), sort=False).difference(known.index, sort=False)
    people = pd.concat([known, pd.DataFrame(index=fresh, columns=known.columns)]) if len(fresh) else known.copy()
    for name in [*_SAID, "duration_s"]:
        people[name] = people[name].fillna(said[name].reindex(people.index)).astype(known[name].dtype)
    people.loc[fresh, "source"] = "human"
    return people.rename_axis("participant_id"), stacked(differing)


def _without_held_back(held: Held, rows: Cleaned) -> Cleaned:
    """The rows without texts that are held back: what somebody withheld does not come in again."""
    if held.held_back.empty:
        return rows
    participants = rows.participants.copy()
    for question in TEXTS:
        ours = held.held_back[held.held_back["question"] == question]
        texts = pd.MultiIndex.from_frame(participants[[question]].reset_index())
        back = texts.isin(pd.MultiIndex.from_frame(ours[["participant_id", "text"]]))
        participants[question] = participants[question].mask(back)
    return replace(rows, participants=participants)


def _with_held_back(held: Held, rows: Cleaned) -> pd.DataFrame:
    """The texts held back with new ones; one that was confirmed stays confirmed, one of a removed person goes."""
    if rows.held_back.empty:
        return held.held_back
    confirmed = held.participants[TEXTS].stack().rename_axis(["participant_id", "question"])
    new = rows.held_back[~rows.held_back["participant_id"].isin(held.forgotten["participant_id"])]
    text = pd.MultiIndex.from_frame(new[["participant_id", "question"]])
    new = new[(confirmed.reindex(text).to_numpy() != new["text"].to_numpy())]
    here = pd.MultiIndex.from_frame(held.held_back[records.RELEASED])
    new = new[~pd.MultiIndex.from_frame(new[records.RELEASED]).isin(here)]
    return stacked([held.held_back, new[records.HELD_BACK].astype("str")]).drop_duplicates()
