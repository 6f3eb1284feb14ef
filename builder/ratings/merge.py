"""Merging what a file brought with what is there: nothing twice, nothing overwritten, nothing silently gone."""

from collections import Counter
from dataclasses import dataclass, replace

import pandas as pd

from builder.ratings import records
from builder.ratings.clean import Cleaned, refusal
from builder.ratings.export import answer_type, stacked
from builder.ratings.held import Held
from builder.ratings.ids import rating_id
from builder.ratings.submissions import kept_out, standing
from builder.tasks import Questionnaire
from loading_script.tables import DEMOGRAPHICS


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


def merged(held: Held, rows: Cleaned, asks: Questionnaire, file: str, source: str = "human") -> tuple[Held, Outcome]:
    """The folder's content with one file's rows, and what became of them.

    Args:
        held: what the folder holds.
        rows: what the file brought.
        asks: what the study asks.
        file: what refused.csv calls the file, `records.file_label`: never its own name.
        source: whose answers the file has; who is there already with another source keeps it, and the answers stay out.
    """
    read = len(rows.ratings) + len(rows.refused)
    withdrawn = standing(held.withdrawn, rows.submissions)
    rows, outside = kept_out(rows, withdrawn, asks)
    rows, elsewhere = _of_source(held, rows, asks, source)
    forgotten = rows.ratings["participant_id"].isin(held.forgotten["participant_id"])
    removed = refusal(rows.ratings[forgotten], asks, "participant was removed")
    added, already, contradicting = _new_ratings(held.ratings, rows.ratings[~forgotten], asks, source)
    people, differing = _with_people(held, _without_held_back(held, rows, asks), added, asks, source)
    refused = [rows.refused, outside, elsewhere, removed, contradicting]
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
        held_back=_with_held_back(held, rows, asks),
        refused=stacked([held.refused, _lines(noted, asks, file)]).drop_duplicates() if len(noted) else held.refused,
        withdrawn=withdrawn,
    )
    return after, outcome


def _of_source(held: Held, rows: Cleaned, asks: Questionnaire, source: str) -> tuple[Cleaned, pd.DataFrame]:
    """The rows of a file without those of people who are there with another source, and their ratings as refused.csv
    has them. Of an expert nothing is left but the ratings.
    """
    known = held.participants["source"]
    others = known.index[known != source]
    theirs = rows.ratings["participant_id"].map(known[others])
    refused = [
        refusal(rows.ratings[theirs == other], asks, f"participant is there as {other}, not as {source}")
        for other in known[others].unique()
    ]
    kept = rows.participants[~rows.participants.index.isin(others)]
    held_back = rows.held_back[~rows.held_back["participant_id"].isin(others)]
    if source == "expert":
        kept, held_back = kept.iloc[:0], held_back.iloc[:0]
    left = replace(rows, ratings=rows.ratings[theirs.isna()], participants=kept, held_back=held_back)
    return left, stacked([refusal(rows.ratings.iloc[:0], asks, ""), *refused])


def _lines(noted: pd.DataFrame, asks: Questionnaire, file: str) -> pd.DataFrame:
    """The rows of refused.csv."""
    return noted.assign(file=file)[records.refused_lines(asks.key)].astype("str").fillna("")


def _new_ratings(
    known: pd.DataFrame, rows: pd.DataFrame, asks: Questionnaire, source: str
) -> tuple[pd.DataFrame, int, pd.DataFrame]:
    """The ratings that no known one and no earlier row answers; how many say the same again; those that say another
    thing.

    What a row of the file says for the second time is told by the file alone, so that it is told alike on every import.
    """
    answer, questions = ["participant_id", asks.key], list(asks.names)
    types = {each.name: answer_type(each) for each in asks.questions}
    answers = known.loc[known["participant_id"].isin(rows["participant_id"].unique()), [*answer, *questions]]
    again = rows.duplicated(answer)
    if answers.empty and not again.any():
        return _identified(rows, asks, source), 0, refusal(rows.iloc[:0], asks, "")
    answers = answers.astype(types).assign(known=True)
    beside = rows[answer].merge(answers, on=answer, how="left").set_axis(rows.index)
    in_store = beside["known"].notna()
    first = rows[answer].merge(rows[~again][[*answer, *questions]], on=answer, how="left").set_axis(rows.index)
    repeated = (in_store & _equal(rows, beside, asks)) | (~in_store & again & _equal(rows, first, asks))
    new = _identified(rows[~in_store & ~again], asks, source)
    contradicting = [
        refusal(rows[in_store & ~again & ~repeated], asks, "contradicts a rating already there"),
        refusal(rows[again & ~repeated], asks, f"second answer to {asks.an_item}, the first is kept"),
    ]
    return new, int(repeated.sum()), stacked(contradicting)


