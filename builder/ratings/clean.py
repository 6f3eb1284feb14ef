"""The way from what a reader found in files to rows as the study keeps them, and why others are refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, assert_never

import numpy as np
import pandas as pd
from pandas.api.types import is_list_like

from builder.ratings import demographics
from builder.ratings.countries import continents_of
from builder.ratings.export import Export, refused_columns, stacked, typed
from builder.ratings.items import Design
from builder.ratings.privacy import findings, is_pseudonym, pseudonym
from builder.tasks import Choice, Question, Questionnaire, Scale, YesNo

_UNSIGNED = "a pseudonym, not in results that this study's survey signed: write them again with survey results"
_LONGEST_MS = 2**31 - 1
_ITEM_ID = r"[a-z0-9-]{1,60}-\d{5,9}-[\w.-]{1,150}"


@dataclass(frozen=True)
class Cleaned:
    """The rows of some files under pseudonyms; `file` is in each the number of its file among them, in order.

    `ratings` has participant_id, the item's id, the answers, response_time_ms, position, rated_at, line, column;
    `participants` is indexed by participant_id and has age, gender, continent, duration_s, the free texts, and line;
    `held_back` has participant_id, question, found, text: texts in which something may identify somebody.
    `submissions` has participant_id and status, as the platform says of each.
    `refused` are rows that could be ratings, `left_out` cells that were left out while their row was kept.
    """

    ratings: pd.DataFrame
    participants: pd.DataFrame
    held_back: pd.DataFrame
    refused: pd.DataFrame
    left_out: pd.DataFrame
    submissions: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["participant_id", "status", "file"])
    )

    def of_files(self, files: range) -> "Cleaned":
        """The rows of some of the files."""
        frames = [getattr(self, each.name) for each in fields(self)]
        return Cleaned(*(rows[rows["file"].between(files.start, files.stop - 1)] for rows in frames))


def cleaned(exports: Sequence[Export], design: Design, key: bytes, asked: tuple[str, ...] | None = None) -> Cleaned:
    """Puts pseudonyms in the place of participants, refuses what is no rating, coarsens what is said of a person.

    Files are cleaned together, for of many small ones each has its price. A rating answers every question that was
    asked of its item: `asked`, or what the study file says. Pseudonyms in a file that nobody signed are refused: they
    are published, so that anybody can write them down.
    """
    asks, signed = design.asks, np.array([each.pseudonyms for each in exports])
    numbered, strangers = _pseudonymous(_numbered([each.ratings for each in exports]), key, signed)
    described, unknown = _pseudonymous(_numbered([each.participants for each in exports]), key, signed)
    ratings, refused, odd = _ratings(numbered, design, asks.restricted(asked or design.settings.questions))
    participants, not_understood = _participants(described, design.settings.age_bin, asks)
    participants, held_back = _without_findings(participants, asks)
    submissions, _ = _pseudonymous(_numbered([each.submissions for each in exports]), key, signed)
    by_readers = _numbered([each.refused for each in exports])
    refused = stacked([by_readers, refusal(strangers, asks, _UNSIGNED), refused])
    left_out = stacked([odd, refusal(unknown, asks, _UNSIGNED, "participant"), not_understood])
    return Cleaned(ratings, participants, held_back, refused, left_out, submissions)


def _numbered(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all files below each other, with the number of each's file."""
    return stacked(parts).assign(file=np.repeat(np.arange(len(parts)), [len(part) for part in parts]))


def refusal(rows: pd.DataFrame, asks: Questionnaire, reason: str, column: str | None = None) -> pd.DataFrame:
    """Rows as they stand in refused.csv, with the number of the file; `column` names the cell where the rows do not."""
    columns = {**refused_columns(asks), "file": "int64"}
    if rows.empty:
        return typed(pd.DataFrame(), columns)
    item_ids = pd.Series("", index=rows.index, dtype="str")
    if asks.key in rows:  # a text that cannot be an id may be anything, also personal: it is not written down
        item_ids = rows[asks.key].where(rows[asks.key].str.fullmatch(_ITEM_ID, na=False), "")
    where = rows["column"] if column is None else column
    refused = {"line": rows["line"], "column": where, asks.key: item_ids, "reason": reason, "file": rows["file"]}
    return pd.DataFrame(refused).astype(columns)


