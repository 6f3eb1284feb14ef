"""From what a reader found in a file to rows as the study keeps them, and why others are refused."""

from dataclasses import dataclass, field

import pandas as pd

from builder.ratings import demographics
from builder.ratings.countries import continents_of
from builder.ratings.export import REFUSED_COLUMNS, Export, stacked, typed
from builder.ratings.privacy import findings, is_pseudonym, pseudonym
from builder.ratings.settings import RatingsSettings
from builder.tasks import QUESTION_NAMES, QUESTIONS, Scale

TEXTS = [f"strategy_{name}" for name in QUESTION_NAMES]
"""The free texts of a participant."""

_UNSIGNED = "a pseudonym, not in results that this study's survey signed: write them again with survey results"
_LONGEST_MS = 2**31 - 1
_NONE = typed(pd.DataFrame(), REFUSED_COLUMNS)
_PAIR_ID = r"[a-z0-9-]{1,60}-\d{5,9}-[\w.-]{1,150}"


@dataclass(frozen=True)
class Cleaned:
    """One file's rows under pseudonyms.

    `ratings` has participant_id, pair_id, similarity, identity, response_time_ms, position, rated_at, line, column;
    `participants` is indexed by participant_id and has age, gender, continent, duration_s, the TEXTS, and line;
    `held_back` has participant_id, question, found, text: texts in which something may identify somebody.
    `submissions` has participant_id and status, as the platform says of each.
    `refused` are rows that could be ratings, `left_out` cells that were left out while their row was kept.
    """

    ratings: pd.DataFrame
    participants: pd.DataFrame
    held_back: pd.DataFrame
    refused: pd.DataFrame
    left_out: pd.DataFrame
    submissions: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["participant_id", "status"]))


def cleaned(
    export: Export,
    known_pairs: pd.Index,
    key: bytes,
    settings: RatingsSettings,
    asked: tuple[str, ...] | None = None,
    *,
    pseudonyms: bool = False,
) -> Cleaned:
    """Puts pseudonyms in the place of participants, refuses what is no rating, coarsens what is said of a person.

    A rating answers every question that was asked: `asked`, or what the study file says. `pseudonyms`: whether the file
    names participants by them, as our survey's signed results do. Any other file's are refused: they are published, so
    that anybody can write them down.
    """
    rated, strangers = _pseudonymous(export.ratings, key, pseudonyms=pseudonyms)
    described, unknown = _pseudonymous(export.participants, key, pseudonyms=pseudonyms)
    ratings, refused, odd = _ratings(rated, known_pairs, asked or settings.questions or QUESTION_NAMES)
    participants, not_understood = _participants(described, settings.age_bin)
    participants, held_back = _without_findings(participants)
    submissions, _ = _pseudonymous(export.submissions, key, pseudonyms=pseudonyms)
    refused = stacked([export.refused, refusal(strangers, _UNSIGNED), refused])
    left_out = stacked([odd, refusal(unknown, _UNSIGNED, "participant"), not_understood])
    return Cleaned(ratings, participants, held_back, refused, left_out, submissions)


def refusal(rows: pd.DataFrame, reason: str, column: str | None = None) -> pd.DataFrame:
    """Rows as they stand in refused.csv; `column` names the cell where the rows do not."""
    if rows.empty:
        return _NONE
    shown = pd.Series("", index=rows.index, dtype="str")
    if "pair_id" in rows:  # a text that cannot be an id may be anything, also personal: it is not written down
        shown = rows["pair_id"].where(rows["pair_id"].str.fullmatch(_PAIR_ID, na=False), "")
    where = rows["column"] if column is None else column
    refused = pd.DataFrame({"line": rows["line"], "column": where, "pair_id": shown, "reason": reason})
    return refused.astype(REFUSED_COLUMNS)