def _identified(rows: pd.DataFrame, asks: Questionnaire, source: str) -> pd.DataFrame:
    """The ratings with their rating_id and their source."""
    ids = [rating_id(*each) for each in zip(rows["participant_id"], rows[asks.key], strict=True)]
    return rows.assign(rating_id=ids, source=source)


def _equal(rows: pd.DataFrame, others: pd.DataFrame, asks: Questionnaire) -> pd.Series:
    """Where all answers are the same, those that were not given included."""
    same = pd.Series(data=True, index=rows.index)
    for name in asks.names:
        same &= (rows[name] == others[name]).fillna(value=False) | (rows[name].isna() & others[name].isna())
    return same.astype(bool)


def _with_people(
    held: Held, rows: Cleaned, added: pd.DataFrame, asks: Questionnaire, source: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The participants with new ones and with what was not known of known ones; and where a file says another thing.

    A later duration is no contradiction: platforms measure from other moments.
    """
    known, details = held.participants, [*DEMOGRAPHICS, *asks.text_names]
    said = rows.participants[~rows.participants.index.isin(held.forgotten["participant_id"])]
    both = said.index.intersection(known.index)
    differing = [refusal(said.iloc[:0], asks, "")]
    for name in details if len(both) else ():
        ours, theirs = known.loc[both, name], said.loc[both, name]
        other = ours.notna() & theirs.notna() & (ours != theirs)
        reason = f"another {name} than the one already there, left out"
        differing.append(refusal(said.loc[both][other], asks, reason, name))
    fresh = said.index.union(pd.Index(added["participant_id"].unique()), sort=False).difference(known.index, sort=False)
    people = pd.concat([known, pd.DataFrame(index=fresh, columns=known.columns)]) if len(fresh) else known.copy()
    for name in [*details, "duration_s"]:
        people[name] = people[name].fillna(said[name].reindex(people.index)).astype(known[name].dtype)
    people.loc[fresh, "source"] = source
    return people.rename_axis("participant_id"), stacked(differing)


def _without_held_back(held: Held, rows: Cleaned, asks: Questionnaire) -> Cleaned:
    """The rows without texts that are held back: what somebody withheld does not come in again."""
    if held.held_back.empty:
        return rows
    participants = rows.participants.copy()
    for question in asks.text_names:
        ours = held.held_back[held.held_back["question"] == question]
        texts = pd.MultiIndex.from_frame(participants[[question]].reset_index())
        back = texts.isin(pd.MultiIndex.from_frame(ours[["participant_id", "text"]]))
        participants[question] = participants[question].mask(back)
    return replace(rows, participants=participants)


def _with_held_back(held: Held, rows: Cleaned, asks: Questionnaire) -> pd.DataFrame:
    """The texts held back with new ones; one that was confirmed stays confirmed, one of a removed person goes."""
    if rows.held_back.empty:
        return held.held_back
    confirmed = held.participants[list(asks.text_names)].stack().rename_axis(["participant_id", "question"])
    new = rows.held_back[~rows.held_back["participant_id"].isin(held.forgotten["participant_id"])]
    text = pd.MultiIndex.from_frame(new[["participant_id", "question"]])
    new = new[(confirmed.reindex(text).to_numpy() != new["text"].to_numpy())]
    here = pd.MultiIndex.from_frame(held.held_back[records.RELEASED])
    new = new[~pd.MultiIndex.from_frame(new[records.RELEASED]).isin(here)]
    return stacked([held.held_back, new[records.HELD_BACK].astype("str")]).drop_duplicates()