def _pseudonymous(
    rows: pd.DataFrame, key: bytes, signed: "np.ndarray[Any, np.dtype[np.bool_]]"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`participant` becomes `participant_id`; and the rows whose participant is a pseudonym that nobody vouches for."""
    if rows.empty:
        return rows.rename(columns={"participant": "participant_id"}), rows
    different = {each: is_pseudonym(each.strip()) for each in rows["participant"].unique()}
    ids = {each: each if pseudonymous else pseudonym(key, each) for each, pseudonymous in different.items()}
    claimed = rows["participant"].map(different).astype("bool") & ~signed[rows["file"]]
    under_pseudonym = rows.assign(participant_id=rows["participant"].map(ids).astype("str")).drop(columns="participant")
    return under_pseudonym[~claimed], rows[claimed]


def _ratings(
    rows: pd.DataFrame, design: Design, asked: Questionnaire
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The rows that are ratings, those that are none, and cells of the former that were left out."""
    asks = design.asks
    items = design.items.reindex(rows[asks.key]).set_axis(rows.index)
    reasons = {f"unknown {asks.item}": ~rows[asks.key].isin(design.items.index)}
    for question in asks.questions:
        answers = rows[question.name]
        reasons[f"{question.name} missing"] = answers.isna() & is_asked(question, asked, items)
        if len(asks.tasks) > 1:
            reasons[f"{question.name} is not asked of this {asks.item}"] = answers.notna() & ~is_asked(
                question, asks, items
            )
        reason, outside = _outside(question, answers, items)
        reasons[reason] = outside
    good = pd.Series(data=True, index=rows.index)
    refused = []
    for reason, bad in reasons.items():
        refused.append(refusal(rows[good & bad], asks, reason))
        good &= ~bad
    good_rows = rows[good]
    time, position = good_rows["response_time_ms"].round(), good_rows["position"]
    odd = {
        "response time not understood, left out": ~time.between(0, _LONGEST_MS).fillna(value=True),
        "position not understood, left out": ~position.between(0, _LONGEST_MS).fillna(value=True),
    }
    left_out = [refusal(good_rows[bad], asks, reason) for reason, bad in odd.items()]
    no_time, no_position = odd.values()
    good_rows = good_rows.assign(
        response_time_ms=time.mask(no_time).astype("Int32"), position=position.mask(no_position).astype("Int32")
    )
    return good_rows, stacked(refused), stacked(left_out)


def is_asked(question: Question, asks: Questionnaire, items: pd.DataFrame) -> pd.Series:
    """Whether a question is asked of each item."""
    tasks = [task.name for task in asks.tasks if question in task.questions]
    if len(tasks) == len(asks.tasks) or len(asks.tasks) == 1:
        return pd.Series(data=bool(tasks), index=items.index)
    return items["task"].isin(tasks)


def _outside(question: Question, answers: pd.Series, items: pd.DataFrame) -> tuple[str, pd.Series]:
    """A mark for each answer that the question does not have, and the reason to refuse it."""
    match question:
        case Scale():
            reason = f"{question.name} outside {question.low:g} to {question.high:g}"
            return reason, ~answers.between(question.low, question.high).fillna(value=True)
        case YesNo():
            return f"{question.name} is neither yes nor no", pd.Series(data=False, index=answers.index)
        case Choice():
            reason = f"{question.name} is no option"
            if not question.column:
                return reason, answers.notna() & ~answers.isin(question.options)
            # An item that no batch has brings no list here, and is refused as unknown.
            options = [set(each) if is_list_like(each) else set() for each in items[question.column].array]
            allowed = [answer in some for answer, some in zip(answers.array, options, strict=True)]
            return reason, answers.notna() & ~pd.Series(allowed, index=answers.index, dtype=bool)
        case _:
            assert_never(question)


def _participants(rows: pd.DataFrame, age_bin: int | None, asks: Questionnaire) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per participant and file: what was said first."""
    texts = asks.text_names
    answers = {name: rows[name].str.strip() for name in ("age", "gender", "country", "continent", *texts)}
    for name, text in answers.items():
        answers[name] = text.mask(text == "" if name in texts else text.str.lower().isin(demographics.UNSAID))
    understood = {
        "age": {text: demographics.age(text, age_bin) for text in answers["age"].dropna().unique()},
        "gender": {text: demographics.gender(text) for text in answers["gender"].dropna().unique()},
        "country": continents_of(answers["country"].dropna().unique()),
        "continent": {text: demographics.continent(text) for text in answers["continent"].dropna().unique()},
    }
    refused = [refusal(rows.iloc[:0], asks, "")]
    for name, meaning in understood.items():
        if not meaning:
            continue
        meant = answers[name].map(meaning)
        odd = answers[name].notna() & meant.isna()
        if odd.any():
            refused.append(refusal(rows[odd], asks, f"{name} not understood, left out", name))
        answers[name] = meant.astype("str")
    people = pd.DataFrame(
        {
            "age": answers["age"],
            "gender": answers["gender"],
            "continent": answers["continent"].fillna(answers["country"]),
            "duration_s": rows["duration_s"].where(rows["duration_s"] >= 0).astype("Float64"),
            **{name: answers[name] for name in texts},
            "line": rows["line"],
            "file": rows["file"],
            "participant_id": rows["participant_id"],
        }
    )
    one = ["file", "participant_id"]
    if people.duplicated(one).any():
        people = people.groupby(one, sort=False, as_index=False).first()
    return people.set_index("participant_id"), stacked(refused)


def _without_findings(participants: pd.DataFrame, asks: Questionnaire) -> tuple[pd.DataFrame, pd.DataFrame]:
    columns = {"participant_id": "str", "question": "str", "found": "str", "text": "str", "file": "int64"}
    parts = [typed(pd.DataFrame(), columns)]
    people = participants.reset_index()
    for question in asks.text_names:
        texts = people[question].dropna()
        identifiers = texts.map(lambda text: "; ".join(findings(text))).astype("str")
        suspect = identifiers[identifiers != ""]
        if suspect.empty:
            continue
        who = people.loc[suspect.index, ["participant_id", "file"]]
        parts.append(who.assign(question=question, found=suspect, text=texts[suspect.index])[list(columns)])
        people.loc[suspect.index, question] = pd.NA
    return people.set_index("participant_id"), stacked(parts).sort_values("file", kind="stable", ignore_index=True)