def _pseudonymous(rows: pd.DataFrame, key: bytes, *, pseudonyms: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`participant` becomes `participant_id`; and the rows whose participant is a pseudonym that nobody vouches for."""
    if rows.empty:
        return rows.rename(columns={"participant": "participant_id"}), rows
    different = {each: is_pseudonym(each.strip()) for each in rows["participant"].unique()}
    ids = {each: each if known and pseudonyms else pseudonym(key, each) for each, known in different.items()}
    claimed = rows["participant"].map(different).astype("bool") & (not pseudonyms)
    kept = rows.assign(participant_id=rows["participant"].map(ids).astype("str")).drop(columns="participant")
    return kept[~claimed], rows[claimed]


def _ratings(
    rows: pd.DataFrame, known_pairs: pd.Index, asked: tuple[str, ...]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The rows that are ratings, those that are none, and cells of the former that were left out."""
    reasons = {"unknown pair": ~rows["pair_id"].isin(known_pairs)}
    for question in QUESTIONS:
        answers = rows[question.name]
        if question.name in asked:
            reasons[f"{question.name} missing"] = answers.isna()
        if isinstance(question, Scale):
            outside = ~answers.between(question.low, question.high).fillna(value=True)
            reasons[f"{question.name} outside {question.low:g} to {question.high:g}"] = outside
    good = pd.Series(data=True, index=rows.index)
    refused = []
    for reason, bad in reasons.items():
        refused.append(refusal(rows[good & bad], reason))
        good &= ~bad
    kept = rows[good]
    time, position = kept["response_time_ms"].round(), kept["position"]
    odd = {
        "response time not understood, left out": ~time.between(0, _LONGEST_MS).fillna(value=True),
        "position not understood, left out": ~position.between(0, _LONGEST_MS).fillna(value=True),
    }
    left_out = [refusal(kept[bad], reason) for reason, bad in odd.items()]
    no_time, no_position = odd.values()
    kept = kept.assign(
        response_time_ms=time.mask(no_time).astype("Int32"), position=position.mask(no_position).astype("Int32")
    )
    return kept, stacked(refused), stacked(left_out)


def _participants(rows: pd.DataFrame, age_bin: int | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per participant: what was said first."""
    said = {name: rows[name].str.strip() for name in ("age", "gender", "country", "continent", *TEXTS)}
    for name, text in said.items():
        said[name] = text.mask(text == "" if name in TEXTS else text.str.lower().isin(demographics.UNSAID))
    understood = {
        "age": {text: demographics.age(text, age_bin) for text in said["age"].dropna().unique()},
        "gender": {text: demographics.gender(text) for text in said["gender"].dropna().unique()},
        "country": continents_of(said["country"].dropna().unique()),
        "continent": {text: demographics.continent(text) for text in said["continent"].dropna().unique()},
    }
    refused = [_NONE]
    for name, meaning in understood.items():
        if not meaning:
            continue
        meant = said[name].map(meaning)
        odd = said[name].notna() & meant.isna()
        if odd.any():
            refused.append(refusal(rows[odd], f"{name} not understood, left out", name))
        said[name] = meant.astype("str")
    people = pd.DataFrame(
        {
            "age": said["age"],
            "gender": said["gender"],
            "continent": said["continent"].fillna(said["country"]),
            "duration_s": rows["duration_s"].where(rows["duration_s"] >= 0).astype("Float64"),
            **{name: said[name] for name in TEXTS},
            "line": rows["line"],
        }
    )
    ids = rows["participant_id"]
    if ids.is_unique:
        return people.set_index(pd.Index(ids)), stacked(refused)
    return people.groupby(ids, sort=False).first(), stacked(refused)


def _without_findings(participants: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    held = [pd.DataFrame(columns=["participant_id", "question", "found", "text"], dtype="str")]
    kept = participants.copy()
    for question in TEXTS:
        texts = participants[question].dropna()
        found = texts.map(lambda text: "; ".join(findings(text))).astype("str")
        suspect = found[found != ""]
        if suspect.empty:
            continue
        rows = {"question": question, "found": suspect, "text": texts[suspect.index]}
        held.append(pd.DataFrame(rows).reset_index(names="participant_id"))
        kept.loc[suspect.index, question] = pd.NA
    return kept, stacked(held)
